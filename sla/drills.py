"""A test escalation: a real work item with a short limit travels a ladder, told to whoever starts it alone.

Its limit is a version made on the spot. Each of its steps names the administrator, and says whom the step it stands
for would have reached. Sweep, outbox and channels are those of every day; a group robot has readers and is left out.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, GateShut, Remedy
from desk.text import word
from notifications.models import Channel, Notification, Outbox
from people.duty import stand_in
from people.models import Department
from records.actions import CLOCK, record
from sla.actions.common import calls_of
from sla.actions.items import cancel, finish, open_item
from sla.actions.sweeping import key_of
from sla.kinds import Kind
from sla.models import SHORTEST_TARGET, Escalation, EscalationStep, Policy, PolicyVersion, WorkItem
from sla.projection import moment_of
from sla.recipients import Reach

MOST_MINUTES = 10
PERSONAL = ("in_app", "email")
POST_IS_AWAITED = timedelta(minutes=5)
SUBJECT = gettext_noop("Drill of the ladder of {work}, {department}")
STOPPED = gettext_noop("Stopped")


def living():
    return WorkItem.objects.living().filter(policy_version__policy__kind=Kind.DRILL)


def ended():
    """The latest first; their names lie in the versions made for them."""
    found = WorkItem.objects.filter(policy_version__policy__kind=Kind.DRILL, closed_at__isnull=False)
    return found.select_related("opened_by").order_by("-policy_version__number")


@transaction.atomic
def start(*, policy, department, minutes, by, now=None) -> WorkItem:
    """The whole ladder in so many minutes, each level at its share of them; repeats are left out."""
    now = now or timezone.now()
    drill, _is_new = Policy.objects.get_or_create(kind=Kind.DRILL, urgency_class="")
    Policy.objects.select_for_update().get(pk=drill.pk)
    _refuse_second(by)
    _refuse_absent(by, now)
    version = policy.current
    if version is None:
        raise GateShut(_("No version of this time limit is in force."))
    made = PolicyVersion.objects.create(
        policy=drill, number=drill.versions.count() + 1, target_seconds=max(SHORTEST_TARGET, minutes * 60),
        reason=str(policy)[:300], in_force_from=now, made_at=now, made_by=by,
    )
    EscalationStep.objects.bulk_create(_steps(version, made, department, by, now))
    names = {"work": word(policy.kind_label), "department": word(Department.Code(department.code).label)}
    item = open_item(
        kind=Kind.DRILL, source=f"drill:{made.pk}", subject=SUBJECT, params=names, url=reverse("sla:clock"),
        department=Department.objects.get(code=Department.Code.MANAGEMENT), assignee=by, by=by, now=now,
        due_at=now + timedelta(minutes=minutes),
    )
    item.url = reverse("sla:drill", args=[item.pk])
    item.save(update_fields=["url"])
    record("drill", gettext_noop("A drill was started: {work}, {department}, {minutes} minutes."), by=by, stream=CLOCK,
           params=names | {"minutes": minutes}, at=now)
    return item


def _refuse_second(by) -> None:
    other = living().select_related("opened_by").first()
    if other:
        raise Changed(
            _("A drill is under way already."), who=[other.opened_by], remedy=Remedy(_("See the drill"), other.url)
        )


def _refuse_absent(by, now) -> None:
    """What is told to somebody who is away goes to who stands in: that is not whom a drill may reach."""
    if stand_in(by, now) != by:
        raise GateShut(_("You are entered as away: the drill would reach who stands in for you."))


def _steps(version, made, department, by, now) -> list[EscalationStep]:
    steps = list(version.steps.all())
    item, reach = WorkItem(department=department, kind=version.policy.kind), Reach(now)
    shares = _shares([step.threshold(version.target_seconds) for step in steps])
    return [
        EscalationStep(
            version=made, level=step.level, at_percent=share, recipients=[EscalationStep.Recipient.PERSON], person=by,
            channels=[channel for channel in step.channels if channel in PERSONAL] or list(PERSONAL[:1]),
            stands_for=", ".join(str(person) for person in reach.of_step(item, step))[:300] or "—",
        )
        for step, share in zip(steps, shares, strict=True)
    ]  # fmt: skip


def _shares(thresholds) -> list[int]:
    """Percent of the whole ladder's time, one after the other."""
    shares, last = [], 0
    for number, threshold in enumerate(thresholds):
        later = len(thresholds) - number - 1
        last = min(max(round(threshold * 100 / thresholds[-1]), last + 1), 100 - later)
        shares.append(last)
    return shares


def stop(item, *, by, now=None) -> WorkItem:
    return cancel(item, STOPPED, by=by, now=now)


def end_done(now=None) -> int:
    """Drills whose last level was dealt with and whose letters are out, or were awaited long enough."""
    now = now or timezone.now()
    ended = 0
    for item in living().filter(next_fire_at__isnull=True):
        is_awaited = Outbox.objects.unsent().filter(source=item.message_source).exists()
        if not is_awaited or now - item.due_at > POST_IS_AWAITED:
            finish(item, by=None, now=now)
            ended += 1
    return ended


@dataclass(frozen=True)
class Level:
    number: int
    stands_for: str
    planned_at: object
    escalation: Escalation | None
    messages: list  # (channel, state) of what was written for it


def levels(item) -> list[Level]:
    """The ladder of a drill, as far as it has come: three statements."""
    fired = {row.level: row for row in item.escalations.all()}
    calls = calls_of(item)
    keys = {key_of(item, call): call.level for call in calls}
    messages = {call.level: [] for call in calls}
    for key in Notification.objects.filter(recipient=item.opened_by, key__in=keys).values_list("key", flat=True):
        messages[keys[key]].append((Channel.IN_APP.label, _("Shown")))
    for letter in Outbox.objects.filter(recipient=item.opened_by, event__in=keys).order_by("pk"):
        messages[keys[letter.event]].append((letter.get_channel_display(), letter.get_state_display()))
    return [
        Level(call.level, call.step.stands_for, _planned(item, call, fired), fired.get(call.level),
              messages[call.level])
        for call in calls
    ]  # fmt: skip


def _planned(item, call, fired):
    if call.level in fired:
        return fired[call.level].planned_at
    return moment_of(item, call.threshold) if item.running_since else None
