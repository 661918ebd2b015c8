"""Changes of time limits: what each would do, whether a second person decides it, and how it comes into force.

Several limits may change at once, and then all of them do or none.
"""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest, Remedy
from desk.text import day, when
from notifications.actions import tell
from people.duty import hands_of, who_may
from people.models import Department, User
from people.roles import Right
from records.actions import record
from sla import actions, effects
from sla.kinds import Kind
from sla.limits import Rule, problems
from sla.models import LimitChange, Policy, PolicyVersion, WorkCalendar, WorkItem
from sla.recipients import Reach

Mode, State = LimitChange.Mode, LimitChange.State
SHORTEST_REASON = 4


# What a change would do


@dataclass(frozen=True)
class Terms:
    """From when on, and why."""

    mode: str = Mode.NEW
    reason: str = ""
    from_date: date | None = None
    tells_passed: bool = False

    def in_force_from(self, now) -> datetime:
        if self.mode != Mode.DATE:
            return now
        return timezone.make_aware(datetime.combine(self.from_date, time.min))


@dataclass
class Outlook:
    """The effects on the clocks that run, counted by what they are about: an order once, whatever its tasks."""

    effects: list = field(default_factory=list)
    told: int = 0  # people whom the levels already passed would reach

    def _sources(self, is_it) -> set:
        return {effect.item.source for effect in self.effects if is_it(effect)}

    @property
    def touched(self) -> int:
        return len(self._sources(lambda effect: True))

    @property
    def late(self) -> int:
        return len(self._sources(lambda effect: effect.is_late_now))

    @property
    def sooner(self) -> int:
        """Still in time."""
        sooner = self._sources(lambda effect: effect.is_sooner and not effect.is_stopped)
        return len(sooner - self._sources(lambda effect: effect.was_late or effect.is_late_now))

    @property
    def late_before(self) -> int:
        return len(self._sources(lambda effect: effect.was_late))

    @property
    def stopped(self) -> int:
        return len([effect for effect in self.effects if effect.is_stopped])

    @property
    def moved(self) -> list:
        """Newly late ones first, then by their new moment."""
        found = [effect for effect in self.effects if not effect.is_stopped and effect.old_due != effect.new_due]
        return sorted(found, key=lambda effect: (not effect.is_late_now, effect.new_due, effect.item.pk))

    @property
    def needs_second(self) -> bool:
        return self.late > settings.LATE_AT_ONCE_ALONE


def outlook(rules: list[Rule], now=None) -> Outlook:
    """What the clocks that run would show if these rules were theirs. Nothing is saved."""
    now = now or timezone.now()
    found = []
    for rule in rules:
        steps = rule.ladder()
        shown = effects.preview(running(rule), version=rule.version(), steps=steps, now=now)
        found += [(effect, steps) for effect in shown]
    return Outlook([effect for effect, _steps in found], _told(found, now))


def running(rule: Rule):
    """The clocks that the rule's limit set; of a class without one of its own, those that its kind's set."""
    own = Policy.objects.filter(kind=rule.kind, urgency_class=rule.urgency_class).first()
    if own is not None:
        return effects.running_under(own)
    general = Policy.objects.filter(kind=rule.kind, urgency_class="").first()
    if general is None:
        return WorkItem.objects.none()
    return effects.running_under(general).filter(urgency_class=rule.urgency_class)


def _told(found, now) -> int:
    """Of each clock only the highest level speaks."""
    people, reach = set(), Reach(now)
    for effect, steps in found:
        if effect.calls_now:
            step = next(step for step in steps if step.level == effect.calls_now[-1])
            people |= {person.pk for person in reach.of_step(effect.item, step)}
    return len(people)


# Coming into force


@transaction.atomic
def change(rules: list[Rule], terms: Terms, *, by, asks=False, now=None) -> list[PolicyVersion] | LimitChange:
    """Apply the rules, all or none; where many orders would be late at once, or `asks`, propose them instead."""
    now = now or timezone.now()
    _check(rules, terms, now)
    _lock(rules)
    if asks or (terms.mode == Mode.RUNNING and outlook(rules, now).needs_second):
        return _propose(rules, terms, by, now)
    return _apply(rules, terms, by=by, now=now)


def _check(rules, terms, now) -> None:
    if not rules:
        raise BadInput(_("Nothing is different from before."))
    for rule in rules:
        for problem in problems(rule):
            raise BadInput(problem.named(rule), field=problem.field)
    if len(terms.reason.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    if terms.mode == Mode.DATE and (terms.from_date is None or terms.from_date <= timezone.localdate(now)):
        raise BadInput(_("Choose a day after today."), field="from_date")


def _lock(rules) -> None:
    """In one order, so that two changes of the same limits wait for each other; and none of them was changed since."""
    kinds = {rule.kind for rule in rules}
    policies = {(policy.kind, policy.urgency_class): policy for policy in
                Policy.objects.select_for_update().filter(kind__in=kinds).order_by("pk")}  # fmt: skip
    for rule in rules:
        policy = policies.get(rule.place)
        newest = policy.versions.select_related("made_by").order_by("-number").first() if policy else None
        if (newest.number if newest else 0) != rule.based_on:
            raise _moved_on(rule, newest)


def _moved_on(rule, newest) -> Changed:
    if newest is None:
        return Changed(_("This time limit is not there any more: %(limit)s.") % {"limit": rule.name})
    return Changed(
        _("Somebody changed “%(limit)s” meanwhile. Yours was not saved.") % {"limit": rule.name},
        because=_("Version %(number)s was saved %(when)s: %(reason)s")
        % {"number": newest.number, "when": when(newest.made_at), "reason": newest.reason},
        who=[newest.made_by] if newest.made_by else (),
    )


def _apply(rules, terms, *, by, now, change=None) -> list[PolicyVersion]:
    is_running = terms.mode == Mode.RUNNING
    clocks = {rule.place: [item.pk for item in running(rule)] if is_running else [] for rule in rules}
    versions = []
    for rule in sorted(rules, key=lambda rule: rule.place):
        version = _save(rule, terms, by, now, change)
        versions.append(version)
        if clocks[rule.place]:
            effects.move(WorkItem.objects.filter(pk__in=clocks[rule.place]), version=version, by=by,
                         reason=terms.reason, now=now, fires_passed=terms.tells_passed)  # fmt: skip
    return versions


def _save(rule, terms, by, now, change) -> PolicyVersion:
    policy = Policy.objects.filter(kind=rule.kind, urgency_class=rule.urgency_class).first()
    if policy is None:
        general = Policy.objects.filter(kind=rule.kind, urgency_class="").first()
        policy = Policy.objects.create(kind=rule.kind, urgency_class=rule.urgency_class,
                                       is_decision=bool(general and general.is_decision))  # fmt: skip
    return actions.save_policy(
        policy, by=by, reason=terms.reason, target_seconds=rule.target_seconds, steps=rule.ladder(),
        remind_percent=rule.remind_percent, escalate_percent=rule.escalate_percent,
        calendar=WorkCalendar.objects.get(pk=rule.calendar) if rule.calendar else None,
        pause_reasons=rule.pause_reasons, in_force_from=terms.in_force_from(now), change=change, now=now,
    )


# Two persons


def _propose(rules, terms, by, now) -> LimitChange:
    others = deciders(by.hands)
    if not others:
        raise GateShut(
            _("Nobody else can decide this: there is no general manager but you."),
            remedy=Remedy(_("Choose “New stages only”"), reverse("sla:limits")),
        )
    proposed = LimitChange.objects.create(
        rules=[asdict(rule) for rule in rules], mode=terms.mode, from_date=terms.from_date, reason=terms.reason.strip(),
        tells_passed=terms.tells_passed, proposed_at=now, proposed_by=by,
    )
    params = {"limits": [rule.word for rule in rules], "reason": proposed.reason}
    _record(proposed, "proposed", gettext_noop("Change of time limits proposed: {limits}. {reason}"), by, now, params)
    actions.open_item(
        kind=Kind.LIMIT_CHANGE, source=proposed.source, params=params, by=by, now=now, is_decision=True,
        subject=gettext_noop("Decide the change of time limits: {limits}"), detail=gettext_noop("{reason}"),
        detail_params=params, url=reverse("sla:limit_change", args=[proposed.pk]), assignee=others[0],
        department=Department.objects.get(code=Department.Code.MANAGEMENT),
    )
    return proposed


def deciders(first: set[int]) -> list[User]:
    """Who may be the second person: none of the first ones, under whichever account."""
    return [person for person in who_may(Right.LIMIT_DECIDE, limit=None) if person.natural_id not in first]


def rules_of(proposed: LimitChange) -> list[Rule]:
    return [Rule(**rule) for rule in proposed.rules]


def terms_of(proposed: LimitChange) -> Terms:
    return Terms(proposed.mode, proposed.reason, proposed.from_date, proposed.tells_passed)


def stale(proposed: LimitChange) -> list[Rule]:
    """Its limits that somebody changed since."""
    newest = Policy.objects.annotate(newest=Max("versions__number")).values_list("kind", "urgency_class", "newest")
    numbers = {(kind, urgency_class): number for kind, urgency_class, number in newest}
    return [rule for rule in rules_of(proposed) if (numbers.get(rule.place) or 0) != rule.based_on]


@transaction.atomic
def approve(change_id, *, by, note="", now=None) -> list[PolicyVersion]:
    """In force at once, as it was proposed; refused where one of its limits was changed since."""
    now = now or timezone.now()
    proposed = _decidable(change_id, by)
    rules, terms = rules_of(proposed), terms_of(proposed)
    if terms.mode == Mode.DATE and terms.in_force_from(now) <= now:
        raise GateShut(
            _("The day from which this should hold has passed: %(date)s.") % {"date": day(terms.from_date)},
            who=[proposed.proposed_by],
        )
    _check(rules, terms, now)
    _lock(rules)
    _decide(proposed, State.APPROVED, by, note, now)
    versions = _apply(rules, terms, by=proposed.proposed_by, now=now, change=proposed)
    _finish(proposed, gettext_noop("Your change of time limits was approved: {limits}. {note}"), by, now)
    return versions


@transaction.atomic
def refuse(change_id, *, by, note, now=None) -> LimitChange:
    now = now or timezone.now()
    proposed = _decidable(change_id, by)
    if len(note.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that the others can act."), field="note")
    _decide(proposed, State.REFUSED, by, note, now)
    _finish(proposed, gettext_noop("Your change of time limits was refused: {limits}. {note}"), by, now)
    return proposed


@transaction.atomic
def withdraw(change_id, *, by, now=None) -> LimitChange:
    """By who proposed it, until it is decided."""
    now = now or timezone.now()
    proposed = _open(change_id)
    if by.natural_id != proposed.proposed_by.natural_id:
        raise NotYours(_("Who sent it takes it back."), who=[proposed.proposed_by])
    _decide(proposed, State.WITHDRAWN, by, "", now)
    actions.cancel_all(_items(proposed), reason=gettext_noop("withdrawn"), by=by, now=now)
    return proposed


def _open(change_id) -> LimitChange:
    proposed = LimitChange.objects.select_for_update(of=("self",)).select_related("proposed_by", "decided_by").get(
        pk=change_id
    )
    if proposed.is_open:
        return proposed
    raise Changed(
        _("%(person)s decided this on %(when)s: %(state)s.")
        % {"person": proposed.decided_by, "when": when(proposed.decided_at), "state": proposed.get_state_display()},
        who=[proposed.decided_by],
    )


def _decidable(change_id, by) -> LimitChange:
    """Open, and `by` may be the second person."""
    if not by.use(Right.LIMIT_DECIDE):
        raise NotYours(_("General management decides changes of the time limits."), who=who_may(Right.LIMIT_DECIDE))
    proposed = _open(change_id)
    first = hands_of([(proposed.proposed_by, proposed.proposed_at)])
    if by.hands & first:
        raise OwnRequest(
            _("You proposed this change, so somebody else decides."), who=deciders(first | by.hands)[:4]
        )
    return proposed


def _decide(proposed, state, by, note, now) -> None:
    proposed.state, proposed.decided_by, proposed.decided_at = state, by, now
    proposed.note, proposed.on_behalf_of = note.strip()[:300], by.on_behalf_of
    proposed.save(update_fields=["state", "decided_by", "decided_at", "note", "on_behalf_of"])
    _record(proposed, state, DECIDED[state], by, now, _said(proposed))


DECIDED = {
    State.APPROVED: gettext_noop("Change of time limits approved: {limits}. {note}"),
    State.REFUSED: gettext_noop("Change of time limits refused: {limits}. {note}"),
    State.WITHDRAWN: gettext_noop("Change of time limits withdrawn: {limits}"),
}


def _said(proposed) -> dict:
    return {"limits": [rule.word for rule in rules_of(proposed)], "note": proposed.note, "reason": proposed.reason}


def _record(proposed, verb, text, by, now, params) -> None:
    record(f"limit_change.{verb}", text, by=by, stream=proposed.source, params=params, at=now)


def _items(proposed) -> list[WorkItem]:
    return list(WorkItem.objects.living().of(proposed.source))


def _finish(proposed, text, by, now) -> None:
    actions.finish_all(_items(proposed), by=by, now=now)
    tell(key=f"{proposed.source}:decided", recipients=[proposed.proposed_by], text=text, params=_said(proposed), by=by,
         url=reverse("sla:limit_change", args=[proposed.pk]), source=proposed.source, now=now)
