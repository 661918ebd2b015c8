"""What the trials start from and set up, by the desk's own deeds; called in a process forked by the nursery."""

import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from config.demo import company as master_data
from config.demo import people
from people.models import Department, User
from sla.actions import Opening, open_items, reconcile, save_policy, sweep
from sla.effects import move, running_under
from sla.models import CalendarEdition, Heartbeat, Policy, PolicyVersion, WorkItem
from tests.faults.trap import CLAIM

DEPARTMENTS = ("sales", "production", "procurement", "quality", "logistics", "finance")


def company() -> None:
    call_command("seed_defaults")
    people.seed()


def session(name: str) -> None:
    """What an order needs, and a signed-in person's session."""
    master_data.seed()
    client = Client()
    client.force_login(User.objects.get(username=name), backend="people.backends.PersonBackend")
    print(client.cookies["sessionid"].value)


def items(trial: str, number: int, first: str, seconds: float, to_a_source: int = 1) -> None:
    """Work whose time is up at moments spread over that many seconds from the first on."""
    departments = [Department.objects.get(code=code) for code in DEPARTMENTS]
    lin, at = User.objects.get(username="lin"), datetime.fromisoformat(first)
    by_moment = defaultdict(list)
    for each in range(number):
        due = at + timedelta(seconds=round(seconds * each / number, 1))
        place = f"{trial}/{each // to_a_source}"
        by_moment[due].append(Opening(
            kind="confirmation", source=f"paper:{place}", subject="Confirm", url=f"/paper/{place}/", assignee=lin,
            department=departments[each % len(departments)], due_at=due,
        ))  # fmt: skip
    for due, openings in by_moment.items():
        open_items(openings, now=due)


def outage(hours: int) -> None:
    """Nobody has swept for so long."""
    Heartbeat.objects.update_or_create(
        name="sweep", defaults={"period_seconds": 5, "ok_at": timezone.now() - timedelta(hours=hours)}
    )


def poison(trial: str, number: int) -> None:
    """One item whose calendar cannot be read."""
    edition = CalendarEdition.objects.create(digest="poison", body={"week": "closed"})
    WorkItem.objects.filter(url=f"/paper/{trial}/{number}/").update(edition=edition, budget_seconds=600)


def mend(trial: str, number: int) -> None:
    found = WorkItem.objects.filter(url=f"/paper/{trial}/{number}/")
    found.update(edition=None, budget_seconds=0, next_fire_at=timezone.now())


def patience() -> None:
    """How long PostgreSQL lets a transaction stand still."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        print(cursor.fetchone()[0])


# A limit that is edited while it runs


def limited(trial: str, number: int) -> None:
    """Work on a limit of ten minutes, day and night, begun up to twelve minutes ago."""
    policy, _is_new = Policy.objects.get_or_create(kind="remake", urgency_class="A")
    before = PolicyVersion.objects.in_force().filter(policy__kind="default").first()
    save_policy(policy, by=None, reason="Trial", target_seconds=600, calendar=None, steps=list(before.steps.all()),
                in_force_from=timezone.now() - timedelta(days=1))  # fmt: skip
    sales = Department.objects.get(code="sales")
    for each in range(number):
        opening = Opening(kind="remake", urgency_class="A", source=f"paper:{trial}/{each}", subject="Make again",
                          url=f"/paper/{trial}/{each}/", department=sales, assignee=sales.head)  # fmt: skip
        open_items([opening], now=timezone.now() - timedelta(seconds=720 * each / number))


def edit_limit(times: int) -> None:
    """Edited again and again, for new work and for what runs."""
    policy, by = Policy.objects.get(kind="remake", urgency_class="A"), User.objects.get(username="guo")
    for number in range(times):
        time.sleep(0.3)
        with transaction.atomic():
            version = save_policy(policy, by=by, reason="Trial", target_seconds=(480, 900, 600)[number % 3])
            move(running_under(policy), version=version, by=by, reason="Trial", fires_passed=True)


def sweep_all_the_time() -> None:
    while True:
        sweep()


def reconciled() -> None:
    """What the reconciler finds wrong is printed: nothing should be."""
    print("reconciled", reconcile()["repaired"])


# The look when nothing is due


def living(number: int) -> None:
    """A million rows like one, all of them at rest for a year."""
    row = WorkItem.objects.living().values().first()
    columns = ", ".join(f'"{field.column}"' for field in WorkItem._meta.concrete_fields if field.name != "id")
    values = columns.replace('"next_fire_at"', "now() + interval '1 year' + n * interval '1 second'")
    values = values.replace('"closed_at"', "NULL").replace('"state"', "'running'")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO sla_workitem ({columns}) SELECT {values} FROM sla_workitem,"
            " generate_series(1, %s) AS n WHERE id = %s", [number, row["id"]],
        )  # fmt: skip
        cursor.execute("VACUUM ANALYZE sla_workitem")


def look() -> None:
    """Milliseconds that the database itself needs for a look when nothing is due, several times."""
    statements = []

    def keep(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        sweep()
    sql, params = next(found for found in statements if CLAIM.match(found[0]))
    with connection.cursor() as cursor:
        for _each in range(20):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            print(cursor.fetchone()[0][0]["Execution Time"])
