"""What a time limit says, what is wrong with one, and in which words a change of it is told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import duration, sentence, word
from notifications.models import Channel
from people.models import User
from people.roles import Role
from sla.kinds import label_of
from sla.models import LONGEST_TARGET, SHORTEST_TARGET, EscalationStep, Policy, PolicyVersion, WorkCalendar

Recipient = EscalationStep.Recipient
MOST_LEVELS, MOST_REPEATS = 10, 50
LONGEST_MINUTES = LONGEST_TARGET // 60
STEP_FIELDS = ("at_percent", "minutes_past_due", "recipients", "role", "person", "channels", "repeat_every_minutes",
               "repeat_at_most", "needs_acknowledgement")  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Everything that one version says. `based_on`: the newest version when it was written, 0 where there was none."""

    kind: str
    urgency_class: str
    based_on: int
    target_seconds: int
    remind_percent: int
    escalate_percent: int
    calendar: int | None
    pause_reasons: list
    steps: list  # of dicts, lowest level first

    @property
    def place(self) -> tuple[str, str]:
        return (self.kind, self.urgency_class)

    @property
    def name(self) -> str:
        return f"{label_of(self.kind)} {self.urgency_class}".strip()

    @property
    def word(self) -> dict:
        return sentence("{kind} {urgency_class}" if self.urgency_class else "{kind}",
                        {"kind": word(label_of(self.kind)), "urgency_class": self.urgency_class})

    def says_the_same_as(self, other) -> bool:
        return replace(self, based_on=other.based_on) == other

    def version(self) -> PolicyVersion:
        """As the version that it would become, not saved."""
        return PolicyVersion(
            policy=Policy(kind=self.kind, urgency_class=self.urgency_class), number=self.based_on + 1, reason="–",
            target_seconds=self.target_seconds, remind_percent=self.remind_percent,
            escalate_percent=self.escalate_percent, pause_reasons=self.pause_reasons,
            calendar=WorkCalendar.objects.filter(pk=self.calendar).first() if self.calendar else None,
        )

    def ladder(self) -> list[EscalationStep]:
        return [EscalationStep(level=level, person_id=step["person"], **{name: step[name] for name in STEP_FIELDS
                                                                         if name != "person"})
                for level, step in enumerate(self.steps, 1)]  # fmt: skip


def rule_of(version: PolicyVersion, *, based_on=None) -> Rule:
    policy = version.policy
    return Rule(
        policy.kind, policy.urgency_class, version.number if based_on is None else based_on, version.target_seconds,
        version.remind_percent, version.escalate_percent, version.calendar_id, sorted(version.pause_reasons),
        [_plain(step) for step in sorted(version.steps.all(), key=lambda step: step.level)],
    )


def _plain(step) -> dict:
    return {name: getattr(step, name) for name in STEP_FIELDS if name != "person"} | {"person": step.person_id}


def percent_levels(steps) -> list[int]:
    """The places of the reminder and of the first escalation in a ladder: its first two levels before the end."""
    return [place for place, step in enumerate(steps) if step["at_percent"] is not None][:2]


def moved(rule: Rule, *, remind_percent=None, escalate_percent=None) -> Rule:
    """With another reminder or escalation, and the levels of the ladder that they are."""
    percents = (remind_percent or rule.remind_percent, escalate_percent or rule.escalate_percent)
    steps = [dict(step) for step in rule.steps]
    for place, percent in zip(percent_levels(steps), percents, strict=False):
        steps[place]["at_percent"] = percent
    return replace(rule, remind_percent=percents[0], escalate_percent=percents[1], steps=steps)


def with_ladder(rule: Rule, steps: list[dict]) -> Rule:
    """With another ladder, whose first two percentages are the reminder and the escalation."""
    percents = [steps[place]["at_percent"] for place in percent_levels(steps)]
    remind, escalate = (*percents, 100, 100)[:2]
    return replace(rule, steps=steps, remind_percent=remind, escalate_percent=escalate)


# What is wrong with one


@dataclass(frozen=True)
class Problem:
    field: str
    text: str
    level: int = 0  # of the ladder, from 1

    def named(self, rule) -> str:
        """The row, the field, and what is wrong."""
        place = _("level %(level)d") % {"level": self.level} if self.level else FIELDS[self.field]
        return _("%(row)s, %(field)s: %(problem)s") % {"row": rule.name, "field": place, "problem": self.text}


def _labels() -> dict:
    labels = {name: PolicyVersion._meta.get_field(name).verbose_name for name in
              ("target_seconds", "calendar", "remind_percent", "escalate_percent", "pause_reasons")}  # fmt: skip
    return labels | {"steps": gettext_lazy("ladder")}


FIELDS = _labels()


def problems(rule: Rule) -> list[Problem]:
    found = []
    if not SHORTEST_TARGET <= rule.target_seconds <= LONGEST_TARGET:
        found.append(Problem("target_seconds", _("A limit is from 5 minutes to 90 days.")))
    if not 1 <= rule.remind_percent <= 100:
        found.append(Problem("remind_percent", _("A reminder comes at 1 to 100 % of the limit.")))
    elif not 1 <= rule.escalate_percent <= 100:
        found.append(Problem("escalate_percent", _("An escalation comes at 1 to 100 % of the limit.")))
    elif rule.escalate_percent < rule.remind_percent:
        found.append(Problem("escalate_percent", _("Escalation cannot come before the reminder: choose %(from)s to "
                                                   "100 %%.") % {"from": rule.remind_percent}))  # fmt: skip
    return found + _ladder_problems(rule)


def _ladder_problems(rule) -> list[Problem]:
    if not 1 <= len(rule.steps) <= MOST_LEVELS:
        return [Problem("steps", _("A ladder has 1 to %(most)d levels.") % {"most": MOST_LEVELS})]
    found = [Problem(name, text, level) for level, step in enumerate(rule.steps, 1)
             for name, text in _level_problems(step)]  # fmt: skip
    return found or [Problem("at_percent", _("It comes before the level below it."), level + 1)
                     for level in range(1, len(rule.steps))
                     if _height(rule.steps[level]) < _height(rule.steps[level - 1])]  # fmt: skip


def _height(step) -> tuple[int, int]:
    return (step["at_percent"] or 100, step["minutes_past_due"] or 0)


def _level_problems(step) -> Iterable[tuple[str, str]]:
    percent, minutes = step["at_percent"], step["minutes_past_due"]
    if (percent is None) == (minutes is None):
        yield "at_percent", _("Say either at which % of the limit, or how many minutes past due.")
    elif percent is not None and not 1 <= percent <= 100:
        yield "at_percent", _("Choose 1 to 100 % of the limit.")
    elif minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
        yield "minutes_past_due", _("Choose 1 minute to 90 days past due.")
    yield from _recipient_problems(step)
    if not step["channels"] or set(step["channels"]) - set(Channel.values):
        yield "channels", _("Choose at least one channel.")
    yield from _repeat_problems(step)


def _recipient_problems(step):
    if not step["recipients"] or set(step["recipients"]) - set(Recipient.values):
        yield "recipients", _("Choose at least one recipient.")
    if (Recipient.ROLE in step["recipients"]) != bool(step["role"]):
        yield "role", _("“Everybody of a role” and the role belong together.")
    elif step["role"] and step["role"] not in Role.values:
        yield "role", _("Choose a role.")
    if (Recipient.PERSON in step["recipients"]) != bool(step["person"]):
        yield "person", _("“Named person” and the person belong together.")
    elif step["person"] and not User.objects.filter(pk=step["person"], is_active=True).exists():
        yield "person", _("Choose somebody who works here.")


def _repeat_problems(step):
    every, most = step["repeat_every_minutes"], step["repeat_at_most"] or 0
    if most and not every:
        yield "repeat_every_minutes", _("Say after how many minutes it repeats.")
    elif every is not None and not 1 <= every <= LONGEST_MINUTES:
        yield "repeat_every_minutes", _("Choose 1 minute to 90 days.")
    elif every and not 1 <= most <= MOST_REPEATS:
        yield "repeat_at_most", _("Say how often at most: 1 to %(most)d times.") % {"most": MOST_REPEATS}


# In words


@dataclass(frozen=True)
class Names:
    """Of the calendars and people that rules point to, asked for once."""

    calendars: dict
    people: dict

    def calendar(self, pk) -> str:
        return self.calendars.get(pk, "–") if pk else _("Day and night")

    def level(self, step: dict) -> str:
        """One level in a line: when, whom, how often."""
        text = _("%(moment)s: %(people)s") % {"moment": moment_of(step), "people": self.people_of(step)}
        channels = _(", ").join(str(label) for code, label in Channel.choices if code in step["channels"])
        parts = [text, self.repeats_of(step), channels, _("acknowledged") if step["needs_acknowledgement"] else ""]
        return " · ".join(filter(None, parts))

    def people_of(self, step: dict) -> str:
        return _(", ").join(self._recipient(code, step) for code in step["recipients"])

    def repeats_of(self, step: dict) -> str:
        if not step["repeat_at_most"]:
            return ""
        return _("again every %(minutes)d min, at most %(times)d times") % {
            "minutes": step["repeat_every_minutes"], "times": step["repeat_at_most"],
        }

    def _recipient(self, code, step) -> str:
        if code == Recipient.ROLE and step["role"]:
            return str(Role(step["role"]).label)
        if code == Recipient.PERSON and step["person"]:
            return self.people.get(step["person"], "–")
        return str(Recipient(code).label)


def moment_of(step: dict) -> str:
    if step["at_percent"] is not None:
        return f"{step['at_percent']} %"
    return "+" + duration(step["minutes_past_due"] * 60)


def names(rules: Iterable[Rule]) -> Names:
    people = {step["person"] for rule in rules for step in rule.steps if step["person"]}
    return Names(
        dict(WorkCalendar.objects.values_list("pk", "name")),
        {person.pk: str(person) for person in User.objects.filter(pk__in=people)} if people else {},
    )


@dataclass(frozen=True)
class Difference:
    label: object
    old: str
    new: str


def differences(old: Rule | None, new: Rule, known: Names) -> list[Difference]:
    """What a version changed, field by field; of the ladder the levels that are not the same."""
    shown = {
        "target_seconds": duration, "calendar": known.calendar, "remind_percent": _percent,
        "escalate_percent": _percent, "pause_reasons": _reasons,
    }
    found = [
        Difference(FIELDS[name], show(getattr(old, name)) if old else "–", show(getattr(new, name)))
        for name, show in shown.items() if old is None or getattr(old, name) != getattr(new, name)
    ]
    return found + _ladder_differences(old, new, known)


def _ladder_differences(old, new, known) -> list[Difference]:
    before, after = ([known.level(step) for step in rule.steps] if rule else [] for rule in (old, new))
    pairs = zip_longest(before, after, fillvalue="–")
    return [Difference(_("level %(level)d") % {"level": level}, was, now)
            for level, (was, now) in enumerate(pairs, 1) if was != now]  # fmt: skip


def _percent(value) -> str:
    return f"{value} %"


def _reasons(codes) -> str:
    labels = dict(PolicyVersion.PauseReason.choices)
    return _(", ").join(str(labels.get(code, code)) for code in codes) or "–"
