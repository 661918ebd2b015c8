"""What a rush order's way past others costs in set-ups, booked once with its approval."""

from decimal import Decimal

import pytest
from django.urls import reverse

from finance.urgency import price_of_urgency
from orders.models import CostEntry
from production.change_over import book_change_over
from tests.production.test_consent import answer, approve, ask, pair, release  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db


@pytest.mark.clause("1.3.4", "4.6.1")
def test_the_displaced_set_up_and_lateness_stand_in_the_price_of_urgency(pair, people):  # noqa: F811
    first, second = pair
    _plan, consent = ask(second, first, people)
    answer(consent, people.sales)
    release(second, people)
    assert not CostEntry.objects.filter(kind="changeover").exists()
    approve(second, people)
    entry = CostEntry.objects.get(kind="changeover")
    assert (entry.order, entry.cause, entry.is_planned, entry.amount) == (second, "urgency", True, Decimal("30.00"))
    assert entry.url == reverse("production:order_tab", args=[first.pk])  # 10 minutes at 120 + 60 an hour
    book_change_over(second, by=people.planners[1])
    assert CostEntry.objects.filter(kind="changeover").count() == 1
    price = price_of_urgency(second)
    assert {part.code for part in price.parts} >= {"changeover", "lateness"} and price.planned > 30
