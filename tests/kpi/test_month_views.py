"""The pages of a month: who sees what before and after, each act from its form, the papers read back."""

import io
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from kpi.actions import appeals, runs
from kpi.models import Appeal, Check, MonthRun, Score, ScoreCase
from sla.models import WorkItem
from tests.factories import kpi

pytestmark = pytest.mark.django_db
URL = "/figures/months/2026-10/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people_of(planner, operator, buyer, sales):
    return {planner: kpi.GOOD, operator: kpi.BAD, buyer: kpi.GOOD, sales: kpi.FEW}


def names_on(client, of="people"):
    page = client.get(f"{URL}?of={of}")
    assert page.status_code == 200
    return {str(row.score) for row in page.context["board"].rows}


@pytest.mark.clause("6.1.2")
def test_before_publication_one_sees_ones_own_afterwards_everybody_everything(
    departments, clock_defaults, people_of, client_of, planner, production_head, buyer, hr, manager, general_manager,
    stranger,
):  # fmt: skip
    run = kpi.in_appeals(departments, people=people_of)
    everyone = {str(person) for person in people_of}
    own = Score.objects.get(person=planner)
    seen = {
        planner: {str(planner)}, production_head: {str(planner), "陈伟"}, buyer: {str(buyer)}, hr: everyone,
        manager: everyone, general_manager: everyone, stranger: set(),
    }
    for person, names in seen.items():
        assert names_on(client_of(person)) == names, person
    assert names_on(client_of(planner), "departments") == set()
    assert names_on(client_of(production_head), "departments") == {"Production"}
    assert client_of(buyer).get(f"{URL}?of=people&row={own.pk}").context["selected"].score.person == buyer
    assert client_of(buyer).get(f"{URL}notice/").status_code == 404
    sheet = load_workbook(io.BytesIO(client_of(buyer).get(f"{URL}sheet/").getvalue()))
    assert [row[0].value for row in sheet["Persons"].iter_rows(min_row=2)] == [str(buyer)]
    runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until)
    for person in seen:
        assert names_on(client_of(person)) == everyone, person
        assert names_on(client_of(person), "departments") == {"Production", "Procurement"}
    rows = client_of(buyer).get(f"{URL}?of=people").context["board"].rows
    assert [row.is_own for row in rows] == [True, False, False, False], "one's own first"
    page = client_of(planner).get(f"{URL}?of=people&row={own.pk}").text
    assert f"{own.total} of " in page
    assert "too few cases" in client_of(planner).get(f"{URL}?of=people").text
    assert f"{own.total}, grade {own.grade}" in client_of(planner).get("/figures/months/").text


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_queries_for_three_rows_as_for_one(
    departments, clock_defaults, client_of, hr, planner, operator, buyer, production_head, django_assert_num_queries,
    count,
):
    people = [planner, operator, buyer][:count]
    run = kpi.in_appeals(departments, people=dict.fromkeys(people, kpi.BAD))
    for person in people:
        case = kpi.case_of(run, 2, score__person=person)
        appeals.raise_appeal(part_id=case.part_id, cases=[case], text="A typhoon", by=person,
                                 now=run.appeals_from + MINUTE)  # fmt: skip
        appeals.leave_out(case_id=kpi.case_of(run, 1, score__person=person).pk, reason="A typhoon",
                              by=departments["hr"].head)  # fmt: skip
    client = client_of(hr)
    client.get(URL)
    with django_assert_num_queries(23):
        page = client.get(f"{URL}?of=people")
    assert len(page.context["board"].rows) == len(page.context["appeals"]) == count


def test_each_step_from_its_page(
    departments, clock_defaults, client_of, production_head, planner, general_manager, hr, time_machine_at
):
    run = kpi.month_run(departments, production=kpi.BAD, people={planner: kpi.GOOD})
    time_machine_at(run.computed_at + MINUTE)
    head, gm, hr_head = client_of(production_head), client_of(general_manager), client_of(departments["hr"].head)
    check = f"{URL}check/production/"
    assert client_of(planner).get(check).status_code == 404
    assert client_of(hr).post(check, {"note": ""}).status_code == 403
    assert head.post(check, {"note": "seen", "version": 9}).status_code == 409
    assert gm.post(f"{URL}publish/", {"version": run.version}).status_code in (302, 409)
    task = WorkItem.objects.get(kind="score_check")
    assert "Production: " in head.get(reverse("kpi:pane_check", args=[task.pk]), headers={"HX-Request": "true"}).text
    assert head.post(check, {"note": "seen", "version": run.version}).status_code == 302
    assert Check.objects.get().note == "seen"
    run.refresh_from_db()
    part = Score.objects.get(person=None).parts.get(indicator="time")
    worst = ScoreCase.objects.filter(part=part, numerator__gt=100)
    address = reverse("kpi:appeal_new", args=[part.pk])
    looked = head.post(address, {"cases": [case.pk for case in worst], "look": "1"})
    assert "accepted: " in looked.text
    assert not Appeal.objects.exists()
    assert "case" in head.get(f"{address}?case={worst[0].pk}").text
    unsaid = head.post(address, {"text": "A typhoon"})
    assert (unsaid.status_code, "A typhoon" in unsaid.text) == (422, True)
    sent = {"cases": [case.pk for case in worst], "text": "A typhoon", "version": run.version, "once": "a"}
    assert head.post(address, sent).status_code == 302
    assert head.post(address, sent).status_code == 302, "pressed twice"
    appeal = Appeal.objects.get()
    assert client_of(planner).get(f"/figures/appeals/{appeal.pk}/").status_code == 404
    shown = hr_head.get(URL).text
    assert f"accepted: {appeal.total_before} → {appeal.total_after}" in shown.replace("&gt;", ">")
    item = WorkItem.objects.get(kind="score_appeal")
    assert "Accept" in hr_head.get(reverse("kpi:pane_appeal", args=[item.pk])).text
    refused = gm.post(f"{URL}publish/", {"version": run.version})
    assert (refused.status_code, "Appeal of" in refused.text) == (409, True)
    accept = f"/figures/appeals/{appeal.pk}/accept/"
    assert client_of(hr).post(accept, {"reason": "It is so"}).status_code == 403
    assert hr_head.post(accept, {"reason": "It is so", "version": run.version + 5}).status_code == 409
    assert hr_head.post(accept, {"reason": "It is so", "version": run.version}).status_code == 302
    time_machine_at(run.appeals_until + MINUTE)
    gm, hr_head = client_of(general_manager), client_of(departments["hr"].head)
    run.refresh_from_db()
    assert gm.post(f"{URL}publish/", {"version": run.version - 1}).status_code == 409
    assert hr_head.post(f"{URL}publish/", {"version": run.version}).status_code == 403
    assert gm.post(f"{URL}publish/", {"version": run.version}).status_code == 302
    assert MonthRun.objects.get().is_published
    late = reverse("kpi:leave_out", args=[part.case_rows.first().pk])
    assert hr_head.post(late, {"reason": "Too late"}).status_code == 409


@pytest.fixture
def time_machine_at():
    import time_machine

    travels = []

    def go(moment):
        travels.append(time_machine.travel(moment, tick=False))
        travels[-1].start()

    yield go
    for travel in reversed(travels):
        travel.stop()


@pytest.mark.clause("6.1.2")
def test_the_notice_says_all_of_it(departments, clock_defaults, client_of, planner, buyer, general_manager, hr):
    pdfplumber = pytest.importorskip("pypdf")
    run = kpi.in_appeals(departments, people={planner: kpi.GOOD, buyer: kpi.BAD})
    case = kpi.case_of(run, 2, score__person=buyer)
    appeals.leave_out(case_id=case.pk, reason="Customer moved the date", by=departments["hr"].head)
    draft = client_of(hr).get(f"{URL}notice/")
    runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until)
    final = client_of(planner).get(f"{URL}notice/")
    texts = []
    for answer in (draft, final):
        assert answer["Content-Type"] == "application/pdf"
        pages = pdfplumber.PdfReader(io.BytesIO(answer.content)).pages
        texts.append(" ".join(page.extract_text() for page in pages))
    assert "Not published yet" in texts[0]
    assert "Not published yet" not in texts[1]
    for words in ("Production", "Customer moved the date", "v1", "37", str(Score.objects.get(person=planner).total)):
        assert words in texts[1], words
    assert planner.name in texts[1].replace(" ", "")
