"""What every act of logistics asks first, under the order's lock."""

from django.utils.translation import gettext as _

from desk.refusals import Changed, GateShut, NotYours
from logistics.models import DeliveryList
from orders import actions
from orders.actions.door import who_may
from people.roles import Right


def lock_order(order_id, by):
    order = actions.lock(order_id, by=by)
    if not by.use(Right.DELIVERY_RUN):
        raise NotYours(_("Logistics packs, dispatches and proves delivery."), who=who_may(Right.DELIVERY_RUN))
    if order.is_final or order.is_cancelled:
        raise GateShut(
            _("Nothing more is delivered on this order."),
            because=_("It is %(stage)s, outcome: %(outcome)s.")
            % {"stage": order.get_stage_display(), "outcome": order.get_outcome_display()},
        )
    return order


def lock_list(list_id, by, version=None):
    """The order and its delivery list that has not left yet; refused when the form knew an older version."""
    order = lock_order(DeliveryList.objects.values_list("order_id", flat=True).get(pk=list_id), by)
    found = DeliveryList.objects.select_related("carrier", "shipment__dispatched_by", "cancelled_by").get(pk=list_id)
    if found.is_dispatched:
        raise Changed(_("%(list)s has left already; %(who)s dispatched it.")
                      % {"list": found, "who": found.shipment.dispatched_by})
    if found.cancelled_at:
        raise Changed(_("%(list)s was cancelled by %(who)s.") % {"list": found, "who": found.cancelled_by})
    if version is not None and version != found.version:
        raise Changed(
            _("This delivery list is version %(old)s. Version %(new)s is in force.")
            % {"old": version, "new": found.version}
        )
    return order, found
