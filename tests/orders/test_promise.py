"""The promise ledger: what was asked, what was promised first, each change with who and why, and who reads which."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from kpi.reports import judged_promises
from orders import actions
from orders.models import Negotiation, Promise, UrgentOrder
from orders.pages import is_late, judged
from orders.tracking import face_of
from sla import actions as sla
from sla.models import Escalation, WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def broken(sql, *params):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def agreed(order, people, required_at):
    talk = actions.open_negotiation(order_id=order.pk, by=people.planners[1], reason="夹具", options=[
        {"kind": "date", "description": "晚", "finish_at": required_at, "required_at": required_at},
    ])
    actions.accept_option(
        negotiation_id=talk.pk, option_id=talk.options.get().pk, by=people.sales, contact="Gao", how="call"
    )
    return UrgentOrder.objects.get(pk=order.pk)


@pytest.mark.clause("3.2.3", "6.1.1")
def test_the_ledger_keeps_each_promise_and_is_judged_on_the_first(people, client_of):
    order = make.at_procurement(people)
    asked = order.required_at
    order = agreed(order, people, asked + 2 * DAY)
    second = actions.promise(order=order, promised_at=asked + 3 * DAY, by=people.production_head, reason="砂眼",
                             confidence={"count": 44, "rows": [{}, {"share": 80, "at": asked.isoformat()}]})
    first = Promise.objects.first()
    assert (first.requested_at, first.promised_at, second.requested_at) == (asked, asked, asked)  # not what we agreed
    assert (second.requested_by, second.approved_by) == (people.planners[1], people.production_head)
    assert Negotiation.objects.get().required_before == asked
    assert list(judged_promises()) == [first] and judged([first, second]) == first  # not the latest
    link, _token = actions.issue_customer_link(order_id=order.pk, by=people.sales, recipient="G", contact_phone="1",
                                               language="en")
    assert face_of(link).arrives_at == second.promised_at  # the customer sees the latest
    page = client_of(people.sales).get(reverse("orders:detail", args=[order.pk])).content.decode()
    for words in ("judged on this", "in force", "砂眼", "changed by us", "80 % of 44 finished orders",
                  str(people.planners[1]), str(people.production_head)):
        assert words in page.split("Promises</h2>")[1].split("</section>")[0]

    actions.request_change(order_id=order.pk, by=people.sales, reason="展会", contact="Gao", how="call",
                           required_at=asked + 5 * DAY)
    own = Promise.objects.last()
    assert (own.cause, own.requested_at, own.requested_by) == ("customer", asked + 5 * DAY, people.sales)
    assert list(judged_promises()) == [own] and judged([first, second, own]) == own


def test_no_promise_is_changed_or_lost(people):
    order = make.at_procurement(people)
    promise = order.promises.get()
    for column, value in (("promised_at", timezone.now()), ("cause", "customer"), ("requested_by_id", people.sales.pk),
                          ("confidence", "{}"), ("reason", "x")):
        broken(f"UPDATE orders_promise SET {column} = %s WHERE id = %s", value, promise.pk)
    broken("DELETE FROM orders_promise")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.all().update(requested_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.bulk_update([Promise(pk=promise.pk, reason="y")], ["reason"])


@pytest.mark.clause("3.4.2")
def test_late_is_against_what_was_promised(people, client_of):
    order = make.at_procurement(people)
    sales, page = client_of(people.sales), reverse("orders:detail", args=[order.pk])
    past = timezone.now() - DAY
    UrgentOrder.objects.filter(pk=order.pk).update(required_at=past)
    actions.promise(order=order, promised_at=timezone.now() + DAY, by=people.production_head, reason="x")
    assert is_late(order, list(order.promises.all())) is False
    assert "octagon" not in sales.get(page).content.decode().split("</h1>")[1].split("</div>")[0]
    actions.promise(order=order, promised_at=past, by=people.production_head, reason="x")
    assert "Late" in sales.get(page).content.decode().split("</h1>")[1].split("</div>")[0]


@pytest.mark.clause("3.4.2")
def test_a_change_of_the_date_arms_the_alert_once_more(people):
    """What was told for the old date is told again for the new one, once, and never for the old one."""
    order = make.at_procurement(people)
    old = WorkItem.objects.get(pk=order.whole_item_id)
    asked, later = order.required_at, order.required_at + 3 * DAY
    sla.sweep(now=asked + timedelta(minutes=1))
    assert Escalation.objects.filter(item=old, outcome="fired").exists()
    actions.promise(order=order, promised_at=asked, by=people.production_head, reason="the same")
    assert WorkItem.objects.filter(kind="order").count() == 1
    with transaction.atomic():
        actions.promise(order=actions.lock(order.pk), promised_at=later, by=people.production_head, reason="x")
    new = WorkItem.objects.living().get(kind="order", source=order.stream)
    old.refresh_from_db()
    assert (old.state, new.due_at, new.pk) == ("cancelled", later, UrgentOrder.objects.get(pk=order.pk).whole_item_id)
    assert new.consumed_seconds == old.consumed_seconds and new.assignee == old.assignee
    sla.sweep(now=later - timedelta(hours=30))
    before = Escalation.objects.filter(item=new, outcome="fired").count()
    for minutes in (1, 2):
        sla.sweep(now=later + timedelta(minutes=minutes))
    at_due = Escalation.objects.filter(item=new, outcome="fired").count()
    assert at_due > before
    sla.sweep(now=later + timedelta(minutes=3))
    assert Escalation.objects.filter(item=new, outcome="fired").count() == at_due
    assert not Escalation.objects.filter(item=old, fired_at__gt=asked + timedelta(minutes=1)).exists()
