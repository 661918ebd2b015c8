from django.db import transaction

from finance.models import ChargeRule, ExpenseLimit


@transaction.atomic
def seed() -> None:
    """May run again and again: what is there stays as it is."""
    for rank, amount in ExpenseLimit.DEFAULTS.items():
        ExpenseLimit.objects.get_or_create(rank=rank, defaults={"up_to_amount": amount})
    ChargeRule.current()
