"""The sweep. The database is the timer: it may be called by anybody, at any time, twice."""

import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from desk.text import moment, sentence, word
from notifications.actions import Message, tell_all
from people.models import Department, User
from sla.actions.common import State, calls_of, escalation, save_all
from sla.actions.items import run_again
from sla.actions.watching import SWEEP_SECONDS, beat
from sla.models import Acknowledgement, Escalation, EscalationStep, Heartbeat, PolicyVersion, WorkItem
from sla.projection import Call, due_of, moment_of, point_at, project, unclaimed_until, upcoming
from sla.recipients import Reach

log = logging.getLogger(__name__)

OUTAGE = timedelta(minutes=10)


@dataclass
class SweepResult:
    taken: int = 0
    fired: int = 0
    superseded: int = 0
    silenced: int = 0
    nobody: int = 0
    breached: int = 0
    resumed: int = 0
    failed: int = 0
    lag_seconds: int = 0
    is_full: bool = False  # as many as were asked for: there may be more
    faults: list = field(default_factory=list)

    COUNTED: ClassVar = ("taken", "fired", "superseded", "silenced", "nobody", "breached", "resumed", "failed")

    @property
    def counts(self) -> dict:
        return {name: getattr(self, name) for name in self.COUNTED}

    def add(self, counts: Counter) -> None:
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)


def sweep(now=None, limit=500) -> SweepResult:
    """Deal with every item whose moment has come, in one short transaction."""
    now = now or timezone.now()
    behind_since = _behind_since(now)
    result = SweepResult()
    with transaction.atomic():
        items = list(WorkItem.objects.due(now).select_for_update(skip_locked=True)[:limit])
        if items:
            result.taken = len(items)
            result.lag_seconds = int((now - items[0].next_fire_at).total_seconds())
            _fire_safely(items, now, behind_since, result)
    result.is_full = result.taken == limit
    if behind_since and not result.is_full and not WorkItem.objects.due(now).exists():
        behind_since = None  # nor has another sweep any of it in its hands
    beat("sweep", period_seconds=SWEEP_SECONDS, now=now, lag_seconds=result.lag_seconds, counts=result.counts,
         behind_since=behind_since)
    return result


def _behind_since(now):
    """Since when nobody swept, while what piled up meanwhile is being worked off."""
    heart = Heartbeat.objects.filter(name="sweep").first()
    if heart is None:
        return None
    if heart.behind_since is None and now - heart.ok_at > OUTAGE:
        Heartbeat.objects.filter(pk=heart.pk, behind_since__isnull=True).update(behind_since=heart.ok_at)
        return heart.ok_at
    return heart.behind_since


def _fire_safely(items, now, behind_since, result) -> None:
    """All together. If that fails, each alone: a poisoned one is rolled back, pushed back and shown."""
    for item in items:
        if item.failures:
            _fire_alone(item.pk, now, behind_since, result)
    items = [item for item in items if not item.failures]
    try:
        with transaction.atomic():
            counts = Batch(items, now, behind_since).fire()
    except Exception:
        log.exception("%d work items could not be swept together", len(items))
        for item in items:
            _fire_alone(item.pk, now, behind_since, result)
    else:
        result.add(counts)


def _fire_alone(pk, now, behind_since, result) -> None:
    item = WorkItem.objects.get(pk=pk)
    try:
        with transaction.atomic():
            counts = Batch([item], now, behind_since).fire()
    except Exception as problem:
        log.exception("Work item %s could not be swept", pk)
        result.failed += 1
        result.faults.append(pk)
        wait = timedelta(minutes=min(60, 2 ** min(item.failures, 6)))
        WorkItem.objects.filter(pk=pk).update(
            failures=item.failures + 1, fault=f"{type(problem).__name__}: {problem}"[:1000], next_fire_at=now + wait
        )
    else:
        result.add(counts)


SWEPT = ("state", "assignee", "due_at", "is_provisional", "next_fire_at", "next_level", "next_repeat", "failures",
         "fault", "version")  # fmt: skip
UNCLAIMED = gettext_noop("Nobody took this, so it is yours now: {what}. {about}. Due {due}.")


class Batch:
    """Locked items whose moment has come: read with what they need, turned in memory, written together."""

    def __init__(self, items, now, behind_since):
        self.items, self.now, self.behind_since = items, now, behind_since
        self.reach = Reach(now)
        self.counts, self.escalations, self.messages = Counter(), [], []

    def fire(self) -> Counter:
        self._read()
        for item in self.items:
            if item.state == State.PAUSED:
                run_again(item, now=item.next_fire_at)
                self.counts["resumed"] += 1
            else:
                self._fire(item)
        Escalation.objects.bulk_create(self.escalations, ignore_conflicts=True)
        tell_all(self.messages, now=self.now)
        save_all([item for item in self.items if item.state != State.PAUSED], SWEPT)
        return self.counts

    def _read(self) -> None:
        people = User.objects.in_bulk({item.assignee_id for item in self.items if item.assignee_id})
        versions = PolicyVersion.objects.in_bulk({item.policy_version_id for item in self.items})
        for item in self.items:
            item.policy_version = versions[item.policy_version_id]
            item.department = self.reach.department(item.department_id)
            item.assignee = people.get(item.assignee_id)
        keys = [item.pk for item in self.items]
        self.done, self.silent_to = defaultdict(set), defaultdict(int)
        for pk, *place in Escalation.objects.filter(item__in=keys).values_list("item_id", "level", "repeat"):
            self.done[pk].add(tuple(place))
        known = Acknowledgement.objects.filter(item__in=keys, until__gt=self.now)
        for pk, level in known.values_list("item_id", "level"):
            self.silent_to[pk] = max(level, self.silent_to[pk])

    def _fire(self, item) -> None:
        calls = calls_of(item)
        if item.state == State.RUNNING and due_of(item) <= self.now:
            item.state = State.BREACHED
            self.counts["breached"] += 1
        due = self._due(item, calls)
        if item.is_unclaimed and unclaimed_until(item) <= self.now:
            self._give_to_head(item, is_told_anyway=bool(due))
        if due:
            self._speak(item, due)
            known = self.done[item.pk].union(call.place for call, _at in due)
            point_at(item, next((call for call in calls if call.place not in known), None))
        item.failures, item.fault = 0, ""
        project(item, calls)

    def _due(self, item, calls) -> list[tuple]:
        moments = ((call, moment_of(item, call.threshold)) for call in upcoming(item, calls))
        return list(takewhile(lambda pair: pair[1] <= self.now, moments))

    def _give_to_head(self, item, *, is_told_anyway) -> None:
        """Taken by nobody at a quarter of its limit. The escalation is its audit: no stream is locked here."""
        head = self.reach.of_unclaimed(item)
        if head is None:
            item.has_no_taker = True
            return
        item.assignee = head
        item.version += 1
        self.escalations.append(escalation(item, Call(0, 0, 0, None), self.now, Outcome.FIRED, [head], self.now))
        if not is_told_anyway:
            self._say(item, f"{item.message_source}:unclaimed", [head], UNCLAIMED)

    def _speak(self, item, due) -> None:
        """Of all that is due only the highest call is heard; each of the others leaves its record."""
        silent_to = self.silent_to[item.pk]
        due = [(call, at) for call, at in due if call.place not in self.done[item.pk]]
        heard = [call for call, _at in due if not (call.repeat and call.level <= silent_to)][-1:]
        people = self.reach.of_step(item, heard[0].step) if heard else []
        for call, at in due:
            outcome = _outcome(call, heard, silent_to, people)
            self.escalations.append(escalation(item, call, at, outcome, people, self.now))
            self.counts[COUNTED_AS[outcome]] += 1
        if people:
            self._say(item, key_of(item, heard[0]), people, words_of(item, heard[0]), step=heard[0].step)

    def _say(self, item, key, people, text, step=None) -> None:
        """After an outage one message for a person and a source, whatever number of clocks ran out meanwhile."""
        source = item.message_source
        if self.behind_since is not None:
            key, source = f"{item.source}:behind:{self.behind_since.isoformat()}", ""
        self.messages.append(message(item, key, people, text, source=source, step=step))


Outcome = Escalation.Outcome
COUNTED_AS = {Outcome.FIRED: "fired", Outcome.SUPERSEDED: "superseded", Outcome.ACKNOWLEDGED: "silenced",
              Outcome.NOBODY: "nobody"}  # fmt: skip


def _outcome(call, heard, silent_to, people):
    if call in heard:
        return Outcome.FIRED if people else Outcome.NOBODY
    is_silent = call.repeat and call.level <= silent_to
    return Outcome.ACKNOWLEDGED if is_silent else Outcome.SUPERSEDED


REMINDER = gettext_noop("Reminder: {what}. {about}. Due {due}.")
AHEAD = gettext_noop("Soon due: {what}. {about}. Due {due}. Asked before: {who}.")
OVER = gettext_noop("Past the limit: {what}. {about}. It was due {due}. Asked before: {who}.")


DRILL = gettext_noop("Drill: would go to {drilled}. {what}. {about}. Due {due}.")


def key_of(item, call) -> str:
    return f"{item.message_source}:{call.level}:{call.repeat}"


def words_of(item, call) -> str:
    if call.step.stands_for:
        return DRILL
    if item.state == State.BREACHED:
        return OVER
    return REMINDER if call.step.recipients == [EscalationStep.Recipient.ASSIGNEE] else AHEAD


def message(item, key, people, text, *, source, step=None) -> Message:
    channels = {"channels": tuple(step.channels)} if step else {}
    params = _message_params(item) | ({"drilled": step.stands_for} if step and step.stands_for else {})
    return Message(key=key, recipients=people, text=text, params=params, url=item.url, source=source, is_urgent=True,
                   department=item.department_id, **channels)


def _message_params(item) -> dict:
    about = sentence(item.detail, item.detail_params) if item.detail else item.source_label
    owner = str(item.assignee) if item.assignee else word(Department.Code(item.department.code).label)
    return {
        "what": sentence(item.subject, item.params), "about": about or word(item.kind_label),
        "due": moment(item.due_at), "who": owner,
    }
