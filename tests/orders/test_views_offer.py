"""The page on which the customer chooses, and the pages around it: who enters, what they say and never say."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders import actions
from orders.models import Negotiation, OfferAnswer, OfferLink, UrgentOrder
from records.models import AccessLink
from sla.models import WorkItem
from tests.factories import orders as make
from tests.orders.test_offers import LINK, in_hours, later, negotiated, parts, sent

pytestmark = pytest.mark.django_db


def page_of(token):
    return reverse("customer:offer", args=[token])


def statements(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


@pytest.mark.clause("3.2.3", "4.1.3")
def test_sales_sends_the_options_and_the_customer_answers_on_the_page(people, client_of, hr):
    order = make.at_review(people, rush_charge_amount=800)
    talk = negotiated(order, people, later(), parts())
    date, split = talk.options.all()
    url = reverse("orders:offer_send", args=[order.pk, talk.pk])
    sales = client_of(people.sales)
    assert client_of(hr).get(url).status_code == 403
    assert client_of(people.planners[0]).get(url).status_code == 403
    given = LINK | {f"charge_{date.pk}": "", f"charge_{split.pk}": "1234", "text": "Sorry.", "once": "k"}
    assert sales.post(url, given | {"contact_phone": ""}).status_code == 422
    shown = sales.post(url, given)
    token = shown.content.decode().split("/c/")[1].split("/")[0]
    assert "no-store" in shown["Cache-Control"] and sales.post(url, given).status_code == 302
    assert OfferLink.objects.count() == 1

    customer = Client()
    for _look in range(2):  # a mail scanner opens it too
        answer = customer.get(page_of(token))
    page = answer.content.decode()
    assert answer.status_code == 200 and "sessionid" not in answer.cookies and "noindex" in answer["X-Robots-Tag"]
    assert not OfferAnswer.objects.exists()
    for word in ("What suits you", "7 pieces by", "3 pieces by", "¥ 1,234", "Sorry.", "0515-1", people.sales.name):
        assert word in page
    for secret in ("9,480", "9480", "夹具", "分两批", "¥ 800", people.planners[1].name, order.customer.name):
        assert secret not in page
    assert "分批" in customer.get(page_of(token) + "?lang=zh-hans").content.decode()
    for wrong in ({"option": "", "contact": "Gao"}, {"option": "0", "contact": "Gao"},
                  {"option": str(split.pk), "contact": ""}, {"option": "none", "contact": "Gao", "comment": " "}):
        wrong = customer.post(page_of(token), wrong | {"comment": "typed"} if "comment" not in wrong else wrong)
        assert wrong.status_code == 422 and not OfferAnswer.objects.exists()
    chosen = {"option": str(split.pk), "contact": "Gao", "comment": "the first are urgent", "once": "p"}
    for _press in range(2):
        assert customer.post(page_of(token), chosen).status_code == 302
    thanks = customer.get(page_of(token)).content.decode()
    assert "Thank you" in thanks and "7 pieces by" in thanks and "the first are urgent" in thanks
    replay = customer.post(page_of(token), {"option": str(date.pk), "contact": "Gao", "once": "other"})
    assert replay.status_code == 409 and "answered already" in replay.content.decode()
    assert OfferAnswer.objects.get().option == split

    item = WorkItem.objects.get(kind="negotiation", source=order.stream)
    pane = sales.get(reverse("orders:pane_negotiation", args=[item.pk])).content.decode()
    confirm = reverse("orders:offer_confirm", args=[order.pk, talk.pk])
    assert confirm in pane and "the first are urgent" in pane
    assert confirm not in client_of(people.planners[1]).get(
        reverse("orders:negotiation", args=[order.pk])).content.decode()
    assert client_of(people.planners[1]).post(confirm).status_code == 403
    assert "9,480" not in sales.get(confirm).content.decode()
    for _press in range(2):
        assert sales.post(confirm, {"once": "c"}).status_code == 302
    assert Negotiation.objects.get().state == "accepted"
    for name in ("orders:sheet", "orders:sheet_print", "logistics:order_tab", "orders:negotiation"):
        shown = sales.get(reverse(name, args=[order.pk])).content.decode()
        assert "Delivery in parts" in shown or "7 pieces by" in shown, name
    _link, track = actions.issue_customer_link(order_id=order.pk, by=people.sales, **LINK)
    assert "7 pieces by" in customer.get(reverse("customer:track", args=[track])).content.decode()


def test_links_that_have_ended_say_so_with_the_contact(people, client_of):
    order = make.at_review(people)
    talk = negotiated(order, people)
    _link, revoked = sent(talk, people)
    link, expired = sent(talk, people)
    _link, living = sent(talk, people)
    sales = client_of(people.sales)
    ending = reverse("orders:offer_end", args=[order.pk, talk.pk, _link.pk - 2])
    assert client_of(people.planners[0]).post(ending).status_code == 403
    assert sales.post(ending).status_code == 302 and sales.post(ending).status_code == 409
    AccessLink.objects.filter(pk=link.access_id).update(
        issued_at=timezone.now() - timedelta(hours=9), expires_at=timezone.now() - timedelta(hours=1)
    )
    choice = {"option": str(talk.options.first().pk), "contact": "Gao"}
    for token in (revoked, expired):
        for answer in (Client().get(page_of(token)), Client().post(page_of(token), choice)):
            assert answer.status_code == 410 and "0515-1" in answer.content.decode()
            assert order.number not in answer.content.decode()
    assert Client().get(reverse("customer:track", args=[living])).status_code == 404  # a purpose of its own
    assert Client().get(page_of("nobody-ever-gave-this")).status_code == 404
    actions.withdraw_negotiation(negotiation_id=talk.pk, by=people.planners[1])
    gone = Client().get(page_of(living))
    assert gone.status_code == 410 and "answered or withdrawn" in gone.content.decode()
    assert Client().post(page_of(living), choice).status_code == 409
    assert not OfferAnswer.objects.exists()


def test_parts_are_offered_by_hand_and_the_tab_costs_the_same_for_more(people, client_of):
    order = make.at_review(people)
    url = reverse("orders:negotiation_open", args=[order.pk])
    planner = client_of(people.planners[0])
    typed = "%Y-%m-%dT%H:%M"
    given = {
        "reason": "两批", "option-TOTAL_FORMS": "3", "option-INITIAL_FORMS": "0", "option-0-kind": "parts",
        "option-0-description": "两批", "option-0-finish_at": in_hours(90).strftime(typed),
        "option-0-part_1_quantity": "7", "option-0-part_1_at": in_hours(80).strftime(typed),
        "option-0-part_2_quantity": "2", "option-0-part_2_at": in_hours(99).strftime(typed),
    }
    short = planner.post(url, given)
    assert short.status_code == 422 and "9 pieces together; 10 are agreed" in short.content.decode()
    half = planner.post(url, given | {"option-0-part_2_at": ""})
    assert half.status_code == 422 and "its pieces and its time" in half.content.decode()
    assert planner.post(url, given | {"option-0-part_2_quantity": "3"}).status_code == 302
    assert Negotiation.objects.get().options.get().parts.count() == 2

    tab = reverse("orders:negotiation", args=[order.pk])
    sent(Negotiation.objects.get(), people)
    one = statements(client_of(people.sales), tab)
    actions.refuse_options(negotiation_id=Negotiation.objects.get().pk, by=people.sales, contact="G", how="call",
                           answer="no")
    for _more in range(2):
        talk = negotiated(UrgentOrder.objects.get(pk=order.pk), people, parts(), later(), parts())
        sent(talk, people)
        actions.refuse_options(negotiation_id=talk.pk, by=people.sales, contact="G", how="call", answer="no")
    assert statements(client_of(people.sales), tab) <= one + 1  # refused: the way to the cancellation is looked for
