"""What each weekly figure means, said again in plain Python over random orders, and compared."""

from collections import Counter, defaultdict
from datetime import timedelta
from io import StringIO
from statistics import median

import pytest
from django.core.management import call_command
from django.utils import timezone

from config.load.aside import guards_aside
from kpi import reports
from kpi.behind import BEHIND
from kpi.weeks import Week
from orders.models import Issue, Promise, StageRun, UrgentOrder
from quality.models import Inspection
from sla.models import Pause, WorkItem

pytestmark = pytest.mark.django_db
SEEDS = (1, 2)


@pytest.fixture(params=SEEDS)
def weeks(request, people):
    """Random orders, with more of what is rare: promises moved, deliveries, stages and inspections repeated."""
    call_command("seed_load", orders=150, seed=request.param, stdout=StringIO())
    with guards_aside([Promise, StageRun, Inspection]):
        disturb(request.param)
    this = Week.now()
    return [this - back for back in range(9, -1, -1)]


def disturb(seed):
    """Also an order cancelled late: it is due no more."""
    for promise in Promise.objects.filter(order__number__endswith=str(seed)):
        cause = ("ours", "customer")[promise.pk % 2]
        common = {"order_id": promise.order_id, "recorded_by_id": promise.recorded_by_id, "reason": "again",
                  "approved_by_id": promise.approved_by_id, "requested_at": promise.requested_at}  # fmt: skip
        for days, caused in ((3, cause), (6, "ours")):
            Promise.objects.create(
                promised_at=promise.promised_at + timedelta(days=days), recorded_at=promise.recorded_at, cause=caused,
                **common,
            )  # fmt: skip
    runs = StageRun.objects.filter(order__number__endswith=str(seed + 1))
    runs.filter(stage="confirmation").update(is_carried=True)
    for run in runs.filter(entered_step="deliver", left_at__isnull=False):
        run.pk, run.number, run.left_at = None, 20, run.entered_at + timedelta(days=9)
        run.entered_at = run.left_at
        run.save(force_insert=True)
    for inspection in Inspection.objects.filter(failed__gt=0):
        inspection.pk, inspection.passed, inspection.failed, inspection.defect = None, inspection.lot_quantity, 0, ""
        inspection.save(force_insert=True)


def counted(moments, weeks):
    found = Counter(Week.of(timezone.localdate(moment)) for moment in moments)
    return [found[week] for week in weeks]


def judged():
    """(promise, last delivery) of each order that was not given up."""
    for order in UrgentOrder.objects.prefetch_related("promises", "runs"):
        promises = sorted(order.promises.all(), key=lambda promise: promise.pk)
        if promises and not any(run.entered_step in ("cancel", "decline") for run in order.runs.all()):
            customers = [promise for promise in promises if promise.cause == "customer"]
            delivered = [run.entered_at for run in order.runs.all() if run.entered_step == "deliver"]
            yield (customers[-1] if customers else promises[0]).promised_at, max(delivered, default=None)


def test_weekly_figures_are_what_they_are_said_to_be(weeks, django_assert_num_queries):
    now = timezone.now()
    on_time_is_first_promises_kept(weeks, now, django_assert_num_queries)
    processing_time_is_the_median(weeks, django_assert_num_queries)
    overruns_and_lateness_are_of_timed_stays(weeks, django_assert_num_queries)
    first_pass_leaves_out_what_comes_again(weeks, django_assert_num_queries)
    time_lost_is_pauses_and_stops(weeks, django_assert_num_queries)
    flows_count_once(weeks, now)


def on_time_is_first_promises_kept(weeks, now, queries):
    promises = list(judged())
    with queries(1):
        figures = reports.on_time(weeks, now)
    assert [row.due for row in figures] == counted([due for due, _at in promises], weeks)
    kept = [due for due, at in promises if at and at <= due]
    assert [row.kept for row in figures] == counted(kept, weeks)
    missed = [due for due, at in promises if due < now and not (at and at <= due)]
    assert [row.missed for row in figures] == counted(missed, weeks)
    assert sum(row.due for row in figures) > 30 < sum(row.kept for row in figures) + sum(row.missed for row in figures)
    days = reports.on_time_by_day([weeks[-2]], now)
    assert {day: row.due for day, row in days.items() if row.due} == Counter(
        timezone.localdate(due) for due, _at in promises if Week.of(timezone.localdate(due)) == weeks[-2]
    )
    for name in ("due", "kept", "missed"):
        behind = BEHIND[name].keys(weeks[-2], now, "")
        assert len(set(behind.values_list("order", flat=True))) == getattr(figures[-2], name), name


def processing_time_is_the_median(weeks, queries):
    clocks = defaultdict(list)
    for item in WorkItem.objects.filter(kind="order", state__in=["met", "met_late"]):
        clocks[Week.of(timezone.localdate(item.closed_at))].append(item.consumed_seconds)
    with queries(1):
        figures = reports.processing_time(weeks)
    assert [row.seconds for row in figures] == [median(clocks[week]) if clocks[week] else None for week in weeks]
    assert [row.orders for row in figures] == [len(clocks[week]) for week in weeks]


def overruns_and_lateness_are_of_timed_stays(weeks, queries):
    stays = [run for run in StageRun.objects.filter(left_at__isnull=False)
             if not run.is_carried and run.used_seconds is not None and run.limit_seconds is not None]  # fmt: skip
    late = [run for run in stays if run.used_seconds > run.limit_seconds]
    with queries(1):
        figures = reports.confirmation_overruns(weeks)
    for found, expected in (("stays", stays), ("late", late)):
        moments = [run.left_at for run in expected if run.stage == "confirmation"]
        assert [getattr(row, found) for row in figures] == counted(moments, weeks)
    with queries(1):
        rows = reports.lead_time_by_stage(weeks[-2])
    last = [run for run in stays if Week.of(timezone.localdate(run.left_at)) == weeks[-2]]
    for row in rows:
        here = [run for run in last if run.stage == row.stage]
        over = [run.used_seconds - run.limit_seconds for run in here if run.used_seconds > run.limit_seconds]
        assert (row.runs, row.late, row.over_seconds) == (len(here), len(over), sum(over))


def first_pass_leaves_out_what_comes_again(weeks, queries):
    inspected, passed, bad_lines = Counter(), Counter(), set()
    for inspection in Inspection.objects.filter(kind="final").order_by("pk"):
        if inspection.line_id not in bad_lines:
            week = Week.of(timezone.localdate(inspection.inspected_at))
            inspected[week] += inspection.passed + inspection.failed
            passed[week] += inspection.passed
        if inspection.failed:
            bad_lines.add(inspection.line_id)
    assert bad_lines
    with queries(1):
        figures = reports.first_pass(weeks)
    assert [(row.inspected, row.passed) for row in figures] == [(inspected[week], passed[week]) for week in weeks]


def time_lost_is_pauses_and_stops(weeks, queries):
    spent = Counter()
    for pause in Pause.objects.filter(ended_at__isnull=False):
        key = "paused", pause.reason, Week.of(timezone.localdate(pause.ended_at))
        spent[key] += (pause.ended_at - pause.started_at).total_seconds()
    for issue in Issue.objects.filter(solved_at__isnull=False, is_stopping=True):
        key = "stopped", issue.kind, Week.of(timezone.localdate(issue.solved_at))
        spent[key] += (issue.solved_at - issue.raised_at).total_seconds()
    for week in weeks:
        with queries(2):
            losses = reports.time_lost(week)
        expected = {key[:2]: seconds for key, seconds in spent.items() if key[2] == week}
        assert {(loss.list, loss.cause): loss.seconds for loss in losses} == expected


def flows_count_once(weeks, now):
    delivered = {(run.order_id, Week.of(timezone.localdate(run.entered_at)))
                 for run in StageRun.objects.filter(entered_step="deliver")}  # fmt: skip
    new = counted(UrgentOrder.objects.values_list("submitted_at", flat=True), weeks)
    rows = reports.flows(weeks, reports.on_time(weeks, now), with_money=True)
    assert [row.new for row in rows] == new
    assert [row.finished for row in rows] == [sum(place == week for _order, place in delivered) for week in weeks]
