"""Where quality meets production and logistics: pieces that failed, wherever they were found."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from orders.actions import clocks, door, trail
from orders.actions.duties import departments, person_on_duty
from orders.machine import Fact
from orders.models import Nonconformance
from people.duty import head_of


def report(*, order, line, quantity, defect, by, step=None, fact=Fact.NONCONFORMANCE) -> Nonconformance:
    """Pieces that are held already wait for quality's decision; the caller holds the order's lock.

    Takes back what the fact takes back, opens quality's work item, tells the people concerned.
    """
    found = Nonconformance.objects.create(
        order=order, line=line, step=step, quantity=quantity, defect=defect.strip()[:500],
        found_at=timezone.now(), found_by=by,
    )
    ask_for_decision(order, found, by)
    door.revoke(order=order, by=by, facts=[fact])
    event = trail.note(
        order, "nonconformance", gettext_noop("{count} nonconforming pieces held ({place}): {defect}"), by=by,
        params={"count": quantity, "place": str(step or line), "defect": found.defect, "nonconformance": found.pk},
    )
    production = departments()["production"]
    trail.inform(order, event, {order.created_by, step.owner if step else None, head_of(production)})
    return found


def ask_for_decision(order, found, by) -> None:
    """Quality's work item for pieces that have no decision yet."""
    quality = departments()["quality"]
    found.item = clocks.open_item(
        order, kind="nonconformance", subject=gettext_noop("Decide {count} nonconforming pieces: {defect}"),
        params={"count": found.quantity, "defect": found.defect[:120]}, department=quality,
        assignee=person_on_duty(order, quality), url=reverse("quality:decide", args=[found.pk]), by=by,
    )
    found.save(update_fields=["item"])


def is_last(step) -> bool:
    """Is it the operation whose passed pieces go to final inspection?"""
    if step.kind == step.Kind.REWORK:
        return False
    normal = step.line.steps.living().exclude(kind=step.Kind.REWORK)
    return not normal.filter(number__gt=step.number).exists()
