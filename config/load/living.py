"""The clocks of living orders, wound by the clock's own rules."""

from django.db import connection

from config.load.fill import Filling, as_moment
from orders.actions.clocks import ABOUT, STAGE_KIND, TASK
from orders.machine import PATH, STAGE_DEPARTMENT, Stage
from orders.models import StageRun, UrgentOrder
from sla.models import WorkItem
from sla.projection import ladder, point_at, project

FIELDS = ("id", "n", "last", "class", "t0", "required", *(f"t{number}" for number in range(1, 7)))


def fill_living_items(load: Filling) -> None:
    """One for the stage, one for the whole order until it is delivered."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(FIELDS)} FROM load_order WHERE ended = '' ORDER BY n")
        orders = [dict(zip(FIELDS, row, strict=True)) for row in cursor.fetchall()]
    steps = {version.pk: list(version.steps.all()) for version in load.versions.values()}
    for start in range(0, len(orders), 1000):
        _fill(load, orders[start : start + 1000], steps)


def _fill(load, orders, steps) -> None:
    stage_items = [_stage_item(load, order) for order in orders]
    whole_items = [_whole_item(load, order) if order["last"] < 7 else None for order in orders]
    every = [*stage_items, *filter(None, whole_items)]
    for item in every:
        _wind(item, steps[item.policy_version_id], load)
    WorkItem.objects.bulk_create(every)
    _link(orders, stage_items, whole_items)


def _link(orders, stage_items, whole_items) -> None:
    """Only these rows, so that the orders of others stay untouched."""
    found = UrgentOrder.objects.in_bulk([order["id"] for order in orders])
    for order, stage_item, whole_item in zip(orders, stage_items, whole_items, strict=True):
        row = found[order["id"]]
        row.stage_item = stage_item
        row.whole_item = whole_item or row.whole_item
    UrgentOrder.objects.bulk_update(found.values(), ["stage_item", "whole_item"], batch_size=250)
    by_order = {order["id"]: item for order, item in zip(orders, stage_items, strict=True)}
    runs = list(StageRun.objects.filter(order__in=by_order, left_at__isnull=True))
    for run in runs:
        run.item = by_order[run.order_id]
    StageRun.objects.bulk_update(runs, ["item"], batch_size=250)


def _item(load, order, kind, **values) -> WorkItem:
    version, number = load.versions[kind], f"LD-{load.loaded + order['n']:07d}"
    return WorkItem(
        kind=kind, urgency_class=order["class"], source=f"order:{order['id']}", source_label=number, detail=ABOUT,
        detail_params={"number": number, "what": "零件", "customer": "客户"}, url=f"/orders/{order['id']}/",
        policy_version=version, opened_by_id=load.person("sales"), is_decision=version.policy.is_decision, **values,
    )


def _stage_item(load, order) -> WorkItem:
    stage = PATH[order["last"]]
    kind, department = STAGE_KIND[stage], load.departments[STAGE_DEPARTMENT[stage]]
    version, entered = load.versions[kind], as_moment(order[f"t{order['last'] - 1}"])
    return _item(
        load, order, kind, subject=TASK[kind], department=department, opened_at=entered, running_since=entered,
        assignee_id=department.head_id if stage == Stage.REVIEW else load.person(department.code),
        budget_seconds=version.target_seconds, edition_id=version.calendar.edition_id if version.calendar else None,
    )


def _whole_item(load, order) -> WorkItem:
    return _item(
        load, order, "order", subject="Deliver the order on time", department=load.departments["sales"],
        assignee_id=load.person("sales"), opened_at=as_moment(order["t0"]), running_since=as_moment(order["t0"]),
        budget_seconds=order["required"] - order["t0"],
    )


def _wind(item, steps, load) -> None:
    """What is past has been told; the clock goes on with the next level that is not."""
    calls = ladder(steps, item.budget_seconds)
    now = as_moment(load.now)
    used = item.used_seconds(now)
    point_at(item, next((call for call in calls if call.threshold > used), None))
    if used > item.budget_seconds:
        item.state = WorkItem.State.BREACHED
    project(item, calls)
