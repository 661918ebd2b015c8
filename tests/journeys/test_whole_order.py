"""One urgent order in a real browser, from the call to the settled invoice, each person in an own sign-in.

On the way: an escalation while nobody looks, a return, a late supplier, and a rework.
"""

from datetime import timedelta
from time import monotonic

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from config.demo import company
from finance.actions import sheet_of
from logistics.models import DeliveryList, Shipment
from orders.actions.trail import UNDO_SECONDS
from orders.models import Issue, MaterialLine, Nonconformance, OrderLine, OrderStep, Receipt, StageRun, UrgentOrder
from procurement.models import PurchaseLine
from sla.actions import sweep
from sla.models import Escalation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "Blatt-Zange-Uhr-7"


def local(**delta):
    return (timezone.localtime() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


class Person:
    """Somebody at their own browser."""

    def __init__(self, user, browser_page):
        self.page = browser_page()
        self.page.set_default_timeout(20_000)
        user.set_password(PASSWORD)
        user.save()
        self.page.goto(reverse("sla:my_work"))
        self.page.get_by_label("Username").fill(user.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="My work").wait_for()

    def open(self, name, *args):
        response = self.page.goto(reverse(name, args=args))
        assert response.status == 200, (name, response.status)
        return self

    def fill(self, **values):
        """Fields by their names: text, choice, tick, file."""
        for name, value in values.items():
            field = self.page.locator(f"form[method=post] [name='{name}']")
            kind = field.first.get_attribute("type")
            if kind == "radio":
                self.page.locator(f"form[method=post] [name='{name}'][value='{value}']").check(force=True)
            elif kind == "checkbox":
                field.first.set_checked(value, force=True)
            elif kind == "file":
                field.first.set_input_files(value)
            elif field.first.evaluate("field => field.tagName") == "SELECT":
                field.first.select_option(value)
            else:
                field.first.fill(str(value))
        return self

    def press(self, button):
        with self.page.expect_navigation() as moved:
            self.page.get_by_role("button", name=button).first.click()
        text = self.page.locator("main").inner_text()
        assert moved.value.status == 200, (button, moved.value.status, text[:2000])
        return self

    def do(self, name, *args, button, **values):
        return self.open(name, *args).fill(**values).press(button)

    def sees(self, text):
        assert text in self.page.locator("body").inner_text(), text

    def hears(self, text):
        """In the inbox, at the latest when its sender can no longer withdraw it."""
        end = monotonic() + UNDO_SECONDS + 5
        while text not in self.open("notifications:inbox").page.locator("body").inner_text():
            assert monotonic() < end, text


@pytest.fixture
def cast(people, departments, browser_page):
    company.seed()
    users = {
        "lin": people.sales, "huang": people.planners[0], "zhou": people.planners[1], "luo": people.planners[2],
        "zhao": people.production_head, "chenwei": people.operator, "wang": people.buyer, "wu": people.inspector,
        "xu": people.logistics, "tang": people.finance, "chen": departments["sales"].head,
    }
    known = {}

    def person(name):
        if name not in known:
            known[name] = Person(users[name], browser_page)
        return known[name]

    return person


def stage():
    return UrgentOrder.objects.values_list("stage", flat=True).get()


@pytest.mark.clause("1.1", "1.3.2", "2.2.2", "3.1.1", "3.1.2", "3.2.2", "3.3.3", "3.4.1", "3.4.3", "3.5.3", "4.1.1")
def test_order_from_the_call_to_the_settled_invoice(cast, departments, tmp_path):
    order = sales_enters(cast, tmp_path)
    nobody_looks(cast, order)
    sales_confirms(cast, order)
    production_returns(cast, order)
    production_reviews(cast, order)
    supplier_is_late(cast, order)
    operator_makes_and_reworks(cast, order)
    quality_passes(cast, order)
    logistics_delivers(cast, order, tmp_path)
    finance_settles(cast, order)
    runs = StageRun.objects.filter(order=order).order_by("number").values_list("stage", flat=True)
    assert list(runs) == [
        "identification", "confirmation", "review", "confirmation", "review", "procurement", "production", "qc",
        "delivery", "settlement", "closed",
    ]


def sales_enters(cast, tmp_path):
    drawing = tmp_path / "drawing.pdf"
    drawing.write_bytes(b"%PDF-1.7\ndrawing")
    cast("lin").open("orders:new").fill(
        customer="HCP", reason="line_down", ground="customer_asked", asked_by="沈洁", asked_how="call",
        required_at=local(days=9), place="无锡市新吴区锡士路 18 号", files=str(drawing),
        **{"line-0-product": "HC-IMP-060", "line-0-quantity": 20},
    ).press("Submit and start the clock")
    order = UrgentOrder.objects.get(submitted_at__isnull=False)
    assert stage() == "confirmation"
    return order


def nobody_looks(cast, order):
    """X hours pass: the clock calls the head of sales, who finds it in the inbox."""
    item = UrgentOrder.objects.select_related("stage_item").get(pk=order.pk).stage_item
    with time_machine.travel(item.due_at + timedelta(minutes=1)):
        sweep()
        assert Escalation.objects.filter(item=item, outcome="fired").count() == 1
        cast("chen").open("notifications:inbox").sees(order.number)  # signs in now: a session ends after hours


def sales_confirms(cast, order):
    cast("lin").do(
        "orders:confirmation", order.pk, button="Keep what is confirmed", contact="沈洁", how="call",
        is_specification=True, is_quantity=True, is_time=True, is_place=True, place="无锡市新吴区锡士路 18 号 3 号门",
    ).sees("3 号门")
    cast("lin").open("orders:confirmation", order.pk).press("Confirm")
    assert stage() == "review"


def production_returns(cast, order):
    cast("zhou").do(
        "orders:send_back", order.pk, button="Return", reason_code="unclear", reason="动平衡等级没有写明",
    )
    assert stage() == "confirmation"
    cast("lin").open("orders:detail", order.pk).sees("动平衡等级没有写明")
    cast("lin").open("orders:confirmation", order.pk).press("Confirm")
    assert stage() == "review"


def production_reviews(cast, order):
    for name, kind in (("huang", "process"), ("zhou", "capacity"), ("luo", "materials")):
        cast(name).do("production:assess", order.pk, kind, button="Record the assessment", verdict="can",
                      note="按排程可行")
    cast("zhou").open("production:make_plan", order.pk).press("Compute the plan")
    cast("zhou").open("production:release_plan", order.pk).press("Release the plan")
    cast("zhao").do("production:approve", order.pk, button="Approve", reason="铸件加急")
    assert stage() == "procurement"


def supplier_is_late(cast, order):
    """The first promise comes after the need: a problem by itself; the next one is in time."""
    line = MaterialLine.objects.filter(order=order).open().get()
    cast("wang").do("procurement:line_order", line.pk, button="Order", promised_at=local(days=30))
    assert Issue.objects.get(material_line=line).kind == "supply"
    cast("zhao").hears(order.number)
    purchase = PurchaseLine.objects.get()
    cast("wang").do("procurement:purchase_promise", purchase.pk, button="Record the promise",
                    promised_at=local(minutes=2))
    cast("wang").do("procurement:purchase_receive", purchase.pk, button="Receive", delivery_note="DN-1")
    receipt = Receipt.objects.get()
    cast("wu").do("quality:inspect_receipt", receipt.pk, button="Record", accepted=receipt.quantity, rejected=0)
    cast("wang").open("procurement:order_ready", order.pk).press("Materials are ready")
    assert stage() == "production"


def operator_makes_and_reworks(cast, order):
    first, second, third = OrderStep.objects.filter(order=order).order_by("number")
    phone, inspector = cast("chenwei"), cast("wu")
    phone.open("production:scan", first.token).press("Start")
    phone.fill(good=1).press("Report these pieces")
    inspector.do("quality:first_article", first.pk, button="Record", is_passed="yes")
    phone.open("production:scan", first.token).fill(good=19).press("Finish")
    phone.open("production:scan", second.token).press("Start")
    phone.fill(good=20).press("Finish")
    inspector.do("quality:inspect_step", second.pk, button="Record", lot_quantity=20, sample_quantity=20,
                 defective_quantity=2, defect="叶片厚度超差")
    found = Nonconformance.objects.get()
    inspector.do("quality:decide", found.pk, button="Decide", disposition="rework", reason="可补铣")
    rework = OrderStep.objects.get(order=order, kind="rework")
    phone.open("production:scan", rework.token).press("Start")
    phone.fill(good=2).press("Finish")
    inspector.do("quality:inspect_step", second.pk, button="Record", lot_quantity=2, sample_quantity=2,
                 defective_quantity=0)
    phone.open("production:scan", third.token).press("Start")
    phone.fill(good=20).press("Finish")
    assert stage() == "qc"


def quality_passes(cast, order):
    line = OrderLine.objects.get(order=order)
    cast("wu").do("quality:inspect_final", line.pk, button="Record", lot_quantity=20, sample_quantity=20,
                  defective_quantity=0)
    assert stage() == "delivery"


def logistics_delivers(cast, order, tmp_path):
    paper, dispatcher = tmp_path / "signed.pdf", cast("xu")
    paper.write_bytes(b"%PDF-1.7\nsigned")
    dispatcher.do("logistics:confirm", order.pk, button="Confirmed with the customer", contact="沈洁", how="call",
                  slot_from=local(hours=20), slot_until=local(hours=22))
    dispatcher.open("logistics:list_new", order.pk).press("Make the delivery list")
    found = DeliveryList.objects.get()
    dispatcher.do("logistics:pack", found.pk, button="Add the package", contents="木箱", weight_kg=120)
    dispatcher.open("logistics:book", found.pk).press("Carrier is booked")
    for item in ("Packages are labelled", "Documents are ready", "Customer is informed"):
        dispatcher.open("logistics:order_tab", order.pk).page.get_by_role("button", name=f"Done: {item}").click()
        dispatcher.page.get_by_role("button", name=f"Take back: {item}").wait_for()
    dispatcher.do("logistics:dispatch", found.pk, button="The vehicle leaves", vehicle="苏B 12345", freight_amount=600)
    dispatcher.do("logistics:proof", Shipment.objects.get().pk, button="Record the proof", signed_by_name="沈洁",
                  files=str(paper))
    dispatcher.open("logistics:documents", order.pk).press("Hand over")
    assert stage() == "settlement"
    cast("lin").hears("沈洁")


def finance_settles(cast, order):
    accountant = cast("tang")
    for row in sheet_of(order).rows:
        if row.is_missing:
            accountant.do("finance:cost_record", order.pk, button="Record", kind=row.kind, amount=row.planned,
                          text="按工时")
    accountant.do("finance:statement_issue", order.pk, button="Issue", invoice_number="25317000001120")
    accountant.open("finance:settle", order.pk).press("Settle the order")
    assert stage() == "closed"
