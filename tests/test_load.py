"""Orders made for measuring are orders like any other: every rule of the database holds for them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q
from django.urls import reverse

from config.load.fill import TABLES
from desk import guards
from orders import actions
from orders.machine import FINAL
from orders.models import Promise, StageRun, UrgentOrder
from people.models import User
from sla.actions import sweep
from sla.models import WorkItem
from sla.projection import ladder, project
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(people):
    call_command("seed_load", orders=200, stdout=StringIO())
    return UrgentOrder.objects.all()


def broken_constraints(model):
    """Rows that a table's own check constraints would not take."""
    for constraint in model._meta.constraints:
        if condition := getattr(constraint, "condition", None) if not hasattr(constraint, "fields") else None:
            yield from model.objects.exclude(condition)


def test_loaded_orders_hold_every_rule(loaded, people, client_of):
    assert not guards.missing(connection)
    connection.check_constraints()
    assert not [row for model in TABLES for row in broken_constraints(model)]
    assert loaded.count() == 200
    assert StageRun.objects.count() > 5 * 200
    assert {"closed", "declined", "cancelled"} < set(loaded.values_list("stage", flat=True))
    each_living_has_one_open_run(loaded)
    each_living_has_its_clock()
    ordinary_work_goes_on(loaded, people)
    pages_open(loaded, client_of)


def each_living_has_one_open_run(loaded):
    opened = loaded.annotate(opened=Count("runs", filter=Q(runs__left_at__isnull=True)))
    assert not opened.filter(stage__in=FINAL).exclude(opened=0).exists()
    assert not opened.exclude(stage__in=FINAL).exclude(opened=1).exists()
    assert not loaded.filter(runs__left_at__isnull=True).exclude(runs__stage=F("stage"), runs__left_at=None).exists()
    assert not StageRun.objects.filter(left_at__lt=F("entered_at")).exists()


def each_living_has_its_clock():
    living = UrgentOrder.objects.exclude(stage__in=FINAL).select_related("stage_item")
    assert all(order.stage_item.is_living and order.stage_item.source == order.stream for order in living)
    for item in WorkItem.objects.living().prefetch_related("policy_version__steps"):
        told = item.due_at, item.next_fire_at
        project(item, ladder(item.policy_version.steps.all(), item.budget_seconds))
        assert (item.due_at, item.next_fire_at) == told
    assert sweep().fired == 0


def ordinary_work_goes_on(loaded, people):
    """The guards refuse as ever, and the door opens where the papers are right."""
    with pytest.raises(IntegrityError), transaction.atomic():
        loaded.filter(stage="closed").update(stage="review")
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise.objects.update(promised_at=F("recorded_at"))
    sales = User.objects.get(pk=people.sales.pk)
    order = loaded.filter(stage="confirmation").first()
    make.confirm_all(order, make.People(**vars(people) | {"sales": sales}))
    assert actions.confirm(order_id=order.pk, by=sales).stage == "review"


def pages_open(loaded, client_of):
    client = client_of(User.objects.get(username="chen"))
    for stage in ("review", "production", "closed"):
        order = loaded.filter(stage=stage).first()
        assert client.get(order.get_absolute_url()).status_code == 200, stage
    assert client.get(reverse("orders:list")).status_code == 200


@pytest.mark.once
def test_load_refuses_a_desk_with_real_orders(people):
    make.draft(people.sales)
    with pytest.raises(CommandError, match="--yes-add"):
        call_command("seed_load", orders=5, stdout=StringIO())
    call_command("seed_load", orders=5, yes_add=True, stdout=StringIO())
    assert UrgentOrder.objects.count() == 6


@pytest.mark.once
def test_same_seed_makes_the_same_orders(people):
    call_command("seed_load", orders=20, stdout=StringIO())
    call_command("seed_load", orders=20, stdout=StringIO())
    rows = list(UrgentOrder.objects.order_by("pk").values_list("reason", "urgency_class", "customer", "stage"))
    assert rows[:20] == rows[20:]
    assert len(set(rows)) > 10


@pytest.mark.once
@pytest.mark.parametrize("orders", [0, 1_000_001])
def test_load_is_from_one_to_a_million(orders, people):
    with pytest.raises(CommandError, match="1 to 1000000"):
        call_command("seed_load", orders=orders, stdout=StringIO())
