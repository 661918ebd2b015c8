"""The rules of the clock: time limits and working calendars, in versions that never change."""

import hashlib
import json

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed
from desk.text import word
from records.actions import record
from sla.models import (
    LONGEST_TARGET,
    SHORTEST_TARGET,
    CalendarEdition,
    EscalationStep,
    Policy,
    PolicyVersion,
    WorkCalendar,
)


@transaction.atomic
def save_policy(
    policy, *, by, reason, target_seconds=None, remind_percent=None, escalate_percent=None, calendar=...,
    pause_reasons=None, steps=None, in_force_from=None, based_on=None, change=None, now=None,
) -> PolicyVersion:
    """A new version of a time limit; what is not given stays. Running items keep the version they have.

    `steps`: unsaved EscalationSteps; without them the ladder stays, its reminder and its escalation moved.
    `based_on`: the number of the version that was looked at. `change`: what two people agreed.
    """
    now = now or timezone.now()
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    before = policy.versions.order_by("-number").first()
    _refuse_stale(before, based_on)
    version = PolicyVersion(
        policy=policy, number=before.number + 1 if before else 1, reason=str(reason).strip()[:300],
        target_seconds=_given(target_seconds, before and before.target_seconds),
        remind_percent=_given(remind_percent, before.remind_percent if before else 50),
        escalate_percent=_given(escalate_percent, before.escalate_percent if before else 80),
        pause_reasons=_given(pause_reasons, before.pause_reasons if before else []),
        calendar=(before.calendar if before else None) if calendar is ... else calendar,
        in_force_from=in_force_from or now, made_at=now, made_by=by, change=change,
    )
    _check_version(version)
    version.save(force_insert=True)
    steps = list(before.steps.all()) if steps is None else steps
    EscalationStep.objects.bulk_create(_check_steps(_moved(steps, version)))
    if by:
        _record_policy(policy, before, version, now)
    return version


def _refuse_stale(before, based_on) -> None:
    if based_on is None or before is None or before.number == based_on:
        return
    raise Changed(
        _("Somebody changed this time limit meanwhile. Yours was not saved."),
        because=_("Version %(number)s is in force: %(reason)s") % {"number": before.number, "reason": before.reason},
        who=[before.made_by] if before.made_by else (),
    )


def _given(value, otherwise):
    return otherwise if value is None else value


def _check_version(version) -> None:
    if not version.reason:
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    if not version.target_seconds or not SHORTEST_TARGET <= version.target_seconds <= LONGEST_TARGET:
        raise BadInput(_("A limit is from 5 minutes to 90 days."), field="target_seconds")
    if not 1 <= version.remind_percent <= 100:
        raise BadInput(_("A reminder comes at 1 to 100 % of the limit."), field="remind_percent")
    if not version.remind_percent <= version.escalate_percent <= 100:
        raise BadInput(
            _("Escalation cannot come before the reminder: choose %(from)s to 100 %%.")
            % {"from": version.remind_percent},
            field="escalate_percent",
        )


def _moved(steps, version) -> list[EscalationStep]:
    """The steps as rows of the new version; the reminder and the first escalation follow its two percentages."""
    early = [step for step in sorted(steps, key=lambda step: step.level) if (step.at_percent or 100) < 100]
    percents = dict(zip([step.level for step in early[:2]], (version.remind_percent, version.escalate_percent),
                        strict=False))
    for step in steps:
        step.pk, step.version, step._state.adding = None, version, True
        step.at_percent = percents.get(step.level, step.at_percent)
    return steps


def _check_steps(steps) -> list[EscalationStep]:
    """A higher level never comes before a lower one, whatever the limit."""
    places = [(step.at_percent or 100, step.minutes_past_due or 0)
              for step in sorted(steps, key=lambda step: step.level)]
    if places != sorted(places):
        raise BadInput(_("Each level of the ladder must come after the one below it."), field="steps")
    return steps


def _record_policy(policy, before, version, now) -> None:
    record(
        "save_policy", gettext_noop("Time limit {limit}: version {number}. {reason}"), by=version.made_by, at=now,
        stream=f"policy:{policy.pk}",
        params={
            "limit": word(policy.kind_label), "number": version.number, "reason": version.reason,
            "before_seconds": before and before.target_seconds, "after_seconds": version.target_seconds,
        },
    )


@transaction.atomic
def publish_calendar(calendar, *, by=None, reason="", changes=(), now=None) -> CalendarEdition:
    """Freeze the calendar as it stands now, for the clocks that start from now on. `changes`: sentences for the log."""
    calendar = WorkCalendar.objects.select_for_update().get(pk=calendar.pk)
    edition = freeze(calendar.body)
    is_same = calendar.edition_id == edition.pk
    if not is_same:
        WorkCalendar.objects.filter(pk=calendar.pk).update(edition=edition)
    if by and (changes or not is_same):
        text = CHANGED_BY if changes else gettext_noop("Working calendar {calendar} was changed.")
        record("publish_calendar", text, by=by, at=now, stream=calendar.stream, params={
            "calendar": calendar.name, "edition": edition.pk[:12], "changes": list(changes), "reason": reason,
        })
    return edition


CHANGED_BY = gettext_noop("Working calendar {calendar} was changed: {changes}. {reason}")


def freeze(body: dict) -> CalendarEdition:
    """The edition of this content: the same content is the same edition."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return CalendarEdition.objects.get_or_create(digest=digest, defaults={"body": body})[0]
