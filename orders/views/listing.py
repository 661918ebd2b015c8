"""All the orders a person may see: filtered, sorted, in their own columns; as a page, a file, or a choice of rows."""

from django.db.models import Prefetch, Q
from django.forms import Form
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from access import throttle
from desk import export
from desk.keyset import paginate, walk
from desk.paper import Table, pdf_response
from desk.refusals import GateShut, Refusal
from desk.text import duration, money
from orders.actions.taking import take_over
from orders.forms.listing import ChosenForm, ColumnsForm, OrderFilter, ViewForm
from orders.listing import SORTS, columns_for, drawn, facts_of, rows_of
from orders.machine import CONCERNED_DEPARTMENTS
from orders.models import ListChoice, OrderLine, SavedView, UrgentOrder
from people.roles import Right, Role
from records.acts import ActView
from records.paper import paper_for

PAGE_SIZE = 50
MOST_ROWS = {"csv": 1_000_000, "xlsx": 50_000, "pdf": 500}
BATCH = 500
ALL = "all"


def orders(request):
    choice = _choice(request.user)
    views = list(SavedView.objects.visible_to(request.user))
    view, query = _wanted(request, choice, views)
    form = OrderFilter(query, user=request.user)
    columns = columns_for(request.user, choice.columns)
    sort = _sort(query)
    found = form.apply(UrgentOrder.objects.submitted().visible_to(request.user))
    page = paginate(rows_of(found, columns), SORTS[sort], request.GET.get("after"), size=PAGE_SIZE)
    context = {
        "form": form, "page": page, "rows": drawn(page.rows, columns), "heads": _heads(columns, form, sort),
        "chips": form.chips(), "views": views, "view": view, "query": form.without(),
        "hidden": QueryDict(form.without("q")).items(),
        "may_create": request.user.may(Right.ORDER_CREATE), "may_take": _may_take(request.user),
    }  # fmt: skip
    return render(request, "orders/order_list.html", context)


def _choice(user) -> ListChoice:
    return ListChoice.objects.filter(person=user).first() or ListChoice(person=user)


def _wanted(request, choice, views) -> tuple:
    """The view asked for by its name, or the default one where nothing is asked, and the query it stands for."""
    key = request.GET.get("view", "")
    if not key and not request.GET.keys() - {"after"} and choice.default_view_id:
        key = str(choice.default_view_id)
    view = next((view for view in views if str(view.pk) == key), None)
    return view, QueryDict(view.query) if view else request.GET


def _sort(query) -> str:
    return query.get("sort") if query.get("sort") in SORTS else "new"


def _heads(columns, form, sort) -> list[dict]:
    """Each column's name; where it sorts, the address that does, the other way round when it does already."""
    base = form.without("sort")
    found = []
    for code, label, key, style in [("number", _("Urgent order"), "number", ""), *(
        (column.code, column.label, column.sort, column.style) for column in columns
    )]:  # fmt: skip
        turned = {"new": "old", "old": "new"}.get(sort, sort[1:] if sort.startswith("-") else f"-{sort}")
        is_sorted = bool(key) and sort in (key, f"-{key}", {"new": "old"}.get(key))
        query = f"{base}&sort={turned if is_sorted else key}".lstrip("&") if key else ""
        order = ("descending" if sort.startswith("-") or sort == "new" else "ascending") if is_sorted else ""
        found.append({"code": code, "label": label, "query": query, "order": order, "style": style})
    return found


def _may_take(user) -> bool:
    return user.department_code in CONCERNED_DEPARTMENTS and user.role != Role.OPERATOR


def filters(request):
    """The whole filter, as a page or as a part of the list."""
    form = OrderFilter(request.GET or None, user=request.user)
    form.initial = request.GET.dict()
    form.is_bound = False
    return render(request, "orders/_filter.html" if request.htmx else "orders/order_filter.html", {"form": form})


def file(request, kind):
    """The filtered list, or the chosen rows, in the columns and the money classes of the person."""
    if kind not in MOST_ROWS:
        raise Http404
    throttle.hit("export", request.user.pk)
    columns = columns_for(request.user, _choice(request.user).columns)
    found = UrgentOrder.objects.submitted().visible_to(request.user)
    if "order" in request.GET:
        found = found.filter(pk__in=[key for key in request.GET.getlist("order")[:BATCH] if key.isdecimal()])
    else:
        found = OrderFilter(request.GET, user=request.user).apply(found)
    header = [str(_("Urgent order")), str(_("Urgency class")), *(str(column.label) for column in columns)]
    rows = _file_rows(found, columns, SORTS[_sort(request.GET)], MOST_ROWS[kind])
    name = f"orders-{timezone.localtime():%Y%m%d-%H%M}"
    if kind == "pdf":
        _refuse_too_many(found)
        return pdf_response(_list_paper(request.user, header, rows, columns), name)
    if kind == "csv":
        return export.csv_response(name, header, rows)
    return export.xlsx_response(name, header, rows, str(_("Urgent orders")))


def _refuse_too_many(found):
    most, count = MOST_ROWS["pdf"], found.count()
    if count > most:
        raise GateShut(
            _("The list is too long for a PDF."),
            because=_("It has %(count)d orders; a PDF holds %(most)d.") % {"count": count, "most": most},
            remedy=_("Filter the list, or export it for Excel."),
        )


def _list_paper(user, header, rows, columns):
    priced = [place for place, column in enumerate(columns, 2) if column.money]
    rows = [[*row[:2], *map(_printed, columns, row[2:])] for row in rows]
    table = Table(header, rows, widths=_widths(columns), numeric=priced, empty=str(_("No order.")))
    return paper_for(user, str(_("Urgent orders")), landscape=True, is_dense=True, blocks=[table])


def _printed(column, value):
    """A number without its unit says nothing on paper."""
    if column.code == "lateness" and value is not None:
        return (_("%(time)s late") if value > 0 else _("%(time)s to spare")) % {"time": duration(value * 3600)}
    return money(value) if column.money else value


WIDE = {"what": 2.6, "customer": 2, "place": 2, "reason": 1.8, "ground": 1.8, "clock": 1.8}


def _widths(columns) -> list:
    """Numbers and dates as wide as they are; what is written in words gets the room."""
    if len(columns) < 9:
        return [0, 0, *(0 if column.style else WIDE.get(column.code, 1.4) for column in columns)]
    return [0, 0, *(WIDE.get(column.code, 1.8 if column.style else 1.4) for column in columns)]


def _file_rows(found, columns, ordering, most):
    batch = []
    for place, row in enumerate(walk(rows_of(found, columns), ordering, BATCH)):
        if place == most:
            break
        batch.append(row)
        if len(batch) == BATCH:
            yield from _values(batch, columns)
            batch = []
    yield from _values(batch, columns)


def _values(rows, columns):
    facts = facts_of(rows)
    for row in rows:
        yield [row.number, row.urgency_class, *(column.value(row, facts) for column in columns)]


class Columns(ActView):
    form_class = ColumnsForm

    def form_kwargs(self):
        chosen = columns_for(self.request.user, _choice(self.request.user).columns)
        initial = {"columns": [column.code for column in chosen], "next": self.request.GET.urlencode()}
        return {"user": self.request.user, "initial": initial}

    def perform(self, form):
        columns = form.cleaned_data["columns"]
        ListChoice.objects.update_or_create(person=self.request.user, defaults={"columns": columns})
        return _list_url(form.cleaned_data["next"])

    def context(self):
        return {
            "title": _("Columns of the list"), "submit_label": _("Save"), "back_url": reverse("orders:list"),
            "lead": _("The order's number always stands first. Files hold the same columns."),
        }  # fmt: skip


def _list_url(query) -> str:
    """The query comes from the page: only what a list's address may hold goes back into one."""
    return f"{reverse('orders:list')}?{QueryDict(query).urlencode() or f'view={ALL}'}"


class SaveView(ActView):
    """A new view, or one's own under another name."""

    form_class = ViewForm

    def subject(self):
        self.view = SavedView(owner=self.request.user)
        if pk := self.kwargs.get("pk"):
            self.view = get_object_or_404(SavedView, pk=pk, owner=self.request.user)

    def form_kwargs(self):
        initial = {"is_shared": bool(self.view.department_id)}
        if self.view.pk is None:
            initial["query"] = self.request.GET.urlencode()
        else:
            initial["is_default"] = _choice(self.request.user).default_view_id == self.view.pk
        return {"instance": self.view, "initial": initial}

    def perform(self, form):
        user, view = self.request.user, form.instance
        view.department = user.department if form.cleaned_data["is_shared"] else None
        view.query = OrderFilter(QueryDict(view.query), user=user).without()
        view.save()
        if form.cleaned_data["is_default"]:
            ListChoice.objects.update_or_create(person=user, defaults={"default_view": view})
        else:
            ListChoice.objects.filter(person=user, default_view=view).update(default_view=None)
        return f"{reverse('orders:list')}?view={view.pk}"

    def context(self):
        title = _("Change the view") if self.view.pk else _("Save as a view")
        return {"title": title, "submit_label": _("Save"), "back_url": reverse("orders:list")}


class DeleteView(ActView):
    form_class = Form

    def subject(self):
        self.view = get_object_or_404(SavedView, pk=self.kwargs["pk"], owner=self.request.user)

    def perform(self, form):
        self.view.delete()
        return _list_url("")

    def context(self):
        return {"title": _("Delete the view"), "submit_label": _("Delete"), "submit_tone": "dan",
                "back_url": reverse("orders:list"), "lead": self.view.name}  # fmt: skip


# Chosen rows

RESULT = "orders_taken"  # in the session: what became of each


class TakeOver(ActView):
    """Each order by its own act: what one refuses does not stop the others, and is said."""

    form_class = ChosenForm
    template_name = "orders/chosen.html"

    def subject(self):
        data = self.request.POST if self.request.method == "POST" else self.request.GET
        keys = [key for key in data.getlist("order")[:PAGE_SIZE] if key.isdecimal()]
        orders = UrgentOrder.objects.visible_to(self.request.user).filter(pk__in=keys)
        self.chosen = list(orders.select_related("customer").order_by("pk"))

    def form_kwargs(self):
        return {"chosen": self.chosen}

    def perform(self, form):
        self.request.session[RESULT] = [self._take(order) for order in self.chosen]
        return reverse("orders:taken")

    def _take(self, order) -> dict:
        told = {"number": str(order), "url": order.get_absolute_url(), "refusal": "", "because": ""}
        try:
            take_over(order_id=order.pk, by=self.request.user)
        except Refusal as refusal:
            told |= {"refusal": str(refusal.what), "because": str(refusal.because)}
        return told

    def context(self):
        count = len(self.chosen)
        title = ngettext("Take over %(count)d order", "Take over %(count)d orders", count) % {"count": count}
        return {"title": title, "submit_label": title, "back_url": reverse("orders:list"), "chosen": self.chosen,
                "consequences": [_("You answer for them in your department, and the work that waits there is yours."),
                                 _("Who answered for them before is told.")]}  # fmt: skip


def taken(request):
    results = request.session.get(RESULT, [])
    refused = [result for result in results if result["refusal"]]
    return render(request, "orders/taken.html", {"results": results, "refused": refused})


def drafts(request):
    """One's own forms that are not submitted; the sales head sees everybody's."""
    found = UrgentOrder.objects.visible_to(request.user).filter(Q(submitted_at__isnull=True), closed_at__isnull=True)
    lines = OrderLine.objects.select_related("product")
    rows = found.select_related("customer", "created_by").prefetch_related(Prefetch("lines", queryset=lines))
    page = paginate(rows, ("-created_at", "-pk"), request.GET.get("after"), size=30)
    return render(request, "orders/draft_list.html", {"page": page, "may_create": request.user.may(Right.ORDER_CREATE)})
