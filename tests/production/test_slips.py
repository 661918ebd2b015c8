"""What runs otherwise than planned: kept while slack is left, told once when it is used up, over when it heals."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Outbox
from orders.actions import promise as promise_order
from orders.models import Issue, MaterialLine, OrderStep
from production import actions, capacity
from production.actions import slips
from production.models import Downtime, Operation, Plan, Slip
from records.models import Event
from sla.models import WorkCalendar, WorkItem, calendar_of
from tests.factories import production as make
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db
ONE_STEP = ((10, "铣削", "CNC", 10, {}),)
SPARE = timedelta(hours=4)


@pytest.fixture
def order(people):
    """Approved; promised four hours after its plan finishes. Its material is not here yet."""
    planned = make.planned(people, quantity=12, rows=ONE_STEP, stock=0)
    finish = Plan.objects.get(order=planned).finish_at
    return actions.approve(order_id=planned.pk, by=people.production_head, promised_at=finish + SPARE)


def row_of(order) -> Operation:
    return Operation.objects.in_force().select_related("work_centre", "step").get(plan__order=order)


def promise(order, later) -> None:
    """As the buyer's page writes it down: the supplier's new date."""
    line = MaterialLine.objects.get(order=order)
    MaterialLine.objects.filter(pk=line.pk).update(promised_at=line.needed_at + later)


def told(order):
    return Event.objects.filter(stream_id=order.stream, verb="order.slipped").count()


def items(order):
    return WorkItem.objects.filter(source=order.stream, kind="slip")


def working_week() -> list[datetime]:
    """Monday to Friday at ten, of the first week after the next that has no holiday."""
    calendar = calendar_of(WorkCalendar.objects.get(code="factory").edition_id)
    today = timezone.localtime().replace(hour=10, minute=0, second=0, microsecond=0)
    monday = today + timedelta(days=14 - today.weekday())
    while not all(calendar.is_open(monday + timedelta(days=day)) for day in range(5)):
        monday += timedelta(days=7)
    return [monday + timedelta(days=day) for day in range(5)]


def comes(order, at) -> None:
    """As the buyer's page writes it down: the supplier's new date."""
    MaterialLine.objects.filter(order=order).update(promised_at=at)


@pytest.mark.clause("4.2.3", "3.4.3")
def test_late_material_is_told_when_the_slack_is_used_up_once_and_when_it_worsens(order, people, client_of):
    _monday, tuesday, wednesday, thursday, friday = working_week()
    finish = Plan.objects.get(order=order).finish_at
    until = wednesday + timedelta(hours=8)
    promise_order(order=order, promised_at=until, by=people.production_head, reason="agreed")
    comes(order, tuesday)
    assert slips.watch() == {"checked": 1}
    slip = Slip.objects.get()
    assert (slip.kind, slip.told_at, told(order), items(order).count()) == ("material", None, 0, 0)
    assert 0 < slip.lost_seconds <= (until - finish).total_seconds() and slip.lost_seconds % 60 == 0
    page = client_of(people.sales).get(reverse("production:order_tab", args=[order.pk])).content.decode()
    assert "Material comes later" in page and "of spare time used" in page and "Why it finishes then" in page
    with CaptureQueriesContext(connection) as seen:
        assert slips.watch() == {"checked": 0}
    assert len(seen) == 2, "two questions where nothing changed"

    comes(order, thursday)
    slips.watch()
    slips.watch()
    item = items(order).get()
    assert told(order) == 1 and item.state != "closed" and item.url == reverse("production:review", args=[order.pk])
    assert item.assignee.department_code == "production"
    assert Outbox.objects.filter(source=order.stream, recipient=people.sales, url=item.url).exists()
    assert Slip.objects.get().item == item and not Issue.objects.exists(), "the supplier's problem is the buyer's"
    comes(order, thursday + timedelta(minutes=10))
    slips.watch()
    assert told(order) == 1, "ten minutes more are no news"
    comes(order, friday)
    slips.watch()
    assert (told(order), items(order).count()) == (2, 1)

    ask = reverse("production:delay", args=[order.pk])
    line = MaterialLine.objects.get(order=order)
    page = client_of(people.buyer).get(ask, {"material": line.pk, "hours": 90}).content.decode()
    assert "Orders that move" in page and f"{order} · 10 铣削" in page
    assert client_of(people.buyer).get(ask).status_code == 200
    assert client_of(people.buyer).get(ask, {"material": 0, "hours": -3}).status_code == 422
    assert client_of(people.sales).get(ask).status_code == 403

    promise(order, -timedelta(hours=1))
    slips.watch()
    slip = Slip.objects.get()
    assert slip.healed_at and not items(order).living().exists()
    assert Event.objects.filter(stream_id=order.stream, verb="order.in_time_again").exists()
    rows = Slip.objects.filter(pk=slip.pk)
    for attack in (lambda: rows.update(healed_at=None), rows.delete, lambda: rows.update(finish_before_at=None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            attack()
    comes(order, friday)
    slips.watch()
    assert (Slip.objects.count(), told(order)) == (2, 3), "a new slip is told anew"


def test_downtime_and_operations_that_do_not_start_or_end_slip(order, people):
    MaterialLine.objects.filter(order=order).update(decision="waived", decided_reason="x")
    row = row_of(order)
    downtime = Downtime.objects.create(
        work_centre=row.work_centre, starts_at=row.starts_at - timedelta(hours=1), reason="主轴", is_breakdown=True,
        ends_at=row.ends_at + timedelta(days=3), recorded_by=people.planners[1],
    )
    slips.watch()
    slip = Slip.objects.get()
    assert (slip.kind, slip.cause["params"]["reason"]) == ("downtime", "主轴") and slip.told_at
    assert slip.lost_seconds >= SPARE.total_seconds()
    Downtime.objects.filter(pk=downtime.pk).update(cancelled_at=timezone.now(), cancelled_by=people.planners[1])
    slips.watch()
    assert not Slip.objects.open().exists() and not items(order).living().exists()

    slips.watch(now=row.starts_at + timedelta(minutes=30))
    assert Slip.objects.open().get().kind == "not_started"
    late = capacity.calendar_with(row.work_centre).add(row.ends_at, 3600)
    slips.watch(now=late)
    slip = Slip.objects.open().get()
    assert (slip.kind, slip.source) == ("overrun", row.step_id)
    assert slip.finish_after_at > row.ends_at
    slips.watch(now=late + timedelta(minutes=5))
    assert Slip.objects.open().get().checked_at == late, "looked at again after a quarter of an hour"
    before = told(order)
    slips.watch(now=late + timedelta(days=4))
    assert told(order) == before + 1 and items(order).living().count() == 1
    OrderStep.objects.filter(pk=row.step_id).update(is_cancelled=True)
    slips.watch(now=late + timedelta(days=4, minutes=1))
    assert not Slip.objects.open().exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_watches_at_once_tell_once(order):
    promise(order, timedelta(days=3))
    assert not refusals(at_once(slips.watch, slips.watch))
    assert (Slip.objects.count(), told(order), items(order).count()) == (1, 1, 1)
