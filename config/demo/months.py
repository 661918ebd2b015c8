"""Two months of scores in the demo company: one published with its rewards and penalties, one open to appeals."""

from datetime import timedelta

import time_machine
from django.db.models import F
from django.utils import timezone

from kpi.actions import appeals, incentives, runs
from kpi.models import Evidence, MonthRun, Score, ScoreCase
from kpi.months import Month
from people.models import User

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=2)  # so long ago the younger month was scored, that its appeals still run


def play(now) -> None:
    """By the real acts; the scores are of the orders that were played before."""
    cast = {user.username: user for user in User.objects.select_related("department")}
    last = Month.now(now) - 1
    if not MonthRun.objects.filter(month=(last - 1).first).exists():
        _publish(last - 1, cast)
    run = MonthRun.objects.filter(month=last.first).first()
    if run is None or (run.state == MonthRun.State.COMPUTED and not run.checks.exists()):
        _open_to_appeals(last, cast, now)


def _at(moment):
    return time_machine.travel(moment, tick=False)


def _scored(month, cast, moment) -> MonthRun:
    """Counted and checked; a month that the clock scored before its orders were played is counted again."""
    with _at(moment):
        run = runs.begin(month=month.first, by=cast["deng"])
        for department in runs.scored(run).select_related("head"):
            runs.check(run_id=run.pk, department=department, by=department.head, note="已核对")
    return MonthRun.objects.get(pk=run.pk)


def _publish(month, cast) -> None:
    run = _scored(month, cast, month.end + 10 * HOUR)
    with _at(run.appeals_until + HOUR):
        run = runs.publish(run_id=run.pk, by=cast["gao"])
    best = Score.objects.filter(run=run, person__isnull=False, grade="A").exclude(
        person__in=[cast["he"], cast["gao"]]
    ).order_by("-total", "pk").first()
    if best is None:
        return
    with _at(run.appeals_until + 3 * HOUR):
        evidence = [Evidence(part=part) for part in best.parts.exclude(points=None)]
        honoured = incentives.propose(
            run=run, kind="reward", form="certificate", department=best.department, person=best.person, by=cast["he"],
            reason="全月处理紧急订单又快又好", evidence=evidence,
        )
    with _at(run.appeals_until + 5 * HOUR):
        incentives.approve(incentive_id=honoured.pk, by=cast["gao"], reason="同意表彰")


def _open_to_appeals(month, cast, now) -> None:
    begun = max(month.end, now - LONGEST)
    run = _scored(month, cast, begun)
    worst = ScoreCase.objects.filter(
        part__score__run=run, part__score__person__isnull=False, part__indicator="time", left_out="",
        denominator__gt=0, numerator__gt=F("denominator"), order__isnull=False,
    ).select_related("part__score__person").order_by(-F("numerator") / F("denominator"), "pk").first()  # fmt: skip
    if worst is not None:
        with _at(min(begun + 5 * HOUR, timezone.now())):
            appeals.raise_appeal(part_id=worst.part_id, cases=[worst], by=worst.part.score.person,
                                 text="供应商台风停运，已报备，申请不计入处理时间")  # fmt: skip
