"""Master data of production: read for its pages, and what every change of it shares."""

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import urlencode
from zlib import crc32

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import BillOfMaterialLine, Product, Substitute
from desk.refusals import Changed
from desk.text import sentence, word
from orders.money import may_see
from production import routing, routing_chart
from production.models import (
    CandidateCentre,
    Downtime,
    ExtraShift,
    OperationMaterial,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
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


# Lists


def found(rows, number, words):
    """Whose number or name holds the words."""
    if not words:
        return rows
    return rows.filter(Q(**{f"{number}__icontains": words}) | Q(name__icontains=words) | Q(latin_name__icontains=words))


def centre_rows(now):
    down = Downtime.objects.living().filter(work_centre=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
    return WorkCentre.objects.select_related("calendar").annotate(
        is_down=Exists(down), shift_count=Count("extra_shifts", filter=Q(extra_shifts__is_active=True), distinct=True)
    )


def product_rows():
    return Product.objects.select_related("family").annotate(
        operation_count=_count(RoutingOperation.objects.filter(variant="")),
        way_count=_count(RoutingOperation.objects.exclude(variant=""), "variant"),
        material_count=_count(BillOfMaterialLine.objects.all()),
    )


def _count(rows, name="pk"):
    """How many of them a product has, counted beside it: relations of lower apps have no name there."""
    counted = rows.filter(product=OuterRef("pk")).order_by().values("product")
    return Coalesce(Subquery(counted.annotate(n=Count(name, distinct=True)).values("n")), 0)


def downtimes(centre, size=50):
    """The latest ones, those that were cancelled too."""
    return list(centre.downtimes.select_related("recorded_by", "cancelled_by").order_by("-starts_at")[:size])


def operations_at(centre, size=100):
    mine = Q(work_centre=centre) | Q(candidates__work_centre=centre) | Q(also_needs=centre)
    rows = RoutingOperation.objects.filter(mine).distinct().select_related("product", "work_centre")
    return list(rows.order_by("product__number", "variant", "number")[:size])


def ways(product) -> list[str]:
    """The names of the alternative routings."""
    others = RoutingOperation.objects.filter(product=product).exclude(variant="")
    return list(others.order_by("variant").values_list("variant", flat=True).distinct())


def bill_rows(product):
    gated = dict(OperationMaterial.objects.filter(bill_line__product=product).values_list(
        "bill_line", "operation__number"))
    lines = BillOfMaterialLine.objects.filter(product=product).select_related("material").prefetch_related(
        "material__substitutes__substitute")
    return [(line, gated.get(line.pk)) for line in lines]


@dataclass
class Routing:
    """One way to make a product, as its page shows it."""

    product: Product
    way: str
    rows: list[RoutingOperation]
    links: dict  # {number: numbers named by links}
    before: dict  # {number: numbers it comes after, linked or not}

    @classmethod
    def read(cls, product, way):
        rows = list(RoutingOperation.objects.filter(product=product, variant=way).select_related(
            "work_centre", "also_needs", "qualification", "service", "subcontract_service",
        ).prefetch_related("candidates__work_centre", "materials__bill_line__material"))
        pairs = list(RoutingLink.objects.filter(operation__product=product, operation__variant=way)
                     .values_list("operation__number", "after__number"))
        links = defaultdict(list)
        for number, after in sorted(pairs):
            links[number].append(after)
        nodes = [routing.Node(row.number, row.starts_freely) for row in rows]
        return cls(product, way, rows, links, routing.predecessors(nodes, pairs))

    @property
    def url(self) -> str:
        address = reverse("production:master_product", args=[self.product.pk])
        return f"{address}?{urlencode({'way': self.way})}" if self.way and self.rows else address

    def followers(self, number) -> list[int]:
        return [other for other, after in self.links.items() if number in after]

    @property
    def chart(self) -> dict:
        return routing_chart.chart(self.rows, self.before)

    @property
    def table(self) -> list[tuple]:
        return [(row, sorted(self.before[row.number])) for row in self.rows]
