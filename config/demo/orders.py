"""A few living orders of the demo company, each brought to its stage by the people who do the work."""

from datetime import timedelta
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.models import Customer, Product, Project
from finance import actions as finance
from logistics import actions as logistics
from logistics.models import Carrier, ChecklistItem, DeliveryList
from orders import actions
from orders.actions.stop import stop_item
from orders.models import ConfirmationItem, MaterialLine, OrderLine, OrderStep, Receipt, UrgentOrder
from procurement import actions as procurement
from procurement.models import PurchaseLine, SupplierMaterial
from production import actions as production
from production.capacity import propose
from quality import actions as quality

# The smallest PDF that a viewer opens: the signed delivery note of the demo.
NOTE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)

# Who orders what; the first two are key customers.
WANTS = (
    ("QMW", ("QM-BRK-118", "QM-FLG-220", "QM-PIN-041")), ("DSR", ("BY-RAC-007", "DS-BKT-305", "DS-CLP-112")),
    ("HCP", ("HC-IMP-060", "HC-SHF-035")), ("BYM", ("BY-RAC-007", "BY-PLT-019")), ("ZXE", ("ZX-HSG-021", "ZX-CLR-008")),
    ("XGA", ("XG-GDM-400", "DS-CLP-112")), ("HYM", ("ZX-HSG-021", "HC-SHF-035")), ("KRT", ("XG-GDM-400", "QM-PIN-041")),
)  # fmt: skip
KEY_CUSTOMERS = ("QMW", "DSR")
STAGES = ("identification", "confirmation", "review", "procurement", "production", "qc", "delivery", "settlement",
          "closed")  # fmt: skip


def play(cast, customer, product, quantity, days, ground, reason, stage) -> UrgentOrder:
    """An order brought to its stage at once, by the people who do the work."""
    order = enter(cast, customer, product, quantity, days, ground, reason)
    for name in STAGES[: STAGES.index(stage)]:
        DOING[name](cast, order)
    order = UrgentOrder.objects.get(pk=order.pk)
    if stage in BEGINNING:
        BEGINNING[stage](cast, order)
    return order


def enter(cast, code, number, quantity, days, ground, reason):
    customer, product = Customer.objects.get(code=code), Product.objects.get(number=number)
    is_asked = ground == UrgentOrder.Ground.CUSTOMER_ASKED
    due = (timezone.localtime() + timedelta(days=days)).replace(hour=18, minute=0, second=0, microsecond=0)
    values = {
        "customer": customer, "contact_name": customer.contact_name, "contact_phone": customer.contact_phone,
        "project": Project.objects.filter(customer=customer, is_major=True).first() if not is_asked else None,
        "ground": ground, "reason": reason, "required_at": due, "place": customer.delivery_place,
        "asked_by": customer.contact_name if is_asked else "", "asked_how": "call" if is_asked else "",
        "ground_text": "" if is_asked else "关系到项目节点，按重要客户办理",
    }
    line = {"product": product, "quantity": quantity, "specification": product.specification,
            "revision": product.revision, "unit_price_amount": product.price_amount}
    return actions.save_draft(by=cast["lin"], values=values, lines=[line])


def submit(cast, order):
    reason = {"duplicate_reason": "与前单无关，另一批需求"}
    actions.save_draft(by=cast["lin"], values=reason, order_id=order.pk)
    actions.submit(order_id=order.pk, by=cast["lin"])


def confirm(cast, order):
    contact = order.contact_name or str(order.customer)
    actions.log_contact(order_id=order.pk, by=cast["lin"], contact=contact, how="call", text="逐项核对")
    for item in ConfirmationItem.Item:
        actions.confirm_item(order_id=order.pk, by=cast["lin"], item=item, contact=contact, how="call")
    actions.confirm(order_id=order.pk, by=cast["lin"])


def receive_sheet(cast, order):
    for name in ("zhou", "wang", "wu", "xu", "tang"):
        actions.receive_sheet(order_id=order.pk, by=cast[name], version=1)


def review(cast, order):
    for kind, name in (("process", "huang"), ("capacity", "zhou"), ("materials", "luo")):
        production.assess(order_id=order.pk, by=cast[name], kind=kind, verdict="can", note_text="按排程可行")
    production.make_plan(order_id=order.pk, by=cast["zhou"])
    production.release_plan(order_id=order.pk, by=cast["zhou"])
    order = UrgentOrder.objects.get(pk=order.pk)
    finish = propose(order, now=timezone.now()).finish
    production.approve(order_id=order.pk, by=cast["zhao"], promised_at=max(order.required_at, finish), reason="按计划")


def order_materials(cast, order):
    for line in _short_lines(order):
        _order_line(cast, line)


def receive(cast, purchase):
    """What is still missing of it arrives and passes the incoming inspection."""
    procurement.receive(purchase_line_id=purchase.pk, quantity=purchase.quantity, by=cast["wang"],
                        delivery_note="DN-0412")
    for receipt in Receipt.objects.filter(material_line=purchase.material_line_id, inspected_at__isnull=True):
        quality.inspect_receipt(receipt_id=receipt.pk, by=cast["wu"], accepted=receipt.quantity, rejected=Decimal(0))


def accept_materials(cast, order):
    procurement.sign_materials_ready(order_id=order.pk, by=cast["wang"])


def _buy(cast, order):
    order_materials(cast, order)
    for purchase in PurchaseLine.objects.filter(material_line__order=order):
        receive(cast, purchase)
    accept_materials(cast, order)


def _short_lines(order):
    lines = MaterialLine.objects.filter(order=order).open().select_related("material")
    return [line for line in lines if line.short_quantity]


def _order_line(cast, line):
    source = SupplierMaterial.objects.filter(material=line.material).select_related("supplier").first()
    procurement.order_line(
        material_line_id=line.pk, supplier=source.supplier, quantity=line.short_quantity,
        unit_price=source.price_amount, by=cast["wang"],
        promised_at=timezone.now() + timedelta(hours=source.lead_time_hours),
    )


def _make(cast, order):
    for step in OrderStep.objects.filter(order=order).order_by("line", "number"):
        _run(cast, step)


def _run(cast, step):
    start_step(cast, step)
    finish_step(cast, step)


def start_step(cast, step):
    maker, inspector = cast["chenwei"], cast["wu"]
    production.start_step(step_id=step.pk, by=maker)
    if step.first_article == OrderStep.FirstArticle.OPEN:
        production.report_pieces(step_id=step.pk, by=maker, good=1)
        quality.first_article(step_id=step.pk, by=inspector, is_passed=True)


def finish_step(cast, step):
    step.refresh_from_db()
    production.finish_step(step_id=step.pk, by=cast["chenwei"], good=step.quantity - step.made)
    step.refresh_from_db()
    if step.awaiting:
        quality.inspect_step(step_id=step.pk, by=cast["wu"], lot_quantity=step.awaiting, sample_quantity=step.awaiting,
                             defective_quantity=0)
        production.hand_over_made()  # the periodic job's work: it does not travel with us


def inspect(cast, order):
    for line in OrderLine.objects.filter(order=order):
        quality.inspect_final(line_id=line.pk, by=cast["wu"], lot_quantity=line.awaiting, sample_quantity=line.awaiting,
                              defective_quantity=0)


def deliver(cast, order):
    prepare(cast, order)
    prove(cast, order, dispatch(cast, order))


def prepare(cast, order):
    now = timezone.now()
    logistics.confirm_delivery(
        order_id=order.pk, by=cast["xu"], contact=order.contact_name or "收货人", how="call", place=order.place,
        slot_from=now + timedelta(hours=1), slot_until=now + timedelta(hours=8),
    )
    _tick_off(cast, _prepare(cast, order))


def dispatch(cast, order):
    found = DeliveryList.objects.filter(order=order).latest("pk")
    return logistics.dispatch(list_id=found.pk, by=cast["xu"], vehicle="苏E·7K209", freight_amount=Decimal(680),
                              eta_at=timezone.now() + timedelta(hours=4))


def prove(cast, order, shipment):
    logistics.record_proof(
        shipment_id=shipment.pk, by=cast["xu"], signed_by_name=order.contact_name or "收货人",
        delivered_at=timezone.now(), files=[SimpleUploadedFile("签收单.pdf", NOTE, "application/pdf")],
    )
    logistics.hand_over_documents(order_id=order.pk, by=cast["xu"])


def _prepare(cast, order) -> DeliveryList:
    dispatcher = cast["xu"]
    quantities = {line.pk: line.shippable for line in OrderLine.objects.filter(order=order)}
    found = logistics.make_list(order_id=order.pk, by=dispatcher, quantities=quantities)
    logistics.pack(list_id=found.pk, by=dispatcher, contents="木箱 1/1", weight_kg=Decimal(86), quantities=quantities)
    logistics.book_carrier(list_id=found.pk, by=dispatcher, carrier=Carrier.objects.ranked().first(),
                           pickup_at=timezone.now() + timedelta(hours=1))
    return found


def _tick_off(cast, found):
    for row in ChecklistItem.objects.filter(list=found, done_at__isnull=True):
        logistics.prepare(list_id=found.pk, by=cast["xu"], item=row.item)


def settle(cast, order):
    _record_costs(cast, order)
    finance.issue_statement(order_id=order.pk, by=cast["tang"], invoice_number=f"2531{order.pk:010d}")
    finance.settle(order_id=order.pk, by=cast["tang"])


def settle_cancelled(cast, order):
    _record_costs(cast, order)
    finance.issue_statement(order_id=order.pk, by=cast["tang"], no_invoice_reason="订单取消，未发货")
    finance.settle(order_id=order.pk, by=cast["tang"])


def _record_costs(cast, order):
    for row in finance.sheet_of(UrgentOrder.objects.get(pk=order.pk)).rows:
        if row.is_missing:
            finance.record_cost(
                order_id=order.pk, kind=row.kind, by=cast["tang"], amount=row.planned, text="按工时结转"
            )


def stop(person, order):
    """The department's report after a cancellation, where it has one to give."""
    if stop_item(order, person.department):
        actions.report_stop(order_id=order.pk, by=person, text="已停工，无余料")


def decide(cast, expense):
    finance.decide_expense(expense_id=expense.pk, is_approved=True, by=cast["gao"])


def _begin_review(cast, order):
    production.assess(
        order_id=order.pk, by=cast["huang"], kind="process", verdict="can", note_text="C 版图纸，夹具齐备"
    )
    text = "CNC-3 夹具 F-118 只有一套，单班做不完"
    actions.raise_issue(order_id=order.pk, by=cast["zhou"], kind="machine", text=text)


def _begin_procurement(cast, order):
    for line in _short_lines(order):
        _order_line(cast, line)
    if first := PurchaseLine.objects.filter(material_line__order=order).first():
        procurement.receive(
            purchase_line_id=first.pk, quantity=first.quantity // 2, by=cast["wang"], delivery_note="DN-0415"
        )


def _begin_production(cast, order):
    step = OrderStep.objects.filter(order=order).order_by("number").first()
    start_step(cast, step)
    production.report_pieces(step_id=step.pk, by=cast["chenwei"], good=step.quantity // 3)


def _begin_qc(cast, order):
    line = OrderLine.objects.get(order=order)
    quality.inspect_final(line_id=line.pk, by=cast["wu"], lot_quantity=10, sample_quantity=10, defective_quantity=2,
                          defect="轴孔 Ø32 超差 0.04")


def _begin_delivery(cast, order):
    _prepare(cast, order)


def _confirm(cast, order):
    confirm(cast, order)
    receive_sheet(cast, order)


DOING = {
    "identification": submit, "confirmation": _confirm, "review": review, "procurement": _buy, "production": _make,
    "qc": inspect, "delivery": deliver, "settlement": settle,
}
BEGINNING = {
    "review": _begin_review, "procurement": _begin_procurement, "production": _begin_production, "qc": _begin_qc,
    "delivery": _begin_delivery,
}
