"""Decided from the pane beside the list: what each department shows, and what its button does."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders import actions
from orders.models import Issue, UrgentOrder
from procurement.actions import propose_supplier
from sla.models import WorkItem
from tests.factories import finance as money
from tests.factories import logistics, quality
from tests.factories import orders as make
from tests.factories import production as plans

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


def item_of(order, kind, **values):
    return WorkItem.objects.living().get(source=order.stream, kind=kind, **values)


def pane(client, item):
    response = client.get(item.pane_url, **FRAGMENT)
    assert response.status_code == 200, item.pane_url
    return response


def press(client, response, place=0):
    """Send the pane's form as the browser would: the decision, and back to the list."""
    button = response.context["decisions"][place]
    assert button.fields is not None, button.url
    context = response.context
    sent = client.post(button.url, button.fields | {
        "once": f"{button.url}{place}", "next": context["next_url"], "version": context["version"] or "",
    })  # fmt: skip
    assert sent.status_code == 302, sent.content.decode()
    return sent.url


def test_an_order_goes_from_the_call_to_procurement_by_panes(people, client_of):
    order = make.submitted(people)
    client = client_of(people.sales)
    shown = pane(client, item_of(order, "confirmation"))
    assert shown.context["decisions"][0].url == reverse("orders:confirmation", args=[order.pk])
    for item in ("time", "place", "quantity", "specification"):
        actions.confirm_item(order_id=order.pk, by=people.sales, item=item, contact="高远", how="call")
    confirmation = item_of(order, "confirmation")
    assert press(client, pane(client, confirmation)) == f"/?done={confirmation.pk}"
    receipt = item_of(order, "sheet_receipt", department__code="procurement")
    buyer = client_of(people.buyer)
    press(buyer, pane(buyer, receipt))
    receipt.refresh_from_db()
    assert receipt.state == "met"
    order = plans.at_review(people)
    for person, kind in zip(people.planners, ("review_process", "review_capacity", "review_materials"), strict=True):
        planner = client_of(person)
        press(planner, pane(planner, item_of(order, kind)))
    decided = plans.planned(people)
    head = client_of(people.production_head)
    shown = pane(head, item_of(decided, "review_decision"))
    assert [step.department_code for step in shown.context["pane"].path][-1] == "procurement"
    press(head, shown)
    assert UrgentOrder.objects.get(pk=decided.pk).stage == "procurement"


def test_money_problems_and_pieces_by_panes(people, buyer, finance, finance_head, client_of):
    order = make.at_review(people)
    money.plan_cost(order, finance)
    small, large = (money.asked(order, buyer, amount=amount, reason="night truck") for amount in (100, 8000))
    accountant = client_of(finance)
    shown = pane(accountant, large.item)
    assert not shown.context["decisions"]
    assert finance_head.name in shown.content.decode()
    assert pane(client_of(buyer), large.item).context["decisions"] == []
    bulk = reverse("finance:expenses_approve")
    page = accountant.get(bulk, {"item": [small.item_id, large.item_id]})
    assert [bool(row.hindrance) for row in page.context["rows"]] == [False, True]
    assert accountant.post(bulk, {"item": [small.item_id, large.item_id], "once": "b"}).status_code == 302
    small.refresh_from_db()
    large.refresh_from_db()
    assert (small.state, large.state) == ("approved", "requested")
    issue = actions.raise_issue(order_id=order.pk, by=buyer, kind=Issue.Kind.MACHINE, text="主轴坏了", severity="major")
    head = client_of(people.production_head)
    note = pane(head, issue.major_item).context["decisions"][0]
    assert head.post(note.url, {"once": "n", "text": "借机床"}).status_code == 302
    issue.refresh_from_db()
    assert issue.acknowledged_by == people.production_head
    action = actions.open_issue_action(
        issue_id=issue.pk, by=buyer, text="借机床", owner=people.planners[0],
        due_at=timezone.now() + timedelta(hours=2),
    )
    planner = client_of(people.planners[0])
    shown = pane(planner, action.item).context["decisions"]
    assert planner.post(shown[0].url, {"once": "d", "result": "借到了"}).status_code == 302
    action.refresh_from_db()
    assert action.done_by == people.planners[0]
    assert [check.state for check in pane(planner, issue.item).context["pane"].checks] == ["done", "done", "missing"]


def test_held_pieces_are_decided_on_their_page(people, client_of):
    quality.held_at_final(people)
    item = WorkItem.objects.living().get(kind="nonconformance")
    shown = pane(client_of(people.inspector), item)
    rework = shown.context["decisions"][0]
    page = client_of(people.inspector).get(rework.href)
    assert page.context["form"].initial["disposition"] == "rework"


def test_several_sheets_are_received_together(people, client_of):
    items = [item_of(make.at_review(people), "sheet_receipt", department__code="procurement") for _each in range(2)]
    client, url = client_of(items[0].assignee), reverse("orders:sheets_receive")
    foreign = WorkItem.objects.living().filter(kind="sheet_receipt", department__code="finance").first()
    numbers = [item.pk for item in [*items, foreign]]
    assert len(client.get(url, {"item": numbers}).context["qualify"]) == 2
    assert client.post(url, {"item": numbers, "once": "c", "next": "/?tab=do"}).url == "/?tab=do"
    states = WorkItem.objects.filter(pk__in=numbers).order_by("pk").values_list("state", flat=True)
    assert sorted(states) == ["met", "met", "running"]


def test_negotiation_delivery_and_suppliers_by_panes(people, buyer, client_of, procurement_head):
    order = make.at_delivery(people)
    logistics.make_list(order, people.logistics)
    shown = pane(client_of(people.logistics), item_of(order, "delivery_confirmation"))
    assert shown.context["decisions"][0].url == reverse("logistics:confirm", args=[order.pk])
    asked = make.at_review(people)
    later = asked.required_at
    actions.open_negotiation(order_id=asked.pk, by=people.planners[0], reason="夹具", options=[
        {"kind": "date", "description": "晚一天", "finish_at": later, "required_at": later},
    ])  # fmt: skip
    shown = pane(client_of(people.sales), item_of(asked, "negotiation"))
    assert [button.key for button in shown.context["decisions"]] == ["A", "D"]
    supplier = propose_supplier(by=buyer, name="新厂")
    item = WorkItem.objects.get(source=f"supplier:{supplier.pk}")
    assert item.assignee == procurement_head
    head = client_of(procurement_head)
    press(head, pane(head, item))
    item.refresh_from_db()
    assert item.state == "met"
    assert pane(client_of(buyer), item).context["decisions"] == []


@pytest.mark.parametrize("kind", ["review_decision", "sheet_receipt"])
def test_panes_of_an_order_are_not_open_to_strangers(people, stranger, client_of, kind):
    item = WorkItem.objects.filter(source=make.at_review(people).stream, kind=kind).first()
    assert client_of(stranger).get(item.pane_url).status_code == 404
