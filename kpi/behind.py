"""The orders behind a figure: which ones its number counts."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from kpi import reports
from kpi.weeks import in_weeks
from orders.machine import PATH, Stage
from orders.models import Issue, Rating, UrgentOrder
from sla.models import PolicyVersion


@dataclass(frozen=True)
class Behind:
    """`keys(week, now, of)`: the orders' keys; `of`: choices where there is a list for each stage or cause."""

    title: object
    keys: Callable
    choices: dict | None = None


def _due(week, now, of):
    return reports.judged_promises().filter(**in_weeks("promised_at", [week])).values("order")


def _kept(week, now, of):
    return reports.with_delivery(_due(week, now, of)).filter(reports.is_kept()).values("order")


def _missed(week, now, of):
    return reports.with_delivery(_due(week, now, of)).filter(reports.is_missed(now)).values("order")


def _delivered(week, now, of):
    return reports.deliveries().filter(**in_weeks("entered_at", [week])).values("order")


def _timed(week, now, of):
    """By the clock of the whole order, which ends with its first delivery."""
    clocks = reports.processing_times().filter(**in_weeks("closed_at", [week]))
    return UrgentOrder.objects.filter(whole_item__in=clocks).values("pk")


def _stays(week, now, of):
    return reports.timed_runs().filter(stage=of, **in_weeks("left_at", [week])).values("order")


def _late(week, now, of):
    runs = reports.timed_runs().filter(reports.IS_OVER, stage=of, **in_weeks("left_at", [week]))
    return runs.values("order")


def _overruns(week, now, of):
    return _late(week, now, Stage.CONFIRMATION)


def _rejected(week, now, of):
    return reports.first_inspections().filter(failed__gt=0, **in_weeks("inspected_at", [week])).values("order")


def _rated(week, now, of):
    return Rating.objects.filter(**in_weeks("rated_at", [week])).values("order")


def _new(week, now, of):
    return UrgentOrder.objects.filter(**in_weeks("submitted_at", [week])).values("pk")


def _urgency(week, now, of):
    return reports.urgency_costs().filter(**in_weeks("recorded_at", [week])).values("order")


def _paused(week, now, of):
    paused = reports.pauses().filter(reason=of, **in_weeks("ended_at", [week]))
    return [int(source.removeprefix("order:")) for source in paused.values_list("item__source", flat=True)]


def _stopped(week, now, of):
    return reports.problems().filter(kind=of, **in_weeks("solved_at", [week])).values("order")


def _at_risk(week, now, of):
    return reports.at_risk(now).values("pk")


STAGES = {stage: Stage(stage).label for stage in PATH[1:]}
BEHIND = {
    "due": Behind(_("Due by their first promise"), _due),
    "kept": Behind(_("First promise kept"), _kept),
    "missed": Behind(_("First promise missed"), _missed),
    "delivered": Behind(_("Delivered"), _delivered),
    "timed": Behind(_("Delivered, with their processing time"), _timed),
    "overruns": Behind(_("Confirmed after the limit"), _overruns),
    "rejected": Behind(_("With pieces that failed the first final inspection"), _rejected),
    "rated": Behind(_("Rated by the customer"), _rated),
    "new": Behind(_("New orders"), _new),
    "urgency": Behind(_("With costs of urgency"), _urgency),
    "risk": Behind(_("Orders at risk now"), _at_risk),
    "stays": Behind(_("Left the stage"), _stays, STAGES),
    "late": Behind(_("Left the stage after its limit"), _late, STAGES),
    "paused": Behind(_("Paused"), _paused, dict(PolicyVersion.PauseReason.choices)),
    "stopped": Behind(_("Work stopped by a problem"), _stopped, dict(Issue.Kind.choices)),
}
