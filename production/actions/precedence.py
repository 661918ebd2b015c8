"""One order goes before another: drafted by production, agreed to by the other's salesperson where a promise breaks."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, GateShut
from desk.text import render, when
from orders.actions.consents import ask_consent, lock_both
from orders.actions.door import touch
from orders.machine import LATER_THAN_REVIEW, Stage
from production import capacity
from production.actions.planning import check_planner, write_draft
from production.models import Operation, Plan

PLAN = gettext_noop("Plan version {version}, finish {finish}")


@transaction.atomic
def go_first(*, order_id, other_id, by, reason, version=None, now=None) -> Plan:
    """A draft that takes the other order's slots; nothing is moved before it is released.

    Raises GateShut where the other cannot give way or nothing is gained.
    """
    now = now or timezone.now()
    order, other = lock_both(order_id, other_id, by=by, version=version)
    check_planner(order, by)
    if not reason.strip():
        raise BadInput(_("Say why it must go first, so that the other salesperson can judge."), field="reason")
    found = check_precedence(order, other, now=now)
    plan = write_draft(order, found.mine, by=by, now=now, goes_before=other)
    if found.breaks_promise:
        ask_consent(
            order=order, harmed=other, plan_version=plan.version, reason=reason, by=by, now=now,
            finish_before_at=found.before.finish, finish_after_at=found.theirs.finish, promised_at=found.promised_at,
            plan_text=render(PLAN, {"version": plan.version, "finish": when(plan.finish_at)}),
        )
    touch(order)
    return plan


def check_precedence(order, other, *, now) -> capacity.Precedence:
    """What it gains and costs; refused where there is nothing that could give way."""
    is_planned = Operation.objects.committed().filter(
        plan__order=other, step__started_at__isnull=True, step__made=0
    ).exists()
    if other == order or other.is_cancelled or other.stage not in (Stage.REVIEW, *LATER_THAN_REVIEW) or not is_planned:
        raise GateShut(_("%(other)s has no reserved operation that could still give way.") % {"other": other})
    found = capacity.precedence(order, other, now=now)
    if not found.is_computed:
        raise GateShut(_("This cannot be computed: operations are missing."))
    if found.gained_seconds <= 0:
        raise GateShut(
            _("%(order)s gains nothing by going before %(other)s.") % {"order": order, "other": other},
            because=_("It would finish %(finish)s all the same.") % {"finish": when(found.mine.finish)},
        )
    return found
