"""The open problems of all orders one may see: as a page, and as a file."""

from itertools import islice

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from access import throttle
from desk import export
from desk.keyset import paginate, walk
from orders.problems import FILTERS, ORDERING, next_action, open_problems, table

MOST_ROWS = 50_000


def _shown(request) -> str:
    show = request.GET.get("show", "")
    return show if show in FILTERS else ""


def problems(request):
    show = _shown(request)
    page = paginate(open_problems(request.user, show), ORDERING, request.GET.get("after"), size=50)
    for issue in page:
        issue.next_action = next_action(issue)
    context = {
        "page": page, "show": show, "filters": [(code, label) for code, (label, _rows) in FILTERS.items()],
    }
    return render(request, "orders/problems.html", context)


def problems_file(request):
    throttle.hit("export", request.user.pk)
    rows = walk(open_problems(request.user, _shown(request)), ORDERING)
    header, lines = table(islice(rows, MOST_ROWS))
    return export.xlsx_response(f"problems-{timezone.localtime():%Y%m%d-%H%M}", header, lines, _("Open problems"))
