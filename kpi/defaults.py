"""The targets a company starts with."""

from decimal import Decimal

from kpi.models import Target

Figure = Target.Figure
TARGETS = {
    Figure.ON_TIME: "90", Figure.PROCESSING: "72", Figure.OVERRUNS: "0", Figure.FIRST_PASS: "98",
    Figure.SATISFACTION: "4.5",
}  # fmt: skip


def seed() -> None:
    Target.objects.bulk_create(
        [Target(figure=figure, value=Decimal(value)) for figure, value in TARGETS.items()], ignore_conflicts=True
    )
