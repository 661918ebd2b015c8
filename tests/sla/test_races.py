"""Several sweepers at once, on real connections: nothing is lost, nothing is doubled."""

import threading
from collections import Counter

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from notifications.models import Notification, Outbox
from sla import actions
from sla.models import Escalation, WorkItem
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db(transaction=True)
ITEMS, SWEEPERS = 24, 4


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
