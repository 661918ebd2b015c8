"""The pane of "My work" for pieces that wait for a decision."""

from django.urls import reverse
from django.utils.translation import gettext as _

from desk.text import when
from orders.models import Nonconformance
from orders.panes import found, name_of, paper_of, required
from people.roles import Right
from quality.models import Concession
from sla.panes import Button, Check, Fact, Pane, Verdict, show


def nonconformance(request, pk):
    item, order = found(request, pk, ("nonconformance",))
    held = paper_of(Nonconformance, item, "line__product", "step", "found_by")
    proposed = Concession.objects.filter(
        nonconformance=held, confirmed_at__isnull=True, refused_at__isnull=True
    ).select_related("proposed_by").first()
    may = item.is_living and request.user.may(Right.QUALITY_DECIDE)
    return show(request, Pane(
        item, _("%(count)d nonconforming pieces of %(total)d") % {
            "count": held.quantity, "total": held.line.agreed_quantity}, name_of(order),
        Verdict(_("Nothing of it goes on before it is decided."), held.defect, "over"),
        facts=[Fact(_("Where"), held.step or held.line), Fact(_("Found by"), held.found_by, when(held.found_at)),
               Fact(_("Passed so far"), held.line.passed), required(order)],
        checks=_proposal(proposed),
        decisions=_decisions(held, proposed) if may else [],
        consequences=[
            _("Rework: the pieces get an operation of their own and are inspected again."),
            _("Scrap: what the order still needs is planned and made again, materials included."),
        ] if may else [],
    ))  # fmt: skip


def _proposal(proposed) -> list[Check]:
    if proposed is None:
        return []
    text = _("%(person)s proposes a concession: %(reason)s")
    return [Check(text % {"person": proposed.proposed_by, "reason": proposed.reason}, "later")]


def _decisions(held, proposed) -> list[Button]:
    if proposed:
        return [Button(_("Answer the concession"), reverse("quality:concession", args=[proposed.pk]), "A", "pri")]
    url = reverse("quality:decide", args=[held.pk])
    return [
        Button(_("Rework"), f"{url}?disposition=rework", "A", "pri", "refresh"),
        Button(_("Scrap"), f"{url}?disposition=scrap", "D", "dan", "trash"),
        Button(_("Concession"), f"{url}?disposition=concession", icon="flag"),
    ]
