"""Master data of production: read for its pages, and what every change of it shares."""

from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import BillOfMaterialLine, Substitute
from desk.refusals import Changed
from desk.text import sentence, word
from orders.money import may_see
from production import routing
from production.models import CandidateCentre, Downtime, ExtraShift, RoutingLink, RoutingOperation
from records.models import Event, Stream

STREAM = "master"
MOST_EVENTS = 20
# The record whose page shows what belongs to it.
OWNERS = {
    ExtraShift: "work_centre", Downtime: "work_centre", RoutingOperation: "product", BillOfMaterialLine: "product",
    Substitute: "material",
}  # fmt: skip
MONEY = {
    "hourly_rate_amount": "resource", "labour_rate_amount": "resource", "overtime_percent": "resource",
    "extra_percent": "resource", "standard_cost_amount": "purchase", "price_amount": "sales",
}  # fmt: skip
MOVING = ("on_hand", "reserved")  # what the store changes, not the person who keeps the master data
CHANGED_FIELD = gettext_noop("{field}: {old} → {new}")


def lock() -> None:
    """One person changes master data at a time, until the transaction ends."""
    Stream.objects.get_or_create(name=STREAM)
    Stream.objects.select_for_update().get(name=STREAM)


def about(record) -> str:
    """Whose history a change stands in."""
    owner = OWNERS.get(type(record))
    record = getattr(record, owner) if owner else record
    return f"{record._meta.model_name}:{record.pk}"


def history(record, user) -> list[Event]:
    """The last changes, without the amounts that are not for this person."""
    classes = [money for money in Event.Money.values if may_see(user, money)]
    events = Event.objects.filter(stream=STREAM, params__about=about(record), money__in=classes)
    return list(events.order_by("-number")[:MOST_EVENTS])


def hidden_fields(user) -> set[str]:
    return {name for name, money in MONEY.items() if not may_see(user, money)}


# What a form was made from


def fingerprint(record, *more) -> int:
    """The same as long as nobody changes what the page shows."""
    fields = [field for field in record._meta.concrete_fields if field.name not in MOVING]
    said = [f"{field.name}={_plain(field.value_from_object(record))}" for field in fields]
    return crc32(repr((said, more)).encode())


def _plain(value):
    return value.normalize() if hasattr(value, "normalize") else value


def check_version(version, current: int) -> None:
    if version is not None and version != current:
        raise Changed(
            _("Somebody changed this meanwhile. Yours was not saved."),
            because=_("Open the page again, and compare it with what you typed."),
        )


def said_changes(record, old: dict, new: dict) -> dict:
    """{money class: sentences} for what differs."""
    found = {}
    for name, value in new.items():
        if (value or None) != (old.get(name) or None):
            field = record._meta.get_field(name)
            found.setdefault(MONEY.get(name, ""), []).append(
                sentence(CHANGED_FIELD, {
                    "field": word(field.verbose_name), "old": shown(old.get(name)), "new": shown(value),
                })
            )
    return found


def shown(value):
    if isinstance(value, bool):
        return word(gettext_noop("yes") if value else gettext_noop("no"))
    return "–" if value in (None, "") else str(_plain(value)) if not hasattr(value, "pk") else str(value)


# Routings as graphs


def graph_of(product, variant="") -> tuple[list[routing.Node], list[tuple[int, int]]]:
    """The operations and links of one way to make a product."""
    operations = RoutingOperation.objects.filter(product=product, variant=variant).select_related("work_centre")
    active = set(CandidateCentre.objects.filter(operation__in=operations, work_centre__is_active=True)
                 .values_list("operation", flat=True))
    nodes = [routing.Node(row.number, row.starts_freely, row.work_centre.is_active or row.pk in active)
             for row in operations]
    links = RoutingLink.objects.filter(operation__in=operations).values_list("operation__number", "after__number")
    return nodes, list(links)
