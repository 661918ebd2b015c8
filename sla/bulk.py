"""Several tasks at once: each row with what it does, each in its own transaction; what was refused stays, with why."""

from dataclasses import dataclass
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View

from desk.refusals import Refusal
from records.models import OnceKey
from sla import item_acts
from sla.actions import closed_already
from sla.forms import TransferForm
from sla.models import WorkItem

MOST = 50


@dataclass
class BulkRow:
    item: WorkItem
    shown: object = ""  # what this row's decision does
    hindrance: object = ""  # why it needs a decision of its own
    refusal: Refusal | None = None


class BulkView(View):
    """Subclasses say `kinds`, `title`, `submit_label`, and override `row` and `decide`."""

    kinds = ()
    title = submit_label = ""
    form_class = forms.Form
    note = ""

    def row(self, item) -> BulkRow:
        """What the decision does to this one, or why it cannot be taken here."""
        return BulkRow(item)

    def decide(self, item, form) -> None:
        raise NotImplementedError

    def form_kwargs(self, items) -> dict:
        return {}

    def get(self, request):
        rows = self.rows(request.GET.getlist("item"))
        return self.page(rows, self.form_class(**self.form_kwargs([row.item for row in rows])))

    def post(self, request):
        rows = self.rows(request.POST.getlist("item"))
        form = self.form_class(request.POST, **self.form_kwargs([row.item for row in rows]))
        if not form.is_valid():
            return self.page(rows, form, status=422)
        left = [row for row in rows if row.hindrance or not self.is_done(row, form)]
        if len(left) < len(rows):
            count = len(rows) - len(left)
            messages.success(request, ngettext("%(count)d done.", "%(count)d done.", count) % {"count": count})
        refused = [row for row in left if row.refusal]
        return self.page(left, form, status=409) if refused else HttpResponseRedirect(self.back())

    def is_done(self, row, form) -> bool:
        """Its own transaction and its own once-key: a second press does the rest, nothing twice."""
        key = f"{self.request.POST.get('once', '')[:40] or uuid4().hex}:{row.item.pk}"
        try:
            with transaction.atomic():
                OnceKey.objects.create(user=self.request.user, key=key, result_url=self.back())
                self.decide(row.item, form)
        except Refusal as refusal:
            row.refusal = refusal
        except IntegrityError:
            if not OnceKey.objects.filter(user=self.request.user, key=key).exists():
                raise
        return row.refusal is None

    def rows(self, numbers) -> list[BulkRow]:
        """Those of the ticked ones that wait for this person, in the list's order."""
        ticked = [int(number) for number in numbers[:MOST] if number.isdecimal() and len(number) < 19]
        mine = WorkItem.objects.for_person(self.request.user).filter(pk__in=ticked)
        items = mine.select_related("department", "assignee", "opened_by", "closed_by").order_by("due_at", "pk")
        return [self._row(item) for item in items]

    def _row(self, item) -> BulkRow:
        if not item.is_living:
            return BulkRow(item, hindrance=closed_already(item).what)
        if self.kinds and item.kind not in self.kinds:
            return BulkRow(item, hindrance=_("needs its own decision"))
        return self.row(item)

    def back(self) -> str:
        url = self.request.POST.get("next", "")
        return url if url_has_allowed_host_and_scheme(url, None) else reverse("sla:my_work")

    def page(self, rows, form, status=200):
        qualify = [row for row in rows if not row.hindrance]
        context = {
            "title": self.title, "submit_label": self.submit_label, "rows": rows, "qualify": qualify, "form": form,
            "note": self.note, "back_url": reverse("sla:my_work"), "back_label": _("My work"),
            "refused": sum(1 for row in rows if row.refusal),
        }
        return render(self.request, "sla/bulk.html", context, status=status)


class TransferMany(BulkView):
    title = submit_label = gettext_lazy("Transfer")
    form_class = TransferForm
    note = gettext_lazy("The person is told and decides instead of you; the clock goes on.")

    def form_kwargs(self, items):
        """Who can take one of them at least; the others are refused one by one, with the reason."""
        people = [person for person in item_acts.colleagues() if person.pk != self.request.user.pk]
        return {"people": [person for person in people if any(item_acts.may_take(person, item) for item in items)]}

    def decide(self, item, form):
        item_acts.transfer(item=item, by=self.request.user, **form.cleaned_data)
