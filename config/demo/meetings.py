"""The weekly meeting in the demo company: last week's is held and confirmed, this week's is planned."""

from datetime import datetime, timedelta

import time_machine
from django.db import transaction

from coordination import actions
from coordination.actions.meeting import usual_start
from coordination.models import Confirmation, Meeting, Outcome
from kpi.weeks import Week
from people.models import User

Kind = Outcome.Kind
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@transaction.atomic
def play(now: datetime) -> None:
    """By the real acts, all within the day of the meeting; whole or not at all, so that no sweep meets its tasks."""
    last = Week.now(now) - 1
    starts_at = usual_start(last)
    if starts_at is None or Meeting.objects.filter(monday=last.monday).exists():
        return
    with _at(starts_at - 2 * HOUR):
        actions.ensure_meetings()  # this week's too, as it was planned then
    meeting = Meeting.objects.get(monday=last.monday)
    done = _hold(meeting, starts_at)
    for number, answer in enumerate(meeting.confirmations.filter(state=Confirmation.State.ASKED), start=1):
        with _at(starts_at + HOUR + 5 * number * MINUTE):
            actions.answer_minutes(confirmation_id=answer.pk, by=answer.person)
    with _at(starts_at + 5 * HOUR):
        actions.finish_action(outcome_id=done.pk, by=done.person, result="宏达样件检验合格，已列入备用供应商")


def _hold(meeting, starts_at) -> Outcome:
    """Through the agenda, with a decision and two actions; the answer is the one that is done the same day."""
    cast = {user.username: user for user in User.objects.select_related("department")}
    said = {"meeting_id": meeting.pk, "by": meeting.chair}
    with _at(starts_at):
        actions.start_meeting(**said)
        actions.call_roll(present=set(meeting.attendances.values_list("department_id", flat=True)), **said)
    for position, minutes in ((1, 4), (2, 12), (3, 20), (4, 26)):
        with _at(starts_at + minutes * MINUTE):
            actions.go_to(position=position, **said)
    with _at(starts_at + 27 * MINUTE):
        actions.record_outcome(kind=Kind.DECISION, text="CNC-3 本月增开夜班，加班单由计划直接提交", **said)
        done = actions.record_outcome(kind=Kind.ACTION, text="建立 6061 板料备用供应商", person=cast["wang"],
                                      due_at=starts_at + 3 * DAY, **said)
        actions.record_outcome(kind=Kind.ACTION, text="增购夹具 F-118 第二套", person=cast["zhou"],
                               due_at=starts_at + 9 * DAY, **said)
        actions.close_meeting(**said)
    return done


def _at(moment):
    return time_machine.travel(moment, tick=False)
