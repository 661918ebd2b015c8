"""What people carry away, as PDF and for Excel: it says what the pages say, and no money to whom none is shown."""

import io
import re
from decimal import Decimal
from urllib.parse import unquote

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from finance import actions as finance_actions
from logistics.models import DeliveryList
from orders import actions
from orders.machine import Box
from orders.models import MaterialLine, UrgentOrder
from orders.views import listing
from records.models import Event
from tests.factories import logistics as deliver
from tests.factories import orders as make
from tests.factories import procurement as buy
from tests.factories import quality as inspect
from tests.factories.finance import plan_cost

pytestmark = pytest.mark.django_db
PRICE, BOUGHT, FREIGHT, PLANNED = Decimal(2025), Decimal("4321"), 8765, 6543
AMOUNTS = ("20,250", "20250", "2,025", "2025.0", "4,321", "4321", "8,765", "8765", "6,543", "6543", "¥")
HOSTILE = '#panic() *x* $y$ \\ "z" 𠮷 =1+1'


@pytest.fixture
def order(people):
    """An order with everything in it: bought, inspected, scrapped in part, delivered, settled."""
    order = make.at_procurement(people, note=HOSTILE)
    order.lines.update(unit_price_amount=PRICE)
    plan_cost(order, people.finance, amount=PLANNED)
    buy.bought(buy.line_of(order), people.buyer, unit_price=BOUGHT)
    MaterialLine.objects.filter(order=order).update(decision="accepted", accepted_quantity=Decimal(5))
    make.sign_and_move(order, Box.MATERIALS_READY, people.buyer)
    make.make_everything(order, people)
    make.sign_and_move(order, Box.MADE, people.operator)
    inspect.plan_of(order.lines.first())
    inspect.inspect_final(order, people.inspector)
    order = UrgentOrder.objects.get(pk=order.pk)
    if order.stage == "qc":
        order = make.sign_and_move(order, Box.PASSED, people.inspector)
    deliver.confirm(order, people.logistics)
    found = deliver.make_list(order, people.logistics)
    deliver.prepare(found, people.logistics)
    shipment = deliver.dispatch(found, people.logistics, freight_amount=FREIGHT)
    deliver.prove(shipment, people.logistics)
    actions.raise_issue(order_id=order.pk, by=people.logistics, kind="transport", text="the lorry broke down",
                        severity="minor")  # fmt: skip
    make.sign_and_move(order, Box.DOCUMENTS, people.logistics)
    finance_actions.issue_statement(order_id=order.pk, by=people.finance, invoice_number="INV-7")
    return UrgentOrder.objects.get(pk=order.pk)


def words(response) -> str:
    """Everything that can be read in the file."""
    assert response.status_code == 200, response.status_code
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content.startswith(b"%PDF"):
        return " ".join("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    book = load_workbook(io.BytesIO(content))
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def squeezed(text) -> str:
    """A line's end, or the gap between Chinese and Latin, is none of the text's business."""
    return "".join(text.replace("\u200b", "").split())


def amounts_in(text) -> list[str]:
    """As numbers by themselves: a hash holds any four digits now and then."""
    return [amount for amount in AMOUNTS if re.search(rf"(?<!\w){re.escape(amount)}(?!\w)", text)]


def addresses(order) -> dict:
    """Every file about an order or about one's work, and the list as PDF and for Excel."""
    found = DeliveryList.objects.get(order=order)
    return {
        "sheet": reverse("orders:sheet_pdf", args=[order.pk]),
        "sheet version": reverse("orders:sheet_version_pdf", args=[order.pk, 1]),
        "sheets": reverse("orders:sheets_pdf") + f"?order={order.pk}",
        "form": reverse("orders:form_pdf", args=[order.pk]),
        "log": reverse("orders:log_file", args=[order.pk]),
        "list": reverse("orders:list_file", args=["pdf"]),
        "delivery": reverse("logistics:list_pdf", args=[found.pk]),
        "inspection": reverse("quality:order_pdf", args=[order.pk]),
        "purchases": reverse("procurement:order_pdf", args=[order.pk]),
        "dossier": reverse("kpi:dossier", args=[order.pk]),
        "work": reverse("sla:my_work_file"),
    }


@pytest.mark.clause("2.2.2", "3.1.2", "3.5.1")
def test_everybody_takes_away_what_the_pages_say_and_no_money_beyond_their_classes(order, people, client_of, stranger):
    operator = client_of(people.operator)
    texts = {name: words(operator.get(address)) for name, address in addresses(order).items()}
    assert [(name, amount) for name, text in texts.items() for amount in amounts_in(text)] == []
    assert operator.get(reverse("finance:statement_pdf", args=[order.pk])).status_code == 404
    for name in ("procurement:board_file", "procurement:suppliers_file"):
        assert operator.get(reverse(name)).status_code == 403
    sheet, step = order.sheets.first(), order.steps.first()
    newest = Event.objects.filter(stream_id=order.stream).order_by("number").last()
    texts = {name: squeezed(text) for name, text in texts.items()}
    wanted = {
        "sheet": [sheet.number, sheet.check_code, step.token, people.operator.name, "Processing progress"],
        "form": [order.form_number, order.contact_name, HOSTILE], "delivery": ["wooden crate", "苏J 12345"],
        "inspection": ["final inspection", people.inspector.name], "list": [order.number],
        "purchases": [buy.line_of(order).material.name], "log": [newest.hash],
        "dossier": ["the lorry broke down", "wooden crate", order.number],
    }  # fmt: skip
    assert [(name, text) for name, parts in wanted.items() for text in parts if squeezed(text) not in texts[name]] == []
    assert texts["sheet"] == texts["sheets"]
    for address in addresses(order).values():
        if f"/{order.pk}/" in address:
            assert client_of(stranger).get(address).status_code == 404, address


@pytest.mark.clause("4.6.1")
def test_who_may_see_money_finds_it_on_paper(order, people, client_of):
    finance, buyer, sales = client_of(people.finance), client_of(people.buyer), client_of(people.sales)
    statement = words(finance.get(reverse("finance:statement_pdf", args=[order.pk])))
    assert "¥ 20,250" in statement and "INV-7" in statement
    assert "¥ 20,250" in words(finance.get(reverse("kpi:dossier", args=[order.pk])))
    purchases = words(buyer.get(reverse("procurement:order_pdf", args=[order.pk])))
    assert "¥ 4,321" in purchases and "20,250" not in purchases
    assert "¥ 4,321" in words(buyer.get(reverse("kpi:dossier", args=[order.pk])))
    form = reverse("orders:form_pdf", args=[order.pk])
    assert "¥ 20,250" in words(sales.get(form)) and "20,250" not in words(buyer.get(form))
    sales.post(reverse("orders:columns"), {"columns": ["what", "amount"], "once": "1"})
    listed = words(sales.get(reverse("orders:list_file", args=["pdf"])))
    assert "¥ 20,250" in listed


def test_files_of_procurement_hold_no_price(people, client_of):
    order = make.at_procurement(people)
    supplier = buy.bought(buy.line_of(order), people.buyer, unit_price=BOUGHT).supplier
    client = client_of(people.buyer)
    board = words(client.get(reverse("procurement:board_file")))
    suppliers = words(client.get(reverse("procurement:suppliers_file")))
    assert order.number in board and supplier.name in suppliers
    assert amounts_in(board + suppliers) == []


def test_a_paper_is_made_in_the_language_asked_for(people, client_of):
    order = make.at_review(people)
    client = client_of(people.sales)
    for language, title in (("zh-hans", "紧急订单处理单"), ("zh-hant", "緊急訂單處理單")):
        response = client.get(reverse("orders:sheet_pdf", args=[order.pk]) + f"?lang={language}")
        assert title in words(response)
        assert title in unquote(response["Content-Disposition"])


def test_an_old_sheet_says_so_and_a_draft_has_no_paper(people, client_of):
    order = make.at_review(people)
    actions.issue_sheet(order=actions.lock(order.pk), by=people.sales, reason="again")
    client = client_of(people.sales)
    assert "Do not work by this paper" in words(client.get(reverse("orders:sheet_version_pdf", args=[order.pk, 1])))
    assert "Do not work by this paper" not in words(client.get(reverse("orders:sheet_pdf", args=[order.pk])))
    draft = make.draft(people.sales)
    for name in ("orders:form_pdf", "orders:sheet_pdf", "kpi:dossier"):
        assert client.get(reverse(name, args=[draft.pk])).status_code == 404
    refused = client.get(reverse("orders:sheets_pdf") + f"?order={draft.pk}")
    assert refused.status_code == 409 and "None of the chosen orders" in refused.text


def test_a_list_too_long_for_a_pdf_is_refused_with_the_numbers(people, client_of, monkeypatch):
    make.submitted(people), make.submitted(people)
    monkeypatch.setitem(listing.MOST_ROWS, "pdf", 1)
    refused = client_of(people.sales).get(reverse("orders:list_file", args=["pdf"]))
    assert refused.status_code == 409
    assert "It has 2 orders; a PDF holds 1." in refused.text
    assert client_of(people.sales).get(reverse("orders:list_file", args=["xlsx"])).status_code == 200
