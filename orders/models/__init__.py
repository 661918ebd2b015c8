from orders.models.access import UrgentOrderGroupObjectPermission, UrgentOrderUserObjectPermission
from orders.models.change import ChangedLine, ChangeRequest
from orders.models.confirmation import ConfirmationItem, ContactLog
from orders.models.consent import Consent
from orders.models.customer import Complaint, CustomerLink, Rating
from orders.models.external import ExternalRef
from orders.models.hold import Hold
from orders.models.issue import Issue, IssueAction, IssueDecider, IssueDecision
from orders.models.line import LedgerEntry, OrderLine, OrderStep
from orders.models.listing import ListChoice, SavedView
from orders.models.money import CostEntry, ExpenseRequest
from orders.models.negotiation import Negotiation, NegotiationOption, OfferAnswer, OfferLink, OptionPart, Promise
from orders.models.order import NumberSeries, UrgentOrder
from orders.models.proposal import DeclineProposal
from orders.models.quality import Nonconformance, Remake
from orders.models.rush import RushBudget
from orders.models.search import SearchText
from orders.models.sheet import ProcessingSheet, SheetReceipt
from orders.models.silence import Silence
from orders.models.supply import MaterialLine, Receipt
from orders.models.trail import Duty, SignOff, StageRun

__all__ = [
    "ChangeRequest",
    "ChangedLine",
    "Complaint",
    "ConfirmationItem",
    "Consent",
    "ContactLog",
    "CostEntry",
    "CustomerLink",
    "DeclineProposal",
    "Duty",
    "ExpenseRequest",
    "ExternalRef",
    "Hold",
    "Issue",
    "IssueAction",
    "IssueDecider",
    "IssueDecision",
    "LedgerEntry",
    "ListChoice",
    "MaterialLine",
    "Negotiation",
    "NegotiationOption",
    "Nonconformance",
    "NumberSeries",
    "OfferAnswer",
    "OfferLink",
    "OptionPart",
    "OrderLine",
    "OrderStep",
    "ProcessingSheet",
    "Promise",
    "Rating",
    "Receipt",
    "Remake",
    "RushBudget",
    "SavedView",
    "SearchText",
    "SheetReceipt",
    "SignOff",
    "Silence",
    "StageRun",
    "UrgentOrder",
    "UrgentOrderGroupObjectPermission",
    "UrgentOrderUserObjectPermission",
]
