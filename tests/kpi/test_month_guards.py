"""What the database keeps of a month by itself: by bulk update, by raw SQL, by delete; on both databases."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from kpi.actions import appeals, incentives, runs
from kpi.models import Adjustment, Appeal, Check, Evidence, Incentive, MonthRun, Score, ScoreCase, ScorePart
from people.models import Delegation
from people.roles import Right
from tests.factories import kpi
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def refused(*deeds):
    """Each of them fails in the database, and leaves everything as it was."""
    for place, deed in enumerate(deeds):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()
            pytest.fail(f"deed {place} went through")


def sql(statement):
    def run():
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return run


@pytest.mark.clause("6.1.2")
def test_a_published_month_stands_for_ever(departments, clock_defaults, general_manager, buyer, hr):
    run = kpi.in_appeals(departments, people={buyer: kpi.BAD})
    cases = ScoreCase.objects.filter(part__score__person=buyer, part__indicator="time").order_by("-numerator")
    appeal = appeals.raise_appeal(part_id=cases[0].part_id, cases=cases[:1], text="A typhoon", by=buyer,
                                  now=run.appeals_from + MINUTE)  # fmt: skip
    hr_head = departments["hr"].head
    adjusted = appeals.leave_out(case_id=cases[1].pk, reason="The same", by=hr_head)
    appeals.decide(appeal_id=appeal.pk, is_accepted=False, reason="Not so", by=hr_head, now=run.appeals_from + MINUTE)
    runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until)
    score = Score.objects.filter(person=buyer)
    before = list(score.values())
    refused(
        lambda: score.update(total=100), lambda: score.delete(), lambda: ScorePart.objects.update(points=100),
        lambda: ScoreCase.objects.update(left_out="customer"), lambda: cases.first().delete(),
        lambda: Score.objects.create(run=run, department=departments["quality"]),
        lambda: Score.objects.bulk_create([Score(run=run, department=departments["finance"])]),
        lambda: Check.objects.create(run=run, department=departments["production"], checked_at=timezone.now(),
                                     checked_by=general_manager),
        lambda: Adjustment.objects.create(case=cases[2], reason="late", adjusted_by=hr_head),
        lambda: Adjustment.objects.filter(pk=adjusted.pk).update(reason="another"), adjusted.delete,
        lambda: Appeal.objects.update(state="accepted"), appeal.delete, lambda: appeal.cases.clear(),
        lambda: MonthRun.objects.update(state="appeals", published_at=None, published_by=None),
        lambda: MonthRun.objects.update(finished_orders=40), lambda: MonthRun.objects.all().delete(),
        sql("UPDATE kpi_score SET total = 120"), sql("DELETE FROM kpi_scorecase"),
        sql("UPDATE kpi_monthrun SET figures_at = published_at"), sql("DELETE FROM kpi_monthrun"),
        sql(f"UPDATE kpi_score SET run_id = {run.pk} + 1"),
    )  # fmt: skip
    assert list(score.values()) == before


def test_no_step_of_the_run_is_skipped(departments, clock_defaults, general_manager, buyer):
    run = kpi.month_run(departments, people={buyer: kpi.BAD})
    row, now = MonthRun.objects.filter(pk=run.pk), kpi.BEGUN + MINUTE
    later = {"appeals_from": now, "appeals_until": now + timedelta(days=3)}
    done = {"published_at": now + timedelta(days=3), "published_by": general_manager}
    part = ScorePart.objects.filter(score__person=buyer).first()
    raised = {"run": run, "part": part, "text": "Early", "raised_at": now, "raised_by": buyer}
    refused(
        lambda: row.update(state="appeals", **later), lambda: row.update(state="published", **later, **done),
        lambda: Appeal.objects.create(**raised),
    )
    run = runs.MonthRun.objects.get(pk=run.pk)
    runs._begin_appeals(run.pk, run.checks_until)
    run.refresh_from_db()
    done = {"state": "published", "published_by": general_manager}
    refused(
        lambda: row.update(state="computed", appeals_from=None), lambda: row.update(appeals_until=now),
        lambda: row.update(published_at=run.appeals_until - MINUTE, **done),
        lambda: Check.objects.create(run=run, department=departments["production"], checked_at=now,
                                     checked_by=general_manager),
        lambda: Appeal.objects.create(**raised | {"raised_at": run.appeals_until + MINUTE}),
        lambda: Appeal.objects.create(**raised, state="accepted", decided_at=now, decided_by=general_manager,
                                      reason="so"),
        lambda: MonthRun.objects.create(month=run.month.replace(month=9), rule_set=run.rule_set, figures_at=now,
                                        computed_at=now, published_at=now, appeals_from=now - MINUTE,
                                        appeals_until=now, **done),
    )  # fmt: skip
    Appeal.objects.create(**raised | {"raised_at": run.appeals_from})
    refused(lambda: row.update(published_at=run.appeals_until, **done))


def test_nobody_decides_their_own(departments, clock_defaults, general_manager, buyer, planner):
    hr_head = departments["hr"].head
    run = kpi.in_appeals(departments, people={buyer: kpi.BAD, hr_head: kpi.BAD})
    twin = UserFactory(same_person_as=buyer, department=departments["hr"], role="hr")
    case = kpi.case_of(run, 2, score__person=buyer)
    now = run.appeals_from + MINUTE
    appeal = appeals.raise_appeal(part_id=case.part_id, cases=[case], text="A typhoon", by=buyer, now=now)
    Delegation.objects.create(from_person=buyer, to_person=planner, rights=[str(Right.SCORE_DECIDE)],
                              starts_at=now - MINUTE, ends_at=now + timedelta(days=9))  # fmt: skip
    of_department = appeals.raise_appeal(
        part_id=kpi.case_of(run, 2, score__person=None, score__department=departments["procurement"]).part_id,
        cases=[kpi.case_of(run, 2, score__person=None, score__department=departments["procurement"])],
        text="A typhoon", by=departments["procurement"].head, now=now,
    )

    def decide(found, by):
        values = {"state": "accepted", "decided_at": now, "decided_by": by, "reason": "so"}
        return lambda: Appeal.objects.filter(pk=found.pk).update(**values)

    own = kpi.case_of(run, 2, score__person=hr_head)
    refused(
        decide(appeal, buyer), decide(appeal, twin), decide(appeal, planner), decide(of_department, buyer),
        lambda: Adjustment.objects.create(case=own, reason="mine", adjusted_by=hr_head),
        lambda: Adjustment.objects.create(case=case, reason="", adjusted_by=hr_head),
        lambda: ScoreCase.objects.filter(pk=case.pk).update(left_out="adjusted"),
        lambda: ScoreCase.objects.filter(pk=case.pk).update(left_out="appeal"),
        sql(f"UPDATE kpi_scorecase SET left_out = 'adjusted' WHERE id = {case.pk}"),
    )
    decide(appeal, general_manager)()
    ScoreCase.objects.filter(pk=case.pk).update(left_out="appeal")
    refused(lambda: Appeal.objects.filter(pk=appeal.pk).update(state="refused"))


@pytest.mark.clause("6.2.2")
def test_a_penalty_is_kept_fair_by_the_database(departments, clock_defaults, general_manager, buyer, hr, planner):
    run = kpi.published(departments, general_manager, people={buyer: kpi.BAD})
    found = Incentive.objects.get(person=buyer)
    row, early = Incentive.objects.filter(pk=found.pk), found.reply_until - MINUTE
    twin = UserFactory(same_person_as=buyer, role="general_manager")
    new = {
        "run": run, "kind": "penalty", "form": "fine", "department": departments["procurement"], "person": buyer,
        "clause": "6.2.2", "reason": "Late", "proposed_at": run.published_at, "proposed_by": hr,
        "reply_until": run.published_at + timedelta(days=3), "number": "PN-X",
    }  # fmt: skip
    bare = Incentive.objects.create(**new)

    def approve(rows, by=general_manager, at=found.reply_until, **values):
        return lambda: rows.update(state="approved", decided_at=at, decided_by=by, **values)

    next_month = kpi.month_run(departments, month=run.month.replace(month=11), now=kpi.BEGUN.replace(month=12))
    refused(
        approve(row, at=early), approve(row, by=buyer), approve(row, by=twin),
        approve(Incentive.objects.filter(pk=bare.pk)), approve(row, amount=100),
        lambda: Incentive.objects.create(**new | {"number": "PN-Y", "run": next_month}),
        lambda: Incentive.objects.create(**new | {"number": "PN-Y", "reply_until": None}),
        lambda: Incentive.objects.create(**new | {"number": "PN-Y", "reply_until": run.published_at}),
        lambda: Incentive.objects.create(**new | {"number": "PN-Y"}, state="approved", decided_at=found.reply_until,
                                         decided_by=general_manager),
        lambda: row.update(reply_until=early), lambda: row.update(person=planner), found.delete,
        lambda: found.evidence.all().delete(), lambda: found.evidence.update(text="x"),
        lambda: Evidence.objects.create(incentive=bare, part=ScorePart.objects.filter(score__run=next_month).first()),
        sql(f"UPDATE kpi_incentive SET reason = 'other' WHERE id = {found.pk}"),
        sql(f"DELETE FROM kpi_evidence WHERE incentive_id = {found.pk}"),
    )  # fmt: skip
    Evidence.objects.create(incentive=bare, part=ScorePart.objects.filter(score__person=buyer).first())
    refused(approve(Incentive.objects.filter(pk=bare.pk), by=hr, at=bare.reply_until))
    incentives.reply(incentive_id=found.pk, text="No", by=buyer, now=early)
    refused(lambda: row.update(reply="Yes"),
            lambda: Evidence.objects.create(incentive=found, part=ScorePart.objects.first()))  # fmt: skip
    approve(row, at=early)()
    refused(lambda: row.update(state="refused", decision_reason="after all"))
