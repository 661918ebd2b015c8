"""The deeds of logistics: confirm, prepare, dispatch, prove, hand over."""

from logistics.actions.delivering import hand_over_documents, record_proof
from logistics.actions.dispatching import dispatch
from logistics.actions.preparing import (
    book_carrier,
    cancel_list,
    confirm_delivery,
    make_list,
    pack,
    prepare,
    unpack,
)

__all__ = [
    "book_carrier",
    "cancel_list",
    "confirm_delivery",
    "dispatch",
    "hand_over_documents",
    "make_list",
    "pack",
    "prepare",
    "record_proof",
    "unpack",
]
