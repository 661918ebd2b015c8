"""The index of what orders can be found by, made and kept by the database in the way each of the two can."""

from desk.guards import Guard

SEARCH = "orders_searchtext"


def _search_index() -> Guard:
    kept = "orders_searchindex(rowid, grams) VALUES (NEW.order_id, NEW.grams)"
    gone = "orders_searchindex(orders_searchindex, rowid, grams) VALUES ('delete', OLD.order_id, OLD.grams)"
    trigger = "CREATE TRIGGER guard_orders_searchtext_{} AFTER {} ON orders_searchtext BEGIN {}; END"
    return Guard(
        "orders_search_index", SEARCH,
        postgresql="CREATE INDEX IF NOT EXISTS orders_searchtext_grams ON orders_searchtext"
                   " USING gin (string_to_array(grams, ' ')) WITH (fastupdate = off)",
        sqlite=(
            "CREATE VIRTUAL TABLE IF NOT EXISTS orders_searchindex USING fts5("
            "grams, content='orders_searchtext', content_rowid='order_id', detail='none', columnsize=0,"
            " tokenize='unicode61 remove_diacritics 0')",
            "INSERT INTO orders_searchindex(orders_searchindex) VALUES ('rebuild')",
            trigger.format("insert", "INSERT", f"INSERT INTO {kept}"),
            trigger.format("update", "UPDATE", f"INSERT INTO {gone}; INSERT INTO {kept}"),
            trigger.format("delete", "DELETE", f"INSERT INTO {gone}"),
        ),
    )


GUARDS = [_search_index()]
