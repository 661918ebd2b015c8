"""The phone at the machine: whose clock counts, what lay on it without network, and plain refusals."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from notifications.models import Notification
from orders.models import Issue, OrderStep
from people.models import Certificate, Qualification
from production import actions
from production.models import Downtime, Operation, TimeSegment
from production.phone import PhoneTime, moment, read
from records.models import Event, StoredFile
from tests.factories import production as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
JSON = {"Accept": "application/json"}


def steps_of(order):
    return list(OrderStep.objects.filter(order=order, is_cancelled=False).order_by("line__position", "number"))


def kept(minutes, *, wrong_by=timedelta(0)) -> PhoneTime:
    """Pressed so many minutes before it is sent, on a phone whose clock may be wrong."""
    now = timezone.now() + wrong_by
    return PhoneTime(now - timedelta(minutes=minutes), now)


def sent(minutes, **data) -> dict:
    phone = kept(minutes)
    milliseconds = {name: int(at.timestamp() * 1000) for name, at in vars(phone).items()}
    return data | milliseconds


# Whose clock counts


@pytest.mark.once
def test_the_phones_clock_may_be_wrong(db):
    received = timezone.now()
    for wrong_by in (timedelta(0), timedelta(days=400), -timedelta(hours=9)):
        assert moment(kept(20, wrong_by=wrong_by), received) == received - timedelta(minutes=20)
    assert moment(kept(-30), received) == received  # sent before it was pressed: never in the future
    assert moment(kept(60 * 24 * 9), received) == received - timedelta(hours=12)
    before = received - timedelta(minutes=5)
    assert moment(kept(20), received, not_before=before) == before
    assert moment(None, received) == received
    for nonsense in ({}, {"pressed_at": "x", "sent_at": "1"}, {"pressed_at": "9" * 30, "sent_at": "1"}):
        assert read(nonsense) is None


def test_clock_starts_with_the_confirmed_act_and_a_pause_keeps_it(people, client_of):
    """erpnext 51473 and 56404: opening the page started the clock; 40130: a pause set it back."""
    order = make.at_production(people)
    step, phone = steps_of(order)[0], client_of(people.operator)
    page = reverse("production:scan", args=[step.token])
    phone.get(page)
    phone.get(reverse("production:start", args=[step.token]))
    assert not TimeSegment.objects.exists()
    begin = timezone.now() - timedelta(hours=4)
    actions.start_step(step_id=step.pk, by=people.operator, now=begin)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break", now=begin + timedelta(minutes=90))
    assert phone.get(page).context["row"].worked_seconds == 90 * 60
    actions.resume_step(step_id=step.pk, by=people.operator, now=begin + timedelta(hours=3))
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break", now=begin + timedelta(hours=3, minutes=30))
    assert phone.get(page).context["row"].worked_seconds == 120 * 60
    step.refresh_from_db()
    assert step.started_at == begin


def test_kept_acts_count_from_when_they_were_pressed_and_the_foreman_learns_it(people, client_of):
    order = make.at_production(people)
    step, operator, foreman = steps_of(order)[0], people.operator, people.planners[0]
    make.WorkCentre.objects.update(foreman=foreman)
    before = timezone.now()
    begun = actions.start_step(step_id=step.pk, by=operator, phone=kept(50, wrong_by=timedelta(days=2)))
    assert timedelta(minutes=49) < before - begun.started_at < timedelta(minutes=51)
    assert begun.start_received_at >= before and begun.start_phone_at > before + timedelta(days=1)
    ended = actions.pause_step(step_id=step.pk, by=operator, reason="break", phone=kept(20))
    assert 29 * 60 < ended.seconds(None) < 31 * 60 and len(ended.sent_late) == 2
    assert Event.objects.filter(verb="order.sent_late").count() == 2
    assert Notification.objects.filter(recipient=foreman, text__contains="received only").exists()
    page = client_of(foreman).get(reverse("production:order_tab", args=[order.pk])).content.decode()
    assert "Sent late" in page
    again = actions.start_step(step_id=step.pk, by=operator, phone=kept(600))
    assert again.started_at == ended.ended_at  # never before the stretch that was
    finished = actions.finish_step(step_id=step.pk, by=operator, good=10, phone=kept(3))
    assert finished.finished_at < timezone.now() - timedelta(minutes=2)
    assert Event.objects.filter(verb="order.sent_late").count() == 3  # three minutes are no gap


def test_database_keeps_the_times_of_work_whoever_writes(people):
    order = make.at_production(people)
    step, now = steps_of(order)[0], timezone.now()
    actions.start_step(step_id=step.pk, by=people.operator, now=now - timedelta(hours=2))
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break", now=now - timedelta(hours=1))
    whose = {"step": step, "person": people.operator}
    attacks = (
        {"started_at": now - timedelta(minutes=90)},  # into the stretch before
        {"started_at": now, "start_received_at": now - timedelta(minutes=1)},  # later than it was received
        {"started_at": now - timedelta(minutes=9), "ended_at": now, "pause": "break",
         "end_received_at": now - timedelta(minutes=1)},
    )
    for values in attacks:
        with pytest.raises(IntegrityError), transaction.atomic():
            TimeSegment.objects.bulk_create([TimeSegment(**whose, **values)])
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeSegment.objects.update(end_phone_at=now)


# What was kept is sent


def test_kept_acts_arrive_once_and_in_order(people, client_of):
    order = make.at_production(people)
    step, phone = steps_of(order)[0], client_of(people.operator)
    whose = {"person": people.operator.pk}
    queue = [
        ("start", sent(40, once="a", **whose)), ("report", sent(30, once="b", good=4, **whose)),
        ("pause", sent(20, once="c", reason="break", **whose)),
        ("problem", sent(15, once="d", kind="quality", text="burr", can_go_on="yes", **whose)),
    ]
    for name, data in queue * 2:
        files = {"files": SimpleUploadedFile("burr.png", PNG, "image/png")} if name == "problem" else {}
        answer = phone.post(reverse(f"production:{name}", args=[step.token]), data | files, headers=JSON)
        assert answer.status_code == 200 and answer.json()["url"].endswith(f"/f/{step.token}/"), (name, answer.content)
    step.refresh_from_db()
    segment = TimeSegment.objects.get()
    assert step.made == 4 and Issue.objects.count() == 1 and StoredFile.objects.count() == 1
    assert 19 * 60 < segment.seconds(None) < 21 * 60


def test_what_was_kept_is_refused_in_words_and_only_its_own_person_sends_it(people, client_of):
    order = make.at_production(people)
    first, second, _third = steps_of(order)
    phone = client_of(people.operator)
    answer = phone.post(reverse("production:start", args=[second.token]), sent(9, once="a"), headers=JSON)
    assert answer.status_code == 409 and "is not finished" in answer.json()["what"]
    answer = phone.post(reverse("production:report", args=[first.token]), sent(9, good="x"), headers=JSON)
    assert answer.status_code == 422 and answer.json()["what"]
    somebody = sent(9, person=people.planners[0].pk)
    answer = phone.post(reverse("production:start", args=[first.token]), somebody, headers=JSON)
    assert answer.status_code == 403 and "Somebody else" in answer.json()["what"]
    assert not TimeSegment.objects.exists()
    answer = phone.get(reverse("production:connection"))
    assert answer.json()["person"] == people.operator.pk and answer.json()["token"]
    assert client_of(people.sales).get(reverse("production:connection")).status_code == 403


# Plain refusals


def test_who_is_waited_for_is_reminded_once_in_some_minutes(people, client_of):
    order = make.at_production(people)
    first, second, _third = steps_of(order)
    other = UserFactory(name="张强", role="operator", department=people.operator.department)
    OrderStep.objects.filter(pk=second.pk).update(owner=other)
    phone = client_of(people.planners[0])
    page = phone.get(reverse("production:scan", args=[second.token])).content.decode()
    assert "is not finished (" in page and "Remind" in page
    url = reverse("production:remind", args=[second.token])
    assert phone.post(url).status_code == 302
    assert Notification.objects.filter(recipient=people.operator, text__contains="waits for").count() == 1
    answer = phone.post(url)
    assert answer.status_code == 409 and "was reminded already" in answer.content.decode()
    actions.remind(step_id=second.pk, by=people.planners[1], now=timezone.now() + timedelta(minutes=11))
    assert Event.objects.filter(verb="order.step_reminded").count() == 2
    with pytest.raises(GateShut, match="10 pieces left"):
        actions.remind(step_id=second.pk, by=people.operator)  # it is he who is waited for
    make.run_step(first, people.operator)
    with pytest.raises(Changed, match="Nothing stands in the way"):
        actions.remind(step_id=second.pk, by=people.planners[0])


def test_first_article_calls_the_inspector(people, client_of):
    rows = ((10, "下料", "SAW", 2, {"needs_first_article": True}), (20, "铣削", "CNC", 6, {}))
    order = make.at_production(people, rows=rows)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break")
    page = client_of(people.operator).get(reverse("production:scan", args=[step.token])).content.decode()
    assert "waits for its first article" in page and "Call the inspector" in page
    actions.remind(step_id=step.pk, by=people.operator)
    assert Notification.objects.filter(
        recipient__department__code="quality", text__contains="waits for"
    ).exists()


@pytest.mark.clause("3.4.3")
def test_only_who_has_the_qualification_starts(people):
    qualification = Qualification.objects.create(code="WELD", name="焊工")
    order = make.at_production(people)
    step, today = steps_of(order)[0], timezone.localdate()
    Operation.objects.filter(step=step).update(qualification=qualification)
    holder = UserFactory(name="张强", role="operator", department=people.operator.department)
    Certificate.objects.create(person=holder, qualification=qualification, valid_from=today)
    with pytest.raises(NotYours, match="needs the qualification 焊工") as refused:
        actions.start_step(step_id=step.pk, by=people.operator)
    assert refused.value.who == (holder,)
    with pytest.raises(GateShut, match="needs the qualification"):
        actions.remind(step_id=step.pk, by=people.operator)
    last = today - timedelta(days=3)
    own = Certificate.objects.create(
        person=people.operator, qualification=qualification, valid_from=last, valid_until=last
    )
    with pytest.raises(NotYours) as refused:
        actions.start_step(step_id=step.pk, by=people.operator)
    assert "was valid until" in refused.value.because
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeSegment.objects.bulk_create([
            TimeSegment(step=step, person=people.operator, started_at=timezone.now())
        ])
    Certificate.objects.filter(pk=own.pk).update(valid_until=today)
    assert actions.start_step(step_id=step.pk, by=people.operator)


@pytest.mark.once
def test_plan_takes_the_qualification_from_the_routing(people):
    order = make.at_review(people)
    qualification = Qualification.objects.create(code="WELD", name="焊工")
    make.RoutingOperation.objects.filter(number=20).update(qualification=qualification)
    make.assess_all(order, people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    assert {row.number for row in plan.operations.filter(qualification=qualification)} == {20}


@pytest.mark.clause("3.4.2")
def test_machine_that_stands_is_known_to_the_plans(people, client_of):
    order = make.at_production(people)
    step, now = steps_of(order)[0], timezone.now()
    actions.start_step(step_id=step.pk, by=people.operator)
    said = {"kind": "machine", "text": "spindle stands", "can_go_on": False}
    with pytest.raises(BadInput):
        actions.report_problem(step_id=step.pk, by=people.operator, **said, back_at=now - timedelta(hours=1))
    assert not Issue.objects.exists()
    url, back = reverse("production:problem", args=[step.token]), timezone.localtime(now + timedelta(hours=5))
    page = client_of(people.operator).get(url).content.decode()
    assert "When will the machine run again?" in page
    data = {"kind": "machine", "text": "spindle stands", "can_go_on": "no", "back_at": f"{back:%Y-%m-%dT%H:%M}"}
    assert client_of(people.operator).post(url, data).status_code == 302
    downtime = Downtime.objects.get()
    assert (downtime.work_centre.code, downtime.is_breakdown, downtime.recorded_by) == ("SAW", True, people.operator)
    assert downtime.ends_at == back.replace(second=0, microsecond=0)
    assert Event.objects.filter(verb="order.downtime_recorded").exists()
    actions.report_problem(step_id=step.pk, by=people.operator, kind="quality", text="burr", can_go_on=True,
                           back_at=now + timedelta(hours=1))
    assert Downtime.objects.count() == 1
