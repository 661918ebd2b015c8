"""What entering and confirming an order costs the database: counted, so that it cannot creep up."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import actions
from orders.machine import CONCERNED_DEPARTMENTS
from people.models import Department
from tests.factories.orders import confirm_all, draft

# The person and the rights of who acts are the request's, read before the act.
MOST = {"submit": 26, "confirm": 23}  # of submit's one asks for like orders, one for budgets, two keep the search


@pytest.fixture
def on_duty(people, procurement_head, logistics_head):
    """Each department with a duty person, and what a process reads once read."""
    for department in Department.objects.filter(code__in=CONCERNED_DEPARTMENTS):
        department.duty_person = department.members.order_by("-pk").first()
        department.save()
    order = draft(people.sales)
    actions.submit(order_id=order.pk, by=people.sales)
    confirm_all(order, people)
    actions.confirm(order_id=order.pk, by=people.sales)
    return people


def statements(act, **values):
    with CaptureQueriesContext(connection) as context:
        act(**values)
    return [query["sql"] for query in context.captured_queries if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("lines", [1, 3])
def test_submitting_and_confirming_stay_cheap(on_duty, lines):
    order = draft(on_duty.sales, lines=lines)
    submitted = statements(actions.submit, order_id=order.pk, by=on_duty.sales)
    confirm_all(order, on_duty)
    confirmed = statements(actions.confirm, order_id=order.pk, by=on_duty.sales)
    assert len(submitted) <= MOST["submit"], "\n".join(submitted)
    assert len(confirmed) <= MOST["confirm"], "\n".join(confirmed)
