"""Several sweepers at once, on real connections: nothing is lost, nothing is doubled."""

import threading
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.db import close_old_connections, connection, transaction
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notification, Outbox
from sla import actions, item_acts, pausing
from sla.models import Escalation, WorkItem
from tests import together
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db(transaction=True)
ITEMS, SWEEPERS = 24, 4
HOUR = timedelta(hours=1)


def at_once(number, work):
    """Run `work` in that many threads, let go together; what they raise fails the test."""
    barrier, problems = threading.Barrier(number), []

    def run():
        try:
            barrier.wait(timeout=20)
            work()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _each in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    close_old_connections()
    assert not problems


def sweep_all(now):
    while actions.sweep(now=now, limit=5).taken:
        pass


@pytest.mark.clause("3.1.1", "1.3.1")
def test_many_sweepers_fire_each_level_once(company, sales):
    now = timezone.now()
    for number in range(ITEMS):
        open_item(company["sales"], assignee=sales, source=f"order:{number}", now=now, due_at=now)
    at_once(SWEEPERS, lambda: sweep_all(now))
    assert Counter(Escalation.objects.values_list("outcome", flat=True)) == {"fired": ITEMS, "superseded": 2 * ITEMS}
    assert Outbox.objects.count() == Notification.objects.count() == ITEMS
    assert not WorkItem.objects.due(now).exists()


def test_finishing_while_sweepers_run_leaves_one_story(company, sales):
    now = timezone.now()
    items = [open_item(company["sales"], assignee=sales, source=f"order:{number}", now=now, due_at=now)
             for number in range(6)]  # fmt: skip
    waiting = list(items)

    def finish_or_sweep():
        while waiting:
            try:
                item = waiting.pop()
            except IndexError:
                return
            actions.sweep(now=now, limit=2)
            actions.finish(item, by=sales, now=now)

    at_once(3, finish_or_sweep)
    assert not WorkItem.objects.living().exists()
    for item in items:
        fired = Escalation.objects.filter(item=item, outcome="fired").count()
        assert fired <= 1
        assert Notification.objects.filter(key__startswith=f"work-item:{item.pk}:").count() == fired


@pytest.mark.postgres
def test_a_sweeper_passes_over_what_another_one_holds(company, sales):
    now = timezone.now()
    held, free = (open_item(company["sales"], assignee=sales, source=f"order:{n}", now=now, due_at=now) for n in (1, 2))
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            WorkItem.objects.select_for_update().get(pk=held.pk)
            locked.set()
            done.wait(timeout=20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(timeout=20)
    result = actions.sweep(now=now)
    done.set()
    holder.join(timeout=20)
    assert (result.taken, Escalation.objects.filter(item=free).exists()) == (1, True)
    assert not Escalation.objects.filter(item=held).exists()


# What people do at the same moment


@pytest.mark.postgres
def test_two_approvers_at_the_same_moment_leave_one_decision(company, sales, sales_head, buyer):
    item = open_item(company["sales"], kind="plan", assignee=sales)
    answers = together.at_once(lambda: actions.finish(item, by=sales), lambda: actions.finish(item, by=sales_head))
    refused, = together.refusals(answers)
    item.refresh_from_db()
    assert str(item.closed_by) in refused.what, "who was slower is told who was faster"
    assert item.state == "met"
    other = open_item(company["sales"], kind="plan", assignee=sales)
    asked = item_acts.add_approver(item=other, person=buyer, by=sales)
    answers = together.at_once(
        lambda: item_acts.answer(task=asked.task, by=buyer, agrees=True),
        lambda: item_acts.answer(task=asked.task, by=buyer, agrees=False, text="No steel"),
    )
    assert len(together.refusals(answers)) == 1
    asked.refresh_from_db()
    other.refresh_from_db()
    assert other.awaited == (0 if asked.state == "agreed" else 1)


@pytest.mark.postgres
def test_a_double_click_is_one_row(company, sales, client_of):
    """Both presses on their way at once, each on a connection of its own."""
    item = open_item(company["sales"], kind="plan", assignee=sales)
    url, clients = reverse("sla:comment", args=[item.pk]), [client_of(sales), client_of(sales)]
    data = {"text": "Who has the drawing?", "once": "one-press"}
    answers = together.at_once(*[partial(client.post, url, data) for client in clients])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].url == answers[1].url
    assert item.acts.count() == 1


@pytest.mark.postgres
def test_a_pause_and_the_end_of_what_it_waits_for_at_once(company, planner, buyer):
    """Either it is refused, or it has ended again: no clock stands for a task that is done."""
    for number in range(4):
        plan = open_item(company["production"], kind="plan", assignee=planner, source=f"order:{number}")
        steel = open_item(company["procurement"], kind="purchase_line", assignee=buyer, source=f"order:{number}")
        stop = partial(pausing.pause, item=plan, by=planner, reason="department", awaits=steel, length=HOUR)
        together.at_once(stop, partial(actions.finish, steel, by=buyer))
        plan.refresh_from_db()
        assert plan.state == "running"
