"""The list of orders: its columns, its sort orders, and its rows as plain values."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.templatetags.desk import chip, fuse, han, icon, moment, seal
from desk.text import duration, money
from orders.machine import FINAL, STAGE_DEPARTMENT, Outcome, Stage
from orders.models import OrderLine, OrderStep, Promise, UrgentOrder
from orders.money import may_see
from people.models import Department
from sla.models import WorkItem

DASH = mark_safe('<span class="faint">–</span>')
# Each with an index to start from (orders.models.order, sla.models); the last column makes it total.
SORTS = {
    "new": ("-submitted_at", "-pk"), "old": ("submitted_at", "pk"),
    "required": ("required_at", "pk"), "-required": ("-required_at", "-pk"),
    "number": ("number",), "-number": ("-number",),
    "class": ("urgency_class", "required_at", "pk"), "-class": ("-urgency_class", "-required_at", "-pk"),
}  # fmt: skip
ITEM_FIELDS = ("kind", "state", "budget_seconds", "consumed_seconds", "running_since", "edition_id", "due_at")


def promised_at():
    """What was promised last."""
    return Subquery(Promise.objects.filter(order=OuterRef("pk")).order_by("-pk").values("promised_at")[:1])


def planned_end_at():
    steps = OrderStep.objects.living().filter(order=OuterRef("pk")).order_by().values("order")
    return Subquery(steps.annotate(end=Max("planned_end_at")).values("end"))


def wanted_at():
    return Coalesce(promised_at(), F("required_at"))


COMPUTED = {"promised_at": promised_at, "planned_end_at": planned_end_at}


@dataclass(frozen=True)
class Column:
    """`cell` draws a row's value, `value` is what an export writes; both take the row and the list's facts."""

    code: str
    label: object
    fields: tuple
    cell: Callable
    value: Callable
    sort: str = ""
    money: str = ""
    style: str = ""  # a class of the stylesheet


@dataclass
class Facts:
    """What rows share: the moment, and the lines of the orders shown."""

    now: object
    lines: dict


# Cells


def _what_cell(row, facts):
    lines = facts.lines[row.pk]
    shown = [format_html("{} × {}", han(name), quantity) for name, quantity, _price in lines[:2]]
    if len(lines) > 2:
        shown.append(_("%(count)d more") % {"count": len(lines) - 2})
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in shown))


def _what_value(row, facts):
    return ", ".join(f"{name} × {quantity}" for name, quantity, _price in facts.lines[row.pk])


def _customer(row):
    return f"{row.customer__name} {row.customer__latin_name}".strip()


def _customer_cell(row, _facts):
    mark = chip(_("Key customer"), "violet") if row.customer__is_key else ""
    return format_html("{} {}", han(_customer(row)), mark)


def _stage_cell(row, _facts):
    label = Stage(row.stage).label
    if row.stage in FINAL:
        return chip(label, "line")
    mark = seal(STAGE_DEPARTMENT[row.stage], size="xs")
    held = chip(_("On hold"), "warn", "pause") if row.is_held else ""
    return format_html("{} {} {}", mark, chip(label, "over" if row.outcome == Outcome.CANCELLED else "info"), held)


def lateness(row, now) -> int | None:
    """Seconds by which the plan ends after what was promised, or wanted; negative = to spare, None = not known."""
    wanted = row.promised_at or row.required_at
    if row.stage in FINAL or wanted is None:
        return None
    end = max(row.planned_end_at, now) if row.planned_end_at else (now if now > wanted else None)
    return int((end - wanted).total_seconds()) if end else None


def _lateness_cell(row, facts):
    late = lateness(row, facts.now)
    if late is None:
        return DASH if row.stage in FINAL else format_html('<span class="faint">{}</span>', _("no plan yet"))
    text = (_("%(time)s late") if late > 0 else _("%(time)s to spare")) % {"time": duration(late)}
    return format_html('<span class="{}">{} {}</span>', "t-over" if late > 0 else "t-ok",
                       icon("triangle", "s") if late > 0 else "", text)  # fmt: skip


def _hours_late(row, facts):
    late = lateness(row, facts.now)
    return None if late is None else round(late / 3600, 1)


def _clock(row):
    """The item's own face, from the columns of this list."""
    values = {name: getattr(row, f"stage_item__{name}") for name in ITEM_FIELDS}
    return WorkItem(**values) if values["state"] else None


def _clock_cell(row, facts):
    item = _clock(row)
    return fuse(item.face(facts.now)) if item else DASH


def _amount(row, facts):
    lines = facts.lines[row.pk]
    if not lines or any(price is None for _name, _quantity, price in lines):
        return None
    return sum(quantity * price for _name, quantity, price in lines) + (row.rush_charge_amount or 0)


def _text(name, *, is_han=False):
    def cell(row, _facts):
        value = getattr(row, name)
        return (han(value) if is_han else escape(value)) if value else DASH

    return cell


def _value(name):
    return lambda row, _facts: getattr(row, name)


def _moment(name):
    return lambda row, _facts: moment(getattr(row, name))


def _label(name, choices):
    """The words of a code."""

    def value(row, _facts):
        code = getattr(row, name)
        return str(choices(code).label) if code else ""

    return value


def _department(row, _facts):
    code = STAGE_DEPARTMENT.get(row.stage)
    return str(Department.Code(code).label) if code else ""


def _or_dash(value):
    return lambda row, facts: escape(value(row, facts) or "–")


_reason, _ground = _label("reason", UrgentOrder.Reason), _label("ground", UrgentOrder.Ground)
COLUMNS = {column.code: column for column in (
    Column("what", gettext_lazy("Product and quantity"), (), _what_cell, _what_value),
    Column("customer", gettext_lazy("Customer"), ("customer__name", "customer__latin_name", "customer__is_key"),
           _customer_cell, lambda row, _facts: _customer(row)),
    Column("stage", gettext_lazy("Stage"), (), _stage_cell, _label("stage", Stage)),
    Column("required", gettext_lazy("Required"), (), _moment("required_at"), _value("required_at"), "required",
           style="nowrap"),
    Column("promised", gettext_lazy("Promised"), ("promised_at",), _moment("promised_at"), _value("promised_at"),
           style="nowrap"),
    Column("lateness", gettext_lazy("Plan against promise"), ("promised_at", "planned_end_at"), _lateness_cell,
           _hours_late, style="nowrap"),
    Column("clock", gettext_lazy("Clock"), tuple(f"stage_item__{name}" for name in ITEM_FIELDS), _clock_cell,
           _value("stage_item__due_at")),
    Column("person", gettext_lazy("Person in charge"), ("stage_item__assignee__name",),
           _text("stage_item__assignee__name", is_han=True), _value("stage_item__assignee__name")),
    Column("department", gettext_lazy("Department"), (), _or_dash(_department), _department),
    Column("reason", gettext_lazy("Reason for urgency"), ("reason",), _or_dash(_reason), _reason),
    Column("ground", gettext_lazy("Identification case"), ("ground",), _or_dash(_ground), _ground),
    Column("place", gettext_lazy("Delivery place"), ("place",), _text("place", is_han=True), _value("place")),
    Column("creator", gettext_lazy("Entered by"), ("created_by__name",), _text("created_by__name", is_han=True),
           _value("created_by__name")),
    Column("submitted", gettext_lazy("Submitted"), (), _moment("submitted_at"), _value("submitted_at"), "new",
           style="nowrap"),
    Column("amount", gettext_lazy("Amount"), ("rush_charge_amount",),
           lambda row, facts: money(_amount(row, facts)), _amount, money="sales", style="num"),
)}  # fmt: skip
FIRST_CHOICE = ("what", "customer", "stage", "required", "lateness", "clock")
ALWAYS = ("pk", "number", "stage", "outcome", "urgency_class", "required_at", "submitted_at")


def columns_for(user, chosen=()) -> list[Column]:
    """In their fixed order, without the money this person does not see."""
    codes = set(chosen) & COLUMNS.keys() or set(FIRST_CHOICE)
    return [column for column in COLUMNS.values() if column.code in codes and may_see(user, column.money)]


def rows_of(orders, columns):
    """Named tuples of what the columns need; nothing else is fetched."""
    fields = dict.fromkeys([*ALWAYS, *(field for column in columns for field in column.fields)])
    held = UrgentOrder.holds.rel.related_model.objects.standing().filter(order=OuterRef("pk"))
    computed = {name: make() for name, make in COMPUTED.items() if name in fields}
    orders = orders.annotate(is_held=Subquery(held.values("pk")[:1]), **computed)
    return orders.values_list(*fields, "is_held", named=True)


def facts_of(rows) -> Facts:
    lines = defaultdict(list)
    found = OrderLine.objects.filter(order__in=[row.pk for row in rows]).order_by("order", "position")
    for key, *line in found.values_list("order", "product__name", "agreed_quantity", "unit_price_amount"):
        lines[key].append(line)
    return Facts(timezone.now(), lines)


ROW = (
    '<tr data-row><td class="tblsel"><input type="checkbox" name="order" value="{key}" aria-label="{number}"></td>'
    '<th scope="row"><a class="a mono" href="{url}">{number}</a>{urgency}</th>{cells}</tr>'
)


def drawn(rows, columns) -> list[str]:
    """Each row's HTML, whole: a template takes as long for fifty rows of cells as the rest of the page."""
    facts = facts_of(rows)
    opened = [
        (column, f'<td data-label="{escape(column.label)}"' + (f' class="{column.style}">' if column.style else ">"))
        for column in columns
    ]
    url = reverse("orders:detail", args=[0])
    found = []
    for row in rows:
        cells = "".join([f"{tag}{conditional_escape(column.cell(row, facts))}</td>" for column, tag in opened])
        urgency = f' <span class="chip chip--line">{row.urgency_class}</span>' if row.urgency_class else ""
        html = ROW.format(
            key=row.pk, number=escape(row.number), url=url.replace("0", str(row.pk)), urgency=urgency, cells=cells
        )
        found.append(mark_safe(html))
    return found
