"""Every address × every person: tests/urls.csv says who is answered how.

A new address without a row fails. `URLS=write pytest tests/test_urls.py` writes the table anew; then read the
difference as carefully as code: 200 = open, 302 = sent on, 403 = refused with who can help, 404 = not even told
that it exists, 405 = only by form, 409 = not now.
"""

import csv
import io
import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from openpyxl import Workbook

from catalog.models import BillOfMaterialLine, Material, Product, Substitute
from config.demo import company, orders
from config.demo.cast import CAST
from coordination import actions as coordination
from finance.models import Settlement
from kpi.actions import appeals, incentives, runs
from kpi.models import Evidence, Incentive, Score
from kpi.weeks import Week
from logistics.models import DeliveryList, Package, Shipment
from notifications.actions import add_robot
from notifications.models import Notification
from orders import actions
from orders.actions.consents import ask_consent
from orders.models import (
    CostEntry,
    Issue,
    MaterialLine,
    Nonconformance,
    OrderLine,
    OrderStep,
    Receipt,
    UrgentOrder,
)
from orders.models.listing import SavedView
from people.models import Absence, Delegation, Qualification, User
from people.roles import Right
from procurement.actions import propose_supplier
from procurement.models import PurchaseLine, Supplier, SupplierMaterial
from production.actions import imports
from production.models import Downtime, ExtraShift, MasterImport, Operation, RoutingOperation, WorkCentre
from quality.actions import propose_concession
from quality.models import Concession, Inspection
from records.models import StoredFile
from sla import drills, limit_changes
from sla.limits import rule_of
from sla.models import CalendarDay, Policy, WorkItem
from tests.access import headers
from tests.conftest import member
from tests.factories import kpi

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.slow]
PANES = {
    "orders:pane_confirmation": "confirmation", "orders:pane_negotiation": "negotiation",
    "orders:pane_problem": "problem", "orders:pane_major_problem": "major_problem",
    "coordination:pane_action": "meeting_action", "coordination:pane_minutes": "meeting_minutes",
    "orders:pane_issue_action": "issue_action", "orders:pane_sheet": "sheet_receipt",
    "production:pane_review": "review_decision",
    "production:pane_assessment": "review_process", "quality:pane_nonconformance": "nonconformance",
    "logistics:pane_confirmation": "delivery_confirmation", "finance:pane_expense": "expense",
    "procurement:pane_supplier": "supplier", "orders:take_back_options": "negotiation",
    "orders:consent_withdraw": "consent", "orders:proposal_withdraw": "decline_proposal",
    "finance:expense_withdraw": "expense",
    "kpi:pane_check": "score_check", "kpi:pane_appeal": "score_appeal", "kpi:pane_publish": "score_publish",
    "kpi:pane_reply": "penalty_reply", "kpi:pane_incentive": "incentive",
    "sla:pane_limit_change": "limit_change", "sla:limit_change_withdraw": "limit_change",
}  # fmt: skip
TABLE = Path(__file__).parent / "urls.csv"
MASTER_DATA = {  # address: the record it is about, and the field of whom it belongs to
    **dict.fromkeys(("centre", "centre_change", "shift_new", "downtime_record"), (WorkCentre, "")),
    **dict.fromkeys(("shift_change", "shift_remove"), (ExtraShift, "work_centre_id")),
    **dict.fromkeys(("downtime_end", "downtime_cancel"), (Downtime, "work_centre_id")),
    **dict.fromkeys(("master_product", "product_change", "routing_new", "bill_new"), (Product, "")),
    **dict.fromkeys(("routing_change", "routing_remove"), (RoutingOperation, "product_id")),
    **dict.fromkeys(("bill_change", "bill_remove"), (BillOfMaterialLine, "product_id")),
    **dict.fromkeys(("master_material", "material_change", "substitute_new"), (Material, "")),
    **dict.fromkeys(("substitute_change", "substitute_remove"), (Substitute, "material_id")),
    "qualification_change": (Qualification, ""),
    **dict.fromkeys(("import_preview", "import_again", "import_do"), (MasterImport, "")),
}  # fmt: skip
PEOPLE = (
    "sales", "sales_head", "planner", "production_head", "operator", "buyer", "inspector", "logistics", "finance",
    "hr", "manager", "general_manager", "admin", "stranger", "nobody",
)


def addresses(resolver=None, space=""):
    """The names of all addresses outside Django's administration."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if not isinstance(pattern, URLResolver):
            yield f"{space}{pattern.name}"
        elif pattern.namespace != "admin":
            yield from addresses(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)


Ground, Reason = UrgentOrder.Ground, UrgentOrder.Reason
ORDERS = (  # customer, product, quantity, days, ground, reason, stage it is brought to
    ("BYM", "BY-RAC-007", 40, 9, Ground.CUSTOMER_ASKED, Reason.QUALITY_REPLACEMENT, "closed"),
    ("ZXE", "ZX-HSG-021", 60, 8, Ground.CUSTOMER_ASKED, Reason.LINE_DOWN, "settlement"),
    ("BYM", "BY-RAC-007", 24, 9, Ground.CUSTOMER_ASKED, Reason.MISSED_DATE, "delivery"),
    ("ZXE", "ZX-HSG-021", 30, 9, Ground.CUSTOMER_ASKED, Reason.LINE_DOWN, "qc"),
    ("DSR", "BY-RAC-007", 50, 10, Ground.MAJOR_PROJECT, Reason.MAJOR_PROJECT, "production"),
    ("HCP", "HC-IMP-060", 60, 12, Ground.CUSTOMER_ASKED, Reason.LINE_DOWN, "procurement"),
    ("QMW", "QM-BRK-118", 120, 4, Ground.KEY_CUSTOMER, Reason.PROJECT_EARLIER, "review"),
    ("HCP", "HC-IMP-060", 20, 6, Ground.CUSTOMER_ASKED, Reason.MISSED_DATE, "confirmation"),
    ("ZXE", "ZX-HSG-021", 200, 5, Ground.CUSTOMER_ASKED, Reason.LINE_DOWN, "identification"),
)


@pytest.fixture
def desk(departments, clock_defaults):
    """The demo company with its orders, and a few papers more; gives an object for each kind of address."""
    for key, person in CAST.items():
        if not User.objects.filter(username=person.username).exists():
            member(key, departments)
    company.seed()
    cast = {user.username: user for user in User.objects.select_related("department")}
    for order in ORDERS:
        orders.play(cast, *order)
    return papers(cast)


def papers(cast) -> dict:
    at = {order.stage: order for order in UrgentOrder.objects.order_by("-pk")}
    review, held = at["review"], Nonconformance.objects.get()
    later = review.required_at + timedelta(days=1)
    negotiation = actions.open_negotiation(
        order_id=review.pk, by=cast["zhou"], reason="夹具", version=None,
        options=[{"kind": "date", "description": "晚一天", "finish_at": later, "required_at": later}],
    )
    offer, offer_token = actions.issue_offer_link(
        negotiation_id=negotiation.pk, by=cast["lin"], recipient="高远", contact_phone="0515", language="en"
    )
    concession = propose_concession(nonconformance_id=held.pk, by=cast["wu"], reason="不影响装配")
    expense = actions.request_expense(order_id=review.pk, by=cast["lin"], kind="transport", amount=300, reason="专车")
    actions.propose_decline(order_id=at["confirmation"].pk, by=cast["zhou"], reason_code="not_ours", reason="无此机床")
    propose_supplier(by=cast["wang"], name="新厂")
    limit_change = limit_changes.change(
        [replace(rule_of(Policy.objects.first().current), target_seconds=3600)], limit_changes.Terms(reason="夹具试改"),
        by=cast["admin"], asks=True,
    )
    workbook = io.BytesIO()
    Workbook().save(workbook)
    imports.upload(file=SimpleUploadedFile("empty.xlsx", workbook.getvalue()), by=cast["zhao"])
    customers = customers_papers(at, cast, review, later)
    file, later = StoredFile.objects.first(), {"starts_at": later, "ends_at": later + timedelta(days=1)}
    absence = Absence.objects.create(person=cast["lin"], delegate=cast["chen"], **later)
    delegation = Delegation.objects.create(
        from_person=cast["chen"], to_person=cast["lin"], rights=[Right.ORDER_DECIDE], **later
    )
    robot = add_robot(by=cast["admin"], name="组", kind="wecom", address=f"wecombot://{'k' * 20}", language="en")
    drill = drills.start(policy=Policy.objects.first(), department=review.stage_item.department, minutes=10,
                         by=cast["admin"])  # fmt: skip
    failed = WorkItem.objects.living().filter(source=at["production"].stream)
    failed.filter(pk=failed.last().pk).update(failures=1, fault="TypeError: broken")
    issue = Issue.objects.first()
    action = actions.open_issue_action(issue_id=issue.pk, by=cast["zhou"], text="借夹具", owner=cast["wang"],
                                       due_at=review.required_at)  # fmt: skip
    actions.change_issue_severity(issue_id=issue.pk, by=cast["zhou"], severity="major")
    return customers | months(cast) | {
        "meeting": held_meeting(cast),
        "issue_action": action, "drill": drill, "failed": WorkItem.objects.get(failures=1),
        "offer": offer, "offer_token": offer_token,
        "order": review, "at": at, "negotiation": negotiation, "concession": concession, "expense": expense,
        "file": file, "file_order": UrgentOrder.objects.get(pk=int(file.subject.split(":")[1])),
        "issue": issue, "cast": cast, "absence": absence, "delegation": delegation,
        "limit_change": limit_change,
        "robot": robot, "post": coordination.post(order_id=review.pk, by=cast["lin"], text="到货"),
    }


def customers_papers(at, cast, review, later) -> dict:
    settlement, sales = at["settlement"], cast["lin"]
    complaint = actions.raise_complaint(
        order_id=settlement.pk, by=sales, line_id=settlement.lines.first().pk, quantity=1, text="孔距超差",
        contact="高远", files=[SimpleUploadedFile("hole.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40)],
    )
    link, token = actions.issue_customer_link(
        order_id=settlement.pk, by=sales, recipient="高远", contact_phone="0515", language="en"
    )
    with transaction.atomic():
        consent = ask_consent(
            order=review, harmed=at["production"], plan_version=1, plan_text="1", reason="停线", by=cast["zhou"],
            finish_before_at=review.required_at, finish_after_at=later, promised_at=review.required_at,
        )
    return {"complaint": complaint, "link": link, "token": token, "consent": consent}


def months(cast) -> dict:
    """A published month with its penalty and a certificate, and one with an open appeal and a task to publish."""
    departments = {person.department.code: person.department for person in cast.values() if person.department}
    people = {cast["lin"]: kpi.GOOD, cast["wang"]: kpi.BAD}
    old = kpi.published(departments, cast["gao"], month=date(2026, 9, 1), now=kpi.BEGUN - timedelta(days=28),
                        people=people)  # fmt: skip
    run = kpi.in_appeals(departments, people=people)
    case = kpi.case_of(run, 2, score__person=cast["wang"])
    appeal = appeals.raise_appeal(
        part_id=case.part_id, cases=[case], text="台风", by=cast["wang"], now=run.appeals_from
    )
    runs.keep_deadlines(run.appeals_until)
    own = Score.objects.get(run=old, person=cast["lin"])
    honour = incentives.propose(
        run=old, kind="reward", form="certificate", department=own.department, person=own.person, reason="又快又好",
        evidence=[Evidence(part=own.parts.first())], by=cast["deng"],
    )
    honour = incentives.approve(incentive_id=honour.pk, by=cast["gao"])
    penalty = Incentive.objects.get(person=cast["wang"])
    incentives.reply(incentive_id=penalty.pk, text="台风", by=cast["wang"])
    return {"run": run, "case": case, "appeal": appeal, "honour": honour, "penalty": penalty, "score": own}


def of_months(view, desk) -> dict:
    if view == "certificate":
        return {"pk": desk["honour"].pk}
    if view == "propose":
        return {"pk": desk["score"].pk, "kind": "reward"}
    if view == "part":
        return {"month": "2026-10", "score": desk["case"].part.score_id, "indicator": "time"}
    if view.startswith("month"):
        return {"month": "2026-10"} | ({"code": "production"} if view.endswith("check") else {})
    name = "case" if view == "leave_out" else view.partition("_")[0]
    return {"pk": desk["case"].part_id if view == "appeal_new" else desk[name.replace("incentive", "penalty")].pk}


def saved_view(owner) -> SavedView:
    return SavedView.objects.get_or_create(owner=owner, name="评审")[0]


def held_meeting(cast):
    """Closed, with an action and minutes that wait for their confirmation."""
    now = timezone.now()
    meeting = coordination.make_meeting(monday=Week.now(now).monday, starts_at=now)
    chair = {"meeting_id": meeting.pk, "by": meeting.chair}
    coordination.start_meeting(**chair)
    coordination.call_roll(present=set(meeting.attendances.values_list("department_id", flat=True)), **chair)
    due = now + timedelta(days=2)
    coordination.record_outcome(kind="action", text="夹具", person=cast["wang"], due_at=due, **chair)
    return coordination.close_meeting(**chair)


def meeting_arguments(view, meeting, order) -> dict:
    if view.startswith("action_"):
        return {"pk": meeting.outcomes.get().pk}
    if view == "brief":
        return {"pk": meeting.pk, "order": order.pk}
    outcome = {"outcome": meeting.outcomes.get().pk} if view == "strike" else {}
    answers = meeting.confirmations.filter(state="asked")
    return {"pk": meeting.pk} | outcome | ({"answer": answers.first().pk} if view in ("confirm", "object") else {})


def arguments(name, desk) -> dict:
    """What the address is asked with: the newest record of the kind it is about."""
    at, order = desk["at"], desk["order"]
    production, delivery = at["production"], at["delivery"]
    step = OrderStep.objects.filter(order=production).order_by("number").first()
    settlement, complaint = at["settlement"], desk["complaint"]
    if name == "customer:offer":
        return {"token": desk["offer_token"]}
    if name.startswith("coordination:") and name not in PANES and "room" not in name and "take_back" not in name:
        return meeting_arguments(name.split(":")[1], desk["meeting"], order)
    if name.startswith("customer:"):
        return {"token": desk["token"]}
    if name.startswith("orders:complaint") and name != "orders:complaint_raise":
        photo = {"file": StoredFile.objects.get(subject=complaint.stream).pk} if name.endswith("_photo") else {}
        return {"pk": settlement.pk, "complaint": complaint.pk} | photo
    if name.startswith("production:") and (found := MASTER_DATA.get(name.split(":")[1])):
        model, owner = found
        row = model.objects.order_by("pk").first()
        return {"pk": getattr(row, owner), "part": row.pk} if owner else {"pk": row.pk}
    special = {
        "orders:customer": {"pk": settlement.pk},
        "orders:complaint_raise": {"pk": settlement.pk},
        "orders:rating_record": {"pk": settlement.pk},
        "orders:link_change": {"pk": settlement.pk, "link": desk["link"].pk},
        "orders:link_revoke": {"pk": settlement.pk, "link": desk["link"].pk},
        "orders:consent": {"pk": at["production"].pk, "consent": desk["consent"].pk},
        "finance:credit": {"pk": complaint.pk},
        "sla:item": {"pk": WorkItem.objects.living().filter(source=order.stream).first().pk},
        "sla:acknowledge": {"pk": WorkItem.objects.living().filter(source=order.stream).first().pk},
        "sla:absence_end": {"pk": desk["absence"].pk},
        "sla:delegation_revoke": {"pk": desk["delegation"].pk},
        **{f"sla:{name}": {"pk": Policy.objects.first().pk} for name in ("limit_edit", "limit_preview")},
        **{f"sla:{name}_class": {"pk": Policy.objects.first().pk, "urgency_class": "A"}
           for name in ("limit_edit", "limit_preview")},
        **{f"sla:limit_change{act}": {"pk": desk["limit_change"].pk} for act in ("", "_approve", "_refuse")},
        **{f"sla:{name}": {"pk": desk["drill"].pk} for name in ("drill", "drill_stop")},
        "sla:try_again": {"pk": desk["failed"].pk},
        "access:set_password": {"token": "not-a-token"},
        "access:badge_pin": {"token": "not-a-token"},
        **{f"access:{name}": {"pk": desk["cast"]["chenwei"].pk} for name in ("issue_badge", "revoke_badge")},
        "access:end_session": {"public_id": "00000000-0000-4000-8000-000000000000"},
        "access:password_link": {"pk": desk["cast"]["lin"].pk},
        "access:reset_factor": {"pk": desk["cast"]["lin"].pk},
        "notifications:follow": {"pk": Notification.objects.filter(recipient__username="lin").first().pk},
        "notifications:robot": {"pk": desk["robot"].pk},
        "notifications:robot_switch": {"pk": desk["robot"].pk},
        "notifications:robot_test": {"pk": desk["robot"].pk},
        "notifications:letter": {"file": "none.log", "number": 1},
        "orders:file": {"pk": desk["file_order"].pk, "file": desk["file"].pk},
        "logistics:file": {"pk": desk["file_order"].pk, "file_pk": desk["file"].pk},
        "production:go_first": {"pk": order.pk, "other": production.pk},
        "orders:list_file": {"kind": "csv"},
        "orders:view_edit": {"pk": saved_view(desk["cast"]["lin"]).pk},
        "orders:view_delete": {"pk": saved_view(desk["cast"]["lin"]).pk},
        "production:assess": {"pk": order.pk, "kind": "capacity"},
        "production:change_operation": {
            "pk": production.pk, "operation": Operation.objects.filter(plan__order=production).last().pk
        },
        "production:waive": {
            "pk": at["procurement"].pk,
            "line": MaterialLine.objects.filter(order=at["procurement"]).open().first().pk,
        },
        "production:reassign": {"pk": production.pk, "step": step.pk},
        "production:move": {"pk": step.pk},
        "production:go_back": {"pk": production.pk, "version": 99},
        "production:order_tab": {"pk": production.pk},
        "production:sign_made": {"pk": production.pk},
        "quality:inspect_step": {"pk": step.pk},
        "quality:first_article": {"pk": step.pk},
        "quality:inspect_final": {"pk": OrderLine.objects.get(order=at["qc"]).pk},
        "quality:inspect_receipt": {"pk": Receipt.objects.last().pk},
        "quality:decide": {"pk": Nonconformance.objects.get().pk},
        "quality:concession": {"pk": desk["concession"].pk if desk["concession"] else Concession.objects.get().pk},
        "quality:photo": {"pk": Inspection.objects.first().pk},
        **{key: {"pk": at["qc"].pk} for key in ("quality:order_tab", "quality:order_pdf")},
        "logistics:unpack": {"pk": Package.objects.filter(list__order=delivery).get().pk},
        "logistics:proof": {"pk": Shipment.objects.first().pk},
        "finance:expense_decide": {"pk": desk["expense"].pk},
        "finance:cost_reverse": {"pk": CostEntry.objects.filter(is_planned=False).last().pk},
        **{key: {"pk": Settlement.objects.first().order_id} for key in ("finance:statement", "finance:statement_pdf")},
        **{key: {"pk": at["procurement"].pk} for key in ("procurement:order_tab", "procurement:order_pdf")},
        "procurement:supplier_detail": {"pk": Supplier.objects.first().pk},
        "procurement:supplier_approve": {"pk": Supplier.objects.first().pk},
        "procurement:supplier_offer": {"pk": Supplier.objects.first().pk},
        "procurement:source_approve": {"pk": SupplierMaterial.objects.first().pk},
        "coordination:take_back": {"pk": order.pk, "post": desk["post"].pk},
        "kpi:orders": {"figure": "due"},
        "kpi:orders_of": {"figure": "late", "of": "review"},
    }
    if name in special:
        return special[name]
    if name in PANES:
        return {"pk": WorkItem.objects.filter(kind=PANES[name]).order_by("-pk").first().pk}
    if name.startswith("sla:calendar"):
        day = CalendarDay.objects.order_by("pk").first()
        is_of_day = name in ("sla:calendar_day", "sla:calendar_day_remove")
        return {"pk": day.calendar_id} | ({"day": day.date.isoformat()} if is_of_day else {})
    if name.startswith("sla:"):
        return special["sla:item"]
    view = name.split(":")[1]
    if name.startswith("kpi:") and view != "dossier":
        return of_months(view, desk)
    if name.startswith("production:") and view in ("scan", "start", "pause", "report", "finish", "problem", "remind"):
        return {"token": step.token}
    if name.startswith("procurement:line_"):
        return {"pk": MaterialLine.objects.filter(order=at["procurement"]).open().first().pk}
    if name.startswith("procurement:purchase_"):
        return {"pk": PurchaseLine.objects.filter(material_line__order=at["procurement"]).first().pk}
    if name in ("logistics:pack", "logistics:book", "logistics:prepare", "logistics:cancel", "logistics:dispatch",
                "logistics:print", "logistics:list_pdf"):  # fmt: skip
        return {"pk": DeliveryList.objects.filter(order=delivery).first().pk}
    if name.startswith("logistics:") and view != "board":
        return {"pk": delivery.pk}
    if name.startswith("finance:") and view != "board":
        return {"pk": at["settlement"].pk}
    if view in ("edit", "draft_save", "draft_delete"):
        return {"pk": at["identification"].pk}
    if view.startswith("negotiation_") and view != "negotiation_open":
        option = {"option": desk["negotiation"].options.get().pk} if view == "negotiation_accept" else {}
        return {"pk": order.pk, "negotiation": desk["negotiation"].pk} | option
    if view.startswith("offer_"):
        link = {"link": desk["offer"].pk} if view == "offer_end" else {}
        return {"pk": order.pk, "negotiation": desk["negotiation"].pk} | link
    if view == "issue" or (view.startswith("issue_") and view != "issue_raise"):
        action = {"action": desk["issue_action"].pk} if view.startswith("issue_action_") else {}
        return {"pk": desk["issue"].order_id, "issue": desk["issue"].pk} | action
    if view.startswith("sheet_") and view not in ("sheet_print", "sheet_pdf", "sheet_issue"):
        return {"pk": order.pk, "version": 1}
    return {"pk": order.pk}


def address(name, desk) -> str:
    try:
        return reverse(name)
    except Exception:
        return reverse(name, kwargs=arguments(name, desk))


def status(client, url) -> str:
    response = client.get(url)
    assert not headers.missing(response), f"{url}: {headers.missing(response)}"
    for close in response._resource_closers:  # response.close() would close the test's database too
        close()
    return str(response.status_code)


def read_table() -> dict:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row.pop("address"): row for row in csv.DictReader(file)}


def write_table(answers):
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["address", *PEOPLE], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"address": name} | row for name, row in answers.items())


@pytest.mark.clause("1.2")
def test_every_address_answers_everybody_as_the_table_says(desk, client_of, client, request):
    people = {key: request.getfixturevalue("stranger") if key == "stranger" else
              desk["cast"][CAST[key].username] for key in PEOPLE[:-1]}
    clients = {key: client_of(person) for key, person in people.items()} | {"nobody": client}
    before = UrgentOrder.objects.values_list("pk", "version", "stage")
    start = list(before)
    answers = {
        name: {key: status(clients[key], url) for key in PEOPLE}
        for name in addresses()
        for url in [address(name, desk)]
    }
    if os.environ.get("URLS") == "write":
        write_table(answers)
    assert answers == read_table()
    assert [row for row in start if row[2] != "identification"] == [
        row for row in before.all() if row[2] != "identification"
    ], "looking changes nothing"
