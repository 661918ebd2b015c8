"""What must hold before a box is signed or a step is taken, as sentences with their state.

The same list refuses in the door, and stands on the order page as its tasks.
"""

from django.utils.translation import gettext as _

from desk.refusals import Condition
from orders import kept
from orders.machine import ASSESSMENTS, Box, Outcome
from orders.models import ConfirmationItem, ExpenseRequest, MaterialLine, Negotiation, Nonconformance, OrderStep
from records.models import CompanySettings
from sla.models import WorkItem


def conditions(order, box) -> list[Condition]:
    """What the papers of all departments must say before `box` can be signed."""
    check = _BOX_CONDITIONS.get(Box(box))
    return check(order) if check else []


def step_conditions(order, step) -> list[Condition]:
    """The step's boxes, and what it asks beside them."""
    living = {signature.box for signature in signatures(order)}
    listed = [Condition(Box(box).label, box in living) for box in step.boxes]
    return listed + beside_the_boxes(order, step)


def beside_the_boxes(order, step) -> list[Condition]:
    """What a step asks that is no signature."""
    extra = _STEP_CONDITIONS.get(step.name)
    return extra(order) if extra else []


def lines_of(order) -> list:
    return kept.of(order).lines


def signatures(order) -> list:
    """The living ones."""
    return kept.of(order).signatures


def are_signed(order, boxes) -> bool:
    return {signature.box for signature in signatures(order)}.issuperset(boxes)


def _customer_confirmed(order):
    items = order.confirmation_items.filter(revoked_at__isnull=True)
    confirmed = set(items.values_list("item", flat=True))
    return [Condition(item.label, item.value in confirmed) for item in ConfirmationItem.Item]


def _plan(order):
    planned = set(order.steps.living().values_list("line_id", flat=True))
    without = order.steps.unfinished().filter(owner__isnull=True).count()
    unplanned = order.steps.unfinished().filter(planned_end_at__isnull=True).count()
    lines = [line.pk for line in lines_of(order)]
    return [
        Condition(_("Each line has its operations"), all(pk in planned for pk in lines)),
        Condition(_("Each operation has a person responsible (%(count)d without)") % {"count": without}, not without),
        Condition(_("Each operation has its time node (%(count)d without)") % {"count": unplanned}, not unplanned),
    ]


def _materials_ready(order):
    return [
        Condition(
            _("%(material)s: %(short)s %(unit)s still missing")
            % {"material": line.material, "short": _trim(line.short_quantity), "unit": line.material.unit},
            _is_ready(line),
        )
        for line in order.material_lines.living().select_related("material")
    ]


def _is_ready(line) -> bool:
    decision = MaterialLine.Decision
    if line.decision == decision.ACCEPTED:
        return line.is_covered
    if line.decision == decision.GATING:
        return bool(line.promised_at and line.step_id and not line.is_promised_late)
    return line.decision == decision.WAIVED


def _trim(quantity):
    return f"{quantity.normalize():f}"


def _made(order):
    rework = order.steps.unfinished().filter(kind=OrderStep.Kind.REWORK).count()
    rows = [
        Condition(
            _("%(line)s: %(made)d of %(agreed)d good pieces made")
            % {"line": line.product, "made": line.net_made, "agreed": line.agreed_quantity},
            line.net_made >= line.agreed_quantity,
        )
        for line in lines_of(order)
    ]
    if rework:
        rows.append(Condition(_("%(count)d rework operations are not finished") % {"count": rework}))
    return rows


def _passed(order):
    rows = [
        Condition(
            _("%(line)s: %(passed)d of %(agreed)d pieces passed")
            % {"line": line.product, "passed": line.passed, "agreed": line.agreed_quantity},
            line.passed >= line.agreed_quantity,
        )
        for line in lines_of(order)
    ]
    undecided = order.nonconformances.filter(disposition=Nonconformance.Disposition.OPEN)
    pieces = sum(undecided.values_list("quantity", flat=True))
    if pieces:
        rows.append(Condition(_("%(count)d nonconforming pieces have no decision") % {"count": pieces}))
    return rows


def _delivered(order):
    return [
        Condition(
            _("%(line)s: %(shipped)d of %(agreed)d pieces shipped")
            % {"line": line.product, "shipped": line.shipped, "agreed": line.agreed_quantity},
            line.shipped >= line.agreed_quantity,
        )
        for line in lines_of(order)
    ]


def _costs(order):
    planned = set(order.costs.filter(is_planned=True).values_list("kind", flat=True))
    actual = set(order.costs.filter(is_planned=False).values_list("kind", flat=True))
    missing = planned - actual
    expenses = order.expenses.filter(state=ExpenseRequest.State.REQUESTED).count()
    open_lines = order.material_lines.open().count()
    remakes = order.remakes.filter(planned_at__isnull=True).count()
    kinds = dict(order.costs.model._meta.get_field("kind").flatchoices)
    return [
        *[Condition(_("Actual cost of %(kind)s, or “none” with a reason") % {"kind": kinds[kind]})
          for kind in sorted(missing)],
        Condition(_("No expense request is waiting (%(count)d)") % {"count": expenses}, not expenses),
        Condition(_("No material line is open (%(count)d)") % {"count": open_lines},
                  not open_lines or order.outcome == Outcome.CANCELLED),
        Condition(_("No remake is waiting (%(count)d)") % {"count": remakes},
                  not remakes or order.outcome == Outcome.CANCELLED),
    ]


def _review_people(order):
    wanted = CompanySettings.current().review_people
    signed = [hands_behind(signature) for signature in signatures(order) if signature.box in ASSESSMENTS]
    people = different_people(signed)
    return Condition(
        _("The assessments come from %(wanted)d different people (now %(people)d)")
        % {"wanted": wanted, "people": people},
        people >= wanted,
    )


def hands_behind(signature) -> set[int]:
    """The human beings behind a signature: who signed, and for whom."""
    absent = signature.on_behalf_of
    return {signature.signed_by.natural_id, *([absent.natural_id] if absent else [])}


def different_people(signed: list[set[int]]) -> int:
    """How many stand apart: signatures that share a human being count as one."""
    groups = []
    for hands in signed:
        same = [group for group in groups if group & hands]
        groups = [group for group in groups if not group & hands] + [hands.union(*same)]
    return len(groups)


def _approve(order):
    negotiating = order.negotiations.filter(state=Negotiation.State.OPEN).exists()
    return [
        _review_people(order),
        Condition(_("A delivery time is promised"), order.promises.exists()),
        Condition(_("No negotiation with the customer is open"), not negotiating),
        *_consents(order),
    ]


def _consents(order):
    """Of each order that this one's plan makes later than its promise."""
    asked = order.consents.living().select_related("harmed__created_by")
    return [
        Condition(
            _("%(who)s agrees that %(harmed)s finishes later (%(state)s)")
            % {"who": row.harmed.created_by, "harmed": row.harmed, "state": row.get_state_display()},
            row.state == row.State.YES,
        )
        for row in asked
    ]


def _cancel(order):
    shipped = order.lines.filter(shipped__gt=0).exists()
    return [Condition(_("Nothing was shipped"), not shipped)]


def _settle_cancelled(order):
    waiting = WorkItem.objects.living().filter(source=order.stream, kind="stop_report")
    names = [str(item.department) for item in waiting.select_related("department")]
    return [Condition(_("%(department)s has not reported its stop and costs") % {"department": name}) for name in names]


def _rework(order):
    decided = order.steps.unfinished().filter(kind=OrderStep.Kind.REWORK).exists()
    return [Condition(_("Rework was decided for nonconforming pieces"), decided)]


def _remake(order):
    is_waiting = order.remakes.filter(planned_at__isnull=True).exists()
    return [Condition(_("Scrapped pieces are to be made again"), is_waiting)]


def _renegotiate(order):
    entered = order.runs.get(left_at__isnull=True).entered_at
    accepted = order.negotiations.filter(state=Negotiation.State.ACCEPTED, answered_at__gte=entered).exists()
    changed = order.changes.filter(recorded_at__gte=entered).exists()
    unshipped = any(line.shipped < line.agreed_quantity for line in order.lines.all())
    return [
        Condition(_("The customer accepted one of the options, or asked for a change"), accepted or changed),
        Condition(_("At least one piece is not shipped yet"), unshipped),
    ]


_BOX_CONDITIONS = {
    Box.CUSTOMER_CONFIRMED: _customer_confirmed,
    Box.PLAN: _plan,
    Box.MATERIALS_READY: _materials_ready,
    Box.MADE: _made,
    Box.PASSED: _passed,
    Box.DELIVERED: _delivered,
    Box.COSTS: _costs,
}
_STEP_CONDITIONS = {
    "approve": _approve,
    "cancel": _cancel,
    "remake": _remake,
    "renegotiate": _renegotiate,
    "rework": _rework,
    "settle_cancelled": _settle_cancelled,
}
