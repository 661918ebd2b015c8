"""The pages of a hold, and the departments that meet one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import GateShut
from logistics.models import DeliveryConfirmation, Shipment
from orders import actions
from orders.models import Hold
from procurement import actions as procurement
from procurement.models import PurchaseLine
from production import actions as production
from production.models import TimeSegment
from tests.factories import logistics as out
from tests.factories import orders as make
from tests.factories import procurement as buy
from tests.factories import production as work
from tests.orders.form import typed

pytestmark = pytest.mark.django_db


def hold(order, by):
    return actions.hold_order(order_id=order.pk, by=by, reason="drawing", until=timezone.now() + timedelta(days=2))


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def test_hold_is_put_and_ended_by_pages_and_stands_in_plain_words(people, client_of, sales_head, stranger):
    order = make.at_review(people)
    url, head = f"/orders/{order.pk}/hold/", client_of(sales_head)
    assert client_of(stranger).get(url).status_code == 404
    assert client_of(people.planners[0]).get(url).status_code == 403
    assert url not in client_of(people.planners[0]).get(order.get_absolute_url()).content.decode()
    assert url in head.get(order.get_absolute_url()).content.decode()
    assert head.post(url, {"reason": "no", "until": ""}).status_code == 422
    sent = {"reason": "drawing under discussion", "until": typed(timezone.now() + timedelta(days=2)), "once": "h1",
            "version": order.version}
    assert head.post(url, sent).status_code == 302
    assert head.post(url, sent).status_code == 302  # pressed twice, held once
    assert head.post(url, sent | {"once": "h2"}).status_code == 409
    page = head.get(order.get_absolute_url()).content.decode()
    assert "On hold until" in page and "because: drawing under discussion" in page
    assert page.count("The clock stands until the hold ends") == 1 and "on hold" in page
    assert "was paused until" not in page  # one line for the hold; each clock's own stands in the log
    assert "was paused until" in head.get(f"/orders/{order.pk}/log/").content.decode()
    assert "On hold" in head.get("/orders/").content.decode()
    assert head.post(f"{url}end/", {"once": "h3"}).status_code == 302
    assert Hold.objects.get().end == "released"
    assert "On hold until" not in head.get(f"/orders/{order.pk}/confirmation/").content.decode()


def test_no_operation_starts_under_a_hold_and_what_runs_is_finished(people, sales_head):
    order = work.at_production(people)
    first, second, _third = order.steps.order_by("number")
    production.start_step(step_id=first.pk, by=people.operator)
    hold(order, sales_head)
    production.finish_step(step_id=first.pk, by=people.operator, good=10)
    with pytest.raises(GateShut, match="This order is on hold until"):
        production.start_step(step_id=second.pk, by=people.operator)
    refused(lambda: TimeSegment.objects.create(step=second, person=people.operator, started_at=timezone.now()))


def test_nothing_is_bought_under_a_hold_and_what_comes_in_is_received(people, buyer, sales_head):
    order = make.at_procurement(people)
    line = buy.line_of(order)
    purchase = buy.bought(line, buyer, quantity=2)
    hold(order, sales_head)
    with pytest.raises(GateShut, match="This order is on hold until"):
        buy.bought(line, buyer, quantity=1, supplier=purchase.supplier)
    refused(lambda: PurchaseLine.objects.create(
        material_line=line, supplier=purchase.supplier, quantity=1, unit_price_amount=1, created_at=timezone.now(),
        created_by=buyer, ordered_at=timezone.now(), ordered_by=buyer,
    ))
    receipt = procurement.receive(purchase_line_id=purchase.pk, quantity=2, by=buyer)
    assert receipt.item.state == "paused"


def test_no_vehicle_leaves_under_a_hold(people, sales_head):
    order, found = out.ready(people)
    hold(order, sales_head)
    with pytest.raises(GateShut, match="This order is on hold until"):
        out.dispatch(found, people.logistics)
    refused(lambda: Shipment.objects.create(
        list=found, confirmation=DeliveryConfirmation.objects.get(), carrier=found.carrier, vehicle="X",
        eta_at=timezone.now(), dispatched_at=timezone.now(), dispatched_by=people.logistics,
    ))
