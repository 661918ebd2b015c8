from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders import actions as orders
from orders.models import ExpenseRequest, MaterialLine, Negotiation, Receipt, UrgentOrder
from orders.supply import accept_receipt
from procurement import actions
from procurement.models import PurchaseLine, Supplier, SupplierMaterial
from tests.factories import orders as make
from tests.factories import procurement as buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(people):
    return make.at_procurement(people)


@pytest.fixture
def line(order):
    return buy.line_of(order)


def post(client, name, pk, **data):
    return client.post(reverse(f"procurement:{name}", args=[pk]), data)


def typed(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def queries_of(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)


# Reading


@pytest.mark.clause("4.3.1")
def test_work_list_stands_in_the_order_of_need(people, buyer, client_of):
    later, sooner = (buy.line_of(make.at_procurement(people)) for _ in range(2))
    MaterialLine.objects.filter(pk=later.pk).update(needed_at=timezone.now() + timedelta(days=3))
    covered = buy.line_of(make.at_procurement(people))
    MaterialLine.objects.filter(pk=covered.pk).update(accepted_quantity=5, decision="accepted")
    response = client_of(buyer).get(reverse("procurement:board"))
    assert [row.line for row in response.context["page"]] == [sooner, later]
    assert reverse("procurement:line_order", args=[sooner.pk]) in response.text


@pytest.mark.parametrize(("status", "names"), [
    (200, ("buyer", "procurement_head", "manager", "general_manager")),
    (403, ("sales", "planner", "inspector", "finance", "operator", "stranger")),
])
def test_boards_are_for_procurement_and_management(status, names, request, client_of):
    for name in names:
        client = client_of(request.getfixturevalue(name))
        for page in ("board", "suppliers"):
            assert client.get(reverse(f"procurement:{page}")).status_code == status, (name, page)


def test_manager_reads_and_does_not_act(order, line, manager, client_of):
    response = client_of(manager).get(reverse("procurement:board"))
    assert reverse("procurement:line_order", args=[line.pk]) not in response.text
    assert post(client_of(manager), "order_ready", order.pk).status_code == 403


@pytest.mark.parametrize(("sees", "names"), [
    (True, ("buyer", "finance", "general_manager")),
    (False, ("sales", "production_head", "inspector", "logistics", "operator")),
])
def test_prices_on_the_tab_are_for_the_purchase_class(sees, names, line, buyer, request, client_of):
    buy.bought(line, buyer, unit_price=Decimal("17.29"))
    for name in names:
        response = client_of(request.getfixturevalue(name)).get(reverse("procurement:order_tab", args=[line.order_id]))
        assert response.status_code == 200, name
        assert ("17.29" in response.text) is sees, name


def test_tab_of_an_order_not_open_to_somebody_is_not_there(order, stranger, client_of):
    for name in ("order_tab", "order_ready", "order_contact"):
        assert client_of(stranger).get(reverse(f"procurement:{name}", args=[order.pk])).status_code in (403, 404)
    assert client_of(stranger).get(reverse("procurement:order_tab", args=[order.pk])).status_code == 404


def test_board_asks_the_same_for_one_and_three_rows(people, buyer, client_of):
    client, url = client_of(buyer), reverse("procurement:board")
    buy.bought(buy.line_of(make.at_procurement(people)), buyer, quantity=Decimal(1))
    one = queries_of(client, url)
    for _ in range(2):
        buy.bought(buy.line_of(make.at_procurement(people)), buyer, quantity=Decimal(1))
    assert queries_of(client, url) == one


def test_tab_asks_the_same_for_one_and_three_rows(people, buyer, client_of):
    numbers = []
    for lines in (1, 3):
        order = make.at_procurement(people, lines=lines)
        for line in MaterialLine.objects.filter(order=order):
            purchase = buy.bought(line, buyer)
            actions.add_milestone(purchase_line_id=purchase.pk, kind="dispatched", by=buyer)
        orders.log_contact(order_id=order.pk, by=buyer, contact="Steel", how="call", text="x", party="supplier")
        numbers.append(queries_of(client_of(buyer), reverse("procurement:order_tab", args=[order.pk])))
    assert numbers[0] == numbers[1]


def test_suppliers_ask_the_same_for_one_and_three_rows(line, buyer, client_of):
    client, url = client_of(buyer), reverse("procurement:suppliers")
    buy.source_of(line)
    one = queries_of(client, url)
    buy.source_of(line), buy.source_of(line)
    assert queries_of(client, url) == one


# The way of a line through the pages


@pytest.mark.clause("3.3.1", "3.3.2", "4.3.1")
def test_line_is_bought_received_and_signed_on_pages(order, line, buyer, inspector, client_of):
    client, supplier = client_of(buyer), buy.source_of(line)
    page = client.get(reverse("procurement:line_order", args=[line.pk]))
    assert page.status_code == 200
    assert str(supplier) in page.text
    tab = reverse("procurement:order_tab", args=[order.pk])
    response = post(client, "line_order", line.pk, supplier=supplier.pk, quantity="5", unit_price="20",
                    promised_at=typed(line.needed_at - timedelta(minutes=5)), is_expedited="on", once="a",
                    version=page.context["version"])
    assert (response.status_code, response.url) == (302, tab)
    purchase = PurchaseLine.objects.get()
    assert post(client, "purchase_promise", purchase.pk, promised_at=typed(line.needed_at + timedelta(hours=3)),
                reason="truck broke").status_code == 302
    assert "The supplier is late" in client.get(tab).text
    assert post(client, "purchase_expedite_answer", purchase.pk, is_granted="yes").status_code == 302
    assert post(client, "purchase_milestone", purchase.pk, kind="dispatched", text="by rail").status_code == 302
    assert post(client, "order_contact", order.pk, contact="Steel, 王", how="call", text="today").status_code == 302
    assert post(client, "purchase_receive", purchase.pk, quantity="5", delivery_note="L-9").status_code == 302
    text = client.get(tab).text
    for part in ("Dispatched", "by rail", "Steel, 王", "in inspection", "granted"):
        assert part in text
    assert post(client, "order_ready", order.pk).status_code == 409
    accept_receipt(receipt=Receipt.objects.get(), accepted=Decimal(5), rejected=Decimal(0), by=inspector)
    assert post(client, "order_ready", order.pk).status_code == 302
    assert UrgentOrder.objects.get(pk=order.pk).stage == "production"


def test_the_same_press_orders_once(line, buyer, client_of):
    data = {"supplier": buy.source_of(line).pk, "quantity": "2", "unit_price": "20", "once": "k"}
    for _ in range(2):
        assert post(client_of(buyer), "line_order", line.pk, **data).status_code == 302
    assert PurchaseLine.objects.count() == 1


def test_stale_form_is_told_and_keeps_what_was_typed(line, buyer, client_of):
    data = {"supplier": buy.source_of(line).pk, "quantity": "2", "unit_price": "20.5", "version": "1"}
    response = post(client_of(buyer), "line_order", line.pk, **data)
    assert response.status_code == 409
    assert "20.5" in response.text
    assert not PurchaseLine.objects.exists()


def test_nonsense_is_shown_at_its_field(line, buyer, client_of):
    client, data = client_of(buyer), {"supplier": buy.source_of(line).pk, "quantity": "5", "unit_price": "20"}
    for wrong in (
        {"quantity": "-1"}, {"quantity": "0"}, {"unit_price": "-1"}, {"quantity": "x"}, {"supplier": "999999"},
        {"promised_at": "yesterday-ish"}, {"fee": "-1"}, {"quantity": ""},
    ):
        response = post(client, "line_order", line.pk, **data | wrong)
        assert response.status_code == 422, wrong
        assert list(response.context["form"].errors) == list(wrong)
    assert not PurchaseLine.objects.exists()


@pytest.mark.clause("3.3.1")
def test_key_material_lists_whose_refusal_is_missing(line, buyer, client_of):
    MaterialLine.objects.filter(pk=line.pk).update(is_key=True)
    existing, new = buy.source_of(line), buy.SupplierFactory()
    data = {"supplier": new.pk, "quantity": "5", "unit_price": "20"}
    response = post(client_of(buyer), "line_order", line.pk, **data)
    assert response.status_code == 409
    assert f"{existing} cannot supply it" in response.text
    refused = post(client_of(buyer), "line_refusal", line.pk, supplier=existing.pk, reason="no stock")
    assert refused.status_code == 302
    assert post(client_of(buyer), "line_order", line.pk, **data).status_code == 302
    assert "no stock" in client_of(buyer).get(reverse("procurement:order_tab", args=[line.order_id])).text


def test_fee_waits_for_finance_on_pages(line, buyer, client_of):
    client = client_of(buyer)
    data = {"supplier": buy.source_of(line).pk, "quantity": "5", "unit_price": "20", "is_expedited": "on", "fee": "90"}
    assert post(client, "line_order", line.pk, **data).status_code == 302
    purchase = PurchaseLine.objects.get()
    assert ExpenseRequest.objects.get().amount == 90
    assert post(client, "purchase_place", purchase.pk).status_code == 409
    assert post(client, "purchase_place", purchase.pk, without_expedite="on").status_code == 302


@pytest.mark.clause("3.3.3")
def test_late_line_is_offered_to_sales(order, line, buyer, client_of):
    buy.bought(line, buyer, promised_at=line.needed_at + timedelta(hours=4))
    client, substitute = client_of(buyer), make.make_material()
    assert "comes too late" in client.get(reverse("procurement:line_remedy", args=[line.pk])).text
    assert post(client, "line_remedy", line.pk, reason="late").status_code == 422
    assert post(client, "line_remedy", line.pk, reason="late", substitute=substitute.pk).status_code == 422
    finish = typed(timezone.now() + timedelta(days=2))
    response = post(client, "line_remedy", line.pk, reason="late", substitute=substitute.pk, required_at=finish,
                    substitute_finish_at=finish)
    assert response.status_code == 302
    negotiation = Negotiation.objects.get()
    assert list(negotiation.options.values_list("kind", flat=True)) == ["material", "date"]


def test_line_that_comes_later_is_gated_and_a_purchase_cancelled(line, buyer, client_of):
    purchase = buy.bought(line, buyer)
    assert client_of(buyer).get(reverse("procurement:line_gate", args=[line.pk])).status_code == 200
    assert post(client_of(buyer), "line_gate", line.pk).status_code == 302
    assert post(client_of(buyer), "purchase_cancel", purchase.pk, reason="dear").status_code == 302
    assert MaterialLine.objects.get(pk=line.pk).decision == "open"


ACTS = {
    "order_ready": "order", "order_contact": "order", "line_order": "line", "line_refusal": "line", "line_gate": "line",
    "line_remedy": "line", "purchase_place": "purchase", "purchase_promise": "purchase",
    "purchase_expedite": "purchase", "purchase_expedite_answer": "purchase", "purchase_milestone": "purchase",
    "purchase_receive": "purchase", "purchase_cancel": "purchase",
}


def test_act_pages_are_the_buyers_alone(order, line, people, buyer, finance, manager, stranger, client_of):
    keys = {"order": order.pk, "line": line.pk, "purchase": buy.bought(line, buyer).pk}
    theirs = client_of(buyer)
    others = [client_of(person) for person in (people.sales, people.production_head, people.inspector, finance,
                                               manager, stranger)]  # fmt: skip
    for act, about in ACTS.items():
        url = reverse(f"procurement:{act}", args=[keys[about]])
        assert theirs.get(url).status_code == 200, act
        for client in others:
            assert client.get(url).status_code == 403, act
            assert client.post(url).status_code == 403, act
        assert theirs.get(reverse(f"procurement:{act}", args=[10**9])).status_code == 404, act


# Suppliers


@pytest.mark.clause("4.3.2")
def test_supplier_is_proposed_and_approved_on_pages(clock_defaults, buyer, procurement_head, client_of):
    propose = reverse("procurement:supplier_propose")
    assert client_of(buyer).get(propose).status_code == 200
    response = client_of(buyer).post(propose, {"name": "宝钢", "latin_name": "Baosteel"})
    supplier = Supplier.objects.get()
    assert response.url == reverse("procurement:supplier_detail", args=[supplier.pk])
    assert client_of(buyer).post(propose, {"name": "宝钢"}).status_code == 422
    assert post(client_of(buyer), "supplier_approve", supplier.pk).status_code == 403
    assert post(client_of(procurement_head), "supplier_approve", supplier.pk).status_code == 302
    material = make.make_material()
    offer = {"material": material.pk, "price": "12.34", "lead_time_hours": "24"}
    assert post(client_of(buyer), "supplier_offer", supplier.pk, **offer).status_code == 302
    source = SupplierMaterial.objects.get()
    assert post(client_of(procurement_head), "source_approve", source.pk).status_code == 302
    page = client_of(procurement_head).get(response.url)
    assert "12.34" in page.text
    assert str(material) in page.text


def test_supplier_page_and_approval_are_closed_to_others(buyer, people, stranger, client_of):
    supplier = buy.SupplierFactory(approved_at=None, approved_by=None)
    for person in (people.sales, people.inspector, stranger):
        assert client_of(person).get(reverse("procurement:supplier_detail", args=[supplier.pk])).status_code == 403
        assert post(client_of(person), "supplier_approve", supplier.pk).status_code == 404
