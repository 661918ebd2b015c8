"""The sheet beside the wall: an order that is spoken about, as it stands at this moment."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from coordination.actions.meeting import may_write
from coordination.views.meeting import visible_meeting
from desk.text import when
from orders.pages import is_late, title_of, visible_order
from orders.problems import ORDERING, open_problems
from sla.panes import Fact


def brief(request, pk, order):
    """The fragment for the wall; for who opens the address itself, a page."""
    meeting, order = visible_meeting(request.user, pk), visible_order(request, order)
    lines = list(order.lines.select_related("product"))
    context = {
        "meeting": meeting, "order": order, "title": title_of(order, lines), "facts": facts_of(order, lines),
        "problems": open_problems(request.user).filter(order=order).order_by(*ORDERING),
        "clock": order.stage_item.face() if order.stage_item else None,
    }
    if meeting.is_running and may_write(meeting, request.user):
        context["outcome_url"] = f"{reverse('coordination:outcome', args=[meeting.pk])}?order={order.number}"
    return render(request, f"coordination/{'_brief' if request.htmx else 'brief'}.html", context)


def facts_of(order, lines) -> list[Fact]:
    promises = list(order.promises.all())
    promised = when(promises[-1].promised_at) if promises else _("nothing yet")
    facts = [
        Fact(_("Promised"), promised, tone="bad" if is_late(order, promises) else ""),
        Fact(_("Required"), when(order.required_at)),
    ]
    if order.stage_item:
        facts.append(Fact(_("Has it now"), order.stage_item.assignee or order.stage_item.department))
    return facts + [
        Fact(line.product.name, _("%(passed)s of %(quantity)s passed") % {
            "passed": line.passed, "quantity": line.agreed_quantity})
        for line in lines
    ]
