"""An order goes before another one: drafted, asked, agreed to, moved; and every way round it refused."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from notifications.models import Outbox
from orders import actions as orders
from orders.models import Consent, Promise, StageRun, UrgentOrder
from production import actions, capacity
from production.models import Operation, Plan
from records.models import Event
from sla import actions as sla
from tests.factories import production as make

pytestmark = pytest.mark.django_db
ONE_STEP = ((10, "铣削", "CNC", 10, {}),)


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


@pytest.fixture
def pair(people):
    return two_orders(people)


def two_orders(people):
    """One approved order that has the only machine for days, promised as it is planned; one in review behind it."""
    first = make.planned(people, quantity=240, rows=ONE_STEP)
    finish = Plan.objects.get(order=first).finish_at
    actions.approve(order_id=first.pk, by=people.production_head, promised_at=finish + timedelta(minutes=30))
    second = make.at_review(people, quantity=120, rows=ONE_STEP)
    make.assess_all(second, people)
    return UrgentOrder.objects.get(pk=first.pk), UrgentOrder.objects.get(pk=second.pk)


def ask(second, first, people):
    plan = actions.go_first(order_id=second.pk, other_id=first.pk, by=people.planners[1], reason="客户停线")
    make.own_all(second, people.operator)
    return plan, Consent.objects.living().get(order=second)


def release(order, people):
    return actions.release_plan(order_id=order.pk, by=people.planners[1])


def approve(order, people):
    return actions.approve(order_id=order.pk, by=people.production_head, promised_at=order.required_at, reason="x")


def answer(consent, by, is_agreed=True, reason="客户可以等"):
    return orders.answer_consent(consent_id=consent.pk, by=by, is_agreed=is_agreed, reason=reason)


@pytest.mark.clause("3.2.3", "4.1.3", "4.2.2")
def test_consent_moves_the_harmed_order_when_the_plan_is_released(pair, people, sales_head, client_of):
    first, second = pair
    old = Plan.objects.get(order=first)
    review, planner = reverse("production:review", args=[second.pk]), client_of(people.planners[1])
    what = reverse("production:go_first", args=[second.pk, first.pk])
    assert what in planner.get(review).content.decode()
    assert what not in client_of(people.sales).get(review).content.decode()
    page = planner.get(what).content.decode()
    assert "later than promised" in page and str(first.customer) in page and "earlier" in page
    assert planner.post(what, {"reason": ""}).status_code == 422
    assert planner.post(what, {"reason": "客户停线", "version": "1"}).status_code == 409
    assert planner.post(what, {"reason": "客户停线"}).status_code == 302
    make.own_all(second, people.operator)
    taken_back = reverse("orders:consent_withdraw", args=[Consent.objects.get().item_id])
    assert client_of(people.sales).post(taken_back, {}).status_code == 403
    assert planner.post(taken_back, {}).status_code == 302
    assert not Consent.objects.living().exists()
    with pytest.raises(GateShut, match="nobody has agreed"):
        release(second, people)
    assert planner.post(what, {"reason": "客户停线"}).status_code == 302
    make.own_all(second, people.operator)
    plan, consent = Plan.objects.get(order=second), Consent.objects.living().get()
    assert f"{first}: " in planner.get(review).content.decode()
    assert (plan.is_draft, plan.goes_before, consent.plan_version) == (True, first, plan.version)
    assert consent.promised_at == first.promises.last().promised_at < consent.finish_after_at
    assert (consent.item.kind, consent.item.assignee) == ("consent", people.sales)
    assert Operation.objects.committed().get(plan__order=first).plan == old, "nothing is moved before it is released"
    with pytest.raises(GateShut, match="nobody has agreed"):
        release(second, people)

    page = reverse("orders:consent", args=[first.pk, consent.pk])
    shown = client_of(people.sales).get(page).content.decode()
    assert "later than promised" in shown and "客户停线" in shown
    for person in (people.buyer, people.planners[1], people.production_head):
        assert 'name="is_agreed"' not in client_of(person).get(page).content.decode()
        assert client_of(person).post(page, {"is_agreed": "yes", "reason": "x"}).status_code == 403
    assert client_of(people.sales).post(page, {"is_agreed": "yes", "reason": ""}).status_code == 422
    assert client_of(people.sales).post(page, {"is_agreed": "yes", "reason": "客户可以等"}).status_code == 302
    assert client_of(sales_head).post(page, {"is_agreed": "no", "reason": "x"}).status_code == 409

    release(second, people)
    moved = Plan.objects.get(order=first, state="released")
    assert (moved.version, Plan.objects.get(pk=old.pk).state) == (old.version + 1, "superseded")
    assert moved.operations.get().step == old.operations.get().step
    mine = Plan.objects.get(order=second, state="released")
    assert moved.operations.get().starts_at >= mine.finish_at
    assert moved.finish_at <= consent.finish_after_at
    assert first.sign_offs.living().filter(box="plan").count() == 1
    said = dict(Event.objects.filter(stream_id=first.stream).values_list("verb", "text"))
    assert {"order.consent_asked", "order.consent_answered", "order.gave_way"} <= set(said)
    assert Outbox.objects.filter(source=first.stream, recipient=people.sales).exists()
    assert approve(second, people).stage == "procurement"


@pytest.mark.parametrize("minutes", [1, 6, 14])
def test_consent_still_counts_some_minutes_later(people, minutes):
    """Plans start at full five minutes: one of them passes between the question and the release."""
    with time_machine.travel(datetime.fromisoformat("2026-11-24T10:04:30+08:00"), tick=False) as clock:
        first, second = two_orders(people)
        _plan, consent = ask(second, first, people)
        answer(consent, people.sales)
        clock.shift(timedelta(minutes=minutes))
        release(second, people)
        assert Plan.objects.get(order=first, state="released").finish_at == consent.finish_after_at


@pytest.mark.clause("5.3")
def test_silence_goes_up_and_no_keeps_the_promise(pair, people, sales_head, general_manager):
    first, second = pair
    actions.make_plan(order_id=second.pk, by=people.planners[1])
    make.own_all(second, people.operator)
    release(second, people)
    _plan, consent = ask(second, first, people)
    for person, reason, error in ((people.planners[1], "x", OwnRequest), (people.buyer, "x", NotYours),
                                  (people.sales, " ", BadInput)):
        with pytest.raises(error):
            answer(consent, person, reason=reason)
    with pytest.raises(GateShut) as caught:
        approve(second, people)
    assert any("finishes later" in str(row.text) and not row.is_met for row in caught.value.missing)
    for person, wait in ((sales_head, timedelta(seconds=1)), (general_manager, timedelta(days=3))):
        sla.sweep(now=consent.item.due_at + wait)
        last = consent.item.escalations.filter(outcome="fired").latest("fired_at")
        assert [row["id"] for row in last.recipients] == [person.pk]
    answer(consent, sales_head, is_agreed=False, reason="合同罚款")
    for act in (release, approve):
        with pytest.raises(GateShut):
            act(second, people)
    with pytest.raises(Changed):
        answer(consent, general_manager)

    actions.make_plan(order_id=second.pk, by=people.planners[1])
    consent.refresh_from_db()
    assert consent.lapsed_at and consent.state == "no"
    assert approve(second, people).stage == "procurement", "the plan without harm is in force and stays good"


def test_order_with_spare_time_gives_way_without_a_question(people):
    first = make.planned(people, quantity=120, rows=ONE_STEP)
    actions.approve(order_id=first.pk, by=people.production_head, promised_at=timezone.now() + timedelta(days=60))
    second = make.at_review(people, quantity=60, rows=ONE_STEP)
    with pytest.raises(NotYours):
        actions.go_first(order_id=second.pk, other_id=first.pk, by=people.sales, reason="x")
    with pytest.raises(BadInput):
        actions.go_first(order_id=second.pk, other_id=first.pk, by=people.planners[1], reason=" ")
    plan = actions.go_first(order_id=second.pk, other_id=first.pk, by=people.planners[1], reason="客户停线")
    assert not Consent.objects.exists()
    make.own_all(second, people.operator)
    Promise.objects.create(
        order=first, requested_at=first.required_at, promised_at=plan.finish_at, reason="x", recorded_by=people.sales,
        recorded_at=timezone.now(), approved_by=people.sales,
    )
    with pytest.raises(GateShut, match="nobody has agreed"):
        release(second, people)
    assert Plan.objects.get(order=first, state="released").version == 1


@pytest.mark.clause("1.3.3")
def test_changed_plan_asks_again_and_the_database_keeps_the_question(pair, people, general_manager):
    first, second = pair
    actions.make_plan(order_id=second.pk, by=people.planners[1])
    make.own_all(second, people.operator)
    release(second, people)
    _plan, lapsed = ask(second, first, people)
    answer(lapsed, general_manager)
    row = Operation.objects.get(plan__order=second, plan__state="draft")
    start = capacity.calendar_with(row.work_centre).open_from(row.starts_at + timedelta(days=7))
    actions.change_operation(operation_id=row.pk, by=people.planners[1], owner=people.operator,
                             starts_at=start, ends_at=start + (row.ends_at - row.starts_at))
    lapsed.refresh_from_db()
    assert lapsed.lapsed_at, "the asking plan changed: the consent counts no more"
    with pytest.raises(GateShut, match="no reserved operation"):
        actions.go_first(order_id=second.pk, other_id=second.pk, by=people.planners[1], reason="x")
    _plan, consent = ask(second, first, people)
    with pytest.raises(Changed):
        answer(lapsed, people.sales)
    rows = Consent.objects.filter(pk=consent.pk)
    refused(lambda: rows.update(finish_after_at=timezone.now() + timedelta(days=99)))
    refused(rows.delete)
    refused(lambda: rows.update(state="yes"))
    refused(lambda: rows.update(state="yes", answer="x", decided_at=timezone.now(), decided_by=people.planners[1]))
    draft = Plan.objects.filter(order=second, state="draft")
    Plan.objects.filter(order=second, state="released").update(state="superseded")
    refused(lambda: draft.update(state="released", released_at=timezone.now(), released_by=people.planners[1]))

    def forge():
        orders.promise(order=second, promised_at=second.required_at, by=people.sales, reason="x")
        StageRun.objects.filter(order=second, left_at__isnull=True).update(left_at=timezone.now())
        StageRun.objects.create(order=second, number=99, stage="procurement", entered_at=timezone.now(),
                                entered_by=people.production_head, entered_step="approve")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_urgentorder SET stage = 'procurement' WHERE id = %s", [second.pk])

    refused(forge)
    answer(consent, people.sales, is_agreed=False)
    refused(lambda: rows.update(state="yes"))
    rows.update(lapsed_at=timezone.now())
    refused(lambda: rows.update(lapsed_at=None))
    forge()
    assert UrgentOrder.objects.get(pk=second.pk).stage == "procurement"


@pytest.mark.once
def test_an_order_without_a_plan_cannot_give_way_and_the_page_leads_back(people, client_of):
    order, unplanned = make.at_review(people), make.at_review(people)
    page = client_of(people.planners[1]).get(reverse("production:go_first", args=[order.pk, unplanned.pk]))
    assert page.status_code == 409
    assert "no reserved operation" in page.text
    assert f'href="{reverse("production:review", args=[order.pk])}"' in page.text
