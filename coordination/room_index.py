"""The index of what was said in all rooms."""

from desk.gram_index import gram_index

INDEX = {"index": "coordination_postindex", "key": "id"}
GUARDS = [gram_index("coordination_post", **INDEX)]
