"""What stands against starting an operation, in words that name who can help."""

from django.utils import timezone
from django.utils.translation import gettext as _

from desk.refusals import Condition, GateShut, NotYours, Refusal
from desk.text import day, when
from orders.actions.duties import departments, person_on_duty
from orders.models import MaterialLine, OrderStep
from people.models import Certificate, User
from production.models import Operation

FirstArticle = OrderStep.FirstArticle
Decision = MaterialLine.Decision


def check_start(order, step, by, at) -> None:
    _check_certificate(step, by, at)
    check_first_article(step)
    _check_pieces(step)
    _check_materials(order, step)


def find_obstacle(order, step, by, at) -> Refusal | None:
    """What a start would be refused for now; nothing is changed."""
    try:
        check_start(order, step, by, at)
    except Refusal as refusal:
        return refusal
    return None


def _check_certificate(step, by, at) -> None:
    """Who starts it has learned it, and the certificate holds on that day."""
    operation = Operation.objects.in_force().filter(step=step.reworks or step, qualification__isnull=False).first()
    if operation is None:
        return
    valid = Certificate.objects.valid(timezone.localdate(at)).filter(qualification=operation.qualification_id)
    if valid.filter(person=by).exists():
        return
    mine = Certificate.objects.filter(qualification=operation.qualification_id, person=by, valid_until__isnull=False)
    last = mine.order_by("-valid_until").first()
    holders = User.objects.filter(certificates__in=valid, is_active=True, department__code="production")
    raise NotYours(
        _("“%(step)s” needs the qualification %(name)s.") % {"step": step, "name": operation.qualification},
        because=_("Your certificate was valid until %(day)s.") % {"day": day(last.valid_until)} if last
        else _("You have no valid certificate of it."),
        who=holders.distinct().order_by("name", "pk")[:5],
    )


def check_first_article(step) -> None:
    if step.first_article == FirstArticle.OPEN and step.made:
        raise GateShut(
            _("“%(step)s” waits for its first article: quality has not inspected it yet.") % {"step": step},
            because=_("%(made)d pieces are made, none may follow.") % {"made": step.made},
            who=_on_duty(step.order, "quality"),
        )


def _check_pieces(step) -> None:
    for before in step.get_predecessors():
        lot = min(before.transfer_lot or 1, step.quantity - step.made)
        there = max(0, before.passed - step.made)
        if there < lot:
            _refuse_pieces(step, before, _("%(there)d are here, %(lot)d are needed to start.")
                           % {"there": there, "lot": lot})


def _refuse_pieces(step, before, because):
    left = before.quantity - before.made
    if left:
        raise GateShut(
            _("“%(before)s” is not finished (%(person)s, %(left)d pieces left).")
            % {"before": before.name, "person": before.owner or _("nobody yet"), "left": left},
            because=because, who=[before.owner] if before.owner else (),
        )
    raise GateShut(
        _("“%(before)s” is made but not passed: %(count)d pieces wait for quality.")
        % {"before": before.name, "count": before.made - before.passed},
        because=because, who=_on_duty(step.order, "quality"),
    )


def _check_materials(order, step) -> None:
    lines = step.material_lines.living().filter(kind=MaterialLine.Kind.MATERIAL).select_related("material")
    conditions = [
        Condition(
            _("%(material)s: %(short)s %(unit)s missing, promised %(at)s")
            % {"material": line.material, "short": f"{line.short_quantity.normalize():f}", "unit": line.material.unit,
               "at": when(line.promised_at) if line.promised_at else _("not yet")},
            line.is_covered or line.decision == Decision.WAIVED,
        )
        for line in lines
    ]
    if not all(condition.is_met for condition in conditions):
        raise GateShut(
            _("“%(step)s” cannot start without its material.") % {"step": step}, missing=conditions,
            who=_on_duty(order, "procurement"),
        )


def _on_duty(order, code) -> list:
    person = person_on_duty(order, departments()[code])
    return [person] if person else []
