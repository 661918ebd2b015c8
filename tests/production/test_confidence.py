"""How sure a plan is: quantiles of our own past, and silence where there is too little of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from desk import guards
from orders.models import OrderLine, OrderStep, Promise, StageRun, UrgentOrder
from production.confidence import LEAST, SHARES, band, delay_share, quantile, rows_of
from production.models import Operation, Plan
from tests.conftest import guards_aside
from tests.factories import orders as make
from tests.factories.production import work_centre

HOUR = timedelta(hours=1)
NOW = timezone.now().replace(microsecond=0)


@given(st.lists(st.floats(-2, 5), min_size=1, max_size=80), st.integers(1, 10_000))
def test_a_band_widens_and_holds_what_it_says(delays, lead):
    rows = rows_of(delays, NOW + timedelta(seconds=lead), NOW)
    assert [row.share for row in rows] == list(SHARES)
    assert sorted(row.at for row in rows) == [row.at for row in rows]
    for share in SHARES:
        kept = sum(delay <= quantile(delays, share) for delay in delays)
        assert kept * 100 >= share * len(delays)
        assert quantile(delays, share) in delays


def test_a_delay_is_a_share_of_the_planned_lead_time():
    assert delay_share(NOW, NOW + 10 * HOUR, NOW + 13 * HOUR) == pytest.approx(0.3)
    assert delay_share(NOW, NOW + 10 * HOUR, NOW + 8 * HOUR) == pytest.approx(-0.2)
    assert delay_share(NOW, NOW, NOW + HOUR) is None


def finished(people, product, late_hours):
    """Delivered orders, each planned for 10 hours: written as they stand afterwards, past all gates."""
    start = NOW - timedelta(days=9)
    rows = [UrgentOrder(
        number=f"OLD-{next(make.numbers)}", stage="closed", outcome="delivered", created_by=people.sales,
        submitted_at=start, submitted_by=people.sales, customer=make.make_customer(), required_at=start, place="x",
        ground="customer_asked", reason="line_down", closed_at=NOW,
    ) for _late in late_hours]  # fmt: skip
    orders = UrgentOrder.objects.bulk_create(rows)
    lines = OrderLine.objects.bulk_create(
        [OrderLine(order=row, position=1, product=product, requested_quantity=1, agreed_quantity=1) for row in orders]
    )
    StageRun.objects.bulk_create([
        StageRun(order=row, number=1, stage="procurement", entered_at=start, entered_by=people.sales,
                 entered_step="approve", left_at=NOW) for row in orders
    ])
    centre, steps, plans = work_centre("CNC"), [], []
    for line, late in zip(lines, late_hours, strict=True):
        steps.append(OrderStep(order=line.order, line=line, number=10, name="x", quantity=1, token=f"T{line.pk}",
                               started_at=start, finished_at=start + (10 + late) * HOUR))
        plans += [Plan(order=line.order, version=version, state="superseded", made_at=start, made_by=people.sales,
                       released_at=start + (version - 1) * 9 * HOUR, released_by=people.sales) for version in (1, 2)]
    OrderStep.objects.bulk_create(steps)
    plans = Plan.objects.bulk_create(plans)
    of_order = {line.order_id: line for line in lines}
    Operation.objects.bulk_create([  # the second version was released afterwards: it judges nobody
        Operation(plan=plan, line=of_order[plan.order_id], number=10, name="x", work_centre=centre, slot=1, quantity=1,
                  work_seconds=60, starts_at=start, ends_at=start + 10 * plan.version * HOUR) for plan in plans
    ])
    return orders


@pytest.mark.clause("3.2.1")
@pytest.mark.django_db
def test_like_orders_say_how_sure_a_plan_is_and_too_few_say_nothing(people):
    order = make.at_review(people)
    product = order.lines.get().product
    other = make.make_product(family=type(product.family).objects.create(name="轴", normal_lead_time_hours=50))
    with guards_aside(connection, guards):
        finished(people, product, [0] * (LEAST - 1))
        assert band(order, NOW + 20 * HOUR, NOW) is None
        finished(people, other, [5] * (LEAST + 1))
    of_all = band(order, NOW + 20 * HOUR, NOW)
    assert (of_all.count, of_all.is_of_family) == (2 * LEAST, False)
    with guards_aside(connection, guards):
        orders = finished(people, product, [1, 2, 3, 4] * 4)
    with CaptureQueriesContext(connection) as seen:
        like = band(order, NOW + 20 * HOUR, NOW)
    assert len(seen) == 2
    assert (like.count, like.is_of_family) == (LEAST + 15, True)  # 29 by plan, 16 later
    assert [row.seconds // 3600 for row in like.rows] == [0, 4, 8]  # 0, 20 and 40 % of 20 hours
    assert like.rows[1].at == NOW + 24 * HOUR and like.snapshot()["rows"][1]["share"] == 80
    assert band(order, None) is None
    for late in orders[3::4]:  # where the customer moved the date, the first plan judges nobody
        Promise.objects.create(order=late, requested_at=NOW, promised_at=NOW, cause="customer", reason="x",
                               recorded_at=NOW, recorded_by=people.sales, approved_by=people.sales)
    assert band(order, NOW + 20 * HOUR, NOW).count == LEAST + 11
