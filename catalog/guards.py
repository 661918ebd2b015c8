from desk.guards import append_only

GUARDS = append_only("catalog_stockentry")
