from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from orders.models import Nonconformance, OrderStep, Receipt, UrgentOrder
from quality.models import Concession, Inspection
from tests.factories import orders as make
from tests.factories import quality as q

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def final_url(order):
    return reverse("quality:inspect_final", args=[order.lines.get().pk])


def test_board_shows_everything_that_waits(people, client_of):
    held, _found = q.held_at_final(people)
    _order, step = q.awaiting_at_step(people)
    first = make.at_production(people)
    OrderStep.objects.filter(order=first, number=10).update(first_article="open")
    final = make.at_qc(people)
    incoming = make.at_procurement(people)
    Receipt.objects.create(
        material_line=incoming.material_lines.get(), quantity=5, received_at=timezone.now(), received_by=people.buyer
    )
    page = client_of(people.inspector).get(reverse("quality:board")).content.decode()
    for order in (held, step.order, first, final, incoming):
        assert str(order) in page
    for name in ("decide", "inspect_step", "first_article", "inspect_final", "inspect_receipt"):
        assert f'href="{reverse("quality:" + name, args=[1]).split("1/")[0]}' in page


def test_board_is_not_for_other_departments(people, client_of):
    answer = client_of(people.buyer).get(reverse("quality:board"))
    assert answer.status_code == 403
    assert people.inspector.name in answer.content.decode()


def queries_of(client, url, django_assert_max_num_queries):
    with django_assert_max_num_queries(200) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


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
    client, url = client_of(people.inspector), reverse("quality:board")

    def add():
        q.held_at_final(people)
        q.awaiting_at_step(people)
        make.at_qc(people)

    add()
    client.get(url)
    one = queries_of(client, url, django_assert_max_num_queries)
    add()
    add()
    assert queries_of(client, url, django_assert_max_num_queries) == one
    monkeypatch.setattr("quality.reports.PAGE_SIZE", 1)
    for queue in ("nonconformances", "steps", "lines"):
        found = walked(client, url, queue)
        assert len(found) == len(set(found)) == 3, queue


def test_tab_asks_as_much_for_three_rows_as_for_one(people, client_of, django_assert_max_num_queries):
    client = client_of(people.inspector)
    order = make.at_qc(people, quantity=30)
    url = reverse("quality:order_tab", args=[order.pk])
    q.inspect_final(order, people.inspector, defective=1, lot=5)
    client.get(url)
    one = queries_of(client, url, django_assert_max_num_queries)
    for _number in range(2):
        q.inspect_final(order, people.inspector, defective=1, lot=5)
    assert Nonconformance.objects.count() == 3
    assert queries_of(client, url, django_assert_max_num_queries) == one


def test_tab_shows_where_the_pieces_are(people, client_of):
    order, found = q.held_at_final(people)
    page = client_of(people.inspector).get(reverse("quality:order_tab", args=[order.pk])).content.decode()
    assert reverse("quality:decide", args=[found.pk]) in page
    assert "scratch on the face" in page
    reader = client_of(people.sales).get(reverse("quality:order_tab", args=[order.pk])).content.decode()
    assert reverse("quality:decide", args=[found.pk]) not in reader


def test_order_of_others_is_not_told(people, client_of, stranger):
    order, found = q.held_at_final(people)
    client = client_of(stranger)
    assert client.get(reverse("quality:order_tab", args=[order.pk])).status_code == 404
    assert client.get(reverse("quality:decide", args=[found.pk])).status_code == 403


def test_final_inspection_by_the_form(people, client_of):
    order = make.at_qc(people)
    q.plan_of(order.lines.get())
    client = client_of(people.inspector)
    page = client.get(final_url(order)).content.decode()
    assert "Ø 40 H7" in page
    assert "signs “Passed inspection” with your name" in page
    data = {
        "lot_quantity": 10, "sample_quantity": 10, "defective_quantity": 0, "finding_0": "good", "note_0": "40.012",
        "finding_1": "good", "photo": SimpleUploadedFile("face.png", PNG),
    }
    answer = client.post(final_url(order), data)
    assert answer.status_code == 302
    kept = Inspection.objects.get()
    assert kept.findings[0] == {"characteristic": "Ø 40 H7", "result": "good", "note": "40.012"}
    assert UrgentOrder.objects.get(pk=order.pk).stage == "delivery"
    photo = client.get(reverse("quality:photo", args=[kept.pk]))
    assert b"".join(photo.streaming_content) == PNG


def test_wrong_result_keeps_what_was_typed(people, client_of):
    order, client = make.at_qc(people), client_of(people.inspector)
    for wrong, status, text in (
        ({"lot_quantity": 11, "sample_quantity": 11}, 409, "only 10 wait"),
        ({"sample_quantity": 3}, 422, "at least 10"),
        ({"defective_quantity": 2}, 422, "what is wrong"),
        ({"lot_quantity": ""}, 422, "required"),
    ):
        sent = {"lot_quantity": 10, "sample_quantity": 10, "defective_quantity": 0} | wrong
        answer = client.post(final_url(order), sent)
        assert answer.status_code == status, wrong
        assert text in answer.text
        assert all(answer.context["form"][name].value() == str(value) for name, value in sent.items())
    assert not Inspection.objects.exists()


@pytest.mark.clause("1.3.3")
def test_gate_cannot_be_passed_by_typing_its_address(people, client_of, request):
    order, found = q.held_at_final(people)
    data = {"lot_quantity": 1, "sample_quantity": 1, "defective_quantity": 0}
    data |= {"disposition": "concession", "quantity": 3, "reason": "x"}
    for who in ("operator", "sales", "logistics", "manager", "general_manager", "production_head"):
        client = client_of(request.getfixturevalue(who))
        for url in (final_url(order), reverse("quality:decide", args=[found.pk])):
            assert client.post(url, data).status_code in (403, 404), who
    found.refresh_from_db()
    assert found.disposition == "open"


def test_same_press_twice_inspects_once(people, client_of):
    order = make.at_qc(people)
    client = client_of(people.inspector)
    data = {"lot_quantity": 5, "sample_quantity": 5, "defective_quantity": 0, "once": "abc"}
    assert client.post(final_url(order), data).status_code == 302
    assert client.post(final_url(order), data).status_code == 302
    assert order.lines.get().passed == 5


def test_step_and_first_article_by_the_form(people, client_of):
    _order, step = q.awaiting_at_step(people, 1)
    OrderStep.objects.filter(pk=step.pk).update(first_article="open")
    client = client_of(people.inspector)
    article = reverse("quality:first_article", args=[step.pk])
    assert client.get(article).status_code == 200
    assert client.post(article, {"is_passed": "no"}).status_code == 422
    assert client.post(article, {"is_passed": "yes"}).status_code == 302
    inspect = reverse("quality:inspect_step", args=[step.pk])
    assert client.get(inspect).status_code == 200
    data = {"lot_quantity": 1, "sample_quantity": 1, "defective_quantity": 0}
    assert client.post(inspect, data).status_code == 302
    step.refresh_from_db()
    assert (step.first_article, step.passed) == ("passed", 1)


def test_receipt_by_the_form(people, client_of):
    order = make.at_procurement(people)
    receipt = Receipt.objects.create(
        material_line=order.material_lines.get(), quantity=5, received_at=timezone.now(), received_by=people.buyer
    )
    client, url = client_of(people.inspector), reverse("quality:inspect_receipt", args=[receipt.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"accepted": "4", "rejected": "2", "defect": "rust"}).status_code == 422
    assert client.post(url, {"accepted": "4", "rejected": "1", "defect": "rust"}).status_code == 302
    receipt.refresh_from_db()
    assert receipt.rejected_quantity == 1


def test_decisions_by_the_form(people, client_of, quality_head):
    order, found = q.held_at_final(people)
    client, url = client_of(people.inspector), reverse("quality:decide", args=[found.pk])
    assert client.get(url).status_code == 200
    until = (timezone.localtime() + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    rework = {"disposition": "rework", "quantity": 2, "reason": "polish", "planned_end_at": until}
    assert client.post(url, rework).status_code == 422  # nobody named
    assert client.post(url, rework | {"owner": people.operator.pk}).status_code == 302
    rest = Nonconformance.objects.get(disposition="open")
    data = {"disposition": "concession", "quantity": 1, "reason": "inside"}
    assert client.post(reverse("quality:decide", args=[rest.pk]), data).status_code == 302
    second = reverse("quality:concession", args=[Concession.objects.get().pk])
    assert client.post(second, {"answer": "confirm"}).status_code == 403
    head = client_of(quality_head)
    assert head.get(second).status_code == 200
    assert head.post(second, {"answer": "refuse"}).status_code == 422
    assert head.post(second, {"answer": "confirm"}).status_code == 302
    assert order.lines.get().conceded == 1
    page = client.get(reverse("quality:order_tab", args=[order.pk])).content.decode()
    assert "Second signature" in page
