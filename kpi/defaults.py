"""The targets and the scoring rules a company starts with."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from kpi.models import Indicator, Rule, RuleSet, Target

Figure = Target.Figure
TARGETS = {
    Figure.ON_TIME: "90", Figure.PROCESSING: "72", Figure.OVERRUNS: "0", Figure.FIRST_PASS: "98",
    Figure.SATISFACTION: "4.5",
}  # fmt: skip

DEPARTMENT, PERSON = Rule.Scope.DEPARTMENT, Rule.Scope.PERSON
TIME, ON_TIME, QUALITY, COST, SATISFACTION = Indicator
FIRST_MONTH = date(2020, 1, 1)
# Target and floor: 100 and 60 points.
LINES = {TIME: ("60", "100"), ON_TIME: ("98", "80"), COST: ("100", "115"), SATISFACTION: ("4.8", "3.5")}
ALL_FOUR = {TIME: 15, ON_TIME: 15, QUALITY: 30, COST: 20, SATISFACTION: 20}
RULES = {  # (for whom, department): weights, and the target and floor of quality, which each department means its own
    (DEPARTMENT, "sales"): ({TIME: 20, ON_TIME: 20, QUALITY: 30, SATISFACTION: 30}, ("95", "75")),
    (DEPARTMENT, "production"): (ALL_FOUR, ("98", "90")),
    (DEPARTMENT, "procurement"): (ALL_FOUR, ("98", "85")),
    (DEPARTMENT, "quality"): ({TIME: 20, ON_TIME: 20, QUALITY: 40, SATISFACTION: 20}, ("100", "95")),
    (DEPARTMENT, "logistics"): (ALL_FOUR, ("100", "97")),
    (DEPARTMENT, "finance"): ({TIME: 40, QUALITY: 40, COST: 20}, ("98", "85")),
    (PERSON, ""): ({TIME: 30, ON_TIME: 30, QUALITY: 40}, ("98", "90")),
    (PERSON, "sales"): ({TIME: 20, ON_TIME: 20, QUALITY: 30, SATISFACTION: 30}, ("95", "75")),
}


@transaction.atomic
def seed() -> None:
    Target.objects.bulk_create(
        [Target(figure=figure, value=Decimal(value)) for figure, value in TARGETS.items()], ignore_conflicts=True
    )
    if not RuleSet.objects.exists():
        seed_rules()


def seed_rules() -> RuleSet:
    now = timezone.now()
    first = RuleSet.objects.create(
        number=1, valid_from=FIRST_MONTH, reason=gettext_noop("What a company starts with"),
        made_on=timezone.localdate(now), made_at=now,
    )
    Rule.objects.bulk_create([
        _rule(first, scope, department, indicator, weight, quality)
        for (scope, department), (weights, quality) in RULES.items() for indicator, weight in weights.items()
    ])  # fmt: skip
    return first


def _rule(rule_set, scope, department, indicator, weight, quality) -> Rule:
    target, floor = quality if indicator == QUALITY else LINES[indicator]
    return Rule(rule_set=rule_set, scope=scope, department=department, indicator=indicator, weight=weight,
                target=Decimal(target), floor=Decimal(floor))  # fmt: skip
