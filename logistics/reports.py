"""What logistics has before it: pieces that may leave, lists in preparation, vehicles under way, documents."""

from dataclasses import dataclass

from django.db.models import F, OuterRef, Prefetch, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.faces import TaskFace
from desk.keyset import paginate
from desk.text import when
from logistics.models import DeliveryConfirmation, DeliveryList, DeliveryListLine, Package, PackageLine, Shipment
from orders.machine import FINAL, Box, Outcome
from orders.models import OrderLine, SignOff, UrgentOrder

PAGE_SIZE = 30  # rows of one queue on the board, the most pressing first


def _orders(user):
    running = UrgentOrder.objects.exclude(stage__in=FINAL).exclude(outcome=Outcome.CANCELLED)
    return running.visible_to(user).order_by().values("pk")


def shippable_lines(user, cursor):
    """Lines with passed pieces that have not left, nor stand on a list; the order's time first."""
    lines = OrderLine.objects.filter(order__in=_orders(user), shipped__lt=F("passed")).annotate(listed=_listed())
    lines = lines.filter(
        passed__gt=F("shipped") + F("listed"),
        agreed_quantity__gt=F("shipped") + F("listed") - F("tolerance_quantity"),
    )
    page = paginate(
        lines.select_related("order__customer", "product"), ("order__required_at", "pk"), cursor, PAGE_SIZE
    )
    for row in page:
        row.free = row.shippable - row.listed
        row.is_waiting = not row.order.is_partial_allowed and row.free < row.agreed_quantity - row.shipped
    return page


def _listed():
    """Pieces of the line on lists that have not left."""
    rows = DeliveryListLine.objects.filter(line=OuterRef("pk"), list__in=DeliveryList.objects.open())
    total = rows.order_by().values("line").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total), 0)


def open_lists(user, cursor):
    """By their pick-up, or where none is booked by the time of the order."""
    lists = DeliveryList.objects.open().filter(order__in=_orders(user)).select_related("order__customer", "carrier")
    lists = lists.annotate(leaves_at=Coalesce("pickup_at", "order__required_at"))
    page = paginate(lists.prefetch_related("checklist", "lines"), ("leaves_at", "pk"), cursor, PAGE_SIZE)
    confirmed = set(
        SignOff.objects.living().filter(order__in=[row.order_id for row in page], box=Box.DELIVERY_CONFIRMED)
        .values_list("order_id", flat=True)
    )
    for row in page:
        row.is_confirmed = row.order_id in confirmed
        row.done = sum(item.done_at is not None for item in row.checklist.all())
        row.pieces = sum(line.quantity for line in row.lines.all())
    return page


def under_way(user, cursor):
    shipments = Shipment.objects.filter(list__order__in=_orders(user), proof__isnull=True)
    shipments = shipments.select_related("list__order__customer", "carrier", "confirmation")
    return paginate(shipments, ("eta_at", "pk"), cursor, PAGE_SIZE)


def without_documents(user, cursor):
    """Delivered with proof, and finance still waits for the papers."""
    signed = SignOff.objects.living().order_by()
    orders = UrgentOrder.objects.filter(pk__in=_orders(user))
    orders = orders.filter(pk__in=signed.filter(box=Box.DELIVERED).values("order_id"))
    orders = orders.exclude(pk__in=signed.filter(box=Box.DOCUMENTS).values("order_id"))
    return paginate(orders.select_related("customer"), ("required_at", "pk"), cursor, PAGE_SIZE)


def lists_of(order):
    """The delivery lists of an order with all that hangs on them."""
    packages = Package.objects.prefetch_related("lines__line__product").select_related("packed_by")
    rows = DeliveryList.objects.living().filter(order=order).select_related(
        "carrier", "made_by", "shipment__carrier", "shipment__dispatched_by", "shipment__confirmation",
        "shipment__photo", "shipment__proof__file", "shipment__proof__recorded_by",
    )
    return rows.prefetch_related(
        "lines__line__product", "checklist__done_by", Prefetch("packages", packages),
        "shipment__proof__shortfalls__line__product",
    )


@dataclass(frozen=True)
class ListFace:
    """A delivery list as its seven ticks, and what can be done with it next."""

    list: DeliveryList
    ticks: list
    left: dict  # line pk: pieces in no package
    is_ready: bool

    @property
    def to_pack(self):
        return sum(self.left.values())

    @property
    def shipment(self):
        return getattr(self.list, "shipment", None)

    @property
    def proof(self):
        return getattr(self.shipment, "proof", None)


def list_faces(order, *, may_run) -> list[ListFace]:
    """`may_run`: the ticks lead to their acts."""
    signed = {row.box: row for row in order.sign_offs.living().filter(
        box__in=[Box.DELIVERY_CONFIRMED, Box.DELIVERED, Box.DOCUMENTS]).select_related("signed_by")}
    confirmed = DeliveryConfirmation.objects.filter(order=order).first()
    return [_face(found, signed, confirmed, may_run) for found in lists_of(order)]


def _face(found, signed, confirmed, may_run):
    left = _left(found)
    done = {item.item: item.done_at is not None for item in found.checklist.all()}
    is_ready = Box.DELIVERY_CONFIRMED in signed and not any(left.values()) and all(done.values())
    return ListFace(found, _ticks(found, signed, confirmed, done, is_ready, may_run), left, is_ready)


def _left(found):
    packed = {}
    for package in found.packages.all():
        for row in package.lines.all():
            packed[row.line_id] = packed.get(row.line_id, 0) + row.quantity
    return {row.line_id: row.quantity - packed.get(row.line_id, 0) for row in found.lines.all()}


def _ticks(found, signed, confirmed, done, is_ready, may_run):
    """裝箱清單、承運商、確認時間地點、裝車、發車、送達與簽收、單據交財務."""
    shipment = getattr(found, "shipment", None)
    proof = getattr(shipment, "proof", None)
    is_confirmed = Box.DELIVERY_CONFIRMED in signed
    names = {"packed": _("Packing list"), "carrier": _("Carrier"), "confirmed": _("Time and place confirmed"),
             "loading": _("Loading"), "left": _("Departure"), "proof": _("Delivered with proof"),
             "documents": _("Documents to Finance")}  # fmt: skip
    states = {
        "packed": done.get("packed", False), "carrier": done.get("carrier", False), "confirmed": is_confirmed,
        "loading": is_ready or shipment is not None, "left": shipment is not None, "proof": proof is not None,
        "documents": Box.DOCUMENTS in signed,
    }
    notes = {
        "carrier": found.carrier or "",
        "confirmed": when(confirmed.slot_from) if is_confirmed and confirmed else "",
        "left": when(shipment.dispatched_at) if shipment else "",
        "proof": when(proof.delivered_at) if proof else "",
        "documents": signed[Box.DOCUMENTS].signed_by if Box.DOCUMENTS in signed else "",
    }
    urls = {
        "packed": reverse("logistics:pack", args=[found.pk]), "carrier": reverse("logistics:book", args=[found.pk]),
        "confirmed": reverse("logistics:confirm", args=[found.order_id]),
        "left": reverse("logistics:dispatch", args=[found.pk]),
        "proof": reverse("logistics:proof", args=[shipment.pk]) if shipment else "",
        "documents": reverse("logistics:documents", args=[found.order_id]),
    }
    can_now = {"packed": True, "carrier": True, "confirmed": True, "loading": states["packed"], "left": is_ready,
               "proof": shipment is not None, "documents": Box.DELIVERED in signed}  # fmt: skip
    return [
        TaskFace(label=names[key], state="done" if states[key] else "now" if can_now[key] else "later",
                 url=urls.get(key, "") if may_run and can_now[key] else "", note=notes.get(key, ""))
        for key in names
    ]


def contents_of(found):
    """Lines of the list with what of each is in no package yet, for the packing form."""
    packed = {}
    rows = PackageLine.objects.filter(package__list=found).order_by().values_list("line_id", "quantity")
    for line, quantity in rows:
        packed[line] = packed.get(line, 0) + quantity
    lines = list(found.lines.select_related("line__product"))
    for row in lines:
        row.left = row.quantity - packed.get(row.line_id, 0)
    return lines
