"""The sampling table a company starts with (normal inspection, about 1 % bad pieces)."""

from quality.models import SamplingRow

ROWS = (
    (8, 2, 0), (15, 3, 0), (25, 5, 0), (50, 8, 0), (90, 13, 0), (150, 20, 0), (280, 32, 1), (500, 50, 1), (1200, 80, 2),
)


def seed() -> None:
    """May run again and again: a table that is there stays as it is."""
    if not SamplingRow.objects.exists():
        SamplingRow.objects.bulk_create(
            [SamplingRow(lot_up_to=up_to, sample_size=size, accept_number=accepts) for up_to, size, accepts in ROWS]
        )
