"""《緊急訂單識別表》: a draft while typing, a numbered document once submitted."""

from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Condition, GateShut, NotYours
from orders import gates, search
from orders.actions import clocks, door
from orders.actions.duties import grant_view, share_out
from orders.actions.rush import warn_of_many
from orders.actions.trail import inform, note, together
from orders.machine import STEPS, WITHDRAW, Fact, Stage
from orders.models import ConfirmationItem, OrderLine, StageRun, UrgentOrder
from orders.similar import like_orders
from people.roles import Right
from records.models import CompanySettings, StoredFile
from sla.models import WorkCalendar, calendar_of

FORM_FIELDS = (
    "customer", "project", "contact_name", "contact_phone", "ground", "ground_text", "reason", "reason_text",
    "asked_by", "asked_how", "asked_at", "required_at", "place", "is_partial_allowed", "note", "rush_charge_amount",
    "duplicate_reason",
)


@transaction.atomic
def save_draft(*, by, values: dict, lines: list[dict] | None = None, order_id=None, version=None) -> UrgentOrder:
    """Keep what was typed, however incomplete. `lines`: product, quantity, specification, revision, unit price."""
    if not by.use(Right.ORDER_CREATE):
        raise NotYours(_("Only Sales can enter an urgent order."), who=door.who_may(Right.ORDER_CREATE))
    order = door.lock(order_id, by=by, version=version) if order_id else _new_draft(by)
    if order.stage != Stage.IDENTIFICATION:
        raise GateShut(_("This form is submitted; the order changes by agreement with the customer only."))
    changed = {field for field in FORM_FIELDS if field in values and getattr(order, field) != values[field]}
    for field in changed:
        setattr(order, field, values[field])
    order.save(update_fields=sorted(changed) or ["version"])
    if lines is not None:
        _write_lines(order, lines)
    _unconfirm(order, by, changed, lines)
    door.touch(order)
    return order


def _new_draft(by):
    order = UrgentOrder.objects.create(created_by=by)
    StageRun.objects.create(
        order=order, number=1, stage=Stage.IDENTIFICATION, entered_at=timezone.now(), entered_by=by,
        entered_step="submit",
    )
    return order


def _write_lines(order, rows):
    """Rows replace rows by position, so that a line keeps its identity while it is typed."""
    standing = {line.position: line for line in order.lines.all()}
    for position, row in enumerate(rows, start=1):
        quantity = row["quantity"]
        values = {
            "product": row["product"], "requested_quantity": quantity, "agreed_quantity": quantity,
            "specification": row.get("specification", ""), "revision": row.get("revision", ""),
            "unit_price_amount": row.get("unit_price_amount"),
        }
        if position in standing:
            OrderLine.objects.filter(pk=standing.pop(position).pk).update(**values)
        else:
            OrderLine.objects.create(order=order, position=position, **values)
    for line in standing.values():
        line.delete()


def _unconfirm(order, by, changed, lines):
    """After a return to the form, what was changed must be confirmed again."""
    item = ConfirmationItem.Item
    touched = {item.TIME} if "required_at" in changed else set()
    if "place" in changed:
        touched.add(item.PLACE)
    if lines is not None and not order.is_draft:
        touched |= {item.SPECIFICATION, item.QUANTITY}
    living = order.confirmation_items.filter(item__in=touched, revoked_at__isnull=True)
    if touched and living.update(revoked_at=timezone.now()):
        door.revoke(order=order, by=by, facts=[Fact.FORM])


@transaction.atomic
def delete_draft(*, order_id, by) -> None:
    """A form that was never submitted goes without a trace, its files' records too."""
    order = door.lock(order_id, by=by)
    if not order.is_draft:
        raise GateShut(_("This form is submitted; the order stays."))
    if order.follows_id:
        raise GateShut(_("This draft makes good what the customer complained of: it is submitted, or declined later."))
    StoredFile.objects.filter(subject=order.stream).delete()
    order.delete()


@transaction.atomic
def submit(*, order_id, by, version=None, now=None) -> UrgentOrder:
    """Number the form, open the confirmation clock, hand the order over, tell every concerned department.

    Raises GateShut with what the form still lacks; BadInput when the required time has passed.
    """
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    with together(order, by) as papers:
        _check_form(order, now)
        is_first = order.is_draft
        like = _like(order, by, now) if is_first else []
        if is_first:
            papers.duties, papers.signatures = {}, []  # nobody has signed or answers for a draft
            _number(order, by, now)
        is_news = is_first or _was_withdrawn(papers.runs)
        people = share_out(order, by) if is_news else []
        grant_view(order)
        door.take_step(order, STEPS["submit"], by, also=SUBMITTED if is_first else ())
        if is_news:
            _tell(order, by, people)
        if like:
            note(order, "no_duplicate", gettext_noop("Entered beside {orders}: {reason}"), by=by,
                 params={"orders": [str(row) for row in like], "reason": order.duplicate_reason})
        if is_first:
            warn_of_many(order, by=by, now=now)
    search.index(order.pk)
    return order


def _was_withdrawn(runs) -> bool:
    """The departments heard nothing of the submission before this one."""
    return runs[-1].entered_step == WITHDRAW.name


def _like(order, by, now) -> list[UrgentOrder]:
    """Same customer and product within the company's days: goes on only with a reason that stays."""
    products = [line.product_id for line in gates.lines_of(order)]
    like = like_orders(user=by, customer=order.customer, products=products, besides=order.pk, now=now)
    if like and not order.duplicate_reason.strip():
        raise GateShut(
            _("Perhaps this is entered already: %(orders)s.") % {"orders": ", ".join(map(str, like))},
            because=_("Same customer and product. Say why it is another wish, add it to that order, or decline it."),
            field="duplicate_reason",
        )
    return like


def missing_of(order) -> list[Condition]:
    """What the form asks, each with whether it is there."""
    lines = gates.lines_of(order)
    rows = [
        Condition(_("Customer"), bool(order.customer_id)),
        Condition(_("Reason for urgency"), bool(order.reason and (order.reason != "other" or order.reason_text))),
        Condition(_("Product and quantity"), bool(lines)),
        Condition(_("Required delivery time"), bool(order.required_at)),
        Condition(_("Delivery place"), bool(order.place.strip())),
        Condition(_("Identification case"), bool(order.ground)),
    ]
    if order.ground in (order.Ground.KEY_CUSTOMER, order.Ground.MAJOR_PROJECT):
        rows.append(Condition(_("Why it is urgent although nobody asked"), bool(order.ground_text.strip())))
    if order.ground == order.Ground.CUSTOMER_ASKED:
        rows.append(Condition(_("Who asked, and how"), bool(order.asked_by.strip() and order.asked_how)))
    return rows


def _check_form(order, now):
    conditions = missing_of(order)
    if not all(condition.is_met for condition in conditions):
        raise GateShut(
            _("The form is not complete yet."), missing=conditions, who=[order.created_by],
        )
    if order.required_at <= now:
        raise BadInput(_("The required delivery time has already passed."), field="required_at")
    if order.ground == order.Ground.KEY_CUSTOMER and not order.customer.is_key:
        raise BadInput(_("This customer is not marked as a key customer."), field="ground")
    if order.ground == order.Ground.MAJOR_PROJECT and not (order.project_id and order.project.is_major):
        raise BadInput(_("Choose the major project that this order belongs to."), field="ground")


def _number(order, by, now):
    stamp = timezone.localtime(now).strftime("%y%m")
    order.number = f"UO-{stamp}-{next_number(f'UO-{stamp}'):04d}"
    order.form_number = order.number.replace("UO", "IF")
    order.submitted_at, order.submitted_by = now, by
    order.urgency_share, order.urgency_class = classify(order, now)
    if order.asked_at is None and order.ground == order.Ground.CUSTOMER_ASKED:
        order.asked_at = now


SUBMITTED = (
    "number", "form_number", "submitted_at", "submitted_by", "urgency_share", "urgency_class", "asked_at", "whole_item",
)


NEXT_NUMBER = (
    "INSERT INTO orders_numberseries (prefix, last) VALUES (%s, 1)"
    " ON CONFLICT (prefix) DO UPDATE SET last = orders_numberseries.last + 1 RETURNING last"
)


def next_number(prefix) -> int:
    """The next number of a series, without gaps: the row stays locked until the order is committed."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [prefix])
        return cursor.fetchone()[0]


def classify(order, now) -> tuple[Decimal | None, str]:
    """Requested ÷ normal lead time of its slowest product, both in working time, and the class that follows."""
    return class_of(normal_hours(order), order.required_at, now)


def class_of(normal_hours, required_at, now) -> tuple[Decimal | None, str]:
    if not normal_hours or not required_at or required_at <= now:
        return None, UrgentOrder.UrgencyClass.C
    share = min(Decimal(requested_hours(required_at, now) / normal_hours).quantize(Decimal("0.001")), Decimal(99999))
    settings = CompanySettings.current()
    if share <= settings.class_a_max_ratio:
        return share, UrgentOrder.UrgencyClass.A
    return share, UrgentOrder.UrgencyClass.B if share <= settings.class_b_max_ratio else UrgentOrder.UrgencyClass.C


def normal_hours(order) -> int | None:
    """The normal lead time of the slowest product, in working hours."""
    return max((line.product.family.normal_lead_time_hours for line in gates.lines_of(order)), default=None)


def requested_hours(required_at, now) -> float:
    """Working hours until the customer wants it."""
    return factory_calendar().between(now, required_at) / 3600


def factory_calendar():
    """The working calendar that the production stage runs on."""
    calendar = WorkCalendar.objects.order_by("pk").first()
    return calendar_of(calendar.edition_id if calendar else None)


TOLD = gettext_noop("New urgent order {number}: {what}, {customer}, wanted by {required}")


def _tell(order, by, people):
    params = clocks.about(order) | {"required": {"time": order.required_at.isoformat()}}
    event = note(order, "handed_over", TOLD, by=by, params=params)
    inform(order, event, people)


