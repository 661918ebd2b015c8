"""The rail: what stands in it, and the right each entry needs."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from people.roles import Right


@dataclass(frozen=True)
class Entry:
    label: object
    url_name: str
    icon: str
    rights: tuple = ()  # any of them; none = everybody

    def is_for(self, user) -> bool:
        return not self.rights or any(user.may(right) for right in self.rights)


MENU = (
    Entry(_("My work"), "sla:inbox", "inbox"),
    Entry(_("Orders"), "orders:list", "list"),
    Entry(_("New urgent order"), "orders:new", "plus", (Right.ORDER_CREATE,)),
    Entry(_("Production"), "production:board", "production", (Right.PLAN_MAKE, Right.OPERATION_RUN, Right.SEE_ALL)),
    Entry(_("Procurement"), "procurement:board", "procurement", (Right.SUPPLY_BUY, Right.SEE_ALL)),
    Entry(_("Quality"), "quality:board", "quality", (Right.QUALITY_INSPECT, Right.SEE_ALL)),
    Entry(_("Logistics"), "logistics:board", "logistics", (Right.DELIVERY_RUN, Right.SEE_ALL)),
    Entry(_("Finance"), "finance:board", "finance", (Right.COST_RECORD, Right.EXPENSE_DECIDE, Right.SEE_ALL)),
    Entry(_("Figures"), "kpi:weekly", "figures", (Right.SEE_FIGURES,)),
    Entry(_("Time limits"), "sla:limits", "clock", (Right.CONFIGURE,)),
)


def link(entry: Entry, path: str) -> dict | None:
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch:
        return None
    is_here = path == url or (url != "/" and path.startswith(url))
    return {"label": entry.label, "url": url, "icon": entry.icon, "is_here": is_here}


def navigation(request) -> dict:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"menu": []}
    links = (link(entry, request.path) for entry in MENU if entry.is_for(user))
    return {"menu": [found for found in links if found]}
