"""A week's meeting comes into being by itself: when, who takes the chair, who is invited; moved, cancelled."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coordination.ics import calendar_of
from coordination.models import AgendaItem, Attendance, Meeting
from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when
from kpi import reports
from kpi.weeks import Week
from notifications.actions import tell
from orders.actions.form import factory_calendar
from people.duty import Roster
from people.models import Department
from people.roles import Right
from records.actions import record
from records.models import CompanySettings
from sla.worktime import NoWorkingTime

Kind = AgendaItem.Kind
SEATS = Department.Code.values
MINUTES = {Kind.ACTIONS: 5, Kind.REVIEW: 8, Kind.PROBLEMS: 8, Kind.PLAN: 7, Kind.MINUTES: 2}
SHORT_MINUTES = 2  # of the problems where no order is at risk
INVITED = gettext_noop("Weekly coordination meeting: {when}, {place}. Chair: {chair}")
MOVED = gettext_noop("The weekly coordination meeting is now {when}, {place}. Reason: {reason}")
CANCELLED = gettext_noop("The weekly coordination meeting of {when} is cancelled. Reason: {reason}")


def ensure_meetings(now=None) -> int:
    """This week's meeting and the next one's, each once; those of the past are never made."""
    now = now or timezone.now()
    this = Week.now(now)
    return sum(plan_meeting(week=week, now=now) is not None for week in (this, this + 1))


def plan_meeting(*, week: Week, now=None) -> Meeting | None:
    """None where it is there already, its time has passed, or nobody of sales can take the chair."""
    now = now or timezone.now()
    starts_at = usual_start(week)
    if starts_at is None or starts_at < now or Meeting.objects.filter(monday=week.monday).exists():
        return None
    return make_meeting(monday=week.monday, starts_at=starts_at, now=now)


def usual_start(week: Week) -> datetime | None:
    """By the company's day and time; where that is no working time, the same hour of the week's next working day."""
    rules, calendar = CompanySettings.current(), factory_calendar()
    usual = datetime.combine(week.monday + timedelta(days=rules.meeting_weekday), rules.meeting_time)
    for later in range(7 - rules.meeting_weekday):
        found = timezone.make_aware(usual + timedelta(days=later))
        try:
            if calendar.is_open(found):
                return found
        except NoWorkingTime:
            return None
    return None


@transaction.atomic
def make_meeting(*, monday: date, starts_at, now=None) -> Meeting | None:
    """By nobody: the desk itself. The one row of a week decides between two at once."""
    now = now or timezone.now()
    roster, rules = Roster(now), CompanySettings.current()
    seats = invited(roster)
    chair = next((seat.person for seat in seats if seat.department.code == Department.Code.SALES), None)
    if chair is None:
        return None
    meeting, is_new = Meeting.objects.get_or_create(monday=monday, defaults={
        "starts_at": starts_at, "length_minutes": rules.meeting_minutes, "place": rules.meeting_place,
        "chair": chair, "created_at": now,
    })
    if not is_new:
        return None
    for seat in seats:
        seat.meeting = meeting
    Attendance.objects.bulk_create(seats)
    write_agenda(meeting, now)
    record("meeting.planned", gettext_noop("The meeting of the week is planned: {when}. Chair: {chair}"), by=None,
           stream=meeting.stream, params={"when": moment(starts_at), "chair": str(chair)})
    invite(meeting, "planned", INVITED)
    return meeting


def invited(roster: Roster) -> list[Attendance]:
    """The heads, each with who stands in; a department without anybody has no seat."""
    found = []
    for department in roster.departments.values():
        person = roster.head_of(department)
        if person:
            absent = department.head if department.head_id and department.head_id != person.pk else None
            found.append(Attendance(department=department, person=person, stands_in_for=absent))
    return sorted(found, key=lambda seat: SEATS.index(seat.department.code))


def write_agenda(meeting, now) -> None:
    """In the order of the policy; with nothing at risk the problems get less time."""
    minutes = dict(MINUTES)
    if not reports.at_risk(now).exists():
        minutes[Kind.PROBLEMS] = SHORT_MINUTES
    AgendaItem.objects.bulk_create(
        AgendaItem(meeting=meeting, position=position, kind=kind, minutes=minutes[kind])
        for position, kind in enumerate(minutes)
    )


def invite(meeting, event, text, by=None, **params) -> None:
    """The message and the letter carry the calendar file, whose number grows with each change."""
    seats = meeting.attendances.select_related("person")
    tell(
        key=f"meeting:{meeting.pk}:{event}:{meeting.sequence}", recipients=[seat.person for seat in seats], text=text,
        params={"when": moment(meeting.starts_at), "place": meeting.place or meeting.link or "–",
                "chair": str(meeting.chair), **params},
        url=meeting.get_absolute_url(), source=meeting.stream, by=by, calendar=calendar_of(meeting),
    )


# Changes before it starts


def lock(meeting_id, version=None) -> Meeting:
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("chair", "minute_taker").get(pk=meeting_id)
    if version is not None and version != meeting.version:
        raise Changed(_("Somebody changed the meeting meanwhile. Yours was not saved."))
    return meeting


def save(meeting, *fields) -> None:
    meeting.version += 1
    meeting.save(update_fields=[*fields, "version"])


def may_chair(meeting, user) -> bool:
    """The chair, or whoever of sales may decide there now: its head, a deputy, who holds the right for them."""
    return user.is_active and (user.pk == meeting.chair_id or user.may(Right.ORDER_DECIDE))


def require_chair(meeting, by) -> None:
    if not may_chair(meeting, by):
        raise NotYours(_("Sales takes the chair of this meeting."), who=[meeting.chair])


def require_planned(meeting) -> None:
    if not meeting.is_planned:
        raise GateShut(_("This meeting cannot be changed any more."),
                       because=_("It is %(state)s.") % {"state": meeting.get_state_display()}, who=[meeting.chair])


@transaction.atomic
def move_meeting(*, meeting_id, by, starts_at, length_minutes, place, link, reason, version=None) -> Meeting:
    """Another time or place, within its week; everybody gets the new calendar entry."""
    meeting = lock(meeting_id, version)
    require_chair(meeting, by)
    require_planned(meeting)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others understand."), field="reason")
    if starts_at < timezone.now():
        raise BadInput(_("A meeting is moved to a time to come."), field="starts_at")
    if not meeting.week.start <= starts_at < meeting.week.end:
        raise BadInput(_("A meeting stays in its week: every week has its own."), field="starts_at")
    meeting.starts_at, meeting.length_minutes, meeting.place, meeting.link = starts_at, length_minutes, place, link
    meeting.sequence += 1
    save(meeting, "starts_at", "length_minutes", "place", "link", "sequence")
    record("meeting.moved", MOVED, by=by, stream=meeting.stream, params={
        "when": moment(starts_at), "place": place or link or "–", "reason": reason.strip()})
    invite(meeting, "moved", MOVED, by=by, reason=reason.strip())
    return meeting


@transaction.atomic
def cancel_meeting(*, meeting_id, by, reason, version=None) -> Meeting:
    """This week has none; the open actions wait for the next one."""
    meeting = lock(meeting_id, version)
    require_chair(meeting, by)
    require_planned(meeting)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others understand."), field="reason")
    meeting.state, meeting.cancelled_at, meeting.cancelled_by = Meeting.State.CANCELLED, timezone.now(), by
    meeting.cancel_reason = reason.strip()[:300]
    meeting.sequence += 1
    save(meeting, "state", "cancelled_at", "cancelled_by", "cancel_reason", "sequence")
    record("meeting.cancelled", CANCELLED, by=by, stream=meeting.stream,
           params={"when": moment(meeting.starts_at), "reason": meeting.cancel_reason})
    invite(meeting, "cancelled", CANCELLED, by=by, reason=meeting.cancel_reason)
    return meeting


@transaction.atomic
def add_agenda_item(*, meeting_id, by, title, minutes, version=None) -> AgendaItem:
    """What an invited person wants to speak about: before the minutes are confirmed."""
    meeting = lock(meeting_id, version)
    require_planned(meeting)
    if not is_invited(meeting, by):
        raise NotYours(_("Who is invited can add to the agenda."), who=[meeting.chair])
    last = meeting.agenda.get(kind=Kind.MINUTES)
    place = last.position
    last.position += 1
    last.save(update_fields=["position"])
    item = AgendaItem.objects.create(meeting=meeting, position=place, kind=Kind.EXTRA, title=title.strip(),
                                     minutes=minutes, proposed_by=by)
    save(meeting)
    record("meeting.agenda", gettext_noop("On the agenda: {title}, {minutes} minutes"), by=by, stream=meeting.stream,
           params={"title": item.title, "minutes": minutes})
    return item


def is_invited(meeting, user) -> bool:
    return may_chair(meeting, user) or meeting.attendances.filter(person=user).exists()


@transaction.atomic
def name_minute_taker(*, meeting_id, by, person, version=None) -> Meeting:
    """Beside the chair one more person may write down outcomes."""
    meeting = lock(meeting_id, version)
    require_chair(meeting, by)
    if not (meeting.is_planned or meeting.is_running):
        raise closed(meeting)
    meeting.minute_taker = person
    save(meeting, "minute_taker")
    record("meeting.minute_taker", gettext_noop("{person} takes the minutes"), by=by, stream=meeting.stream,
           params={"person": str(person)})
    return meeting


def closed(meeting) -> GateShut:
    what = _("The meeting is closed. Ask %(chair)s to reopen it (2 days).") % {"chair": meeting.chair}
    if (meeting.is_closed and meeting.reopen_until < timezone.now()) or meeting.is_confirmed:
        what = _("The meeting is closed and its minutes stand.")
    if meeting.is_cancelled:
        what = _("The meeting is cancelled.")
    return GateShut(what, because=(meeting.closed_at and _("It was closed %(when)s.") % {
        "when": when(meeting.closed_at)}) or "", who=[meeting.chair])


@transaction.atomic
def call_roll(*, meeting_id, by, present, version=None) -> Meeting:
    """Which departments' seats are taken: `present` are their keys."""
    meeting = lock(meeting_id, version)
    require_minutes(meeting, by)
    if not (meeting.is_planned or meeting.is_running):
        raise closed(meeting)
    now = timezone.now()
    for seat in meeting.attendances.all():
        is_present = seat.department_id in present
        if seat.is_present != is_present:
            seat.is_present, seat.came_at = is_present, now if is_present else None
            seat.save(update_fields=["is_present", "came_at"])
    save(meeting)
    count = meeting.attendances.filter(is_present=True).count()
    record("meeting.roll", gettext_noop("Present: {count} departments"), by=by, stream=meeting.stream,
           params={"count": count})
    return meeting


def may_write(meeting, user) -> bool:
    return may_chair(meeting, user) or (user.is_active and user.pk == meeting.minute_taker_id)


def require_minutes(meeting, by) -> None:
    if not may_write(meeting, by):
        raise NotYours(_("The chair and the minute-taker write down what the meeting decides."),
                       who=list(filter(None, [meeting.chair, meeting.minute_taker])))


