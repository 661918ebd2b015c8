"""What waits for whom, and whether the clock itself is well."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.faces import ClockFace, ItemGroup
from desk.keyset import Page, paginate
from desk.text import render
from notifications.reports import backlog
from people.models import Absence
from sla.actions import watching
from sla.item_acts import stood_in
from sla.kinds import Kind
from sla.models import Escalation, Heartbeat, ItemAct, Policy, PolicyVersion, WorkCalendar, WorkItem

ONE_HOUR = timedelta(hours=1)
JUST_NOW = timedelta(seconds=10)
LONGEST_DELAY = 5 * 60
JUMPS_SHOWN = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """One line of "My work"."""

    item: WorkItem
    face: ClockFace
    absent: object = None  # for whom the person who looks stands in


def rows(items, now=None, user=None) -> list[Row]:
    now = now or timezone.now()
    return [Row(item, item.face(now), user and stood_in(user, item)) for item in items]


# Keyset pages need a column without NULL: what has no due time (its clock stands) comes last.
DUE = Coalesce("due_at", Value(datetime(9999, 1, 1, tzinfo=UTC)))


def absence_of(user, now) -> Absence | None:
    """The one that is on, with who stands in."""
    return Absence.objects.current(now).filter(person=user).select_related("delegate").first()


def living_page(items, cursor=None) -> Page:
    """A page of living items, soonest first: one query whatever their number."""
    items = items.living().select_related("department", "assignee").annotate(due_or_never=DUE)
    return paginate(items, ("due_or_never", "pk"), cursor)


def copied_to(user):
    return ItemAct.objects.filter(act=ItemAct.Act.COPY, person=user).select_related(
        "item__department", "item__assignee", "by"
    )


def done_by(user):
    return WorkItem.objects.filter(closed_by=user, closed_at__isnull=False).select_related("department", "assignee")


def counts(user) -> dict:
    """For the tabs, each from its own index; Done has no end, so it is not counted."""
    mine = WorkItem.objects.living().for_person(user).order_by().values_list("is_decision").annotate(Count("pk"))
    found = dict(mine)
    return {
        "decide": found.get(True, 0), "do": found.get(False, 0),
        "started": WorkItem.objects.living().filter(opened_by=user).count(),
        "copied": ItemAct.objects.filter(act=ItemAct.Act.COPY, person=user, item__closed_at__isnull=True).count(),
    }


def next_to_run_out(user) -> WorkItem | None:
    """For who has nothing to do: the next clock of the department."""
    if not user.department_id:
        return None
    items = WorkItem.objects.living().in_earnest().filter(department=user.department_id, due_at__isnull=False)
    return items.select_related("department", "assignee").order_by("due_at").first()


def escalated_to(items, now=None) -> list[str]:
    """Whom the ladder has told of these items, the highest level of each: one query."""
    late = [item.pk for item in items if _group_of(item, now or timezone.now()) == "past"]
    told = Escalation.objects.filter(item__in=late, outcome=Escalation.Outcome.FIRED, level__gt=1).order_by("level")
    highest = {row.item_id: row.recipients for row in told}
    return list(dict.fromkeys(person["name"] for people in highest.values() for person in people))


def just_done(user, pk, now=None) -> WorkItem | None:
    """What the person decided a moment ago: the bar on top of the list speaks of it."""
    since = (now or timezone.now()) - JUST_NOW
    return WorkItem.objects.filter(pk=pk, closed_by=user, closed_at__gte=since).first() if pk else None


def groups(items, now=None, user=None) -> list[ItemGroup]:
    """Items by how soon they are due, those whose clock stands last."""
    now = now or timezone.now()
    names = {
        "past": (_("Past the limit"), "octagon"), "hour": (_("Due within 1 hour"), "triangle"),
        "today": (_("Today"), "clock"), "later": (_("Later"), "calendar"),
        "waiting": (_("Waiting for others"), "pause"),
    }
    sorted_rows = {code: [] for code in names}
    for row in rows(items, now, user):
        sorted_rows[_group_of(row.item, now)].append(row)
    notes = {"waiting": _("your clock is stopped"), "past": _told(escalated_to(items, now))}
    return [ItemGroup(code, *names[code], found, notes.get(code, "")) for code, found in sorted_rows.items() if found]


def _told(names) -> str:
    return _("escalated to %(names)s") % {"names": _(", ").join(names)} if names else ""


def _group_of(item: WorkItem, now: datetime) -> str:
    if item.state == WorkItem.State.PAUSED or item.due_at is None:
        return "waiting"
    if item.due_at < now:
        return "past"
    if item.due_at <= now + ONE_HOUR:
        return "hour"
    return "today" if timezone.localdate(item.due_at) == timezone.localdate(now) else "later"


def pressing(user, now=None):
    """For the rail: past the limit or due within the hour."""
    soon = (now or timezone.now()) + ONE_HOUR
    return WorkItem.objects.living().for_person(user).filter(due_at__lte=soon)


def limits() -> list[Policy]:
    """All time limits, each with its `newest` version and the one `in_force`, which may be older."""
    versions = PolicyVersion.objects.filter(policy=OuterRef("pk")).order_by("-number").values("pk")[:1]
    in_force = PolicyVersion.objects.in_force().filter(policy=OuterRef("pk")).values("pk")[:1]
    policies = Policy.objects.exclude(kind=Kind.DRILL)
    policies = list(policies.annotate(newest_id=Subquery(versions), in_force_id=Subquery(in_force)))
    keys = {key for policy in policies for key in (policy.newest_id, policy.in_force_id)}
    found = PolicyVersion.objects.select_related("policy", "calendar", "made_by", "change__decided_by")
    found = found.prefetch_related("steps").in_bulk([key for key in keys if key])
    for policy in policies:
        policy.newest, policy.in_force = found.get(policy.newest_id), found.get(policy.in_force_id)
    return policies


def heartbeats() -> list[Heartbeat]:
    return list(Heartbeat.objects.order_by("period_seconds", "name"))


@dataclass(frozen=True)
class Health:
    problems: tuple[str, ...]  # the clock or the post stands: red
    warnings: tuple[str, ...]  # single items or letters that an administrator should look at
    oldest_due_seconds: int
    oldest_letter_seconds: int

    @property
    def is_ok(self) -> bool:
        return not self.problems


def health(now=None) -> Health:
    """The dead man's handle: red when nobody sweeps, or when what is due stays undone."""
    now = now or timezone.now()
    beats = {beat.name: beat for beat in Heartbeat.objects.all()}
    due = WorkItem.objects.due(now).in_earnest().values_list("next_fire_at", flat=True).first()
    waited = int((now - due).total_seconds()) if due else 0
    post = backlog(now)
    problems = _late_jobs([beat for beat in beats.values() if beat.is_late(now)])
    if "sweep" not in beats:
        problems.append(_("The clock has never run: start a worker or `manage.py run_sla`."))
    if waited > LONGEST_DELAY:
        problems.append(_("A task that is due has waited %(minutes)d minutes.") % {"minutes": waited // 60})
    if post.oldest_seconds > LONGEST_DELAY:
        problems.append(_("A letter has waited %(minutes)d minutes.") % {"minutes": post.oldest_seconds // 60})
    return Health(tuple(problems), tuple(_warnings(now, post, beats.values())), waited, post.oldest_seconds)


def _late_jobs(beats) -> list[str]:
    """One sentence, however many: where no worker runs all of them are late."""
    if len(beats) < 2:
        return [_("The job “%(job)s” last ran at %(time)s.") % {"job": beat.name, "time": _moment(beat.ok_at)}
                for beat in beats]
    names = _(", ").join(beat.name for beat in beats)
    last = max(beat.ok_at for beat in beats)
    return [_("%(count)d jobs are late, the last of them ran at %(time)s: %(jobs)s.")
            % {"count": len(beats), "time": _moment(last), "jobs": names}]


def _warnings(now, post, beats) -> list[str]:
    poisoned = WorkItem.objects.living().in_earnest().filter(failures__gt=0).count()
    found = []
    if poisoned:
        found.append(_("%(count)d tasks could not be escalated.") % {"count": poisoned})
    if post.dead:
        found.append(_("%(count)d letters were not delivered.") % {"count": post.dead})
    found += [_("The job “%(job)s” could not do its work.") % {"job": beat.name} for beat in beats if beat.fault]
    jumps = watching.jumps(now - JUMPS_SHOWN, now + ONE_HOUR)
    found += [f"{_moment(jump.at)} {render(jump.text, jump.params)}" for jump in jumps]
    found += [_("Working calendar %(calendar)s: holidays are known until %(date)s only.")
              % {"calendar": calendar, "date": calendar.covered_until.isoformat()}
              for calendar in running_out(now)]
    return found


def needed_until(now=None) -> date:
    """How far holidays should be known: from 1 November on those of the next year are announced."""
    today = timezone.localdate(now)
    return date(today.year + (today.month >= 11), 12, 31)


def running_out(now=None) -> list[WorkCalendar]:
    """Calendars that time limits count by and whose holidays are not known that far."""
    short = WorkCalendar.objects.filter(covered_until__lt=needed_until(now))
    return list(short.filter(pk__in=PolicyVersion.objects.values("calendar")).order_by("covered_until", "pk"))


def _moment(value) -> str:
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
