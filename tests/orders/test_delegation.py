"""What a delegate sees and decides for who handed the right over; what its sender takes back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from desk.refusals import Changed, NotYours, OwnRequest
from notifications.models import Outbox
from orders import actions
from orders.models import DeclineProposal, ExpenseRequest
from people.models import User
from people.roles import Right, Role
from records.models import Event
from sla import delegations, item_acts
from sla.models import WorkItem
from tests.factories import orders as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def delegate(people):
    """A colleague of Sales."""
    department = people.sales.department
    return UserFactory(name="李娜", role=Role.SALES, department=department)


def again(person):
    """As the next request sees the person."""
    return User.objects.get(pk=person.pk)


def hand_over(giver, to, right=Right.ORDER_DECIDE, **values):
    now = timezone.now()
    return delegations.delegate(**{"by": giver, "to": to, "rights": [right], "starts_at": now - HOUR,
                                   "ends_at": now + HOUR} | values)


def propose(order, by):
    return actions.propose_decline(order_id=order.pk, by=by, reason_code="not_ours", reason="no such machine")


def waiting_for(person) -> list:
    return list(WorkItem.objects.living().for_person(again(person)).filter(kind="decline_proposal"))


@pytest.mark.clause("3.1.1")
def test_a_delegate_decides_in_the_place_of_who_is_away(people, sales_head, delegate, client_of):
    order = make.at_review(people)
    item = propose(order, people.planners[0]).item
    assert waiting_for(delegate) == []
    given = hand_over(sales_head, delegate)
    assert waiting_for(delegate) == [item]
    client, url = client_of(delegate), reverse("orders:proposal", args=[order.pk])
    listed = client.get("/?tab=decide").content.decode()
    assert "for <span" in listed
    assert sales_head.name in listed
    page = client.get(url)
    data = {"reason": "邻厂有这台机床", "once": "a", "version": page.context["version"]}
    delegations.revoke(delegation_id=given.pk, by=sales_head)
    refused = client.post(url, data)
    assert refused.status_code == 403
    said = refused.content.decode()
    assert "邻厂有这台机床" in said, "what was typed is kept"
    assert sales_head.name in said, "and who can is named"
    assert waiting_for(delegate) == []
    hand_over(sales_head, delegate)
    assert [client.post(url, data).status_code for _press in range(2)] == [302, 302]
    item.refresh_from_db()
    assert (item.closed_by, item.closed_for) == (delegate, sales_head)
    assert str(item.closer) == f"李娜 for {sales_head}"
    event = Event.objects.get(text__startswith="Not declined")
    assert (event.actor, event.on_behalf_of) == (delegate, sales_head)
    shown = client_of(people.planners[0]).get(reverse("sla:item", args=[item.pk])).content.decode()
    assert "李娜 for" in shown
    never_for_ones_own_request_and_never_further(order, sales_head, delegate)


def never_for_ones_own_request_and_never_further(order, sales_head, delegate):
    """The same order goes on, the delegation stands."""
    second = UserFactory(name="李娜", role=Role.SALES, department=delegate.department, same_person_as=delegate)
    third = UserFactory(name="赵六", role=Role.SALES, department=delegate.department)
    item = propose(order, second).item
    assert waiting_for(delegate) == [], "it is the same human being who asked"
    with pytest.raises(OwnRequest) as refused:
        actions.keep_order(order_id=order.pk, by=again(delegate), reason="it goes on")
    assert sales_head in refused.value.who
    with pytest.raises(OwnRequest):
        actions.decline(order_id=order.pk, by=again(delegate), reason_code="not_ours", reason="no",
                        was_customer_told=True, contact="Gao", how="call")
    assert waiting_for(third) == []
    with pytest.raises(NotYours):
        item_acts.transfer(item=item, person=sales_head, by=again(third))


def test_what_was_asked_for_is_taken_back_until_somebody_decided(people, sales_head, finance_head, client_of):
    order, planner = make.at_review(people), people.planners[0]
    proposal = propose(order, planner)
    asked = actions.request_expense(order_id=order.pk, by=planner, kind="transport", amount=300, reason="专车")
    client = client_of(planner)
    started = client.get("/?tab=started").content.decode()
    for paper, name in ((proposal, "orders:proposal_withdraw"), (asked, "finance:expense_withdraw")):
        item, url = paper.item, reverse(name, args=[paper.item.pk])
        assert item.pane_url in started
        assert reverse("sla:withdraw", args=[item.pk]) in client.get(item.pane_url).content.decode()
        assert client.get(reverse("sla:withdraw", args=[item.pk])).url.startswith(url)
        assert client_of(people.sales).get(url).status_code == 403
        assert client_of(people.sales).post(url, {"once": "b"}).status_code == 403
        assert "its clock stops" in client.get(url).content.decode()
        assert [client.post(url, {"once": name}).status_code for _press in range(2)] == [302, 302]
        item.refresh_from_db()
        assert (item.state, item.closed_reason) == ("cancelled", "withdrawn")
        assert client.get(url).status_code == 409
    assert DeclineProposal.objects.get().answer == "withdrawn"
    assert ExpenseRequest.objects.get().state == "withdrawn"
    assert Outbox.objects.filter(recipient=sales_head, text__startswith="No longer proposed").exists()
    with pytest.raises(Changed):
        actions.keep_order(order_id=order.pk, by=sales_head, reason="it goes on")
    with pytest.raises(NotYours):
        actions.withdraw_expense(expense_id=asked.pk, by=finance_head)
    with pytest.raises(Changed, match="withdrawn"):
        actions.withdraw_expense(expense_id=asked.pk, by=planner)
    for attack in ({"state": "approved"}, {"decided_by": finance_head}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExpenseRequest.objects.update(**attack)
    open_one = propose(order, planner)
    with pytest.raises(IntegrityError, match="who proposed it"), transaction.atomic():
        DeclineProposal.objects.filter(pk=open_one.pk).update(
            answer="withdrawn", answered_at=timezone.now(), answered_by=sales_head
        )
