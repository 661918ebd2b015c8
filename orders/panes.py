"""What the panes of every department say of the order itself, and of who is next."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.text import day, duration, when
from orders.actions.clocks import STAGE_KIND
from orders.kept import Kept
from orders.machine import FORWARD, STAGE_DEPARTMENT, Stage
from orders.pages import title_of, visible_order
from people.models import Department
from sla.models import PolicyVersion
from sla.panes import Fact, Step, find


def found(request, pk, kinds) -> tuple:
    """The item and its order; 404 for whom the order is not open."""
    item = find(pk, kinds)
    order = visible_order(request, item.source_number)
    order.kept = Kept(order)
    return item, order


def paper_of(model, item, *related):
    """What an act opened the item for: the expense, the problem …"""
    return get_object_or_404(model.objects.select_related(*related), item=item)


def name_of(order) -> str:
    return title_of(order, order.kept.lines)


def entered(order) -> str:
    return _("entered by %(person)s %(day)s") % {"person": order.created_by, "day": day(order.created_at)}


def required(order) -> Fact:
    return Fact(_("Required"), when(order.required_at))


def place(order) -> Fact:
    return Fact(_("Delivery place"), order.place)


def next_stage(order) -> list[Step]:
    """Who has the order after this stage, and the limit that begins then: two statements."""
    step = FORWARD.get(order.stage)
    target = step and step.target_from(order.stage)
    kind = STAGE_KIND.get(target)
    if kind is None:
        return []
    code = STAGE_DEPARTMENT[target]
    ruled = (kind, order.urgency_class)
    limit = PolicyVersion.objects.ruling({ruled}, timezone.now()).get(ruled)
    note = _("then %(limit)s") % {"limit": duration(limit.target_seconds)} if limit else ""
    return [Step(code, Department.Code(code).label, Stage(target).label, note)]
