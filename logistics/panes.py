"""The pane of "My work" for the delivery that the customer confirms."""

from django.urls import reverse
from django.utils.translation import gettext as _

from desk.text import when
from logistics.models import DeliveryList
from orders.panes import entered, found, name_of, place, required
from people.roles import Right
from sla.panes import Button, Check, Fact, Pane, Verdict, show


def delivery_confirmation(request, pk):
    item, order = found(request, pk, ("delivery_confirmation",))
    waiting = list(DeliveryList.objects.open().filter(order=order).select_related("carrier"))
    may = item.is_living and request.user.may(Right.DELIVERY_RUN)
    return show(request, Pane(
        item, name_of(order), entered(order),
        Verdict(_("Nothing leaves before the customer has confirmed time and place."), tone="warn"),
        facts=[required(order), place(order), Fact(_("Contact"), order.contact_name or "–", order.contact_phone),
               Fact(_("Delivery lists"), len(waiting))],
        checks=[Check(_list(row), "done" if row.carrier else "missing") for row in waiting],
        decisions=[Button(_("Confirm with the customer"), reverse("logistics:confirm", args=[order.pk]), "A", "pri",
                          "phone")] if may else [],
        consequences=[_("Signs “Delivery confirmed with the customer” with your name; nothing leaves without it.")]
        if may else [],
    ))  # fmt: skip


def _list(row) -> str:
    if row.carrier is None:
        return _("%(number)s: no vehicle is booked yet") % {"number": row.number}
    return _("%(number)s: %(carrier)s, pick-up %(at)s") % {
        "number": row.number, "carrier": row.carrier, "at": when(row.pickup_at),
    }  # fmt: skip
