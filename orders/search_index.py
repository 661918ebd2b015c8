"""The index of what orders can be found by."""

from desk.gram_index import gram_index

SEARCH = "orders_searchtext"
INDEX = {"index": "orders_searchindex", "key": "order_id"}
GUARDS = [gram_index(SEARCH, **INDEX)]
