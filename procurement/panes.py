"""The pane of "My work" for a supplier that somebody proposed."""

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.text import when
from people.roles import Right
from procurement.models import Supplier
from sla.panes import Button, Check, Fact, Pane, Verdict, find, show


def supplier(request, pk):
    user = request.user
    if not (user.may(Right.SUPPLY_BUY) or user.may(Right.SUPPLIER_APPROVE)):
        raise Http404
    item = find(pk, ("supplier",))
    proposed = Supplier.objects.select_related("proposed_by").get(pk=item.source_number)
    sources = list(proposed.sources.select_related("material"))
    may = item.is_living and user.may(Right.SUPPLIER_APPROVE) and proposed.proposed_by_id != user.pk
    return show(request, Pane(
        item, str(proposed), "",
        Verdict(_("Nobody buys from a supplier before a second person has approved it."), tone="warn"),
        facts=[Fact(_("Proposed by"), proposed.proposed_by, when(proposed.proposed_at)),
               Fact(_("Contact"), proposed.contact_name or "–"), Fact(_("Phone"), proposed.contact_phone or "–"),
               Fact(_("Sources"), len(sources))],
        checks_title=_("What they offer"), checks=[Check(source.material) for source in sources],
        decisions=[
            Button(_("Approve the supplier"), reverse("procurement:supplier_approve", args=[proposed.pk]), "A", "pri",
                   fields={}),
        ] if may else [],
        consequences=[_("From now on it may be bought from.")] if may else [],
    ))  # fmt: skip
