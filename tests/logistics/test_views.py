from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from logistics.models import Carrier, DeliveryList, Package, Proof, Shipment
from orders.models import UrgentOrder
from records.models import StoredFile
from tests.factories import logistics as out
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def local(**delta):
    return (timezone.localtime() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def url(name, *args):
    return reverse(f"logistics:{name}", args=args)


def queries_of(client, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(300) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


@pytest.mark.clause("3.5.1", "3.5.2", "3.5.3")
def test_whole_delivery_by_the_forms(people, client_of):
    order = make.at_delivery(people)
    line, client = order.lines.get(), client_of(people.logistics)
    carrier = out.carrier(is_priority=True)

    def post(name, pk, data, status=302):
        answer = client.post(url(name, pk), data)
        assert answer.status_code == status, answer.content.decode()[:3000]
        return answer.content.decode()

    post("confirm", order.pk, {
        "contact": "高远", "how": "call", "place": order.place, "slot_from": local(hours=2),
        "slot_until": local(hours=4),
    })
    post("list_new", order.pk, {f"quantity_{line.pk}": 11}, status=409)
    post("list_new", order.pk, {f"quantity_{line.pk}": 10})
    found = DeliveryList.objects.get()
    post("dispatch", found.pk, {"vehicle": "苏J", "eta_at": local(hours=3), "freight_amount": 1}, status=409)
    post("pack", found.pk, {"contents": "crate", "weight_kg": "40", f"quantity_{line.pk}": 10})
    post("book", found.pk, {"carrier": carrier.pk, "pickup_at": local(hours=1)})
    for item in ("labelled", "documents", "informed"):
        post("prepare", found.pk, {"item": item, "is_done": "on"})
    data = {"vehicle": "苏J 12345", "eta_at": local(hours=3), "freight_amount": "1800"}
    post("dispatch", found.pk, data | {"version": 1}, status=409)
    post("dispatch", found.pk, data)
    shipment = Shipment.objects.get()
    proof = {"signed_by_name": "高远", "delivered_at": local(), "condition": "ok", f"quantity_{line.pk}": 0}
    post("proof", shipment.pk, proof, status=422)
    post("proof", shipment.pk, proof | {"files": out.paper("virus.exe", b"MZ")}, status=422)
    post("proof", shipment.pk, proof | {"files": [out.paper(), out.paper("2.png", b"\x89PNG\r\n\x1a\n")]})
    assert StoredFile.objects.filter(purpose="proof").count() == 2
    post("proof", shipment.pk, proof | {"files": out.paper()}, status=409)
    post("documents", order.pk, {"files": out.paper("note.pdf")})
    assert UrgentOrder.objects.get(pk=order.pk).stage == "settlement"


@pytest.mark.clause("3.5.2")
def test_refusal_lists_what_is_missing(people, client_of):
    order = make.at_delivery(people)
    found = out.make_list(order, people.logistics)
    data = {"vehicle": "苏J", "eta_at": local(hours=3), "freight_amount": 0}
    answer = client_of(people.logistics).post(url("dispatch", found.pk), data)
    page = answer.content.decode()
    assert answer.status_code == 409
    for text in ("Time and place are confirmed", "Packages are labelled", "Carrier is booked", "7 preparations"):
        assert text in page
    assert 'value="苏J"' in page


def test_pages_of_each_act_open(people, client_of):
    order, shipment = out.under_way(people, quantity=6, is_partial_allowed=True)
    rest = out.make_list(order, people.logistics, 4)
    out.prepare(rest, people.logistics)
    client = client_of(people.logistics)
    package = Package.objects.filter(list=rest).get()
    pages = [
        ("board",), ("order_tab", order.pk), ("confirm", order.pk), ("list_new", order.pk), ("documents", order.pk),
        ("pack", rest.pk), ("book", rest.pk), ("cancel", rest.pk), ("dispatch", rest.pk), ("print", rest.pk),
        ("unpack", package.pk), ("proof", shipment.pk), ("print", shipment.list_id),
    ]
    for name, *args in pages:
        assert client.get(url(name, *args)).status_code == 200, name
    assert client.post(url("unpack", package.pk)).status_code == 302
    assert client.post(url("cancel", rest.pk)).status_code == 302
    assert DeliveryList.objects.open().count() == 0


@pytest.mark.clause("1.3.3")
def test_others_do_not_deliver_by_typing_the_address(people, client_of, request):
    order, found = out.ready(people)
    data = {"vehicle": "x", "eta_at": local(hours=3), "freight_amount": 0}
    for who in ("operator", "sales", "inspector", "finance", "manager", "stranger"):
        client = client_of(request.getfixturevalue(who))
        assert client.post(url("dispatch", found.pk), data).status_code == 403, who
        assert client.post(url("list_new", order.pk), {}).status_code == 403, who
    assert not Shipment.objects.exists()


def test_tab_is_read_by_all_who_see_the_order(people, client_of, stranger):
    order, shipment = out.under_way(people)
    page = client_of(people.sales).get(url("order_tab", order.pk)).content.decode()
    assert "苏J 12345" in page
    assert "¥ 1,800" not in page
    assert url("proof", shipment.pk) not in page
    assert "¥ 1,800" in client_of(people.logistics).get(url("order_tab", order.pk)).content.decode()
    assert client_of(stranger).get(url("order_tab", order.pk)).status_code == 404


def test_proof_is_handed_out_to_who_sees_the_order(people, client_of, stranger):
    order, shipment = out.under_way(people)
    proof = out.prove(shipment, people.logistics)
    address = url("file", order.pk, proof.file_id)
    answer = client_of(people.finance).get(address)
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    assert client_of(stranger).get(address).status_code == 404
    other = make.at_delivery(people)
    assert client_of(people.finance).get(url("file", other.pk, proof.file_id)).status_code == 404


def walked(client, address, queue) -> list:
    """Every row of one queue, page by page."""
    rows, cursor = [], ""
    while not rows or cursor:
        page = client.get(address, {f"after_{queue}": cursor}).context[queue]
        assert len(page) == 1
        rows += page.rows
        cursor = page.next_cursor
    return rows


def test_board_asks_as_much_for_three_rows_as_for_one(people, client_of, django_assert_max_num_queries, monkeypatch):
    client, address = client_of(people.logistics), url("board")

    def add():
        out.ready(people)
        make.at_delivery(people)
        out.under_way(people)
        out.prove(out.under_way(people)[1], people.logistics)

    add()
    client.get(address)
    one = queries_of(client, address, django_assert_max_num_queries)
    add()
    add()
    assert queries_of(client, address, django_assert_max_num_queries) == one
    monkeypatch.setattr("logistics.reports.PAGE_SIZE", 1)
    for queue in ("shipments", "lists", "lines", "orders"):
        found = walked(client, address, queue)
        assert len(found) == len(set(found)) == 3, queue


def test_tab_asks_as_much_for_three_lists_as_for_one(people, client_of, django_assert_max_num_queries):
    order, shipment = out.under_way(people, quantity=2, is_partial_allowed=True)
    proof = out.prove(shipment, people.logistics)
    assert proof == Proof.objects.get()
    client, address = client_of(people.logistics), url("order_tab", order.pk)
    client.get(address)
    one = queries_of(client, address, django_assert_max_num_queries)
    for _number in range(2):
        found = out.make_list(order, people.logistics, 2)
        out.prepare(found, people.logistics)
        out.prove(out.dispatch(found, people.logistics), people.logistics)
    assert queries_of(client, address, django_assert_max_num_queries) == one


def test_board_shows_what_is_where(people, client_of):
    ready, _found = out.ready(people)
    free = make.at_delivery(people)
    away, shipment = out.under_way(people)
    proved, other = out.under_way(people)
    out.prove(other, people.logistics)
    page = client_of(people.logistics).get(url("board")).content.decode()
    for order, address in (
        (ready, url("dispatch", _found.pk)), (free, url("list_new", free.pk)), (away, url("proof", shipment.pk)),
        (proved, url("documents", proved.pk)),
    ):
        assert str(order) in page
        assert f'href="{address}"' in page
    assert client_of(people.buyer).get(url("board")).status_code == 403


def test_carriers_are_offered_by_rank(people, client_of):
    _order, found = out.ready(people)
    Carrier.objects.create(name="普通", trip_count=10, on_time_count=9)
    Carrier.objects.create(name="专车", is_priority=True)
    page = client_of(people.logistics).get(url("book", found.pk)).content.decode()
    assert page.index("专车") < page.index("普通 – ordinary transport, on time 90 %")
