"""The preview, the pages of the acts, several at once."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from people.models import Absence
from sla import actions, item_acts
from sla.models import WorkItem
from tests.factories.sla import open_item

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def task(company, sales, production_head):
    """A task of a kind that no department has drawn a pane for."""
    return open_item(company["production"], kind="plan", assignee=production_head, by=sales)


def test_the_pane_is_a_fragment_or_a_page(task, production_head, client_of):
    client = client_of(production_head)
    fragment, page = client.get(task.pane_url, **FRAGMENT), client.get(task.pane_url)
    for response in (fragment, page):
        text = response.content.decode()
        assert response.status_code == 200
        assert task.subject_text in text
        assert reverse("sla:transfer", args=[task.pk]) in text
    assert b"<html" not in fragment.content
    assert b"<html" in page.content


def test_the_pane_offers_what_one_may(task, sales, production_head, planner, client_of):
    shown = client_of(sales).get(task.pane_url, **FRAGMENT).content.decode()
    assert reverse("sla:remind", args=[task.pk]) in shown
    assert reverse("sla:transfer", args=[task.pk]) not in shown
    assert client_of(planner).get(task.pane_url).status_code == 404
    actions.finish(task, by=production_head)
    closed = client_of(sales).get(task.pane_url, **FRAGMENT).content.decode()
    assert production_head.name in closed
    assert "pv__f" not in closed


def test_another_address_than_our_own_is_not_gone_on_to(task, production_head, planner, client_of):
    client, url = client_of(production_head), reverse("sla:transfer", args=[task.pk])
    assert client.get(f"{url}?next=/?tab=do").context["form"]
    for wanted, led in (("https://evil.example/", "/"), ("/?tab=do", "/?tab=do")):
        task = open_item(production_head.department, kind="plan", assignee=production_head)
        data = {"person": planner.pk, "text": "", "once": f"o{task.pk}", "next": wanted}
        assert client.post(reverse("sla:transfer", args=[task.pk]), data).url == led
    task.refresh_from_db()
    assert task.assignee == planner


def test_acts_by_form(task, production_head, sales, buyer, client_of):
    mine, sender = client_of(production_head), client_of(sales)
    pages = ("transfer", "give_back", "add_approver", "copy", "comment")
    assert [mine.get(reverse(f"sla:{name}", args=[task.pk])).status_code for name in pages] == [200] * len(pages)
    assert sender.get(reverse("sla:transfer", args=[task.pk])).status_code == 403

    def post(client, name, pk=task.pk, **data):
        return client.post(reverse(f"sla:{name}", args=[pk]), data | {"once": f"{name}{pk}"}).status_code

    assert post(sender, "remind", text="") == 302
    assert post(mine, "comment", text="") == 422
    assert post(mine, "comment", text="Who has the drawing?") == 302
    assert post(mine, "copy", people=[buyer.pk]) == 302
    assert post(mine, "add_approver", person=buyer.pk, text="Steel?") == 302
    asked = WorkItem.objects.get(kind="countersign")
    assert "Steel?" in client_of(buyer).get(asked.pane_url, **FRAGMENT).content.decode()
    assert post(client_of(buyer), "agree", pk=asked.pk, agrees="no", text="") == 422
    assert post(client_of(buyer), "agree", pk=asked.pk, agrees="no", text="No steel") == 302
    assert post(mine, "give_back", reason_code="missing", text="no") == 422
    assert post(mine, "give_back", reason_code="missing", text="The drawing") == 302
    assert [act.act for act in task.acts.all()] == ["remind", "comment", "copy", "add", "disagree", "return"]
    assert task.acts.last().text == "Papers are missing: The drawing"


def test_a_stage_of_an_order_goes_back_on_its_own_page(company, production_head, client_of):
    item = open_item(company["production"], kind="review_decision", assignee=production_head, source="order:7")
    response = client_of(production_head).get(reverse("sla:give_back", args=[item.pk]), {"next": "/?tab=decide"})
    assert response.url == f"{reverse('orders:send_back', args=[7])}?next=%2F%3Ftab%3Ddecide"


def test_a_decision_comes_back_to_the_list_and_says_what_was_done(task, production_head, client_of):
    client = client_of(production_head)
    actions.finish(task, by=production_head)
    response = client.get(reverse("sla:my_work"), {"tab": "do", "done": task.pk})
    assert response.context["done"] == task
    assert client.get(reverse("sla:my_work"), {"done": "x" * 30}).context["done"] is None


def test_copied_to_me_and_the_next_clock(task, production_head, buyer, client_of):
    item_acts.copy_to(item=task, people=[buyer], by=production_head)
    client = client_of(buyer)
    found = client.get(reverse("sla:my_work"), {"tab": "copied"}).context["groups"]
    assert [row.item for group in found for row in group.items] == [task]
    assert client.get(task.pane_url).status_code == 200
    other = open_item(buyer.department, assignee=buyer.department.head)
    page = client.get(reverse("sla:my_work"))
    assert page.context["upcoming"] == other
    assert "All clear" in page.content.decode()


def test_the_delegate_is_named(production_head, planner, company, client_of):
    now = timezone.now()
    client = client_of(production_head)
    assert "Delegate: off" in client.get(reverse("sla:my_work")).content.decode()
    Absence.objects.create(person=production_head, delegate=planner, starts_at=now,
                           ends_at=now + timedelta(days=2))  # fmt: skip
    assert f"Delegate: {planner.name} until" in client.get(reverse("sla:my_work")).content.decode()


def test_several_are_handed_on_each_for_itself(company, production_head, planner, sales, client_of):
    plan, other = (open_item(company["production"], kind="plan", assignee=production_head) for _ in range(2))
    review = open_item(company["production"], kind="review_decision", assignee=production_head, by=sales)
    foreign = open_item(company["sales"], assignee=sales)
    client, url = client_of(production_head), reverse("sla:transfer_many")
    numbers = [plan.pk, other.pk, review.pk, foreign.pk]
    page = client.get(url, {"item": numbers})
    assert {row.item.pk for row in page.context["rows"]} == {plan.pk, other.pk, review.pk}
    data = {"item": numbers, "person": planner.pk, "text": "", "once": "a"}
    answer = client.post(url, data)
    assert answer.status_code == 409
    left = answer.context["rows"]
    assert [row.item for row in left] == [review]
    assert planner.name in str(left[0].refusal.what)
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["2 done."]
    assert WorkItem.objects.filter(assignee=planner).count() == 2
    assert client.post(url, data).status_code == 409  # pressed twice: nothing twice
    assert plan.acts.count() == 1

def test_a_form_that_came_too_late_gives_back_what_was_typed(company, sales, sales_head, client_of):
    item = open_item(company["sales"], kind="plan", assignee=sales)
    client, url = client_of(sales), reverse("sla:comment", args=[item.pk])
    assert client.get(url).status_code == 200
    actions.finish(item, by=sales_head)
    answer = client.post(url, {"text": "图纸在哪里？", "once": "late"})
    said = answer.content.decode()
    assert answer.status_code == 409
    assert "图纸在哪里？" in said
    assert sales_head.name in said
    assert not item.acts.exists()
