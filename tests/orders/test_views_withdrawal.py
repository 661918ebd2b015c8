"""The bar after an act, and its page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import StageRun, UrgentOrder
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def test_bar_stands_for_who_did_it_while_it_may_be_withdrawn(people, client_of, sales_head, stranger):
    order = make.submitted(people)
    url, sales = f"/orders/{order.pk}/withdraw/", client_of(people.sales)
    page = sales.get(order.get_absolute_url()).content.decode()
    assert f'action="{url}"' in page and "You can withdraw it until" in page
    assert url not in client_of(sales_head).get(order.get_absolute_url()).content.decode()
    assert client_of(stranger).post(url, {"once": "w0"}).status_code == 404
    assert client_of(sales_head).post(url, {"once": "w0"}).status_code == 403
    answer = sales.post(url, {"once": "w1"})
    assert (answer.status_code, answer.url) == (302, f"/orders/{order.pk}/form/")
    assert sales.post(url, {"once": "w1"}).url == answer.url  # pressed twice, withdrawn once
    assert UrgentOrder.objects.get(pk=order.pk).stage == "identification"


def test_too_late_the_page_names_the_way_left(people, client_of):
    order = make.at_review(people)
    StageRun.objects.filter(order=order).update(entered_at=timezone.now() - timedelta(seconds=11))
    client = client_of(people.sales)
    assert "You can withdraw" not in client.get(order.get_absolute_url()).content.decode()
    answer = client.post(f"/orders/{order.pk}/withdraw/", {"once": "w2"})
    assert answer.status_code == 409
    assert f"/orders/{order.pk}/return/" in answer.content.decode()
