"""Every event of an order, for auditors."""

from django.shortcuts import render
from django.utils.translation import gettext as _

from access import throttle
from desk import export
from desk.keyset import paginate
from desk.text import render as sentence
from orders.money import visible_params
from orders.pages import shell, visible_order
from orders.timeline import events_of


def log(request, pk):
    order = visible_order(request, pk)
    page = paginate(events_of(order), ("-number",), request.GET.get("after"), size=30)
    for event in page:
        event.shown_params = visible_params(event, request.user)
    return render(request, "orders/order_log.html", shell(request, order) | {"page": page})


def log_file(request, pk):
    """The whole log for Excel, the fingerprints in full."""
    order = visible_order(request, pk)
    throttle.hit("export", request.user.pk)
    header = [_("No."), _("When"), _("Who"), _("What"), _("Fingerprint")]
    rows = (_log_row(event, request.user) for event in events_of(order).order_by("number").iterator(500))
    return export.xlsx_response(f"{order}-log", header, rows, _("Audit log"))


def _log_row(event, user) -> list:
    what = sentence(event.text, visible_params(event, user))
    return [event.number, event.at, event.who or _("The system"), what, event.hash]
