"""A person stops a clock while another running task names who is awaited."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import render
from notifications.models import Notification
from people.roles import Right
from records.models import Event
from sla import actions, delegations, pausing
from sla.models import Pause, WorkItem
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)
State = WorkItem.State


def again(item):
    return WorkItem.objects.get(pk=item.pk)


@pytest.fixture
def plan(company, planner, monday):
    return open_item(company["production"], kind="plan", assignee=planner, now=monday)


@pytest.fixture
def steel(company, buyer, monday):
    """The other task of the same order: the buyer is awaited."""
    return open_item(company["procurement"], kind="purchase_line", assignee=buyer, now=monday, subject="Buy the steel")


def stop(item, by, awaits, now, **values):
    given = {"reason": "department", "length": 4 * HOUR} | values
    return pausing.pause(item=item, by=by, awaits=awaits, now=now, **given)


def told(person) -> list[str]:
    return [render(row.text, row.params) for row in Notification.objects.filter(recipient=person).order_by("pk")]


def test_it_comes_back_by_itself_at_its_end_and_says_so(plan, steel, planner, buyer, monday):
    item = stop(plan, planner, steel, monday + HOUR)
    assert (item.state, item.due_at, item.next_fire_at) == (State.PAUSED, None, monday + 5 * HOUR)
    assert "waits for you until" in told(buyer)[0]
    actions.sweep(now=monday + 4 * HOUR)
    assert not told(planner)
    assert actions.sweep(now=monday + 7 * HOUR).resumed == 1
    item = again(plan)
    assert (item.state, item.consumed_seconds) == (State.RUNNING, 3600)
    assert item.due_at == pausing.due_after(plan, monday + 5 * HOUR, monday + HOUR)
    assert told(planner)[0].startswith("Your clock runs again")
    assert [event.verb for event in Event.objects.order_by("number")] == ["pause", "resume"]
    pause = Pause.objects.get()
    assert (pause.started_by, pause.awaits, pause.ended_by, pause.ended_at) == (planner, steel, None, monday + 5 * HOUR)


def test_it_ends_with_the_task_that_was_waited_for(plan, steel, planner, buyer, monday):
    stop(plan, planner, steel, monday)
    actions.finish(steel, by=buyer, now=monday + HOUR)
    item = again(plan)
    assert (item.state, item.running_since) == (State.RUNNING, monday + HOUR)
    assert len(told(planner)) == 1
    with pytest.raises(Changed):
        pausing.resume(item=plan, by=planner)


def test_who_stops_it_lets_it_run_again(plan, steel, planner, production_head, monday):
    stop(plan, production_head, steel, monday)
    with pytest.raises(Changed):
        stop(plan, planner, steel, monday)
    assert pausing.resume(item=plan, by=planner, now=monday + HOUR).state == State.RUNNING
    assert not told(planner), "who did it need not be told"


def test_an_act_of_the_order_comes_before_a_pause_of_a_person(plan, steel, planner, monday):
    stop(plan, planner, steel, monday)
    actions.pause(plan, "hold", by=None, until=monday + 9 * HOUR, now=monday + HOUR)
    assert list(Pause.objects.order_by("pk").values_list("reason", "ended_at")) == [
        ("department", monday + HOUR), ("hold", None),
    ]
    with pytest.raises(GateShut, match="not started by hand"):
        pausing.resume(item=plan, by=planner, now=monday + 2 * HOUR)
    actions.finish(steel, by=planner, now=monday + 2 * HOUR)
    assert again(plan).state == State.PAUSED, "the hold stands"


@pytest.mark.clause("3.1.1")
def test_what_is_not_paused(company, plan, steel, planner, buyer, sales, operator, manager, monday):
    for by in (buyer, operator):
        with pytest.raises(NotYours) as refused:
            stop(plan, by, steel, monday)
        assert refused.value.who == (planner,)
    confirmation = open_item(company["sales"], assignee=sales, now=monday)
    with pytest.raises(GateShut, match="not paused"):
        stop(confirmation, sales, steel, monday)
    with pytest.raises(GateShut, match="not paused"):
        actions.pause(confirmation, "customer", by=sales, now=monday)
    expense = open_item(company["finance"], kind="expense", assignee=planner, now=monday)
    with pytest.raises(GateShut) as refused:
        stop(expense, planner, steel, monday)
    assert "knows no reason" in refused.value.because
    with pytest.raises(GateShut, match="for that reason"):
        stop(plan, planner, steel, monday, reason="customer")
    review = open_item(company["production"], kind="review_decision", assignee=planner, now=monday)
    with pytest.raises(BadInput, match="no negotiation"):
        stop(review, planner, steel, monday, reason="negotiation")
    with pytest.raises(BadInput, match="three days"):
        stop(plan, planner, steel, monday, length=73 * HOUR)
    assert stop(plan, manager, steel, monday).state == State.PAUSED


def test_somebody_else_must_be_awaited(company, plan, steel, planner, buyer, monday):
    own = open_item(company["production"], kind="operation", assignee=planner, now=monday)
    nobody = open_item(company["quality"], kind="qc", now=monday)
    other_order = open_item(company["procurement"], kind="purchase_line", assignee=buyer, source="order:2", now=monday)
    for awaits in (own, nobody, other_order, plan):
        with pytest.raises(Changed, match="Nobody is awaited there"):
            stop(plan, planner, awaits, monday)
    actions.finish(steel, by=buyer, now=monday)
    with pytest.raises(GateShut) as refused:
        stop(plan, planner, steel, monday)
    assert "names anybody" in refused.value.because


def test_two_do_not_wait_for_each_other(plan, steel, planner, buyer, monday):
    stop(plan, planner, steel, monday)
    with pytest.raises(GateShut):
        stop(steel, buyer, plan, monday, reason="decision")


def test_the_database_keeps_it_too(company, plan, steel, sales, buyer, monday):
    confirmation = open_item(company["sales"], assignee=sales, now=monday)
    other_order = open_item(company["procurement"], kind="purchase_line", assignee=buyer, source="order:2", now=monday)
    row = {"reason": "customer", "started_at": monday, "until": monday + HOUR}
    with pytest.raises(IntegrityError, match="confirmation is not paused"), transaction.atomic():
        Pause.objects.bulk_create([Pause(item=confirmation, **row)])
    for awaits in (plan, other_order):
        with pytest.raises(IntegrityError, match="who is awaited"), transaction.atomic():
            Pause.objects.bulk_create([Pause(item=plan, awaits=awaits, **row)])


# Pages


@pytest.fixture
def pair(company, planner, buyer):
    """The same two, their clocks running since now."""
    return [open_item(company["production"], kind="plan", assignee=planner),
            open_item(company["procurement"], kind="purchase_line", assignee=buyer)]  # fmt: skip


def url(name, item):
    return reverse(f"sla:{name}", args=[item.pk])


def test_views_pause_and_resume(pair, planner, buyer, sales, client_of):
    plan, steel = pair
    client = client_of(planner)
    shown = client.get(plan.pane_url).content.decode()
    assert url("pause", plan) in shown
    page = client.get(url("pause", plan))
    said = page.content.decode()
    assert "instead of" in said, "the new due time stands there before the click"
    assert f"{buyer} · Purchase" in said
    assert client_of(sales).get(url("pause", plan)).status_code == 404
    assert client_of(buyer).get(url("pause", plan)).status_code == 404
    data = {"reason": "department", "awaits": steel.pk, "length": "2", "once": "p"}
    assert client.post(url("pause", plan), data | {"length": "99"}).status_code == 422
    assert [client.post(url("pause", plan), data).status_code for _press in range(2)] == [302, 302]
    assert Pause.objects.count() == 1
    shown = client.get(plan.pane_url).content.decode()
    assert "The clock stands until" in shown
    assert str(buyer) in shown
    assert url("resume", plan) in shown
    assert client.get(url("pause", plan)).status_code == 409
    assert "Due" in client.get(url("resume", plan)).content.decode()
    assert client.post(url("resume", plan), {"once": "r"}).status_code == 302
    assert again(plan).state == State.RUNNING


def test_views_acknowledge(company, sales, sales_head, planner, client_of):
    item = open_item(company["sales"], kind="identification", assignee=sales)
    client = client_of(sales)
    assert url("acknowledge", item) not in client.get(item.pane_url).content.decode()
    refused = client.get(url("acknowledge", item))
    assert refused.status_code == 409
    assert "Nothing was escalated yet" in refused.content.decode()
    later = item.opened_at + 40 * HOUR
    actions.sweep(now=later)
    assert url("acknowledge", item) in client.get(item.pane_url).content.decode()
    assert client_of(planner).get(url("acknowledge", item)).status_code == 404
    late = open_item(company["sales"], kind="negotiation", assignee=sales, source="order:9", due_at=timezone.now())
    open_item(company["production"], kind="problem", assignee=planner, source="order:9")
    assert "late all the same" in client.get(url("pause", late)).content.decode()
    until = timezone.localtime() + 5 * HOUR
    data = {"note": "We call them", "until": until.strftime("%Y-%m-%dT%H:%M"), "once": "k"}
    assert client_of(planner).post(url("acknowledge", item), data).status_code == 404
    assert [client.post(url("acknowledge", item), data).status_code for _press in range(2)] == [302, 302]
    assert item.acknowledgements.count() == 1
    shown = client_of(sales_head).get(item.pane_url).content.decode()
    assert "knows; no repeated reminders until" in shown
    assert str(sales) in shown
    assert "We call them" in shown


def test_views_who_holds_the_right_stops_it_for_the_giver(company, quality_head, inspector, buyer, client_of):
    now = timezone.now()
    item = open_item(company["quality"], kind="nonconformance", assignee=quality_head)
    awaited = open_item(company["procurement"], kind="purchase_line", assignee=buyer)
    other = inspector
    other.role = "hr"
    other.save()
    delegations.delegate(by=quality_head, to=other, rights=[Right.QUALITY_DECIDE], starts_at=now - HOUR,
                         ends_at=now + HOUR)
    data = {"reason": "customer", "awaits": awaited.pk, "length": "1", "once": "p"}
    assert client_of(other).post(url("pause", item), data).status_code == 302
    event = Event.objects.get(verb="pause")
    assert (event.actor, event.on_behalf_of) == (other, quality_head)
