from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from access import throttle
from desk import export
from desk.faces import ItemGroup, TabFace
from desk.keyset import paginate
from sla import item_acts, panes, reports
from sla.kinds import Kind, work_of
from sla.models import WorkItem

MOST_ROWS = 5_000  # of a file
DECIDE, DO, STARTED, COPIED, DONE = "decide", "do", "started", "copied", "done"
EMPTY = {
    STARTED: gettext_lazy("Nothing you sent waits for anybody."),
    COPIED: gettext_lazy("Nobody copied anything to you."),
    DONE: gettext_lazy("You have closed nothing yet."),
}


def my_work(request):
    """What waits for the person who looks, soonest first; one page in as many queries as a hundred."""
    user, now, counts = request.user, timezone.now(), reports.counts(request.user)
    tab = request.GET.get("tab", "")
    if tab not in (DECIDE, DO, STARTED, COPIED, DONE):
        tab = DECIDE if counts[DECIDE] or not counts[DO] else DO
    done = reports.just_done(user, _number(request.GET.get("done")), now)
    page, groups = _listed(user, tab, request.GET.get("after"), now)
    context = {
        "tabs": _tabs(counts), "current_tab": tab, "page": page, "groups": groups, "list_url": _list_url(request),
        "empty_text": EMPTY.get(tab, ""), "upcoming": None if groups else reports.next_to_run_out(user),
        "may_tick": tab in (DECIDE, DO), "absence": reports.absence_of(user, now),
        "done": done, "undo_url": _undo_url(done), "bulks": _bulks(groups),
    }
    return render(request, "sla/my_work.html", context)


def my_work_file(request):
    """What waits for the person, for Excel: one sheet to decide, one to do."""
    throttle.hit("export", request.user.pk)
    header = [_("Due"), _("What"), _("About"), _("Customer"), _("Stage"), _("Department"), _("State")]
    items = WorkItem.objects.living().for_person(request.user).annotate(due_or_never=reports.DUE)
    items = items.select_related("department").order_by("due_or_never", "pk")
    sheets = [
        (str(label), header, [_file_row(item) for item in items.filter(is_decision=is_decision)[:MOST_ROWS]])
        for label, is_decision in ((_("To decide"), True), (_("To do"), False))
    ]
    return export.book_response(f"work-{timezone.localtime():%Y%m%d-%H%M}", export.xlsx_book(sheets))


def _file_row(item) -> list:
    return [item.due_at, item.subject_text, item.source_label, item.customer, item.stage_label, item.department,
            item.get_state_display()]  # fmt: skip


def _listed(user, tab, cursor, now):
    if tab == DONE:
        page = paginate(reports.done_by(user), ("-closed_at", "-pk"), cursor)
        return page, [ItemGroup(DONE, _("Done"), "check", reports.rows(page.rows, now))] if page.rows else []
    if tab == COPIED:
        page = paginate(reports.copied_to(user), ("-at", "-pk"), cursor)
        found = reports.rows([copy.item for copy in page.rows], now)
        return page, [ItemGroup(COPIED, _("Copied to me"), "send", found)] if found else []
    if tab == STARTED:
        page = reports.living_page(WorkItem.objects.filter(opened_by=user), cursor)
        return page, reports.groups(page.rows, now)
    page = reports.living_page(WorkItem.objects.for_person(user).filter(is_decision=tab == DECIDE), cursor)
    return page, reports.groups(page.rows, now, user)


def _list_url(request) -> str:
    """This list, to come back to; not the page of it, which the decision changes."""
    tab = request.GET.get("tab")
    url = reverse("sla:my_work")
    return f"{url}?{urlencode({'tab': tab})}" if tab else url


def _undo_url(done) -> str:
    name = work_of(done.kind).get("undo") if done else None
    return reverse(name, args=[done.source_number]) if name else ""


def _bulks(groups) -> list[tuple]:
    """The kinds on this page of which several can be decided together: address and words."""
    items = [row.item for group in groups for row in group.items]
    labels = {item.bulk_url: item.kind_label for item in items if item.bulk_url}
    return [(url, _("Decide together: %(kind)s") % {"kind": label}) for url, label in labels.items()]


def _number(text) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _tabs(counts) -> list[TabFace]:
    url = reverse("sla:my_work")
    names = {DECIDE: _("To decide"), DO: _("To do"), STARTED: _("Started by me"), COPIED: _("Copied to me"),
             DONE: _("Done")}
    return [TabFace(code, label, f"{url}?tab={code}", counts.get(code)) for code, label in names.items()]


def item(request, pk):
    """What is known of any item: the pane of kinds that have none of their own, and each one's own address."""
    found = panes.find(pk)
    if not item_acts.may_look(found, request.user):
        raise Http404
    if found.kind == Kind.COUNTERSIGN:
        return panes.show(request, _agreement(found, request.user))
    decisions = [panes.Button(_("Open"), found.url, "A", "pri", "chevron")] if found.is_living else []
    return panes.show(request, panes.Pane(found, decisions=decisions))


def _agreement(task, user):
    """What an added approver is asked, with the way to the decision itself."""
    asked = task.countersign
    url = reverse("sla:agree", args=[task.pk])
    is_open = task.is_living and item_acts.is_mine(task, user)
    return panes.Pane(
        task, title=asked.item.subject_text,
        verdict=panes.Verdict(_("%(person)s asks you to agree first.") % {"person": asked.asked_by}),
        checks=[panes.Check(row.text) for row in asked.item.acts.filter(act="add", person=asked.person) if row.text],
        decisions=[
            panes.Button(_("Agree"), url, "A", "pri", fields={"agrees": "yes", "text": ""}),
            panes.Button(_("Disagree"), url, "D", "dan", "cross"),
        ] if is_open else [],
        consequences=[_("%(person)s decides after you have agreed.") % {"person": item_acts.owner_of(asked.item)}],
    )  # fmt: skip


@login_not_required
@never_cache
def healthz(request):
    """For a watchdog outside: 503 when nobody winds the clock."""
    state = reports.health()
    return JsonResponse(
        {"ok": state.is_ok, "problems": state.problems, "warnings": state.warnings,
         "oldest_due_seconds": state.oldest_due_seconds, "oldest_letter_seconds": state.oldest_letter_seconds},
        status=200 if state.is_ok else 503,
    )
