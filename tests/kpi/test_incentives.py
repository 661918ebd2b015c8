"""Rewards and penalties: proposed with evidence, replied to, decided by somebody whom it does not concern."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from kpi.actions import incentives
from kpi.models import Evidence, Incentive, MonthRun, Score
from sla.models import WorkItem
from tests.factories import kpi
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def run(departments, clock_defaults, general_manager, buyer, planner) -> MonthRun:
    return kpi.published(departments, general_manager, people={buyer: kpi.BAD, planner: kpi.GOOD})


def wanted(run, score, **values):
    part = score.parts.first()
    return {
        "run": run, "kind": "reward", "form": "bonus", "department": score.department, "person": score.person,
        "reason": "Well done", "evidence": [Evidence(part=part)], "now": run.published_at + MINUTE,
    } | values  # fmt: skip


@pytest.mark.clause("6.2.2")
def test_a_penalty_comes_from_evidence_and_hears_the_other_side(run, buyer, procurement_head, general_manager):
    found = Incentive.objects.get(person=buyer)
    assert (found.kind, found.form, found.clause, found.proposed_by) == ("penalty", "warning", "6.2.2", None)
    assert "2 cases late or faulty" in found.reason_text
    assert {row.case.numerator for row in found.evidence.all()} == {140, 150}
    task = WorkItem.objects.living().get(source=found.stream)
    assert (task.kind, task.assignee, task.due_at) == ("penalty_reply", buyer, found.reply_until)
    assert buyer.name not in task.subject + str(task.params), "the task says the number only"
    now = run.published_at + MINUTE
    with pytest.raises(GateShut, match="other side") as refused:
        incentives.approve(incentive_id=found.pk, by=general_manager, now=now)
    assert "They may reply until" in str(refused.value.because)
    with pytest.raises(NotYours):
        incentives.reply(incentive_id=found.pk, text="No", by=procurement_head, now=now)
    incentives.reply(incentive_id=found.pk, text="  The supplier\nwas closed ", by=buyer, now=now)
    with pytest.raises(Changed):
        incentives.reply(incentive_id=found.pk, text="And more", by=buyer, now=now)
    assert WorkItem.objects.living().get(source=found.stream).assignee == general_manager
    with pytest.raises(Changed, match="reply has come"):
        incentives.approve(incentive_id=found.pk, by=general_manager, version=0, now=now)
    with pytest.raises(BadInput, match="bonus or a fine"):
        incentives.approve(incentive_id=found.pk, by=general_manager, amount=Decimal(100), version=1, now=now)
    with pytest.raises(NotYours):
        incentives.approve(incentive_id=found.pk, by=procurement_head, version=1, now=now)
    incentives.approve(incentive_id=found.pk, by=general_manager, version=1, now=now)
    found.refresh_from_db()
    assert (found.state, found.reply, found.amount) == ("approved", "  The supplier\nwas closed ", None)
    with pytest.raises(Changed):
        incentives.refuse(incentive_id=found.pk, by=general_manager, reason="Not so", now=now)


@pytest.mark.clause("6.2.2")
def test_without_a_reply_it_is_decided_when_the_time_has_passed(run, buyer, general_manager):
    found = Incentive.objects.get(person=buyer)
    incentives.end_replies(found.reply_until - MINUTE)
    assert not WorkItem.objects.filter(kind="incentive", source=found.stream).exists()
    for _twice in range(2):
        incentives.end_replies(found.reply_until)
    assert WorkItem.objects.living().get(source=found.stream).kind == "incentive"
    with pytest.raises(BadInput):
        incentives.refuse(incentive_id=found.pk, by=general_manager, reason=" ", now=found.reply_until)
    incentives.approve(incentive_id=found.pk, by=general_manager, now=found.reply_until)


@pytest.mark.clause("6.2.1")
def test_three_months_of_a_and_the_best_rise_are_rewarded(
    departments, clock_defaults, general_manager, planner, operator
):
    for month in (8, 9, 10):
        now = kpi.BEGUN.replace(month=month + 1, day=3)
        of = kpi.BAD if month < 10 else kpi.GOOD
        kpi.published(departments, general_manager, month=date(2026, month, 1), now=now, production=kpi.GOOD,
                      people={planner: kpi.GOOD, operator: of})  # fmt: skip
    rewards = Incentive.objects.filter(kind="reward")
    assert {(one.run.month.month, one.subject, one.form) for one in rewards} == {
        (10, departments["production"], "bonus"), (10, planner, "certificate"), (10, operator, "certificate"),
    }  # fmt: skip
    steady = rewards.get(person=planner)
    assert {row.part.score.run.month.month for row in steady.evidence.all()} == {8, 9, 10}
    assert steady.reason_text.startswith("Grade A in 3 months")
    warned = Incentive.objects.filter(person=operator, kind="penalty")
    assert set(warned.values_list("form", flat=True)) == {"warning"}, "none was approved, so none grows more severe"


def test_people_propose_with_evidence_and_never_for_themselves(
    run, buyer, planner, production_head, hr, general_manager, departments
):
    score, foreign = Score.objects.get(person=planner), Score.objects.get(person=buyer)
    for by, values, refusal in (
        (planner, {}, NotYours), (production_head, wanted(run, foreign), NotYours),
        (hr, {"evidence": []}, BadInput), (hr, {"evidence": [Evidence(part=foreign.parts.first())]}, BadInput),
        (hr, {"form": "fine"}, BadInput), (hr, {"form": "certificate", "amount": Decimal(5)}, BadInput),
        (hr, {"reason": ""}, BadInput), (hr, {"person": buyer}, BadInput),
        (hr, {"kind": "penalty", "form": "demotion", "person": None}, BadInput),
        (UserFactory(same_person_as=planner, department=planner.department, role="hr"), {}, OwnRequest),
        (general_manager, {}, GateShut),
    ):  # fmt: skip
        with pytest.raises(refusal):
            incentives.propose(by=by, **wanted(run, score) | values)
    proposed = incentives.propose(by=production_head, **wanted(run, score, amount=Decimal(600)))
    with pytest.raises(NotYours):
        incentives.withdraw(incentive_id=proposed.pk, by=hr)
    incentives.withdraw(incentive_id=proposed.pk, by=production_head)
    unpublished = kpi.month_run(departments, month=date(2026, 11, 1), now=kpi.BEGUN.replace(month=12, day=2),
                                people={planner: kpi.GOOD})  # fmt: skip
    with pytest.raises(GateShut, match="published month"):
        incentives.propose(by=hr, **wanted(run, score) | {"run": unpublished})


@pytest.mark.clause("6.2.1")
def test_an_approved_reward_has_its_certificate(run, planner, production_head, general_manager, client_of):
    found = incentives.propose(by=production_head, **wanted(run, Score.objects.get(person=planner), form="certificate"))
    client = client_of(general_manager)
    address = reverse("kpi:incentive_approve", args=[found.pk])
    assert client_of(planner).get(reverse("kpi:certificate", args=[found.pk])).status_code == 404
    assert "amount" not in client.get(address).context["form"].fields
    assert client.post(address, {"reason": "Gladly", "version": 0}).status_code == 302
    found.refresh_from_db()
    assert found.certificate_number.startswith("CH-20")
    page = PdfReader(io.BytesIO(client_of(planner).get(reverse("kpi:certificate", args=[found.pk])).content)).pages[0]
    text = page.extract_text().replace(" ", "")
    assert planner.name in text
    assert found.certificate_number in text


def test_who_sees_what(run, buyer, planner, procurement_head, production_head, hr, manager, general_manager, client_of):
    penalty = Incentive.objects.get(person=buyer)
    department = Incentive.objects.get(person=None)
    reward = incentives.propose(by=production_head, **wanted(run, Score.objects.get(person=planner)))

    def seen(person):
        return {row.pk for row in client_of(person).get("/figures/incentives/").context["page"]}

    everything = {penalty.pk, department.pk, reward.pk}
    expected = {
        buyer: {penalty.pk}, procurement_head: {penalty.pk, department.pk}, planner: {reward.pk},
        production_head: {reward.pk}, hr: everything, manager: everything, general_manager: everything,
    }
    for person, keys in expected.items():
        assert seen(person) == keys, person
        for pk in everything if person in (buyer, planner) else ():
            status = client_of(person).get(reverse("kpi:incentive", args=[pk])).status_code
            assert status == (200 if pk in keys else 404), (person, pk)
    incentives.approve(incentive_id=reward.pk, by=general_manager, now=run.published_at + MINUTE)
    incentives.approve(incentive_id=penalty.pk, by=general_manager, now=penalty.reply_until)
    assert seen(buyer) == {penalty.pk, reward.pk}
    assert seen(planner) == {reward.pk}, "an approved penalty is nobody else's business"
    sheet = load_workbook(io.BytesIO(client_of(planner).get("/figures/incentives/sheet/").getvalue())).active
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [reward.number]
    page = client_of(buyer).get("/figures/months/2026-10/")
    assert {one.pk for one in page.context["proposals"]} == {penalty.pk, reward.pk}


def test_from_the_pages(run, buyer, procurement_head, hr, general_manager, client_of):
    score = Score.objects.get(person=buyer)
    address = reverse("kpi:propose", args=[score.pk, "penalty"])
    assert client_of(buyer).get(address).status_code == 403
    head = client_of(procurement_head)
    case = score.parts.get(indicator="time").case_rows.last()
    typed = {"form": "fine", "amount": "200", "reason": "Late again"}
    refused = head.post(address, typed)
    assert (refused.status_code, "nothing is proposed without it" in refused.text) == (422, True)
    assert "Late again" in refused.text
    assert head.post(address, typed | {"evidence": [f"case:{case.pk}"]}).status_code == 302
    found = Incentive.objects.get(proposed_by=procurement_head)
    assert found.amount == 200
    page = client_of(buyer).get(found.get_absolute_url()).text
    assert "deducts nothing" in page
    assert "6.2.2" in page
    task = WorkItem.objects.living().get(source=found.stream)
    assert "Late again" in client_of(buyer).get(reverse("kpi:pane_reply", args=[task.pk])).text
    gm = client_of(general_manager)
    approve = reverse("kpi:incentive_approve", args=[found.pk])
    assert gm.post(approve, {"reason": "", "version": 0}).status_code == 409
    reply = {"text": "It was the carrier"}
    assert client_of(buyer).post(reverse("kpi:incentive_reply", args=[found.pk]), reply).status_code == 302
    stale = gm.post(approve, {"reason": "So be it", "version": 0})
    assert (stale.status_code, "So be it" in stale.text) == (409, True)
    task = WorkItem.objects.living().get(source=found.stream)
    assert "It was the carrier" in gm.get(reverse("kpi:pane_incentive", args=[task.pk])).text
    assert gm.post(reverse("kpi:incentive_refuse", args=[found.pk]), {"reason": ""}).status_code == 422
    assert gm.post(approve, {"reason": "So be it", "amount": "150", "version": 1}).status_code == 302
    found.refresh_from_db()
    assert (found.state, found.amount) == ("approved", 150)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_for_one_and_three(run, planner, hr, client_of, django_assert_num_queries, count):
    for _time in range(count):
        incentives.propose(by=hr, **wanted(run, Score.objects.get(person=planner)))
    client = client_of(hr)
    client.get("/figures/incentives/")
    with django_assert_num_queries(4):
        page = client.get("/figures/incentives/?kind=reward")
    assert len(page.context["page"]) == count
