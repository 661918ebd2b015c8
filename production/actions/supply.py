"""Production's word on a material: the order is made without it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed
from orders import actions as orders
from orders import supply
from orders.actions.door import touch
from orders.actions.duties import departments, person_on_duty
from orders.actions.trail import inform, note
from orders.models import MaterialLine
from production.actions.planning import check_planner
from sla import actions as sla

Decision = MaterialLine.Decision


@transaction.atomic
def waive_line(*, material_line_id, by, reason, version=None, now=None) -> MaterialLine:
    """The planner takes the line off the gate, with a reason that stays."""
    order_id = MaterialLine.objects.values_list("order_id", flat=True).get(pk=material_line_id)
    order = orders.lock(order_id, by=by, version=version)
    check_planner(order, by)
    line = MaterialLine.objects.select_related("material", "item").get(pk=material_line_id)
    if not reason.strip():
        raise BadInput(_("Say why it can be made without this material."), field="reason")
    if line.decision not in (Decision.OPEN, Decision.GATING):
        raise Changed(_("%(material)s is decided already: %(state)s.")
                      % {"material": line.material, "state": line.get_decision_display()})
    line.decision, line.decided_at, line.decided_by = Decision.WAIVED, now or timezone.now(), by
    line.decided_reason = reason.strip()[:500]
    line.save(update_fields=["decision", "decided_at", "decided_by", "decided_reason"])
    if line.item and line.item.is_living:
        sla.cancel(line.item, reason="waived", by=by, now=now)
    touch(order)
    event = note(order, "line_waived", gettext_noop("{material} is waived by production: {reason}"), by=by,
                 params={"material": str(line.material), "reason": line.decided_reason})
    inform(order, event, {person_on_duty(order, departments()["procurement"])})
    return line


def ask_for_materials(order, *, by) -> None:
    """Procurement's work item for each line that is short; the caller holds the lock."""
    for line in order.material_lines.open().select_related("material", "item"):
        supply.ask_for(line, order=order, by=by)
