"""The customer's page and the pages behind it: who may enter, what they say, what they never say."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders import actions
from orders.actions.customer import POSTS_AN_HOUR
from orders.models import Complaint, CustomerLink, Rating, UrgentOrder
from records.models import AccessLink, StoredFile
from tests.factories import orders as make
from tests.orders.test_complaint import PNG, complain, link_for

pytestmark = pytest.mark.django_db


def statements(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def address(name, token):
    return reverse(f"customer:{name}", args=[token])


@pytest.mark.clause("1.1", "4.1.2")
def test_sales_gives_changes_and_ends_a_link_that_is_shown_once(people, client_of, hr):
    order = make.submitted(people)
    client, url = client_of(people.sales), reverse("orders:link_issue", args=[order.pk])
    assert client_of(people.buyer).get(url).status_code == 403
    assert client_of(hr).get(url).status_code == 403
    assert client_of(hr).get(reverse("orders:customer", args=[order.pk])).status_code == 404
    given = {"recipient": "Gao", "contact_phone": "0515-1", "language": "en", "days": "30", "once": "k"}
    assert client.post(url, given | {"contact_phone": ""}).status_code == 422
    shown = client.post(url, given)
    link = CustomerLink.objects.get()
    token = shown.content.decode().split("/c/")[1].split("/")[0]
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"]
    assert not AccessLink.objects.filter(token_sha256=token).exists()
    again = client.post(url, given)
    assert again.status_code == 302 and token not in again.url and CustomerLink.objects.count() == 1
    page = client.get(reverse("orders:customer", args=[order.pk])).content.decode()
    assert "Gao" in page and token not in page
    client.post(reverse("orders:link_change", args=[order.pk, link.pk]), {"late_text": "Steel came late.",
                                                                          "shows_pieces": "on"})
    link.refresh_from_db()
    assert (link.late_text, link.shows_pieces) == ("Steel came late.", True)
    assert Client().get(address("track", token)).status_code == 200
    client.post(reverse("orders:link_revoke", args=[order.pk, link.pk]))
    ended = Client().get(address("track", token))
    assert ended.status_code == 410 and "This link has ended" in ended.content.decode()
    assert "0515-1" in ended.content.decode() and order.number not in ended.content.decode()
    assert client.post(reverse("orders:link_revoke", args=[order.pk, link.pk])).status_code == 409
    unknown = Client().get(address("track", "no-such-token"))
    assert unknown.status_code == 404 and "0515-1" not in unknown.content.decode()


def test_expired_link_says_whom_to_call(people):
    order = make.submitted(people)
    link, token = link_for(order, people)
    AccessLink.objects.filter(pk=link.access_id).update(
        issued_at=timezone.now() - timedelta(days=9), expires_at=timezone.now() - timedelta(days=1)
    )
    answer = Client().get(address("complain", token))
    assert answer.status_code == 410 and "0515-8888" in answer.content.decode()


@pytest.mark.clause("1.1", "4.1.2")
def test_customers_page_speaks_three_languages_and_leaks_nothing(people):
    order = make.at_production(people, rush_charge_amount=Decimal("4600.85"))
    other = make.submitted(people)
    order.lines.update(unit_price_amount=Decimal("790.35"))
    actions.raise_issue(order_id=order.pk, by=people.planners[0], kind="machine", text="主轴坏了")
    link, token = link_for(order, people, shows_pieces=True)
    answer = Client().get(address("track", token))
    page = answer.content.decode()
    assert answer.status_code == 200 and not answer.cookies
    assert "no-store" in answer["Cache-Control"] and "noindex" in answer["X-Robots-Tag"]
    for word in ("On time", "Arrives", "Order confirmed", "Plan agreed", "In production", "Quality check", "On the way",
                 "0 of 10 finished", "0515-8888", "This link works until", order.place, people.sales.name):
        assert word in page
    for secret in ("790.35", "7,903", "7903.5", "4,600", "4600.85", other.number, "主轴坏了", people.operator.name,
                   people.buyer.name, people.production_head.name, order.customer.name, "工序"):
        assert secret not in page
    assert "已交付" not in page and "生产中" in Client().get(address("track", token) + "?lang=zh-hans").content.decode()
    assert "生產中" in Client().get(address("track", token) + "?lang=zh-hant").content.decode()
    link_for(order, people, language="zh-hans")

    actions.promise(order=order, promised_at=order.required_at + timedelta(days=1), by=people.production_head,
                    reason="主轴坏了")
    actions.change_customer_link(link_id=link.pk, by=people.sales, shows_pieces=False, late_text="Sorry, one day.")
    page = Client().get(address("track", token)).content.decode()
    assert "Later than first promised" in page and "Sorry, one day." in page
    assert "主轴坏了" not in page and "of 10 finished" not in page
    assert "Something is wrong with the delivery" not in page and "How did we do" not in page
    assert Client().post(address("complain", token), {"line": order.lines.get().pk, "quantity": 1, "text": "x",
                                                      "contact": "x"}).status_code == 422


@pytest.mark.clause("1.1", "3.4.3")
def test_customer_complains_and_rates_on_the_page_and_is_answered_there(people, client_of, hr):
    order = make.at_settlement(people)
    _link, token = link_for(order, people)
    customer, line = Client(), order.lines.get()
    page = customer.get(address("track", token)).content.decode()
    assert "How did we do" in page and "Something is wrong" in page and "Delivered" in page
    given = {"line": line.pk, "quantity": "2", "text": "孔距超差", "contact": "高远", "once": "p1"}
    url = address("complain", token)
    assert customer.get(url).status_code == 200
    too_many = customer.post(url, given | {"quantity": "11"})
    assert too_many.status_code == 422 and "孔距超差" in too_many.content.decode()
    for _press in range(2):
        photo = SimpleUploadedFile("hole.png", PNG)
        assert customer.post(url, given | {"files": [photo]}).status_code == 302
    complaint = Complaint.objects.get()
    assert (complaint.raised_by, complaint.contact) == (None, "高远")
    assert "We are looking into it" in customer.get(address("track", token)).content.decode()

    page = reverse("orders:complaint", args=[order.pk, complaint.pk])
    decide = reverse("orders:complaint_decide", args=[order.pk, complaint.pk])
    assert client_of(hr).get(page).status_code == 404
    assert client_of(people.sales).get(decide).status_code == 403
    assert decide in client_of(people.inspector).get(page).content.decode()
    assert decide not in client_of(people.sales).get(page).content.decode()
    assert client_of(people.inspector).post(decide, {"answer": "credit", "reason": ""}).status_code == 422
    assert client_of(people.inspector).post(decide, {"answer": "credit", "reason": "刀具"}).status_code == 302
    assert client_of(people.inspector).post(decide, {"answer": "none", "reason": "x"}).status_code == 409
    credit = reverse("finance:credit", args=[complaint.pk])
    assert client_of(people.sales).get(credit).status_code == 403
    assert client_of(people.finance).post(credit, {"amount": "312.50", "text": "CN-7"}).status_code == 302
    assert "312.50" in client_of(people.sales).get(page).content.decode()
    assert "312.50" not in client_of(people.inspector).get(page).content.decode()
    tell = reverse("orders:complaint_tell", args=[order.pk, complaint.pk])
    client_of(people.sales).post(tell, {"contact": "高远", "how": "call", "text": "You get a credit."})
    back = reverse("orders:complaint_return", args=[order.pk, complaint.pk])
    assert client_of(people.inspector).post(back, {"quantity": "2"}).status_code == 302
    stored = StoredFile.objects.get(subject=complaint.stream)
    served = reverse("orders:complaint_photo", args=[order.pk, complaint.pk, stored.pk])
    assert b"".join(client_of(people.inspector).get(served).streaming_content) == PNG
    assert client_of(hr).get(served).status_code == 404
    shown = customer.get(address("track", token)).content.decode()
    assert "You get a credit." in shown and "刀具" not in shown and "312.50" not in shown

    assert customer.post(address("rate", token), {"stars": "9"}).status_code == 422
    assert customer.post(address("rate", token), {"stars": "4", "comment": "准时"}).status_code == 302
    rating = Rating.objects.get()
    assert (rating.stars, rating.recorded_by) == (4, None)
    assert customer.post(address("rate", token), {"stars": "5"}).status_code == 409
    record = reverse("orders:rating_record", args=[order.pk])
    assert client_of(people.sales).post(record, {"stars": "5", "contact": "x"}).status_code == 409

    CustomerLink.objects.update(post_count=POSTS_AN_HOUR)
    assert customer.post(url, given | {"once": "p2"}).status_code == 429
    assert Complaint.objects.count() == 1
    tab = reverse("orders:customer", args=[order.pk])
    one = statements(client_of(people.sales), tab)
    for _number in range(2):
        link, _token = link_for(order, people)
        complain(order, people, quantity=1, link=link)
    assert statements(client_of(people.sales), tab) == one
    assert UrgentOrder.objects.get(pk=order.pk).stage == "settlement"
