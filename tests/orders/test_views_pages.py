"""The list, the page of an order with its tabs, and the acts on them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from orders import actions
from orders.models import ConfirmationItem, Issue, Negotiation, StageRun, UrgentOrder
from records.actions import record
from records.files import attach
from tests.factories import orders as make
from tests.orders.form import typed

pytestmark = pytest.mark.django_db
TABS = ("detail", "confirmation", "negotiation", "documents", "sheet", "issues", "log")


def url(name, order, *more):
    return reverse(f"orders:{name}", args=[order.pk, *more])


def act(client, address, **values):
    return client.post(address, {"once": uuid4().hex} | values)


def asked(client, address, counting, beside=()):
    with counting(80) as seen:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in seen if not any(part in query["sql"] for part in beside)]


# The shell


@pytest.mark.clause("1.3.2")
@pytest.mark.parametrize(("stage", "most"), [("review", 11), ("qc", 9)])  # a review waits for three things more
def test_shell_takes_few_statements(people, client_of, django_assert_max_num_queries, stage, most):
    order = make.AT[stage](people)
    client = client_of(people.sales)
    beside = (
        '"access_session"', 'FROM "people_', '"notifications_', 'COUNT(', '"records_event"', 'FROM "orders_issue"'
    )  # fmt: skip
    seen = asked(client, url("log", order), django_assert_max_num_queries, beside)
    assert len(seen) <= most, "\n".join(seen)


def test_order_page_asks_the_same_for_one_line_and_for_three(people, client_of, django_assert_max_num_queries):
    client = client_of(people.sales)
    one, three = make.at_review(people), make.at_review(people, lines=3)
    counts = {len(asked(client, url("detail", order), django_assert_max_num_queries)) for order in (one, three)}
    assert len(counts) == 1


@pytest.mark.clause("1.3.1", "3.1.2")
def test_order_page_says_stage_clock_tasks_and_people(people, client_of):
    order = make.at_review(people)
    page = client_of(people.production_head).get(url("detail", order)).content.decode()
    assert "Step 3 of 8" in page
    assert 'data-s="ok"' in page
    for box in ("Production process", "Production capacity", "Material needs", "A delivery time is promised"):
        assert box in page
    assert people.sales.name in page


def test_amount_is_for_those_who_may_see_prices(people, client_of):
    order = make.submitted(people)
    order.lines.update(unit_price_amount=2025)
    assert "20,250" in client_of(people.sales).get(url("detail", order)).content.decode()
    assert "20,250" not in client_of(people.planners[0]).get(url("detail", order)).content.decode()


def test_every_tab_opens_at_every_stage(people, client_of):
    for stage in ("identification", "confirmation", "settlement"):
        order = make.AT[stage](people)
        for tab in TABS:
            assert client_of(people.sales).get(url(tab, order)).status_code == 200


def test_timeline_hides_amounts_of_another_class(people, client_of):
    order = make.submitted(people)
    record("order.expense", "Asked for {amount}", by=people.logistics, stream=order.stream,
           params={"amount": "¥ 4,600.75"}, money="resource")  # fmt: skip
    for tab in ("detail", "log"):
        assert "4,600.75" in client_of(people.finance).get(url(tab, order)).content.decode()
        assert "4,600.75" not in client_of(people.buyer).get(url(tab, order)).content.decode()


# Confirmation


def confirmation(order, **values):
    line = order.lines.get()
    return {
        "contact": "高远", "how": "call", f"specification_{line.pk}": line.specification,
        f"quantity_{line.pk}": line.agreed_quantity, "time": typed(order.required_at), "place": order.place,
        "version": UrgentOrder.objects.get(pk=order.pk).version,
    } | values  # fmt: skip


ALL_FOUR = {f"is_{item}": "on" for item in ConfirmationItem.Item.values}


@pytest.mark.clause("3.1.1", "2.2.1")
def test_one_talk_confirms_and_corrects_and_the_sheet_goes_out(people, client_of):
    order, client = make.submitted(people), client_of(people.sales)
    line = order.lines.get()
    sent = confirmation(order, **ALL_FOUR) | {f"quantity_{line.pk}": "12"}
    assert act(client, url("confirmation", order), **sent).status_code == 302
    kept = {row.item: row for row in order.confirmation_items.all()}
    assert (len(kept), bool(kept["quantity"].corrected_from), kept["place"].corrected_from) == (4, True, "")
    assert (kept["time"].corrected_from, kept["time"].contact) == ("", "高远")
    page = client.get(url("confirmation", order)).content.decode()
    assert "All four are confirmed" in page
    act(client, url("confirm", order))
    order.refresh_from_db()
    assert (order.stage, order.sheets.get().content["lines"][0]["quantity"]) == ("review", 12)
    assert order.external_refs.get().state == "pending"


@pytest.mark.clause("3.1.1")
def test_confirming_before_all_four_says_what_is_missing(people, client_of):
    order = make.submitted(people)
    answer = act(client_of(people.sales), url("confirm", order))
    assert answer.status_code == 409
    assert "Delivery place" in answer.content.decode()


def test_stale_confirmation_is_refused_and_keeps_the_text(people, client_of):
    order = make.submitted(people)
    sent = confirmation(order, is_place="on", place="8 号泊位")
    actions.log_contact(order_id=order.pk, by=people.sales, contact="高远", how="call", text="x")
    actions.confirm_item(order_id=order.pk, by=people.sales, item="quantity", contact="高远", how="call")
    answer = act(client_of(people.sales), url("confirmation", order), **sent)
    assert answer.status_code == 409
    assert "8 号泊位" in answer.content.decode()
    assert order.confirmation_items.count() == 1


def test_nothing_ticked_is_nothing_confirmed(people, client_of):
    order = make.submitted(people)
    assert act(client_of(people.sales), url("confirmation", order), **confirmation(order)).status_code == 422


@pytest.mark.clause("4.1.1")
def test_only_sales_confirms(people, client_of):
    order = make.submitted(people)
    buyer = client_of(people.buyer)
    assert act(buyer, url("confirmation", order), **confirmation(order, **ALL_FOUR)).status_code == 403
    assert act(buyer, url("confirm", order)).status_code == 403


def test_talks_are_logged_attempts_too(people, client_of):
    order, client = make.submitted(people), client_of(people.sales)
    act(client, url("contact", order), contact="高远", how="call", was_reached="no", text="无人接听")
    page = client.get(url("confirmation", order)).content.decode()
    assert "无人接听" in page
    assert "not reached" in page


# Negotiation


def options(**values):
    finish = timezone.now() + timedelta(days=5)
    return {
        "reason": "单班来不及", "option-TOTAL_FORMS": "3", "option-INITIAL_FORMS": "0", "option-0-kind": "date",
        "option-0-description": "周四交付", "option-0-finish_at": typed(finish),
        "option-0-required_at": typed(finish + timedelta(hours=1)), "option-0-extra_cost_amount": "4600",
    } | values  # fmt: skip


@pytest.mark.clause("3.2.3", "4.1.3")
def test_options_go_to_sales_and_the_answer_changes_the_order(people, client_of):
    order = make.at_review(people)
    planner, sales = client_of(people.planners[0]), client_of(people.sales)
    assert act(planner, url("negotiation_open", order), **options()).status_code == 302
    talk = Negotiation.objects.get()
    assert talk.options.get().extra_cost_amount == 4600
    assert "4,600" in planner.get(url("negotiation", order)).content.decode()
    assert "4,600" not in sales.get(url("negotiation", order)).content.decode()
    accept = url("negotiation_accept", order, talk.pk, talk.options.get().pk)
    assert act(planner, accept, contact="高远", how="call").status_code == 403
    act(sales, accept, contact="高远", how="call", answer="可以")
    order.refresh_from_db()
    assert (Negotiation.objects.get().state, order.required_at.replace(second=0)) == (
        "accepted", talk.options.get().required_at.replace(second=0)
    )  # fmt: skip


def test_negotiation_without_an_option_is_asked_for_one(people, client_of):
    order = make.at_review(people)
    sent = {name: value for name, value in options().items() if not name.startswith("option-0")}
    answer = act(client_of(people.planners[0]), url("negotiation_open", order), **sent)
    assert answer.status_code == 422
    assert "at least one option" in answer.content.decode()


def test_refusal_of_all_options_is_recorded_in_words(people, client_of):
    order = make.at_review(people)
    act(client_of(people.planners[0]), url("negotiation_open", order), **options())
    refuse = url("negotiation_refuse", order, Negotiation.objects.get().pk)
    assert act(client_of(people.sales), refuse, contact="高远", how="call").status_code == 422
    act(client_of(people.sales), refuse, contact="高远", how="call", answer="都不行")
    assert Negotiation.objects.get().state == "refused"


def test_options_are_withdrawn_by_who_offered_them(people, client_of):
    order = make.at_review(people)
    act(client_of(people.planners[0]), url("negotiation_open", order), **options())
    withdraw = url("negotiation_withdraw", order, Negotiation.objects.get().pk)
    assert act(client_of(people.buyer), withdraw).status_code == 403
    act(client_of(people.planners[0]), withdraw)
    assert Negotiation.objects.get().state == "withdrawn"


# Problems


@pytest.mark.clause("5.3", "3.4.2")
def test_problem_is_reported_noted_and_solved(people, client_of):
    order = make.at_review(people)
    planner, head = client_of(people.planners[0]), client_of(people.production_head)
    act(planner, url("issue_raise", order), kind="machine", severity="major", text="夹具坏了", is_stopping="on")
    issue = Issue.objects.get()
    timeline = planner.get(url("detail", order)).content.decode()
    assert "bub--prob" in timeline
    assert "夹具坏了" in timeline
    solve = url("issue_solve", order, issue.pk)
    assert act(planner, solve, solution="换夹具").status_code == 409
    act(head, url("issue_note", order, issue.pk), text="借夹具")
    assert act(planner, solve, solution="换夹具").status_code == 422
    act(planner, solve, solution="换夹具", decided_with=[people.production_head.pk])
    assert Issue.objects.get().solved_by == people.planners[0]
    assert "换夹具" in planner.get(url("issues", order)).content.decode()
    assert "bub--prob" not in planner.get(url("detail", order)).content.decode()


def test_double_click_reports_one_problem(people, client_of):
    order, client = make.submitted(people), client_of(people.sales)
    sent = {"once": "same", "kind": "other", "severity": "minor", "text": "标签错"}
    client.post(url("issue_raise", order), sent)
    client.post(url("issue_raise", order), sent)
    assert Issue.objects.count() == 1


# Return, decline, cancel


def test_return_names_its_reason_and_the_boxes(people, client_of):
    order, client = make.at_review(people), client_of(people.production_head)
    page = client.get(url("send_back", order)).content.decode()
    assert "goes back to Confirmation" in page
    short = act(client, url("send_back", order), reason_code="unclear", reason="x", boxes=["customer_confirmed"])
    assert short.status_code == 422
    sent = {"reason_code": "unclear", "reason": "图纸版本不明", "boxes": ["customer_confirmed"]}
    assert act(client, url("send_back", order), **sent).status_code == 302
    order.refresh_from_db()
    run = StageRun.objects.get(order=order, left_at=None)
    assert (order.stage, run.reason_code, run.reason) == ("confirmation", "unclear", "图纸版本不明")


def test_return_belongs_to_the_department_that_has_the_order(people, client_of):
    order = make.at_review(people)
    sent = {"reason_code": "unclear", "reason": "不是我的", "boxes": ["customer_confirmed"]}
    assert act(client_of(people.sales), url("send_back", order), **sent).status_code == 403


def test_sales_head_declines_and_cancels_after_telling_the_customer(people, client_of, sales_head):
    first, second, client = make.submitted(people), make.at_review(people), client_of(sales_head)
    sent = {"reason_code": "not_urgent", "reason": "正常交期即可"}
    assert act(client, url("decline", first), **sent).status_code == 422
    told = {"was_customer_told": "on", "contact": "高远", "how": "call"}
    assert act(client, url("decline", first), was_customer_told="on", **sent).status_code == 422
    act(client, url("decline", first), **told, **sent)
    act(client, url("cancel", second), **told, reason="客户撤单")
    assert [order.contacts.get().contact for order in (first, second)] == ["高远", "高远"]
    assert [UrgentOrder.objects.get(pk=order.pk).stage for order in (first, second)] == ["declined", "settlement"]
    assert act(client_of(people.sales), url("cancel", second), reason="x").status_code == 403


# Documents


def test_files_are_added_listed_and_handed_out_to_who_sees_the_order(people, client_of, stranger):
    order, client = make.submitted(people), client_of(people.buyer)
    pdf = SimpleUploadedFile("供方报价.pdf", b"%PDF-1.4 x")
    assert act(client, url("documents", order), files=[pdf]).status_code == 302
    page = client.get(url("documents", order))
    stored = page.context["files"].get()
    assert "供方报价.pdf" in page.content.decode()
    file = client.get(url("file", order, stored.pk))
    assert (file["Content-Type"], b"".join(file.streaming_content)) == ("application/pdf", b"%PDF-1.4 x")
    assert client_of(stranger).get(url("file", order, stored.pk)).status_code == 404
    other = make.submitted(people)
    assert client.get(url("file", other, stored.pk)).status_code == 404
    bad = SimpleUploadedFile("a.exe", b"MZ")
    assert act(client, url("documents", order), files=[bad]).status_code == 422


def test_papers_with_prices_are_for_who_may_see_them(people, client_of):
    order = make.submitted(people)
    pdf = SimpleUploadedFile("invoice.pdf", b"%PDF-1.4 x")
    stored = attach(pdf, subject=order.stream, purpose="invoice", by=people.finance)
    shown = client_of(people.finance).get(url("file", order, stored.pk))
    assert b"".join(shown.streaming_content) == b"%PDF-1.4 x"
    assert client_of(people.inspector).get(url("file", order, stored.pk)).status_code == 404
    assert "invoice.pdf" not in client_of(people.inspector).get(url("documents", order)).content.decode()


@pytest.mark.clause("3.1.2", "4.1.2")
def test_each_department_receives_the_version_in_force(people, client_of):
    order = make.at_review(people)
    buyer = client_of(people.buyer)
    assert "not received this version yet" in buyer.get(url("sheet", order)).content.decode()
    act(buyer, url("sheet_receive", order, 1))
    page = buyer.get(url("sheet", order)).content.decode()
    assert people.buyer.name in page
    assert "not received this version yet" not in page
    act(client_of(people.sales), url("sheet_issue", order))
    old = buyer.get(url("sheet_version", order, 1)).content.decode()
    assert "This sheet is version 1. Version 2 is in force." in old
    answer = act(buyer, url("sheet_receive", order, 1))
    assert answer.status_code == 409
    assert "Version 2 is in force" in answer.content.decode()


@pytest.mark.clause("3.1.2", "2.2.2")
def test_papers_carry_version_check_code_and_codes_but_no_money(people, client_of):
    order = make.at_production(people)
    order.lines.update(unit_price_amount=2025)
    client = client_of(people.sales)
    sheet, step = order.sheets.first(), order.steps.first()
    page = client.get(url("sheet_print", order)).content.decode()
    for text in (sheet.number, sheet.check_code, step.token, people.operator.name, "Signature", "Processing progress"):
        assert text in page
    assert page.count("<svg") == 1 + order.steps.count()
    assert "20,250" not in page
    form = client.get(url("form_print", order)).content.decode()
    assert order.form_number in form
    assert "20,250" in form
    assert "20,250" not in client_of(people.buyer).get(url("form_print", order)).content.decode()


def test_paper_is_printed_in_the_language_asked_for(people, client_of):
    order = make.at_review(people)
    page = client_of(people.sales).get(url("sheet_print", order) + "?lang=zh-hans").content.decode()
    assert '<html lang="zh-Hans">' in page
    assert "紧急订单处理单" in page


def test_old_paper_is_marked_as_old(people, client_of):
    order = make.at_review(people)
    act(client_of(people.sales), url("sheet_issue", order))
    page = client_of(people.sales).get(url("sheet_version_print", order, 1)).content.decode()
    assert "Do not work by this paper" in page
    assert "Processing progress" not in page
