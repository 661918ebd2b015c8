"""Master data is changed by the head of production and administrators; every change stands in its history."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import BillOfMaterialLine
from desk.refusals import BadInput, GateShut, NotYours
from people.duty import who_may
from people.roles import Right
from production import routing
from production.master import STREAM, about, check_version, fingerprint, graph_of, lock, said_changes
from production.models import CandidateCentre, OperationMaterial, RoutingLink, RoutingOperation, WorkCentre
from records.actions import record as write

ADDED = gettext_noop("{kind} {name} was added: {changes}")
CHANGED = gettext_noop("{kind} {name} was changed: {changes}")
REMOVED = gettext_noop("{kind} {name} was removed.")


def check_right(by) -> None:
    if not by.use(Right.MASTER_CHANGE):
        raise NotYours(
            _("The head of production and administrators change master data."), who=who_may(Right.MASTER_CHANGE)
        )


@transaction.atomic
def save(*, record, values, by, version=None):
    """A new or changed record of master data; only what differs is written, and recorded."""
    check_right(by)
    lock()
    record, old = _current(record, values, version)
    for name, value in values.items():
        setattr(record, name, value)
    changes = said_changes(record, old, values)
    if record.pk and not changes:
        raise BadInput(_("Nothing is different from before."))
    if isinstance(record, WorkCentre):
        check_centre(record)
    is_new = record.pk is None
    record.save()
    note(record, changes, by=by, is_new=is_new)
    return record


def _current(record, values, version):
    """As it stands now, not as it stood when the form was read."""
    if record.pk is None:
        return record, {}
    record = type(record).objects.get(pk=record.pk)
    check_version(version, fingerprint(record))
    return record, {name: getattr(record, name) for name in values}


def note(record, changes: dict, *, by, is_new) -> None:
    """One event, and one for the amounts of each class, which not everybody sees."""
    about_it = {"about": about(record), "kind": {"msg": _source(record)}, "name": _name(record)}
    classes = {""} | changes.keys() if is_new else changes
    for money in sorted(classes):
        write(f"{record._meta.model_name}.{'add' if is_new else 'change'}", ADDED if is_new else CHANGED, by=by,
              stream=STREAM, money=money, params=about_it | {"changes": changes.get(money, [])})


def _source(record):
    return record._meta.verbose_name


def _name(record) -> str:
    return f"{getattr(record, 'variant', '')} {record}".strip()


@transaction.atomic
def remove(*, record, by, version=None) -> None:
    check_right(by)
    lock()
    record = type(record).objects.get(pk=record.pk)
    check_version(version, fingerprint(record))
    write(f"{record._meta.model_name}.remove", REMOVED, by=by, stream=STREAM,
          params={"about": about(record), "kind": {"msg": _source(record)}, "name": str(record)})
    record.delete()


# Work centres


def check_centre(centre) -> None:
    if not has_time(centre.calendar):
        raise BadInput(
            _("%(calendar)s has no working time.") % {"calendar": centre.calendar}, field="calendar",
            because=_("Nothing could ever be planned there. Give the calendar hours, or choose another one."),
        )
    if centre.pk and not centre.is_active:
        _check_leaving(centre)


def has_time(calendar) -> bool:
    """The database keeps a stored calendar so; one that was never published would run day and night."""
    return any(calendar.week) and calendar.edition_id is not None


def _check_leaving(centre) -> None:
    """Operations that nobody else may do would be left without a work centre."""
    others = CandidateCentre.objects.filter(work_centre__is_active=True).exclude(work_centre=centre)
    mine = RoutingOperation.objects.filter(work_centre=centre).exclude(candidates__in=others)
    if left := list(mine.select_related("product")[:6]):
        raise GateShut(
            _("%(centre)s cannot be taken out of use.") % {"centre": centre.code}, field="is_active",
            because=_("No other work centre may do some operations."),
            missing=[_("Another work centre for %(product)s, operation %(operation)s")
                     % {"product": row.product.number, "operation": row} for row in left[:5]],
        )


# Routings


@transaction.atomic
def save_operation(*, operation, values, after=(), followed_by=(), others=None, bill_lines=(), by, version=None):
    """One operation with its place in the graph. `after`, `followed_by`: numbers; `others`: {work centre: per cent}.

    Nothing of `after` means after the operation with the number before, or freely.
    """
    check_right(by)
    lock()
    is_new = operation.pk is None
    if not is_new:
        operation = RoutingOperation.objects.select_related("product").get(pk=operation.pk)
        check_version(version, operation_version(operation))
    old = {} if is_new else {name: getattr(operation, name) for name in values}
    told, old_number = ({}, None) if is_new else (_told(operation), operation.number)
    before = routing.predecessors(*graph_of(operation.product, operation.variant))
    if not is_new:  # the database refuses another number while a link stands
        RoutingLink.objects.filter(Q(operation=operation) | Q(after=operation)).delete()
    for name, value in values.items():
        setattr(operation, name, value)
    operation.save()
    _place(operation, set(after), set(followed_by), before, old_number)
    _set_others(operation, others or {})
    _set_materials(operation, bill_lines)
    check_routing(operation.product, operation.variant)
    changes = said_changes(operation, old, values)
    changes.setdefault("", []).extend(_differences(told, _told(operation)))
    if not any(changes.values()):
        raise BadInput(_("Nothing is different from before."))
    note(operation, changes, by=by, is_new=is_new)
    return operation


def _place(operation, after, followed_by, before, old_number) -> None:
    """Links as asked. An operation that followed another one without a link gets one where it now follows two."""
    siblings = RoutingOperation.objects.filter(product=operation.product, variant=operation.variant)
    same = {row.number: row for row in siblings}
    if unknown := (after | followed_by) - same.keys():
        raise BadInput(_("There is no operation %(number)s in this routing.") % {"number": min(unknown)}, field="after")
    before = {number: {operation.number if other == old_number else other for other in others} & same.keys()
              for number, others in before.items() if number in same}
    wanted = {(operation.number, number) for number in after}
    wanted |= {(number, other) for number in followed_by for other in before[number] | {operation.number}}
    nodes = [routing.Node(row.number, row.starts_freely) for row in same.values()]
    links = set(RoutingLink.objects.filter(operation__in=siblings).values_list("operation__number", "after__number"))
    if after or followed_by or operation.starts_freely:
        wanted |= _stay(operation, before, routing.predecessors(nodes, links | wanted), followed_by)
    refuse([fault for fault in routing.check(nodes, links | wanted) if fault.kind in WRONG_WAY])
    RoutingLink.objects.bulk_create(
        (RoutingLink(operation=same[number], after=same[other]) for number, other in sorted(wanted)),
        ignore_conflicts=True,
    )


def _stay(operation, before, now, followed_by) -> set[tuple[int, int]]:
    """A branch beside the others moves none of them: who came after the number before, says so now."""
    moved = [number for number in before if now[number] != before[number]
             and number != operation.number and number not in followed_by]
    free = [number for number in moved if not before[number]]
    RoutingOperation.objects.filter(
        product=operation.product, variant=operation.variant, number__in=free).update(starts_freely=True)
    return {(number, other) for number in moved for other in before[number]}


def _set_others(operation, others) -> None:
    operation.candidates.all().delete()
    CandidateCentre.objects.bulk_create(
        CandidateCentre(operation=operation, work_centre=centre, time_percent=percent)
        for centre, percent in others.items() if centre.pk != operation.work_centre_id
    )


def _set_materials(operation, bill_lines) -> None:
    """A material is needed by one operation: the last one that names it."""
    operation.materials.exclude(bill_line__in=bill_lines).delete()
    OperationMaterial.objects.filter(bill_line__in=bill_lines).exclude(operation=operation).delete()
    have = set(operation.materials.values_list("bill_line", flat=True))
    OperationMaterial.objects.bulk_create(
        OperationMaterial(operation=operation, bill_line=line) for line in bill_lines if line.pk not in have
    )


WRONG_WAY = (routing.CYCLE, routing.BEHIND, routing.BACKWARDS)  # what no link can be stored for
AFTER, OTHERS, MATERIALS = gettext_noop("comes after"), gettext_noop("other work centres"), gettext_noop("materials")


def _told(operation) -> dict:
    """What stands beside an operation, in words."""
    lines = BillOfMaterialLine.objects.filter(pk__in=operation.materials.values("bill_line"))
    links = operation.links.order_by("after__number").values_list("after__number", flat=True)
    others = operation.candidates.order_by("work_centre__code").values_list("work_centre__code", "time_percent")
    return {
        AFTER: ", ".join(map(str, links)), OTHERS: ", ".join(f"{code} {percent} %" for code, percent in others),
        MATERIALS: ", ".join(lines.order_by("material__number").values_list("material__number", flat=True)),
    }


def _differences(old, new) -> list:
    return [{"msg": "{field}: {old} → {new}", "params": {
        "field": {"msg": name}, "old": old.get(name) or "–", "new": value or "–"}}
        for name, value in new.items() if value != old.get(name, "")]


def operation_version(operation) -> int:
    followers = RoutingLink.objects.filter(after=operation).order_by("operation__number")
    return fingerprint(operation, sorted(_told(operation).items()),
                       list(followers.values_list("operation__number", flat=True)))


@transaction.atomic
def remove_operation(*, operation, by, version=None) -> None:
    check_right(by)
    lock()
    operation = RoutingOperation.objects.select_related("product").get(pk=operation.pk)
    check_version(version, operation_version(operation))
    write("routingoperation.remove", REMOVED, by=by, stream=STREAM,
          params={"about": about(operation), "kind": {"msg": _source(operation)}, "name": _name(operation)})
    product, variant = operation.product, operation.variant
    operation.delete()
    check_routing(product, variant)


def check_routing(product, variant="") -> None:
    refuse(routing.check(*graph_of(product, variant)))


def refuse(faults) -> None:
    if faults:
        first = faults[0]
        raise BadInput(first.what, because=first.way_out, field="after", missing=[fault.what for fault in faults[1:]])
