"""The deeds of procurement: suppliers, what is bought from them, and what the lines of an order get by it."""

from procurement.actions.lines import decide_gating, record_refusal, sign_materials_ready
from procurement.actions.purchases import (
    add_milestone,
    answer_expedite,
    ask_expedite,
    cancel_purchase,
    order_line,
    place_order,
    receive,
    record_promise,
)
from procurement.actions.suppliers import approve_source, approve_supplier, offer_material, propose_supplier

__all__ = [
    "add_milestone",
    "answer_expedite",
    "approve_source",
    "approve_supplier",
    "ask_expedite",
    "cancel_purchase",
    "decide_gating",
    "offer_material",
    "order_line",
    "place_order",
    "propose_supplier",
    "receive",
    "record_promise",
    "record_refusal",
    "sign_materials_ready",
]
