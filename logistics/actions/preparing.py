"""Before the vehicle leaves: time and place, the delivery list, packages, carrier, checklist."""

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut
from desk.text import moment, word
from logistics.actions.locking import lock_list, lock_order
from logistics.models import (
    ChecklistItem,
    DeliveryConfirmation,
    DeliveryList,
    DeliveryListLine,
    Package,
    PackageLine,
)
from orders import actions
from orders.actions import clocks, trail
from orders.actions.door import touch
from orders.actions.duties import departments, person_on_duty
from orders.machine import Box, Fact
from orders.models import ContactLog
from sla.models import WorkItem

Item = ChecklistItem.Item


@transaction.atomic
def confirm_delivery(*, order_id, by, contact, how, place, slot_from, slot_until, note="") -> DeliveryConfirmation:
    """Time and place, as the customer says now. A newer one takes the older signature back and signs anew."""
    order = lock_order(order_id, by)
    _check_slot(slot_from, slot_until)
    actions.revoke(order=order, by=by, facts=[Fact.PLACE])
    confirmed = DeliveryConfirmation.objects.create(
        order=order, contact=contact, how=how, place=place, slot_from=slot_from, slot_until=slot_until, note=note,
        confirmed_at=timezone.now(), confirmed_by=by,
    )
    ContactLog.objects.create(
        order=order, contact=contact, how=how, text=place, contacted_at=confirmed.confirmed_at, contacted_by=by
    )
    _ask_again(order)
    actions.sign(order=order, box=Box.DELIVERY_CONFIRMED, by=by, evidence={"confirmation": confirmed.pk})
    clocks.finish_items(order, kinds=["delivery_confirmation"], by=by)
    event = trail.note(
        order, "delivery_confirmed", gettext_noop("Delivery confirmed with {contact}: {from} to {until}, {place}"),
        by=by, params={"contact": contact, "from": moment(slot_from), "until": moment(slot_until), "place": place},
    )
    trail.inform(order, event, {order.created_by})
    return confirmed


def _check_slot(slot_from, slot_until):
    if slot_until <= slot_from:
        raise BadInput(_("The time of delivery ends after it starts."), field="slot_until")
    if slot_until <= timezone.now():
        raise BadInput(_("This time of delivery has already passed."), field="slot_until")


def _ask_again(order):
    """Whom the carrier and the customer were told an older time or place is told again."""
    open_lists = DeliveryList.objects.open().filter(order=order)
    items = ChecklistItem.objects.filter(list__in=open_lists, item=Item.INFORMED)
    items.update(done_at=None, done_by=None)


@transaction.atomic
def make_list(*, order_id, by, quantities, note="") -> DeliveryList:
    """A delivery list of pieces that passed: {line pk: quantity}. Part of an order only where that is allowed."""
    order = lock_order(order_id, by)
    lines = {line.pk: line for line in order.lines.select_related("product")}
    quantities = {pk: quantity for pk, quantity in quantities.items() if quantity}
    _check_quantities(order, lines, quantities)
    made = DeliveryList.objects.create(
        order=order, number=_number(order), note=note, made_at=timezone.now(), made_by=by
    )
    DeliveryListLine.objects.bulk_create(
        [DeliveryListLine(list=made, line=lines[pk], quantity=quantity) for pk, quantity in quantities.items()]
    )
    ChecklistItem.objects.bulk_create([ChecklistItem(list=made, item=item) for item in Item])
    touch(order)
    trail.note(order, "delivery_list", gettext_noop("Delivery list {number} made: {count} pieces"), by=by,
               params={"number": made.number, "count": sum(quantities.values())})
    _ask_for_confirmation(order, by)
    return made


def _number(order):
    count = DeliveryList.objects.filter(order=order).count() + 1
    return f"{order.number.replace('UO', 'DL')}-{count}"


def _check_quantities(order, lines, quantities):
    if not quantities or min(quantities.values()) < 0:
        raise BadInput(_("Say how many pieces go out, one at least."), field="quantities")
    if set(quantities) - set(lines):
        raise BadInput(_("These pieces belong to another order."), field="quantities")
    listed = listed_quantities(order)
    for pk, quantity in quantities.items():
        _check_line(lines[pk], quantity, listed.get(pk, 0))
    if not order.is_partial_allowed:
        check_whole(lines, quantities)


def listed_quantities(order) -> dict:
    """What stands on lists that have not left yet, by line."""
    rows = DeliveryListLine.objects.filter(list__in=DeliveryList.objects.open().filter(order=order))
    return dict(rows.order_by().values_list("line").annotate(Sum("quantity")))


def _check_line(line, quantity, listed):
    if quantity > line.shippable - listed:
        raise GateShut(
            _("%(quantity)d pieces of %(product)s cannot go on a delivery list: %(free)d are free.")
            % {"quantity": quantity, "product": line.product, "free": max(0, line.shippable - listed)},
            because=_("%(passed)d passed, %(shipped)d shipped, %(listed)d on open lists, %(held)d held, "
                      "%(awaiting)d await inspection.")
            % {"passed": line.passed, "shipped": line.shipped, "listed": listed, "held": line.held,
               "awaiting": line.awaiting},
        )


def check_whole(lines, quantities):
    """Everything that is left of the order goes out together, unless parts were agreed."""
    missing = [
        Condition(
            _("%(line)s: %(count)d more pieces") % {"line": line.product, "count": left}, left <= 0
        )
        for pk, line in lines.items()
        if (left := line.agreed_quantity - line.shipped - quantities.get(pk, 0)) > 0
    ]
    if missing:
        raise GateShut(
            _("This order is delivered as a whole."), missing=missing,
            because=_("Partial delivery was not agreed with the customer."),
        )


def _ask_for_confirmation(order, by):
    is_signed = order.sign_offs.living().filter(box=Box.DELIVERY_CONFIRMED).exists()
    is_asked = WorkItem.objects.living().filter(source=order.stream, kind="delivery_confirmation").exists()
    if is_signed or is_asked:
        return
    department = departments()["logistics"]
    clocks.open_item(
        order, kind="delivery_confirmation", subject=gettext_noop("Confirm delivery time and place with the customer"),
        department=department, assignee=person_on_duty(order, department), by=by,
    )


@transaction.atomic
def cancel_list(*, list_id, by) -> DeliveryList:
    """The pieces are free for another list."""
    order, found = lock_list(list_id, by)
    found.cancelled_at, found.cancelled_by = timezone.now(), by
    found.save(update_fields=["cancelled_at", "cancelled_by"])
    touch(order)
    trail.note(order, "delivery_list_cancelled", gettext_noop("Delivery list {number} cancelled"), by=by,
               params={"number": found.number})
    return found


@transaction.atomic
def pack(*, list_id, by, contents, weight_kg, quantities) -> Package:
    """One more package: {line pk: quantity}, no more than the list says."""
    order, found = lock_list(list_id, by)
    quantities = {pk: quantity for pk, quantity in quantities.items() if quantity}
    left = unpacked(found)
    if not quantities or min(quantities.values()) < 0:
        raise BadInput(_("Say what is in the package."), field="quantities")
    for pk, quantity in quantities.items():
        if quantity > left.get(pk, 0):
            raise GateShut(
                _("%(quantity)d pieces cannot be packed: %(left)d of this list are left.")
                % {"quantity": quantity, "left": left.get(pk, 0)}
            )
    last = found.packages.order_by("-number").values_list("number", flat=True).first() or 0
    package = Package.objects.create(
        list=found, number=last + 1, contents=contents, weight_kg=weight_kg, packed_at=timezone.now(), packed_by=by
    )
    PackageLine.objects.bulk_create(
        [PackageLine(package=package, line_id=pk, quantity=quantity) for pk, quantity in quantities.items()]
    )
    _repack(found, by)
    trail.note(order, "packed", gettext_noop("Package {package} of {number}: {contents}"), by=by,
               params={"package": package.number, "number": found.number, "contents": contents})
    return package


@transaction.atomic
def unpack(*, package_id, by) -> DeliveryList:
    """Take a package off the list again."""
    list_id = Package.objects.values_list("list_id", flat=True).get(pk=package_id)
    order, found = lock_list(list_id, by)
    package = found.packages.filter(pk=package_id).first()
    if package is None:
        raise Changed(_("This package was taken off already."))
    trail.note(order, "unpacked", gettext_noop("Package {package} of {number} taken off"), by=by,
               params={"package": package.number, "number": found.number})
    package.delete()
    _repack(found, by)
    return found


def unpacked(found) -> dict:
    """What of the list is in no package yet, by line."""
    packed = PackageLine.objects.filter(package__list=found).order_by().values_list("line").annotate(Sum("quantity"))
    packed = dict(packed)
    return {row.line_id: row.quantity - packed.get(row.line_id, 0) for row in found.lines.all()}


def _repack(found, by):
    """The list's next version. “Packed” follows from the packages, and labels are looked at again."""
    found.version += 1
    found.save(update_fields=["version"])
    is_packed = not any(unpacked(found).values())
    _set(found, Item.PACKED, is_packed, by)
    _set(found, Item.LABELLED, False, by)


def _set(found, item, is_done, by):
    done = {"done_at": timezone.now(), "done_by": by} if is_done else {"done_at": None, "done_by": None}
    ChecklistItem.objects.filter(list=found, item=item).update(**done)


@transaction.atomic
def book_carrier(*, list_id, by, carrier, pickup_at) -> DeliveryList:
    """The vehicle is ordered."""
    order, found = lock_list(list_id, by)
    if not carrier.is_active:
        raise BadInput(_("This carrier is no longer in use."), field="carrier")
    if pickup_at <= timezone.now():
        raise BadInput(_("The pick-up lies in the future."), field="pickup_at")
    found.carrier, found.pickup_at = carrier, pickup_at
    found.version += 1
    found.save(update_fields=["carrier", "pickup_at", "version"])
    _set(found, Item.CARRIER, True, by)
    trail.note(order, "carrier_booked", gettext_noop("{carrier} booked for {number}, pick-up {at}"), by=by,
               params={"carrier": str(carrier), "number": found.number, "at": moment(pickup_at)})
    return found


@transaction.atomic
def prepare(*, list_id, by, item, is_done=True) -> ChecklistItem:
    """Tick a preparation, or take the tick back. Packed and carrier follow from their own acts."""
    order, found = lock_list(list_id, by)
    item = Item(item)
    if item in (Item.PACKED, Item.CARRIER):
        raise BadInput(_("“%(item)s” is ticked by the act itself.") % {"item": item.label}, field="item")
    if is_done:
        _check_tick(order, found, item)
    _set(found, item, is_done, by)
    text = gettext_noop("{number}: {item}") if is_done else gettext_noop("{number}: {item} – taken back")
    trail.note(order, "prepared", text, by=by, params={"number": found.number, "item": word(item.label)})
    return found.checklist.get(item=item)


def _check_tick(order, found, item):
    if item == Item.LABELLED and not found.packages.exists():
        raise GateShut(_("There is no package to label yet."))
    if item == Item.INFORMED and not order.sign_offs.living().filter(box=Box.DELIVERY_CONFIRMED).exists():
        raise GateShut(
            _("The customer cannot be informed before time and place are confirmed."),
            missing=[Condition(Box.DELIVERY_CONFIRMED.label)],
        )
