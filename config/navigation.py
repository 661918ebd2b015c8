"""The rail: what stands in it, the right each entry needs, and what waits behind it."""

from collections import Counter
from dataclasses import dataclass
from functools import cache, partial

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.health import machine_problems
from coordination.views.room import unread_number
from desk.faces import TabFace
from notifications.reports import undelivered_count, unread
from people.models import Department
from people.roles import Right
from sla.models import WorkItem
from sla.reports import health, pressing


@dataclass(frozen=True)
class Entry:
    label: object
    url_name: str
    icon: str  # an icon's name, or a department's code: its seal
    rights: tuple = ()  # any of them; none = everybody

    def is_for(self, user) -> bool:
        return not self.rights or any(user.may(right) for right in self.rights)


MENU = (
    ("", (
        Entry(_("My work"), "sla:my_work", "inbox"),
        Entry(_("Orders"), "orders:list", "list"),
        Entry(_("Rooms"), "coordination:rooms", "chat"),
        Entry(_("New urgent order"), "orders:new", "plus", (Right.ORDER_CREATE,)),
        Entry(_("Problems"), "orders:problems", "triangle", (Right.ISSUE_RAISE, Right.SEE_ALL)),
        Entry(_("Planning board"), "production:planning_board", "calendar", (Right.PLAN_MAKE,)),
    )),
    (_("Departments"), (
        Entry(_("Production"), "production:board", "production", (Right.PLAN_MAKE, Right.OPERATION_RUN, Right.SEE_ALL)),
        Entry(_("Master data"), "production:master", "wrench", (Right.PLAN_MAKE, Right.MASTER_CHANGE, Right.SEE_ALL)),
        Entry(_("Procurement"), "procurement:board", "procurement", (Right.SUPPLY_BUY, Right.SEE_ALL)),
        Entry(_("Quality"), "quality:board", "quality", (Right.QUALITY_INSPECT, Right.SEE_ALL)),
        Entry(_("Logistics"), "logistics:board", "logistics", (Right.DELIVERY_RUN, Right.SEE_ALL)),
        Entry(_("Finance"), "finance:board", "finance", (Right.COST_RECORD, Right.EXPENSE_DECIDE, Right.SEE_ALL)),
    )),
    (_("Management"), (
        Entry(_("Weekly meeting"), "coordination:meetings", "people", (Right.SEE_FIGURES,)),
        Entry(_("Figures"), "kpi:weekly", "bars", (Right.SEE_FIGURES,)),
        Entry(_("Monthly scores"), "kpi:months", "star"),
        Entry(_("Rewards and penalties"), "kpi:incentives", "flag"),
    )),
    (_("Administration"), (
        Entry(_("Time limits"), "sla:limits", "clock", (Right.CONFIGURE,)),
        Entry(_("Working calendars"), "sla:calendars", "calendar", (Right.CONFIGURE,)),
        Entry(_("The clock"), "sla:clock", "refresh", (Right.CONFIGURE,)),
        Entry(_("Company rules"), "records:rules", "book", (Right.CONFIGURE,)),
        Entry(_("Sent messages"), "notifications:mail", "send", (Right.CONFIGURE,)),
        Entry(_("Outbox"), "notifications:outbox", "mail", (Right.CONFIGURE,)),
        Entry(_("Group robots"), "notifications:robots", "chat", (Right.CONFIGURE,)),
        Entry(_("Badges"), "access:badges", "person", (Right.CONFIGURE, Right.REVIEW_DECIDE)),
        Entry(_("Settings"), "admin:index", "gear", (Right.CONFIGURE,)),
    )),
)  # fmt: skip


@dataclass(frozen=True)
class OrderTab:
    """A tab of an order's page: a page at its own address, drawn by the department it belongs to."""

    code: str
    label: object
    url_name: str
    kinds: tuple = ()  # the work items that wait there
    rights: tuple = ()  # any of them; none = everybody who sees the order


ORDER_TABS = (
    OrderTab("room", pgettext_lazy("order", "Room"), "orders:detail"),
    OrderTab("confirmation", _("Confirmation"), "orders:confirmation", ("confirmation", "silence", "decline_proposal")),
    OrderTab("review", _("Review"), "production:review",
             ("review_process", "review_capacity", "review_materials", "review_decision")),
    OrderTab("negotiation", _("Negotiation"), "orders:negotiation", ("negotiation",),
             (Right.ORDER_NEGOTIATE, Right.REVIEW_ASSESS, Right.SUPPLY_BUY, Right.SEE_ALL)),
    OrderTab("production", _("Production"), "production:order_tab", ("plan", "production", "operation", "slip")),
    OrderTab("procurement", _("Procurement"), "procurement:order_tab",
             ("procurement", "purchase_line", "purchase_promise")),
    OrderTab("quality", _("Quality"), "quality:order_tab", ("qc", "inspection", "nonconformance", "remake")),
    OrderTab("logistics", _("Logistics"), "logistics:order_tab", ("delivery", "delivery_confirmation")),
    OrderTab("finance", _("Finance"), "finance:order_tab", ("settlement", "expense", "stop_report"),
             (Right.SEE_SALES, Right.SEE_RESULT, Right.SEE_RESOURCE)),
    OrderTab("customer", _("Customer"), "orders:customer", ("consent",)),
    OrderTab("issues", _("Problems"), "orders:issues",
             ("problem", "major_problem", "issue_action")),
    OrderTab("documents", _("Documents"), "orders:documents", ("sheet_receipt",)),
    OrderTab("log", _("Audit log"), "orders:log"),
)  # fmt: skip


def navigation(request) -> dict:
    """Callables: a fragment that draws no rail asks the database nothing."""
    user = getattr(request, "user", None)
    everybody = {"company_time_zone": settings.TIME_ZONE, "is_without_factor": not settings.REQUIRE_SECOND_FACTOR}
    if user is None or not user.is_authenticated:
        return everybody
    if getattr(request, "is_badge", False):
        return everybody | {"is_badge": True, "badge_minutes": settings.BADGE_IDLE_MINUTES}
    counts, tabs = cache(partial(_counts, user)), cache(partial(_order_tabs, request))
    return everybody | {
        "navigation": partial(_groups, user, request.path, counts),
        "unread_count": lambda: counts()["unread"],
        "order_tabs": tabs,
        "order_tab": lambda: _open_tab(request.path, tabs()),
        "alarms": partial(_alarms, user),
        "undelivered": lambda: undelivered_count() if user.may(Right.CONFIGURE) else 0,
        "stream_url": settings.STREAM_URL,
    }


def environment(request) -> list | None:
    """The mark on the administration's pages."""
    return None if settings.REQUIRE_SECOND_FACTOR else [_("Demo: second factor off"), "warning"]


def _alarms(user) -> tuple:
    """What an administrator must know on every page: the clock stands, or the post, Redis or the disk does."""
    return (*health().problems, *machine_problems()) if user.may(Right.CONFIGURE) else ()


def _groups(user, path, counts) -> list[dict]:
    found = []
    for label, entries in MENU:
        links = [_link(entry, path, counts()) for entry in entries if entry.is_for(user)]
        if links := [link for link in links if link]:
            found.append({"label": label, "entries": links})
    return found


def pages(user) -> list[dict]:
    """What this person's rail leads to."""
    links = [_link(entry, "", Counter()) for _label, entries in MENU for entry in entries if entry.is_for(user)]
    return [link for link in links if link]


def _counts(user) -> Counter:
    """All the numbers of the shell in one statement: what waits in each department, what presses, what is unread."""
    codes = {entry.icon for _label, entries in MENU for entry in entries if entry.is_for(user)}
    living = WorkItem.objects.living().filter(department=OuterRef("pk")).order_by().values("department")
    waiting = Department.objects.filter(code__in=codes).order_by().values_list(
        "code", Coalesce(Subquery(living.annotate(n=Count("*")).values("n")), 0)  # counted in an index alone
    )
    parts = [_named("pressing", pressing(user)), _named("unread", unread(user))]
    return Counter(dict(waiting.union(*parts, all=True)))


def _named(name, rows):
    """One row, its name beside its count."""
    return rows.order_by().annotate(name=Value(name)).values("name").annotate(n=Count("pk")).values_list("name", "n")


def _link(entry: Entry, path: str, counts: Counter) -> dict | None:
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch:
        return None
    is_hot = entry.url_name == "sla:my_work"
    return {
        "label": entry.label, "url": url, "icon": entry.icon, "hot": is_hot,
        "count": counts["pressing" if is_hot else entry.icon],
        "is_current": path == url or (url != "/" and not _is_deeper(entry, path) and path.startswith(url)),
    }  # fmt: skip


def _is_deeper(entry: Entry, path: str) -> bool:
    """What lies under another page in its address, but has an entry of its own in the rail."""
    if entry.url_name == "production:board":
        return path.startswith((reverse("production:master"), reverse("production:planning_board")))
    if entry.url_name == "kpi:weekly":
        return path.startswith((reverse("kpi:months"), reverse("kpi:incentives")))
    others = (reverse("orders:new"), reverse("orders:problems"))
    return entry.url_name == "orders:list" and path.startswith(others)


def _order_tabs(request) -> list[TabFace]:
    """The tabs of the order on this page; `orders.pages` says which order, and what waits in it."""
    found = [_tab(tab, request) for tab in ORDER_TABS if not tab.rights or any(map(request.user.may, tab.rights))]
    return [tab for tab in found if tab]


def _tab(tab: OrderTab, request) -> TabFace | None:
    try:
        url = reverse(tab.url_name, args=[request.order.pk])
    except NoReverseMatch:
        return None
    if tab.code == "room":
        unread = unread_number(request.user, request.order)
        return TabFace(tab.code, tab.label, url, count=unread, is_waiting=bool(unread))
    waiting = [item for item in request.order_waiting if item.kind in tab.kinds]
    mine = any(_waits_for(request.user, item) for item in waiting)
    return TabFace(tab.code, tab.label, url, count=_problems(tab, waiting), is_waiting=mine)


def _waits_for(user, item) -> bool:
    return item.assignee_id == user.pk or (item.assignee_id is None and item.department_id == user.department_id)


def _problems(tab, waiting) -> int | None:
    """Open problems; their other tasks wait there too."""
    return sum(item.kind == "problem" for item in waiting) if tab.code == "issues" else None


def _open_tab(path, tabs) -> str:
    """The tab whose address this page lies under; the longest one, for they all lie under the order's own."""
    under = [tab for tab in tabs if path.startswith(tab.url)]
    return max(under, key=lambda tab: len(tab.url)).code if under else ""
