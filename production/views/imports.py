"""Importing a workbook of master data: upload, look, import."""

from django import forms
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.export import book_response
from desk.keyset import paginate
from people.roles import Right
from production.actions import imports as actions
from production.forms import NothingForm
from production.master import hidden_fields
from production.models import ImportRow, MasterImport
from production.views.master import enter, page_context
from production.workbook import writing
from production.workbook.sheets import BY_CODE, SHEETS
from records.acts import ActView, require

State = ImportRow.State


class UploadForm(forms.Form):
    files = forms.FileField(
        label=gettext_lazy("Workbook (.xlsx)"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        help_text=gettext_lazy("Nothing is changed before you have seen what would change."),
    )


def imports(request):
    enter(request)
    rows = MasterImport.objects.select_related("file", "uploaded_by", "imported_by").annotate(
        **{state: Count("rows", filter=Q(rows__state=state)) for state in State.values}
    )
    page = paginate(rows, ("-pk",), request.GET.get("after"), size=20)
    return render(request, "production/master/imports.html", page_context(request, "import") | {"page": page})


def workbook(request):
    """What stands, to be changed and imported again."""
    enter(request)
    file = writing.write(hidden=hidden_fields(request.user))
    return book_response(f"master-data-{timezone.localdate():%Y-%m-%d}", file)


class Upload(ActView):
    right = Right.MASTER_CHANGE
    form_class = UploadForm

    def perform(self, form):
        made = actions.upload(file=form.cleaned_data["files"], by=self.request.user)
        return reverse("production:import_preview", args=[made.pk])

    def context(self):
        return {
            "title": _("Import from Excel"), "submit_label": _("Preview"), "back_url": reverse("production:imports"),
            "back_label": _("Imports"), "consequences": [
                _("Rows that are not in the workbook stay as they are. Nothing is removed."),
                _("Headings in English and Chinese are understood, as in the workbook you can download."),
            ],
        }  # fmt: skip


def preview_context(request, made) -> dict:
    counts = _counts(made)
    shown = request.GET.get("show", "")
    if shown not in State.values:
        shown = next((state for state in State.values if counts["all"].get(state)), State.SAME)
    page = paginate(made.rows.filter(state=shown), ("pk",), request.GET.get("after"), size=50)
    hidden = hidden_fields(request.user)
    return page_context(request, "import") | {
        "made": made, "counts": counts, "shown": shown, "page": page,
        "rows": [(row, *_told(row, hidden)) for row in page.rows],
        "choices": [(state, State(state).label, counts["all"].get(state, 0)) for state in State.values],
        "is_open": made.imported_at is None and made.uploaded_by_id == request.user.pk,
        "is_ready": not counts["all"].get(State.FAULT) and any(map(counts["all"].get, (State.NEW, State.CHANGED))),
    }


def _counts(made) -> dict:
    """By sheet and state, and in all."""
    found = {sheet.code: dict.fromkeys(State.values, 0) for sheet in SHEETS}
    for code, state, count in made.rows.order_by().values_list("sheet", "state").annotate(n=Count("pk")):
        found.setdefault(code, dict.fromkeys(State.values, 0))[state] = count
    sheets = [(_label(code), states) for code, states in found.items() if any(states.values())]
    return {"sheets": sheets, "all": {state: sum(states[state] for _label, states in sheets) for state in State.values}}


def _label(code) -> str:
    return BY_CODE[code].label if code in BY_CODE else code or "–"


def _told(row, hidden) -> tuple:
    sheet = BY_CODE.get(row.sheet)
    changes = [(sheet.column(name).label, old, new) for name, old, new in row.changes if name not in hidden]
    if row.state == State.NEW:
        changes = [change for change in changes if change[2] not in (None, "", False)]
    return _label(row.sheet), sheet.label_of(row.column) if sheet else row.column, changes


def find(request, pk) -> MasterImport:
    return get_object_or_404(MasterImport.objects.select_related("file", "uploaded_by", "imported_by"), pk=pk)


def preview(request, pk):
    require(request.user, Right.MASTER_CHANGE)
    made = find(request, pk)
    return render(request, "production/master/import.html", preview_context(request, made))


class ImportAct(ActView):
    right = Right.MASTER_CHANGE
    form_class = NothingForm

    def subject(self):
        self.made = find(self.request, self.kwargs["pk"])

    @property
    def url(self):
        return reverse("production:import_preview", args=[self.made.pk])

    def context(self):
        return {"title": self.made.file.name, "back_url": self.url, "back_label": _("Preview"),
                "submit_label": self.submit_label}  # fmt: skip


class Import(ImportAct):
    submit_label = gettext_lazy("Import")

    def context(self):
        counts = _counts(self.made)["all"]
        return super().context() | {"consequences": [
            _("%(new)d rows are added, %(changed)d are changed, in one go or not at all.")
            % {"new": counts[State.NEW], "changed": counts[State.CHANGED]},
            _("Orders that are planned already keep their plans; what is planned from now on takes the new data."),
        ]}  # fmt: skip

    def perform(self, form):
        actions.put_in(master_import=self.made, by=self.request.user)
        return self.url


class LookAgain(ImportAct):
    submit_label = gettext_lazy("Look again")

    def perform(self, form):
        actions.look_again(master_import=self.made, by=self.request.user)
        return self.url
