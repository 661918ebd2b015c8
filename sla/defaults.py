"""The clock a company starts with: the factory's calendar and a time limit for each kind of work."""

from datetime import UTC, date, datetime

import holidays
from django.db import transaction
from django.utils.translation import gettext_noop

from sla import actions
from sla.kinds import Kind
from sla.models import CalendarDay, EscalationStep, Policy, PolicyVersion, WorkCalendar

FACTORY = "factory"
WORKDAY = "08:00-12:00, 13:00-18:00"
KNOWN_YEARS = (2025, 2026)  # the government's notice for a year comes in the November before it
HOUR = 3600
DEFAULT_REASON = gettext_noop("The desk's own default")
FROM_THE_START = datetime(2000, 1, 1, tzinfo=UTC)
PauseReason = PolicyVersion.PauseReason
Recipient = EscalationStep.Recipient

# kind: (working hours, is a decision, reasons to pause beside a hold)
LIMITS = {
    Kind.DEFAULT: (8, False, ()),
    Kind.IDENTIFICATION: (1, False, ()),
    Kind.CONFIRMATION: (2, False, ()),
    Kind.REVIEW_PROCESS: (2, True, ()),
    Kind.REVIEW_CAPACITY: (2, True, ()),
    Kind.REVIEW_MATERIALS: (2, True, ()),
    Kind.REVIEW_DECISION: (4, True, (PauseReason.NEGOTIATION, PauseReason.DEPARTMENT)),
    Kind.NEGOTIATION: (4, True, (PauseReason.CUSTOMER,)),
    Kind.CONSENT: (2, True, ()),
    Kind.PLAN: (3, False, (PauseReason.DEPARTMENT,)),
    Kind.PROCUREMENT: (18, False, (PauseReason.SUPPLIER, PauseReason.NEGOTIATION, PauseReason.DECISION)),
    Kind.PURCHASE_LINE: (4, False, (PauseReason.SUPPLIER, PauseReason.DECISION)),
    Kind.PURCHASE_PROMISE: (45, False, ()),
    Kind.PRODUCTION: (45, False, (PauseReason.NEGOTIATION, PauseReason.DEPARTMENT)),
    Kind.OPERATION: (9, False, (PauseReason.DEPARTMENT,)),
    Kind.QC: (4, False, (PauseReason.DEPARTMENT,)),
    Kind.INSPECTION: (2, False, (PauseReason.DEPARTMENT,)),
    Kind.NONCONFORMANCE: (2, True, (PauseReason.CUSTOMER,)),
    Kind.REMAKE: (2, False, ()),
    Kind.DELIVERY: (9, False, (PauseReason.CUSTOMER,)),
    Kind.DELIVERY_CONFIRMATION: (2, False, ()),
    Kind.SETTLEMENT: (27, False, (PauseReason.CUSTOMER, PauseReason.DEPARTMENT)),
    Kind.COMPLAINT: (4, True, (PauseReason.CUSTOMER,)),
    Kind.COMPLAINT_ANSWER: (2, False, (PauseReason.CUSTOMER,)),
    Kind.RETURNED: (9, True, (PauseReason.CUSTOMER,)),
    Kind.CREDIT: (9, False, ()),
    Kind.RATING: (45, False, (PauseReason.CUSTOMER,)),
    Kind.EXPENSE: (2, True, ()),
    Kind.PROBLEM: (1, False, (PauseReason.DEPARTMENT, PauseReason.SUPPLIER)),
    Kind.MAJOR_PROBLEM: (0.5, False, ()),
    Kind.ISSUE_ACTION: (9, False, (PauseReason.DEPARTMENT, PauseReason.SUPPLIER, PauseReason.CUSTOMER)),
    Kind.SLIP: (2, False, (PauseReason.DEPARTMENT, PauseReason.SUPPLIER, PauseReason.CUSTOMER)),
    Kind.SHEET_RECEIPT: (2, False, ()),
    Kind.STOP_REPORT: (9, False, ()),
    Kind.SUPPLIER: (9, True, ()),
    Kind.COUNTERSIGN: (2, True, ()),
    Kind.MEETING_ACTION: (45, False, (PauseReason.DEPARTMENT, PauseReason.SUPPLIER, PauseReason.CUSTOMER)),
    Kind.MEETING_MINUTES: (18, True, ()),
    Kind.LIMIT_CHANGE: (9, True, ()),
    Kind.SCORE_CHECK: (27, False, ()),
    Kind.SCORE_APPEAL: (18, True, ()),
    Kind.SCORE_PUBLISH: (18, True, ()),
    Kind.PENALTY_REPLY: (27, False, ()),
    Kind.INCENTIVE: (27, True, ()),
    Kind.SILENCE: (9, True, ()),
    Kind.DECLINE_PROPOSAL: (2, True, ()),
    Kind.ORDER: (90, False, (PauseReason.CUSTOMER,)),
}


@transaction.atomic
def seed() -> None:
    """May run again and again: what is there stays as it is."""
    calendar = WorkCalendar.objects.filter(code=FACTORY).first() or _factory()
    known = set(Policy.objects.filter(urgency_class="").values_list("kind", flat=True))
    for kind, (hours, is_decision, pause_reasons) in LIMITS.items():
        if kind not in known:
            policy = Policy.objects.create(kind=kind, is_decision=is_decision)
            steps = LADDERS.get(kind, default_ladder)()
            remind, escalate = [step.at_percent for step in steps if step.at_percent][:2]
            actions.save_policy(
                policy, by=None, reason=DEFAULT_REASON, target_seconds=int(hours * HOUR), calendar=calendar,
                pause_reasons=[str(reason) for reason in pause_reasons], steps=steps, in_force_from=FROM_THE_START,
                remind_percent=remind, escalate_percent=escalate,
            )


def default_ladder() -> list[EscalationStep]:
    both = ["in_app", "email"]
    all_hear = [*both, "robot"]  # from the limit on, the group too
    return [
        EscalationStep(level=1, at_percent=50, recipients=[Recipient.ASSIGNEE], channels=both),
        EscalationStep(level=2, at_percent=80, recipients=[Recipient.ASSIGNEE, Recipient.HEAD], channels=both),
        EscalationStep(level=3, at_percent=100, recipients=[Recipient.HEAD], channels=all_hear),
        EscalationStep(level=4, minutes_past_due=30, recipients=[Recipient.MANAGER], channels=all_hear),
        EscalationStep(
            level=5, minutes_past_due=120, recipients=[Recipient.GENERAL_MANAGER], channels=all_hear,
            repeat_every_minutes=120, repeat_at_most=5, needs_acknowledgement=True,
        ),
    ]


def ladder_of_major_problems() -> list[EscalationStep]:
    """Nobody has taken note: management at the limit, general management at once after it."""
    both = ["in_app", "email"]
    all_hear = [*both, "robot"]
    return [
        EscalationStep(level=1, at_percent=50, recipients=[Recipient.ASSIGNEE], channels=both),
        EscalationStep(level=2, at_percent=100, recipients=[Recipient.HEAD, Recipient.MANAGER], channels=all_hear),
        EscalationStep(
            level=3, minutes_past_due=15, recipients=[Recipient.MANAGER, Recipient.GENERAL_MANAGER], channels=all_hear,
            repeat_every_minutes=60, repeat_at_most=5, needs_acknowledgement=True,
        ),
    ]


LADDERS = {Kind.MAJOR_PROBLEM: ladder_of_major_problems}


def _factory() -> WorkCalendar:
    calendar = WorkCalendar.objects.create(
        code=FACTORY, name="Factory", week=[WORKDAY] * 5 + [""] * 2, covered_until=date(KNOWN_YEARS[-1], 12, 31)
    )
    CalendarDay.objects.bulk_create(mainland_days(calendar, KNOWN_YEARS))
    actions.publish_calendar(calendar)
    calendar.refresh_from_db()
    return calendar


def mainland_days(calendar, years) -> list[CalendarDay]:
    """Public holidays and make-up workdays of mainland China, as announced."""
    china = holidays.country_holidays("CN", years=years, language="zh_CN")
    off = [CalendarDay(calendar=calendar, date=day, kind=CalendarDay.Kind.HOLIDAY, name=name[:80])
           for day, name in sorted(china.items())]
    on = [CalendarDay(calendar=calendar, date=day, kind=CalendarDay.Kind.MAKE_UP, hours=WORKDAY)
          for day in sorted(china.weekend_workdays) if day.year in years]
    return off + on
