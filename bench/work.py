"""What is measured: how each thing is asked for, and what it should cost."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bench.floor.models import Note
from catalog.models import Customer, Product
from desk.keyset import paginate
from orders import actions
from orders.models import ConfirmationItem, UrgentOrder
from people.models import Department, User
from sla.models import PolicyVersion, WorkItem
from sla.projection import ladder, project

DEEP = 90_000
WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass
class Counts:
    statements: int = 0
    commits: int = 0


@contextmanager
def counting():
    """Statements without savepoints, and commits: explicit ones and those of single writing statements."""
    counts, commit = Counts(), connection.commit

    def statement(execute, sql, params, many, context):
        if not sql.startswith(("SAVEPOINT", "RELEASE")):
            counts.statements += 1
            counts.commits += not connection.in_atomic_block and sql.lstrip().startswith(WRITES)
        return execute(sql, params, many, context)

    def committed():
        counts.commits += 1
        return commit()

    connection.commit = committed
    try:
        with connection.execute_wrapper(statement):
            yield counts
    finally:
        connection.commit = commit


def sales() -> User:
    return Department.objects.get(code="sales").duty_person or User.objects.filter(role="sales").first()


def manager() -> User:
    return User.objects.get(username="gao")


def draft(by) -> UrgentOrder:
    values = {
        "customer": Customer.objects.order_by("pk").last(), "contact_name": "高远", "contact_phone": "138",
        "ground": "customer_asked", "asked_by": "高远", "asked_how": "call", "reason": "line_down",
        "required_at": timezone.now() + timedelta(days=6), "place": "盐城大丰港 7 号泊位",
        "duplicate_reason": "另一批需求",
    }  # fmt: skip
    line = {"product": Product.objects.order_by("pk").last(), "quantity": 10}
    return actions.save_draft(by=by, values=values, lines=[line])


def confirmed_by_customer(by) -> UrgentOrder:
    """Submitted, with everything that the confirmation asks for."""
    order = actions.submit(order_id=draft(by).pk, by=by)
    for item in ConfirmationItem.Item:
        actions.confirm_item(order_id=order.pk, by=by, item=item, contact="高远", how="call")
    return order


def notes() -> None:
    Note.objects.bulk_create([Note(text=f"note {number}") for number in range(100)])


def deep_cursor(depth: int) -> str:
    """Where the list goes on after so many rows."""
    orders = UrgentOrder.objects.submitted().order_by("-submitted_at", "-pk")
    row = orders[min(depth, orders.count() * 9 // 10)]
    page = paginate(orders.filter(submitted_at__lte=row.submitted_at), ("-submitted_at", "-pk"), size=50)
    return page.next_cursor


def pages() -> dict[str, str]:
    """Addresses by name; the order is a living one in production, where most papers are."""
    order = UrgentOrder.objects.filter(stage="production", number__startswith="LD-").first()
    tabs = ("confirmation", "review", "production", "procurement", "quality", "logistics", "issues", "documents")
    names = {"confirmation": "orders:confirmation", "review": "production:review", "issues": "orders:issues",
             "documents": "orders:documents"}  # fmt: skip
    found = {
        "list, top": reverse("orders:list"),
        "list, deep": f"{reverse('orders:list')}?after={deep_cursor(DEEP)}",
        "order page": reverse("orders:detail", args=[order.pk]),
        "my work": reverse("sla:my_work"),
        "weekly dashboard": reverse("kpi:weekly"),
    }
    return found | {
        f"order, {tab}": reverse(names.get(tab, f"{tab}:order_tab"), args=[order.pk]) for tab in tabs
    }  # fmt: skip


def due_items(count: int) -> None:
    """Work whose first level is due now."""
    version = PolicyVersion.objects.in_force().select_related("calendar").filter(policy__kind="default").first()
    calls = ladder(version.steps.all(), version.target_seconds)
    by, opened = sales(), timezone.now() - timedelta(seconds=int(calls[0].threshold) + 60)
    WorkItem.objects.bulk_create([
        project(WorkItem(
            kind="default", source=f"bench:{number}", subject="Measured", url="/", department=by.department,
            assignee=by, opened_at=opened, running_since=opened, policy_version=version,
            budget_seconds=version.target_seconds,
        ), calls) for number in range(count)
    ], batch_size=1000)  # fmt: skip


def counts(client_of) -> dict[str, Counts]:
    """Statements and commits of everything, in this process. `client_of(user)` gives a signed-in test client."""
    found, by = {}, sales()
    notes()
    for name, prepare, act in (("submit", draft, actions.submit), ("confirm", confirmed_by_customer, actions.confirm)):
        order = prepare(by)
        with counting() as found[name]:
            act(order_id=order.pk, by=by)
    client = client_of(manager())
    for name, url in ({"floor list": "/floor/list", "floor insert": "/floor/insert"} | pages()).items():
        client.get(url)
        with counting() as found[name]:
            assert client.get(url).status_code == 200, url
    return found
