"""The weekly meeting: its page for the wall and the phone, its acts, its files."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coordination import actions
from coordination.actions.meeting import may_chair, may_write
from coordination.actions.meeting_actions import may_drop, may_finish
from coordination.actions.meeting_minutes import may_answer
from coordination.board import board_of
from coordination.forms import meeting as forms
from coordination.ics import calendar_of
from coordination.meeting_paper import minutes_paper, pack_paper
from coordination.models import AgendaItem, Attendance, Confirmation, Meeting, Outcome
from desk.export import xlsx_response
from desk.keyset import paginate
from desk.paper import pdf_response
from desk.refusals import NotYours
from orders.seeing import open_among
from people.duty import who_may
from people.roles import Right
from records.acts import ActView
from sla.panes import Button, Check, Fact, Pane, Verdict, find, show

ICONS = {"done": "check", "now": "play", "later": "clock"}
THEMES = ("dark", "light")


def visible_meeting(user, pk) -> Meeting:
    """Who reads the figures, who is invited, who has something to do for it; for all others there is none."""
    meeting = get_object_or_404(
        Meeting.objects.select_related("chair__department", "minute_taker", "started_by", "closed_by", "reopened_by"),
        pk=pk,
    )
    if not may_read(user, meeting):
        raise Http404
    return meeting


def may_read(user, meeting) -> bool:
    return (
        user.may(Right.SEE_FIGURES) or user.pk in (meeting.chair_id, meeting.minute_taker_id)
        or meeting.attendances.filter(person=user).exists()
    )


def require_reader(user) -> None:
    if not user.may(Right.SEE_FIGURES) and not Attendance.objects.filter(person=user).exists():
        raise NotYours(_("The weekly meeting is for the heads of department and who stands in for them."),
                       who=who_may(Right.SEE_FIGURES, limit=5))


def meetings(request):
    """All of them, the newest first."""
    require_reader(request.user)
    rows = Meeting.objects.select_related("chair").prefetch_related("outcomes", "attendances")
    if not request.user.may(Right.SEE_FIGURES):
        rows = rows.filter(attendances__person=request.user)
    page = paginate(rows, ("-monday", "-pk"), request.GET.get("after"), size=26)
    for row in page:
        row.present = sum(seat.is_present for seat in row.attendances.all())
        row.seats = len(row.attendances.all())
        row.decided = sum(not outcome.is_action for outcome in row.outcomes.all())
        found = [outcome for outcome in row.outcomes.all() if outcome.is_action]
        row.actions, row.open_actions = len(found), sum(outcome.is_open for outcome in found)
    return render(request, "coordination/meeting_list.html", {"page": page})


def actions_before(meeting, now) -> list[Outcome]:
    """What earlier meetings left to do, as this one finds it: open at its start, or ended since the one before."""
    began = meeting.started_at or now
    earlier = Meeting.objects.filter(monday__lt=meeting.monday, started_at__isnull=False).order_by("-monday")
    previous = earlier.values_list("started_at", flat=True).first()
    rows = Outcome.objects.actions().filter(meeting__monday__lt=meeting.monday).with_carried(before=began)
    since = [row for row in rows.select_related("person__department", "item__assignee", "order", "meeting").order_by(
        "due_at", "pk") if row.ended_at is None or (previous and row.ended_at >= previous)]
    for row in since:
        row.is_ended = row.ended_at is not None
    return since


def agenda_of(meeting) -> list[AgendaItem]:
    rows = list(meeting.agenda.all())
    for row in rows:
        is_past = row.position < meeting.position if meeting.is_running else meeting.is_closed
        is_now = meeting.is_running and row.position == meeting.position
        row.state = "now" if is_now else "done" if is_past else "later"
        row.icon = ICONS[row.state]
        used = row.used_seconds
        if is_now and meeting.position_since:
            row.since = int(meeting.position_since.timestamp()) - used
            used += (timezone.now() - meeting.position_since).total_seconds()
        row.percent = min(100, int(100 * used / (row.minutes * 60)))
        row.used = used
    return rows


class Board(ActView):
    """The page on the wall. Its one form takes a line; everything else stands at its own address."""

    template_name = "coordination/meeting.html"
    form_class = forms.LineForm

    def subject(self):
        self.meeting = visible_meeting(self.request.user, self.kwargs["pk"])

    def get(self, request, *args, **kwargs):
        if (theme := request.GET.get("theme")) in THEMES:
            request.session["meeting_theme"] = theme
        return super().get(request, *args, **kwargs)

    def form_kwargs(self):
        return {"user": self.request.user, "now": timezone.now()}

    def perform(self, form) -> str:
        actions.record_outcome(meeting_id=self.meeting.pk, by=self.request.user, **form.outcome)
        return self.meeting.get_absolute_url()

    def context(self):
        meeting, user, now = self.meeting, self.request.user, timezone.now()
        agenda, before = agenda_of(meeting), actions_before(meeting, now)
        seats = list(meeting.attendances.select_related("department", "person", "stands_in_for"))
        at = next((place for place, row in enumerate(agenda) if row.position == meeting.position), 0)
        theme = self.request.session.get("meeting_theme", "dark")
        elapsed = ((meeting.closed_at or now) - meeting.started_at).total_seconds() if meeting.started_at else 0
        return {
            "meeting": meeting, "board": board_of(meeting, user, now), "agenda": agenda, "seats": seats,
            "present": sum(seat.is_present for seat in seats),
            "stand_ins": [seat for seat in seats if seat.stands_in_for],
            "before": before, "before_done": sum(row.is_ended for row in before),
            "outcomes": self.outcomes(),
            "next_item": agenda[at + 1] if meeting.is_running and at + 1 < len(agenda) else None,
            "previous_item": agenda[at - 1] if meeting.is_running and at else None,
            "may_chair": may_chair(meeting, user), "may_write": may_write(meeting, user),
            "answers": self.answers(), "elapsed": clock(elapsed), "theme": theme,
            "other_theme": "light" if theme == "dark" else "dark", "length": meeting.length_minutes,
            "since": int(meeting.started_at.timestamp()) if meeting.is_running else "",
        }

    def outcomes(self):
        rows = list(self.meeting.outcomes.select_related("person", "recorded_by", "order", "item__assignee"))
        seen = open_among(self.request.user, [row.order_id for row in rows if row.order_id])
        for row in rows:
            row.is_linked = row.order_id in seen
        return rows

    def answers(self):
        rows = self.meeting.confirmations.exclude(state=Confirmation.State.FALLEN)
        rows = list(rows.select_related("department", "person", "answered_by", "item"))
        for row in rows:
            row.is_mine = row.is_asked and may_answer(row, self.request.user)
        return rows


def clock(seconds) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02}"


# Acts


class MeetingAct(ActView):
    form_class = forms.NothingForm

    def subject(self):
        self.meeting = visible_meeting(self.request.user, self.kwargs["pk"])

    @property
    def version_now(self):
        return self.meeting.version

    @property
    def whose(self) -> dict:
        return {"meeting_id": self.meeting.pk, "by": self.request.user}

    @property
    def said(self) -> dict:
        """Of an act that must not be made on an old page; others write outcomes while the chair leads on."""
        return self.whose | {"version": self.version}

    def context(self):
        return {
            "lead": self.lead or self.meeting, "back_url": self.meeting.get_absolute_url(),
            "back_label": _("Weekly meeting"),
        }

    def act(self, form):
        """The deed."""
        raise NotImplementedError

    def perform(self, form) -> str:
        self.act(form)
        return self.meeting.get_absolute_url()


class Start(MeetingAct):
    title = gettext_lazy("Start the meeting")
    consequences = (gettext_lazy("The figures are frozen as they stand now, for ever."),
                    gettext_lazy("Who stands in for whom is asked anew."))

    def act(self, form):
        actions.start_meeting(**self.whose)


class Go(MeetingAct):
    title = gettext_lazy("Another item of the agenda")
    form_class = forms.GoForm

    def act(self, form):
        actions.go_to(position=form.cleaned_data["position"], **self.whose)


class AddOutcome(MeetingAct):
    title = gettext_lazy("Write down an outcome")
    submit_label = gettext_lazy("Write down")
    form_class = forms.OutcomeForm

    def form_kwargs(self):
        return {"user": self.request.user, "initial": {"order": self.request.GET.get("order", "")}}

    def act(self, form):
        actions.record_outcome(**form.cleaned_data, **self.whose)


class Strike(MeetingAct):
    title = gettext_lazy("Strike out")
    submit_tone = "dan"

    def subject(self):
        super().subject()
        self.outcome = get_object_or_404(Outcome, pk=self.kwargs["outcome"], meeting=self.meeting)
        self.lead = self.outcome.text

    def act(self, form):
        actions.strike_outcome(outcome_id=self.outcome.pk, by=self.request.user)


class Close(MeetingAct):
    title = gettext_lazy("Close the meeting")
    consequences = (gettext_lazy("The head of each department that was there confirms the minutes."),
                    gettext_lazy("Outcomes can no longer be written down."),
                    gettext_lazy("Within 2 days the chair may reopen it with a reason."))

    def act(self, form):
        actions.close_meeting(**self.said)


class Reopen(MeetingAct):
    title = gettext_lazy("Reopen the meeting")
    form_class = forms.ReasonForm
    consequences = (gettext_lazy("What the heads have confirmed so far falls, and they are asked again."),)

    def act(self, form):
        actions.reopen_meeting(reason=form.cleaned_data["reason"], **self.said)


class Move(MeetingAct):
    title = gettext_lazy("Move the meeting")
    form_class = forms.MoveForm
    consequences = (gettext_lazy("Everybody invited gets a message and the new calendar entry."),)

    def form_kwargs(self):
        meeting = self.meeting
        return {"initial": {"starts_at": meeting.starts_at, "length_minutes": meeting.length_minutes,
                            "place": meeting.place, "link": meeting.link}}

    def act(self, form):
        actions.move_meeting(**form.cleaned_data, **self.said)


class Cancel(MeetingAct):
    title = gettext_lazy("Cancel the meeting")
    form_class = forms.ReasonForm
    submit_tone = "dan"
    consequences = (gettext_lazy("This week has none; open actions wait for the next one."),
                    gettext_lazy("Everybody invited gets a message, and the calendar entry goes."))

    def act(self, form):
        actions.cancel_meeting(reason=form.cleaned_data["reason"], **self.said)


class AddItem(MeetingAct):
    title = gettext_lazy("Add to the agenda")
    form_class = forms.AgendaForm

    def act(self, form):
        actions.add_agenda_item(**form.cleaned_data, **self.said)


class Seats(MeetingAct):
    def seats(self):
        return self.meeting.attendances.select_related("department", "person", "stands_in_for")

    def form_kwargs(self):
        return {"seats": list(self.seats())}


class Roll(Seats):
    title = gettext_lazy("Who is there")
    submit_label = gettext_lazy("Note")
    form_class = forms.RollForm

    def act(self, form):
        actions.call_roll(present=form.cleaned_data["present"], **self.said)


class MinuteTaker(Seats):
    title = gettext_lazy("Who takes the minutes")
    submit_label = gettext_lazy("Name")
    form_class = forms.MinuteTakerForm

    def act(self, form):
        actions.name_minute_taker(person=form.cleaned_data["person"], **self.said)


# The minutes


class Answer(MeetingAct):
    def subject(self):
        super().subject()
        answers = self.meeting.confirmations.select_related("person", "item")
        self.answer = get_object_or_404(answers, pk=self.kwargs["answer"])

    @property
    def said(self):
        return {"confirmation_id": self.answer.pk, "by": self.request.user}

    def perform(self, form) -> str:
        self.act(form)
        return reverse("coordination:minutes", args=[self.meeting.pk])


class Confirm(Answer):
    title = gettext_lazy("Confirm the minutes")
    submit_tone = "ok"

    def act(self, form):
        actions.answer_minutes(**self.said)


class Object(Answer):
    title = gettext_lazy("Object to the minutes")
    submit_label = gettext_lazy("Object")
    form_class = forms.ObjectionForm
    consequences = (gettext_lazy("Your words stand in the minutes."), gettext_lazy("The chair is told at once."))

    def act(self, form):
        actions.answer_minutes(objection=form.cleaned_data["objection"], objects=True, **self.said)


def minutes(request, pk):
    """The minutes as a page: draft until everybody has answered."""
    meeting = visible_meeting(request.user, pk)
    if not meeting.is_closed:
        raise Http404
    view = Board(request=request, kwargs={"pk": pk})
    view.meeting = meeting
    return render(request, "coordination/minutes.html", view.context() | {"carried": carried_of(meeting)})


def carried_of(meeting) -> list[Outcome]:
    return [row for row in actions_before(meeting, timezone.now())
            if row.ended_at is None or (meeting.closed_at and row.ended_at > meeting.closed_at)]


# Actions


class ActionAct(ActView):
    """Of somebody who has it to do, invited or not."""

    title = ""

    def subject(self):
        rows = Outcome.objects.actions().select_related("meeting__chair", "person", "item__assignee")
        self.outcome = get_object_or_404(rows, pk=self.kwargs["pk"])
        user = self.request.user
        if not (may_read(user, self.outcome.meeting) or may_finish(self.outcome, user)
                or user.pk == self.outcome.done_by_id):
            raise Http404

    def context(self):
        return {"title": self.title, "lead": self.outcome.text, "submit_label": self.title,
                "submit_tone": self.submit_tone, "back_url": back_of(self.request.user, self.outcome.meeting)}

    def perform(self, form) -> str:
        self.act(form)
        return back_of(self.request.user, self.outcome.meeting)


def back_of(user, meeting) -> str:
    return meeting.get_absolute_url() if may_read(user, meeting) else reverse("sla:my_work")


class Done(ActionAct):
    title = gettext_lazy("Report as done")
    form_class = forms.ResultForm

    def act(self, form):
        actions.finish_action(outcome_id=self.outcome.pk, by=self.request.user, result=form.cleaned_data["result"])


class Drop(ActionAct):
    title = gettext_lazy("Drop the action")
    form_class = forms.ReasonForm
    submit_tone = "dan"

    def act(self, form):
        actions.drop_action(outcome_id=self.outcome.pk, by=self.request.user, reason=form.cleaned_data["reason"])


def pane_action(request, pk):
    item = find(pk, ("meeting_action",))
    rows = Outcome.objects.with_carried().select_related("meeting__chair", "person", "order", "item__assignee")
    outcome = get_object_or_404(rows, item=item)
    if not (may_read(request.user, outcome.meeting) or may_finish(outcome, request.user)):
        raise Http404
    buttons = []
    if item.is_living and may_finish(outcome, request.user):
        buttons.append(Button(_("Done"), reverse("coordination:action_done", args=[outcome.pk]), "A", "pri"))
    if item.is_living and may_drop(outcome, request.user):
        buttons.append(Button(_("Drop the action"), reverse("coordination:action_drop", args=[outcome.pk]), "D",
                              icon="cross"))
    return show(request, Pane(
        item, outcome.text, _("Weekly meeting %(week)s") % {"week": outcome.meeting},
        facts=[Fact(_("Chair"), outcome.meeting.chair), Fact(_("Order"), outcome.order or "–"),
               Fact(_("Carried over"), outcome.carried, tone="bad" if outcome.carried else "")],
        decisions=buttons, consequences=[_("Until it is done, each weekly meeting asks for it.")] if buttons else [],
    ))  # fmt: skip


def pane_minutes(request, pk):
    item = find(pk, ("meeting_minutes",))
    rows = Confirmation.objects.select_related("meeting__chair", "item", "person")
    answer = get_object_or_404(rows, item=item)
    if not (may_read(request.user, answer.meeting) or may_answer(answer, request.user)):
        raise Http404
    key = [answer.meeting_id, answer.pk]
    buttons = []
    if answer.is_asked and may_answer(answer, request.user):
        buttons = [Button(_("Confirm"), reverse("coordination:confirm", args=key), "A", "pri", fields={}),
                   Button(_("Object"), reverse("coordination:object", args=key), "D", icon="cross")]
    outcomes = answer.meeting.outcomes.select_related("person")
    return show(request, Pane(
        item, _("Minutes of the weekly meeting %(week)s") % {"week": answer.meeting}, "",
        Verdict(_("Who says nothing until the limit has not objected."), tone="warn") if buttons else None,
        facts=[Fact(_("Chair"), answer.meeting.chair)], checks_title=_("What was decided"),
        checks=[Check(f"{row.get_kind_display()}: {row.text}") for row in outcomes], decisions=buttons,
    ))  # fmt: skip


# Files


def ics(request, pk):
    meeting = visible_meeting(request.user, pk)
    response = HttpResponse(calendar_of(meeting), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="meeting-{meeting}.ics"'
    response["Cache-Control"] = "private, no-store"
    return response


def pack(request, pk):
    """Before and during the meeting: agenda, figures, orders at risk, time lost, open actions."""
    meeting = visible_meeting(request.user, pk)
    view = Board(request=request, kwargs={"pk": pk})
    view.meeting = meeting
    return pdf_response(pack_paper(request.user, meeting, view.context()), f"{_('Weekly meeting')} {meeting}")


def minutes_pdf(request, pk):
    meeting = visible_meeting(request.user, pk)
    if not meeting.is_closed:
        raise Http404
    view = Board(request=request, kwargs={"pk": pk})
    view.meeting = meeting
    paper = minutes_paper(request.user, meeting, view.context())
    return pdf_response(paper, f"{_('Minutes')} {meeting}")


def actions_xlsx(request):
    """All actions of all meetings, the newest first."""
    require_reader(request.user)
    rows = Outcome.objects.actions().with_carried().select_related(
        "meeting", "person__department", "done_by", "dropped_by", "order"
    ).order_by("-meeting__monday", "due_at")
    header = [_("Week"), _("Action"), _("Responsible"), _("Department"), _("Due"), _("Order"), _("Carried over"),
              _("Done"), _("Result"), _("Dropped"), _("Reason")]
    cells = [(str(row.meeting), row.text, str(row.person), str(row.person.department or ""), row.due_at,
              str(row.order or ""), row.carried, row.done_at, row.result, row.dropped_at, row.drop_reason)
             for row in rows]
    return xlsx_response("meeting-actions", header, cells)
