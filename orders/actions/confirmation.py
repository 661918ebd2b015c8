"""訂單接收與確認: four things, each confirmed or corrected with the customer."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when, word
from orders.actions import door
from orders.actions.hand_over import plan_hand_over
from orders.actions.sheet import issue_sheet
from orders.actions.silence import end_silence
from orders.actions.trail import note, together
from orders.machine import STEPS, Box, Stage
from orders.models import ConfirmationItem, ContactLog, OrderLine, Silence, UrgentOrder
from people.roles import Right

Item = ConfirmationItem.Item


def value_of(order, item) -> str:
    """What the form says about an item, as one line of text."""
    if item == Item.TIME:
        return when(order.required_at)
    if item == Item.PLACE:
        return order.place
    lines = order.lines.select_related("product")
    if item == Item.QUANTITY:
        return "; ".join(f"{line.product}: {line.agreed_quantity}" for line in lines)
    return "; ".join(" ".join(filter(None, [str(line.product), line.specification, line.revision])) for line in lines)


@transaction.atomic
def confirm_item(*, order_id, by, item, contact, how, correction=None, version=None, now=None) -> ConfirmationItem:
    """One item, as the customer said it.

    `correction`: a datetime for time, text for place, {line pk: quantity} or {line pk: specification};
    None = confirmed as it stands.
    """
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    _check(order, by)
    item = Item(item)
    before = value_of(order, item)
    end_silence(order, Silence.End.ANSWERED, by, now)
    if order.confirmation_items.filter(item=item, revoked_at__isnull=True).exists():
        raise Changed(_("“%(item)s” is confirmed already.") % {"item": item.label})
    if correction is not None:
        _correct(order, item, correction, now)
    after = value_of(order, item)
    confirmed = ConfirmationItem.objects.create(
        order=order, item=item, value=after, corrected_from="" if after == before else before,
        contact=contact, how=how, confirmed_at=now, confirmed_by=by,
    )
    door.touch(order)
    text = gettext_noop("Confirmed with {contact}: {item} – {value}")
    params = {"contact": contact, "item": word(item.label), "value": after}
    if item == Item.TIME:
        params["value"] = moment(order.required_at)
    if confirmed.corrected_from:
        text = gettext_noop("Corrected with {contact}: {item} – {value} (before: {before})")
        params["before"] = confirmed.corrected_from
    note(order, "item_confirmed", text, by=by, params=params)
    return confirmed


def _check(order, by):
    if not by.use(Right.ORDER_CONFIRM):
        raise NotYours(_("Only Sales confirms an order with the customer."), who=[order.created_by])
    if order.stage != Stage.CONFIRMATION:
        raise GateShut(
            _("This order is not waiting for the customer's confirmation: it is in %(stage)s.")
            % {"stage": order.get_stage_display()}
        )


def _correct(order, item, correction, now):
    if item == Item.TIME:
        if correction <= now:
            raise BadInput(_("The required delivery time has already passed."), field="correction_time")
        order.required_at = correction
        order.save(update_fields=["required_at"])
    elif item == Item.PLACE:
        order.place = correction
        order.save(update_fields=["place"])
    else:
        _correct_lines(order, item, correction)


def _correct_lines(order, item, correction):
    field = "agreed_quantity" if item == Item.QUANTITY else "specification"
    for pk, value in correction.items():
        if item == Item.QUANTITY and value < 1:
            raise BadInput(_("A line needs one piece at least."), field="correction_quantity")
        OrderLine.objects.filter(order=order, pk=pk).update(**{field: value})


@transaction.atomic
def log_contact(*, order_id, by, contact, how, text, was_reached=True, party="customer", now=None) -> ContactLog:
    """A talk or an attempt at one, kept with the order."""
    order = door.lock(order_id, by=by)
    entry = ContactLog.objects.create(
        order=order, party=party, contact=contact, how=how, was_reached=was_reached, text=text,
        contacted_at=now or timezone.now(), contacted_by=by,
    )
    if was_reached and party == ContactLog.Party.CUSTOMER:
        end_silence(order, Silence.End.ANSWERED, by, now)
    text = gettext_noop("Talked to {contact} ({how}): {text}")
    if not was_reached:
        text = gettext_noop("Tried to reach {contact} ({how}): {text}")
    note(order, "contact", text, by=by, params={
        "contact": contact, "how": word(UrgentOrder.AskedHow(how).label), "text": entry.text,
    })
    return entry


@transaction.atomic
def confirm(*, order_id, by, version=None) -> UrgentOrder:
    """All four are confirmed: sign, issue the processing sheet with its own number, send it out, hand over."""
    order = door.lock(order_id, by=by, version=version)
    _check(order, by)
    with together(order, by):
        door.sign(order=order, box=Box.CUSTOMER_CONFIRMED, by=by)
        issue_sheet(order=order, by=by, reason=gettext_noop("Confirmed with the customer"))
        plan_hand_over(order)
        door.take_step(order, STEPS["confirm"], by)
    return order
