"""The whole way through the door, by border papers alone."""

import pytest

from orders.models import StageRun, UrgentOrder
from sla.models import WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


@pytest.mark.clause("1.1")
def test_order_lives_from_call_to_settlement(people):
    order = make.closed(people)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "closed"
    assert list(StageRun.objects.filter(order=order).order_by("number").values_list("stage", flat=True)) == [
        "identification", "confirmation", "review", "procurement", "production", "qc", "delivery", "settlement",
        "closed",
    ]
    assert not StageRun.objects.filter(order=order, left_at__isnull=True).exists()
    assert not WorkItem.objects.living().filter(source=order.stream).exists()
