from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import override

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest, Refusal
from finance import actions as finance_actions
from notifications.models import Notification
from orders import actions as orders
from orders.models import CostEntry, ExpenseRequest, Issue, MaterialLine, Receipt, UrgentOrder
from orders.supply import accept_receipt
from people.models import Delegation, User
from procurement import actions
from procurement.models import Milestone, PurchaseLine, PurchasePromise, Supplier, SupplierMaterial
from procurement.reports import candidates
from records.models import Event
from sla import actions as sla
from tests.factories import finance as money
from tests.factories import orders as make
from tests.factories import procurement as buy
from tests.factories.catalog import MaterialFactory
from tests.factories.people import UserFactory
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(people):
    return make.at_procurement(people)


@pytest.fixture
def line(order):
    return buy.line_of(order)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def later(line, **delta):
    return line.needed_at + timedelta(**delta)


# Suppliers


@pytest.mark.clause("3.3.1", "4.3.2")
def test_supplier_is_approved_by_another_person(clock_defaults, buyer, procurement_head):
    supplier = actions.propose_supplier(by=buyer, name="宝钢")
    assert not supplier.is_approved
    supplier = actions.approve_supplier(supplier_id=supplier.pk, by=procurement_head)
    assert supplier.is_approved
    with pytest.raises(Changed):
        actions.approve_supplier(supplier_id=supplier.pk, by=procurement_head)


def test_nobody_approves_the_own_proposal(clock_defaults, procurement_head, general_manager, buyer):
    supplier = actions.propose_supplier(by=procurement_head, name="宝钢")
    with pytest.raises(NotYours):
        actions.approve_supplier(supplier_id=supplier.pk, by=buyer)
    with pytest.raises(OwnRequest) as caught:
        actions.approve_supplier(supplier_id=supplier.pk, by=procurement_head)
    assert caught.value.who == (general_manager,)
    own = actions.propose_supplier(by=buyer, name="鞍钢")
    account = UserFactory(role="general_manager", department=general_manager.department, same_person_as=buyer)
    now = timezone.now()
    given = Delegation.objects.create(
        from_person=buyer, to_person=general_manager, rights=["supply.buy"], starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
    )
    entered_for = actions.propose_supplier(by=User.objects.get(pk=general_manager.pk), name="首钢")
    assert Event.objects.filter(verb="supplier.proposed").last().who == f"{general_manager} for {buyer}"
    for proposed, person in ((own, account), (entered_for, account)):
        with pytest.raises(OwnRequest):
            actions.approve_supplier(supplier_id=proposed.pk, by=person)
        with pytest.raises(IntegrityError, match="does not approve it"), transaction.atomic():
            type(proposed).objects.filter(pk=proposed.pk).update(approved_by=person, approved_at=now)
    assert given.living_rights
    assert actions.approve_supplier(supplier_id=supplier.pk, by=general_manager).is_approved


@pytest.mark.parametrize("table", ["supplier", "suppliermaterial"])
def test_database_refuses_an_approval_of_the_own_proposal(table):
    row = buy.SupplierMaterialFactory()
    row = row if table == "suppliermaterial" else row.supplier
    sql = f"UPDATE procurement_{table} SET approved_by_id = proposed_by_id WHERE id = %s"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [row.pk])


def test_source_waits_for_approval_and_keeps_it_with_a_new_price(buyer, procurement_head):
    supplier, material = buy.SupplierFactory(), MaterialFactory()
    offer = {"supplier_id": supplier.pk, "material": material, "lead_time_hours": 24, "by": buyer}
    source = actions.offer_material(price=Decimal(20), **offer)
    assert supplier not in Supplier.objects.existing_for(material)
    with pytest.raises(NotYours):
        actions.approve_source(source_id=source.pk, by=buyer)
    actions.approve_source(source_id=source.pk, by=procurement_head)
    actions.offer_material(price=Decimal(19), **offer)
    assert supplier in Supplier.objects.existing_for(material)
    assert SupplierMaterial.objects.get().price_amount == 19


@pytest.mark.parametrize(("price", "hours"), [(-1, 24), (1, 0)])
def test_offer_of_nonsense_is_refused(price, hours, buyer):
    offer = {"supplier_id": buy.SupplierFactory().pk, "material": MaterialFactory(), "by": buyer}
    with pytest.raises(BadInput):
        actions.offer_material(price=Decimal(price), lead_time_hours=hours, **offer)


# Ordering


@pytest.mark.clause("3.3.1", "4.3.1")
def test_line_is_ordered_from_an_existing_supplier(order, line, buyer):
    purchase = buy.bought(line, buyer)
    line = fresh(line)
    assert (purchase.state, purchase.ordered_by) == ("ordered", buyer)
    assert line.supplier_name == purchase.supplier.name
    assert line.promised_at == purchase.promises.get().promised_at
    assert not Issue.objects.filter(order=order).exists()
    assert Event.objects.filter(stream_id=order.stream, verb="order.purchase_ordered", money="purchase").exists()


def test_only_procurement_buys(line, people, finance, stranger):
    supplier = buy.source_of(line)
    for person in (people.sales, people.production_head, finance, people.inspector, stranger):
        with pytest.raises(NotYours):
            buy.bought(line, person, supplier=supplier)
    assert not PurchaseLine.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"quantity": Decimal(-1)}, "quantity"),
        ({"unit_price": Decimal("-0.01")}, "unit_price"),
        ({"fee": Decimal(-5), "is_expedited": True}, "fee"),
        ({"fee": Decimal(5)}, "fee"),
        ({"promised_at": timezone.now() - timedelta(days=1)}, "promised_at"),
    ],
)
def test_order_of_nonsense_is_refused(values, field, line, buyer):
    with pytest.raises(BadInput) as caught:
        buy.bought(line, buyer, **values)
    assert caught.value.field == field
    assert not PurchaseLine.objects.exists()


def test_nothing_is_bought_twice(line, buyer):
    buy.bought(line, buyer)
    with pytest.raises(GateShut, match="bought already"):
        buy.bought(line, buyer)


def test_a_part_may_come_from_a_second_supplier(line, buyer):
    buy.bought(line, buyer, quantity=Decimal(2), promised_at=later(line, minutes=-20))
    buy.bought(line, buyer, quantity=Decimal(3), promised_at=later(line, minutes=-10))
    assert fresh(line).promised_at == later(line, minutes=-10)
    assert len(fresh(line).supplier_name.split(", ")) == 2


def test_nothing_is_bought_before_approval_or_after_the_end(people, buyer, sales_head):
    order = make.assessed(people)
    with pytest.raises(GateShut, match="before the order review"):
        buy.bought(buy.line_of(order), buyer)
    cancelled = make.at_procurement(people)
    orders.cancel(order_id=cancelled.pk, by=sales_head, reason="gone", was_customer_told=True)
    with pytest.raises(GateShut, match="any more"):
        buy.bought(buy.line_of(cancelled), buyer)


def test_supplier_without_approval_gets_no_order(line, buyer):
    supplier = buy.SupplierFactory(approved_at=None, approved_by=None)
    with pytest.raises(GateShut, match="not an approved supplier"):
        buy.bought(line, buyer, supplier=supplier)
    retired = buy.source_of(line)
    Supplier.objects.filter(pk=retired.pk).update(is_active=False)
    with pytest.raises(GateShut):
        buy.bought(line, buyer, supplier=fresh(retired))


@pytest.mark.clause("3.3.1")
def test_new_supplier_for_a_key_material_needs_each_refusal(line, buyer):
    MaterialLine.objects.filter(pk=line.pk).update(is_key=True)
    first, second, new = buy.source_of(line), buy.source_of(line), buy.SupplierFactory()
    buy.SupplierMaterialFactory(supplier=new, material=line.material, approved_at=None, approved_by=None)
    refuse = {"material_line_id": line.pk, "reason": "no stock", "by": buyer}
    with pytest.raises(GateShut) as caught:
        buy.bought(line, buyer, supplier=new)
    assert [str(first) in str(row.text) or str(second) in str(row.text) for row in caught.value.missing] == [True, True]
    actions.record_refusal(supplier=first, **refuse)
    with pytest.raises(GateShut) as caught:
        buy.bought(line, buyer, supplier=new)
    assert [row.is_met for row in caught.value.missing].count(False) == 1
    actions.record_refusal(supplier=second, **refuse)
    assert buy.bought(line, buyer, supplier=new).supplier == new
    with pytest.raises(Changed):
        actions.record_refusal(supplier=second, **refuse)


def test_new_supplier_of_an_ordinary_material_needs_no_refusal(line, buyer):
    buy.source_of(line)
    assert buy.bought(line, buyer, supplier=buy.SupplierFactory())


def test_refusal_says_why(line, buyer):
    with pytest.raises(BadInput):
        actions.record_refusal(material_line_id=line.pk, supplier=buy.source_of(line), reason=" ", by=buyer)


# Promises


@pytest.mark.clause("3.3.3", "4.3.3")
def test_late_promise_raises_one_problem_and_tells_production_and_sales(order, line, people, buyer):
    Notification.objects.all().delete()
    purchase = buy.bought(line, buyer, promised_at=later(line, hours=2))
    issue = Issue.objects.get(order=order)
    assert (issue.kind, issue.material_line, issue.severity) == ("supply", line, "minor")
    told = set(Notification.objects.values_list("recipient_id", flat=True))
    assert {people.sales.pk, people.production_head.pk, people.operator.pk} <= told
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, hours=3), by=buyer)
    assert Issue.objects.get(order=order) == issue
    assert PurchasePromise.objects.count() == 2


@pytest.mark.clause("3.3.3")
def test_promise_in_time_again_solves_the_problem(order, line, buyer):
    purchase = buy.bought(line, buyer, promised_at=later(line, hours=2))
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, minutes=-1), by=buyer)
    issue = Issue.objects.get(order=order)
    assert not issue.is_open
    assert "in time again" in issue.solution
    with override("zh-hans"):
        assert issue.solved_by_what.startswith("重新承诺按时")
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, hours=1), by=buyer)
    assert Issue.objects.filter(order=order, solved_at__isnull=True).count() == 1


@pytest.mark.clause("3.3.3")
def test_promise_after_the_customers_date_is_a_major_problem(order, line, buyer, general_manager):
    purchase = buy.bought(line, buyer, promised_at=order.required_at + timedelta(hours=1))
    issue = Issue.objects.get(order=order)
    assert issue.is_major
    assert Notification.objects.filter(recipient=general_manager).exists()
    with override("zh-hans"):
        for told in (issue.said, issue.major_item.subject_text):  # whoever reads it, in the own language
            assert "延误：" in told
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, minutes=-1), by=buyer)
    assert fresh(issue).is_open  # no superior has taken note of it yet
    orders.acknowledge_issue(issue_id=issue.pk, by=general_manager, text="call their boss")
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, minutes=-2), by=buyer)
    assert fresh(issue).is_open  # it is not decided together
    orders.decide_issue(issue_id=issue.pk, by=buyer, text="fly it in", people=[buyer, general_manager])
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, minutes=-3), by=buyer)
    assert not fresh(issue).is_open


@pytest.mark.clause("3.3.3")
def test_a_suppliers_promise_is_a_clock_of_its_own_until_the_goods_are_in(order, line, buyer):
    purchase = buy.bought(line, buyer, quantity=Decimal(3))
    first = fresh(purchase).promise_item
    promised_at = purchase.promises.get().promised_at
    assert (first.kind, first.state, first.due_at) == ("purchase_promise", "running", promised_at)
    actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, minutes=-3), by=buyer)
    second = fresh(purchase).promise_item
    assert (fresh(first).state, second.due_at) == ("cancelled", later(line, minutes=-3))
    sla.sweep(now=second.due_at + timedelta(minutes=31))
    assert second.escalations.filter(level=4, outcome="fired").exists(), "overdue goods go up the ladder"
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(1), by=buyer)
    assert fresh(second).is_living
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(2), by=buyer)
    assert fresh(second).state == "met"
    line.refresh_from_db()
    dropped = buy.bought(line, buyer, quantity=Decimal(1))
    actions.cancel_purchase(purchase_line_id=dropped.pk, reason="too dear", by=buyer)
    assert fresh(fresh(dropped).promise_item).state == "cancelled"


def test_promises_are_kept_for_good(line, buyer):
    buy.bought(line, buyer)
    for sql in ("UPDATE procurement_purchasepromise SET reason = 'x'", "DELETE FROM procurement_purchasepromise"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_promise_of_the_past_or_of_a_cancelled_purchase_is_refused(line, buyer):
    purchase = buy.bought(line, buyer)
    with pytest.raises(BadInput):
        actions.record_promise(purchase_line_id=purchase.pk, promised_at=timezone.now() - timedelta(hours=1), by=buyer)
    actions.cancel_purchase(purchase_line_id=purchase.pk, reason="too dear", by=buyer)
    with pytest.raises(Changed):
        actions.record_promise(purchase_line_id=purchase.pk, promised_at=later(line, hours=1), by=buyer)


# Speed and money


@pytest.mark.clause("3.3.2", "4.6.2")
def test_fee_for_speed_is_approved_before_anything_is_ordered(order, line, buyer, finance):
    money.plan_cost(order, finance)
    purchase = buy.bought(line, buyer, is_expedited=True, fee=Decimal(80))
    assert (purchase.state, purchase.expedite) == ("waiting", "asked")
    with pytest.raises(GateShut, match="not approved yet"):
        actions.place_order(purchase_line_id=purchase.pk, by=buyer)
    with pytest.raises(GateShut):
        actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(1), by=buyer)
    with pytest.raises(IntegrityError), transaction.atomic():
        PurchaseLine.objects.filter(pk=purchase.pk).update(
            state="ordered", ordered_at=timezone.now(), ordered_by=buyer
        )
    finance_actions.decide_expense(expense_id=purchase.expense_id, is_approved=True, by=finance)
    purchase = actions.place_order(purchase_line_id=purchase.pk, by=buyer)
    assert (purchase.state, purchase.expedite) == ("ordered", "granted")
    cost = CostEntry.objects.get(order=order, kind="expedite")
    assert (cost.amount, cost.cause, cost.is_planned) == (80, "urgency", False)


def test_a_fee_that_is_not_asked_for_any_more_leaves_the_order_without_speed(order, line, buyer, finance):
    purchase = buy.bought(line, buyer, is_expedited=True, fee=Decimal(80))
    orders.withdraw_expense(expense_id=purchase.expense_id, by=buyer)
    with pytest.raises(Changed, match="decided this already"):
        finance_actions.decide_expense(expense_id=purchase.expense_id, is_approved=True, by=finance)
    with pytest.raises(GateShut, match="not asked for any more"):
        actions.place_order(purchase_line_id=purchase.pk, by=buyer)
    purchase = actions.place_order(purchase_line_id=purchase.pk, by=buyer, without_expedite=True)
    assert (purchase.state, purchase.expedite) == ("ordered", "refused")


def test_refused_fee_leaves_the_order_without_speed(order, line, buyer, finance):
    purchase = buy.bought(line, buyer, is_expedited=True, fee=Decimal(80))
    finance_actions.decide_expense(expense_id=purchase.expense_id, is_approved=False, by=finance, reason="too dear")
    with pytest.raises(GateShut, match="refused the fee"):
        actions.place_order(purchase_line_id=purchase.pk, by=buyer)
    purchase = actions.place_order(purchase_line_id=purchase.pk, by=buyer, without_expedite=True)
    assert (purchase.state, purchase.expedite, purchase.expedite_fee_amount) == ("ordered", "refused", 0)


@pytest.mark.clause("3.3.2")
def test_speed_is_asked_and_answered_after_ordering(order, line, buyer, general_manager):
    purchase = buy.bought(line, buyer)
    with pytest.raises(Changed):
        actions.answer_expedite(purchase_line_id=purchase.pk, is_granted=True, by=buyer)
    actions.ask_expedite(purchase_line_id=purchase.pk, by=buyer, fee=Decimal(50))
    with pytest.raises(GateShut):
        actions.answer_expedite(purchase_line_id=purchase.pk, is_granted=True, by=buyer)
    with pytest.raises(IntegrityError), transaction.atomic():
        PurchaseLine.objects.filter(pk=purchase.pk).update(expedite="granted")
    finance_actions.decide_expense(expense_id=ExpenseRequest.objects.get().pk, is_approved=True, by=general_manager)
    assert actions.answer_expedite(purchase_line_id=purchase.pk, is_granted=True, by=buyer).expedite == "granted"
    with pytest.raises(Changed):
        actions.ask_expedite(purchase_line_id=purchase.pk, by=buyer)


# On the way


@pytest.mark.clause("3.3.2", "4.3.3")
def test_transport_is_followed_by_steps(line, buyer):
    purchase = buy.bought(line, buyer)
    for kind in ("dispatched", "customs", "arrived"):
        actions.add_milestone(purchase_line_id=purchase.pk, kind=kind, by=buyer)
    assert list(purchase.milestones.values_list("kind", flat=True)) == ["dispatched", "customs", "arrived"]
    with pytest.raises(BadInput):
        actions.add_milestone(
            purchase_line_id=purchase.pk, kind="arrived", by=buyer, happened_at=timezone.now() + timedelta(hours=1)
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Milestone.objects.update(note="x")


@pytest.mark.clause("4.3.2")
def test_talk_with_a_supplier_is_kept(order, buyer):
    orders.log_contact(order_id=order.pk, by=buyer, contact="Steel", how="call", text="tomorrow", party="supplier")
    assert order.contacts.get().party == "supplier"


# Receipts


@pytest.mark.clause("3.3.2")
def test_receipts_in_parts_are_inspected_and_booked(order, line, buyer, inspector):
    purchase = buy.bought(line, buyer)
    first = actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(2), by=buyer, delivery_note="L-1")
    assert first.item.kind == "inspection"
    assert first.item.department.code == "quality"
    assert CostEntry.objects.get(source=f"receipt:{first.pk}").amount == 40
    second = actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(3), by=buyer)
    assert fresh(purchase).state == "received"
    accept_receipt(receipt=first, accepted=Decimal(2), rejected=Decimal(0), by=inspector)
    assert fresh(line).decision == "open"
    accept_receipt(receipt=second, accepted=Decimal(3), rejected=Decimal(0), by=inspector)
    line.refresh_from_db()
    assert (line.decision, line.accepted_quantity, line.decided_by) == ("accepted", 5, inspector)
    assert not fresh(second).item.is_living


def test_no_more_is_received_than_ordered(line, buyer):
    purchase = buy.bought(line, buyer)
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(4), by=buyer)
    for quantity in (Decimal("1.0001"), Decimal(0), Decimal(-1)):
        with pytest.raises(Refusal):
            actions.receive(purchase_line_id=purchase.pk, quantity=quantity, by=buyer)
    assert Receipt.objects.count() == 1


@pytest.mark.clause("3.3.2", "1.3.3")
def test_rejected_receipt_opens_the_line_again(order, line, buyer, inspector):
    purchase = buy.bought(line, buyer)
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(5), by=buyer)
    receipt = Receipt.objects.get()
    with pytest.raises(BadInput):
        accept_receipt(receipt=receipt, accepted=Decimal(3), rejected=Decimal(1), by=inspector, note="x")
    with pytest.raises(BadInput, match="wrong"):
        accept_receipt(receipt=receipt, accepted=Decimal(3), rejected=Decimal(2), by=inspector)
    with pytest.raises(NotYours):
        accept_receipt(receipt=receipt, accepted=Decimal(5), rejected=Decimal(0), by=buyer)
    accept_receipt(receipt=receipt, accepted=Decimal(3), rejected=Decimal(2), by=inspector, note="cracked")
    line.refresh_from_db()
    assert (line.decision, line.accepted_quantity, line.short_quantity) == ("open", 3, 2)
    assert line.item.is_living
    assert sum(CostEntry.objects.filter(kind="material").values_list("amount", flat=True)) == 60
    with pytest.raises(Changed):
        accept_receipt(receipt=receipt, accepted=Decimal(5), rejected=Decimal(0), by=inspector)
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(2), by=buyer)  # the replacement


def test_rejection_takes_back_materials_ready(people, order, line, buyer, inspector):
    purchase = buy.bought(line, buyer, quantity=Decimal(8))
    first = actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(5), by=buyer)
    accept_receipt(receipt=first, accepted=Decimal(5), rejected=Decimal(0), by=inspector)
    assert actions.sign_materials_ready(order_id=order.pk, by=buyer).stage == "production"
    second = actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(1), by=buyer)
    accept_receipt(receipt=second, accepted=Decimal(0), rejected=Decimal(1), by=inspector, note="rust")
    assert not order.sign_offs.living().filter(box="materials_ready").exists()


def test_goods_of_a_cancelled_order_are_still_received(people, order, line, buyer, sales_head):
    purchase = buy.bought(line, buyer)
    orders.cancel(order_id=order.pk, by=sales_head, reason="gone", was_customer_told=True)
    assert actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(5), by=buyer)
    with pytest.raises(NotYours):
        actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(1), by=people.sales)


def test_rest_of_a_purchase_is_cancelled(line, buyer):
    purchase = buy.bought(line, buyer)
    actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(2), by=buyer)
    purchase = actions.cancel_purchase(purchase_line_id=purchase.pk, reason="rest elsewhere", by=buyer)
    assert (purchase.state, purchase.quantity) == ("received", 2)
    assert buy.bought(line, buyer, quantity=Decimal(3))
    with pytest.raises(IntegrityError), transaction.atomic():
        PurchaseLine.objects.all().delete()


# Ready


@pytest.mark.clause("3.3.1", "1.3.2")
def test_buyer_signs_when_every_line_is_there(order, line, buyer, people):
    with pytest.raises(GateShut) as caught:
        actions.sign_materials_ready(order_id=order.pk, by=buyer)
    assert "still missing" in str(caught.value.missing[0].text)
    MaterialLine.objects.filter(pk=line.pk).update(decision="accepted", accepted_quantity=5)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "procurement"  # nobody has signed yet
    with pytest.raises(NotYours):
        actions.sign_materials_ready(order_id=order.pk, by=people.planners[0])
    assert actions.sign_materials_ready(order_id=order.pk, by=buyer).stage == "production"


def test_order_without_anything_to_buy_is_signed_too(people, buyer):
    order = make.at_procurement(people)
    MaterialLine.objects.filter(order=order).update(decision="dropped")
    assert actions.sign_materials_ready(order_id=order.pk, by=buyer).stage == "production"


def test_nothing_is_ready_without_a_plan(people, buyer):
    with pytest.raises(GateShut, match="plan"):
        actions.sign_materials_ready(order_id=make.at_review(people).pk, by=buyer)


@pytest.mark.clause("3.3.2")
def test_line_promised_in_time_gates_a_later_operation(order, line, buyer):
    buy.bought(line, buyer)
    line = actions.decide_gating(material_line_id=line.pk, by=buyer)
    assert line.decision == "gating"
    assert line.item.due_at == line.needed_at
    assert actions.sign_materials_ready(order_id=order.pk, by=buyer).stage == "production"


@pytest.mark.parametrize("case", ["no promise", "late", "first operation", "started", "not on order"])
def test_line_gates_nothing_else(case, order, line, buyer):
    if case in ("late", "first operation", "started", "not on order"):
        promised = later(line, hours=1) if case == "late" else later(line, minutes=-1)
        quantity = Decimal(2) if case == "not on order" else None
        buy.bought(line, buyer, promised_at=promised, quantity=quantity)
    if case == "first operation":
        MaterialLine.objects.filter(pk=line.pk).update(step=order.steps.order_by("number").first())
    if case == "started":
        order.steps.update(started_at=timezone.now(), started_by=buyer)
    with pytest.raises(GateShut) as caught:
        actions.decide_gating(material_line_id=line.pk, by=buyer)
    assert any(not row.is_met for row in caught.value.missing)


@pytest.mark.clause("3.3.3")
def test_late_line_leads_to_a_negotiation(order, line, buyer, people):
    buy.bought(line, buyer, promised_at=later(line, hours=3))
    substitute = make.make_material()
    negotiation = orders.open_negotiation(order_id=order.pk, by=buyer, reason="late", options=[
        {"kind": "material", "description": "other steel", "finish_at": order.required_at, "material_line": line,
         "substitute": substitute},
    ])
    orders.accept_option(negotiation_id=negotiation.pk, option_id=negotiation.options.get().pk, by=people.sales,
                         contact="高远", how="call")
    line.refresh_from_db()
    assert line.decision == "substituted"
    assert MaterialLine.objects.get(substitute_for=line).material == substitute


# Who is asked first


@pytest.mark.clause("3.3.1")
def test_existing_suppliers_come_first_by_record(line, buyer):
    good, bad, unknown = (buy.source_of(line) for _ in range(3))
    stranger = buy.SupplierFactory()
    for supplier, is_on_time in ((good, True), (bad, False)):
        for _ in range(3):
            delivered(line, supplier, buyer, is_on_time)
    found = candidates(line)
    assert [row.supplier for row in found] == [good, bad, unknown, stranger]
    assert [row.is_existing for row in found] == [True, True, True, False]
    assert found[0].ranked.score > found[1].ranked.score
    assert found[2].ranked.score is None


def delivered(line, supplier, by, is_on_time):
    now = timezone.now()
    purchase = PurchaseLine.objects.create(
        material_line=line, supplier=supplier, quantity=5, unit_price_amount=20, created_at=now, created_by=by,
        ordered_at=now, ordered_by=by, state="received",
    )
    purchase.promises.create(
        promised_at=now + timedelta(hours=1 if is_on_time else -1), recorded_at=now, recorded_by=by
    )
    receipt = Receipt.objects.create(material_line=line, quantity=5, received_at=now, received_by=by)
    purchase.deliveries.create(receipt=receipt)


# At once


def outcomes(deeds):
    """What each gave, or the kind of refusal it met."""
    return [type(answer) if isinstance(answer, Refusal) else answer for answer in at_once(*deeds)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_buyers_at_once_buy_a_line_once(people, buyer, procurement_head):
    line = buy.line_of(make.at_procurement(people))
    supplier = buy.source_of(line)
    people = (buyer, procurement_head, buyer, procurement_head)
    found = outcomes([lambda by=by: buy.bought(line, by, supplier=supplier) for by in people])
    assert found.count(GateShut) == 3
    assert PurchaseLine.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_receipts_at_once_bring_no_more_than_ordered(people, buyer):
    line = buy.line_of(make.at_procurement(people))
    purchase = buy.bought(line, buyer)
    found = outcomes([
        lambda: actions.receive(purchase_line_id=purchase.pk, quantity=Decimal(2), by=buyer) for _ in range(4)
    ])
    assert found.count(GateShut) == 2
    assert sum(Receipt.objects.values_list("quantity", flat=True)) == 4
