"""The tables of the loaded orders, each filled from `load_order` by one statement."""

from datetime import UTC, datetime

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import Max

from catalog.models import Customer, Product, ProductFamily
from config.load.rows import DAY, PREFIX, execute, insert, moment, padded, write_orders, write_stages
from orders.actions.clocks import STAGE_KIND
from orders.machine import BOX_DEPARTMENT, CONCERNED_DEPARTMENTS, EXIT_BOXES, PATH, Box, Stage
from orders.models import (
    ConfirmationItem,
    CostEntry,
    Duty,
    Issue,
    OrderLine,
    OrderStep,
    Promise,
    SignOff,
    StageRun,
    UrgentOrder,
    UrgentOrderGroupObjectPermission,
)
from people.models import Department
from quality.models import Inspection
from sla.models import Pause, PolicyVersion, WorkItem

TABLES = (
    UrgentOrder, OrderLine, StageRun, Promise, UrgentOrderGroupObjectPermission, WorkItem, Pause, Inspection,
    CostEntry, Issue, SignOff, ConfirmationItem, OrderStep, Duty,
)  # fmt: skip
STEP_INTO = ("submit", "submit", "confirm", "approve", "materials_ready", "finish", "pass", "deliver")
CUSTOMERS, PRODUCTS = 200, 100
ENDS_WITH_ITEMS = "ended <> '' OR last = 7"  # delivered, or given up


class Filling:
    """Who stands for each department, and where the numbers of this load begin."""

    def __init__(self, *, count: int, seed: int, now: datetime):
        self.count, self.seed, self.now = count, seed, int(now.timestamp())
        self.base = UrgentOrder.objects.aggregate(last=Max("pk"))["last"] or 0
        self.items = WorkItem.objects.aggregate(last=Max("pk"))["last"] or 0
        self.loaded = UrgentOrder.objects.filter(number__startswith=PREFIX).count()
        self.departments = {row.code: row for row in Department.objects.select_related("head", "duty_person")}
        versions = PolicyVersion.objects.in_force().select_related("policy", "calendar").order_by("number")
        self.versions = {row.policy.kind: row for row in versions if not row.policy.urgency_class}

    def person(self, code: str) -> int:
        department = self.departments[code]
        return (department.duty_person or department.head).pk

    def prepare(self) -> None:
        write_orders(
            count=self.count, seed=self.seed, now=self.now, base=self.base, customers=customers(), products=products(),
        )
        write_stages([self._stage(k, stage) for k, stage in enumerate(PATH)])

    def _stage(self, k, stage):
        kind = STAGE_KIND.get(stage)
        leaver = {"review": self.departments["production"].head_id, "identification": self.person("sales")}.get(stage)
        department = ("sales", "sales", "production", "procurement", "production", "quality", "logistics", "finance")[k]
        person = leaver or self.person(department)
        return (k, str(stage), STEP_INTO[k], self.versions[kind].target_seconds if kind else None, person, person)

    def item_id(self, place: int) -> str:
        return f"({self.items} + (n - 1) * 2 + {place})"


def customers() -> list[int]:
    Customer.objects.bulk_create(
        [Customer(code=f"{PREFIX}{n:04d}", name=f"客户 {n}", latin_name=f"Customer {n}", delivery_place=f"苏州 {n} 号")
         for n in range(1, CUSTOMERS + 1)], ignore_conflicts=True,
    )  # fmt: skip
    return list(Customer.objects.filter(code__startswith=PREFIX).order_by("code").values_list("pk", flat=True))


def products() -> list[int]:
    family, _is_new = ProductFamily.objects.get_or_create(name="支架", defaults={"normal_lead_time_hours": 108})
    Product.objects.bulk_create(
        [Product(number=f"{PREFIX}{n:04d}", name=f"零件 {n}", latin_name=f"Part {n}", family=family, revision="A",
                 price_amount=100 + n) for n in range(1, PRODUCTS + 1)], ignore_conflicts=True,
    )  # fmt: skip
    return list(Product.objects.filter(number__startswith=PREFIX).order_by("number").values_list("pk", flat=True))


def fill_orders(load: Filling) -> None:
    sales, head = str(load.person("sales")), load.departments["sales"].head_id
    stage = f"CASE WHEN ended <> '' THEN ended ELSE {_named('last', PATH)} END"
    insert(UrgentOrder, {
        "id": "o.id", "number": f"'{PREFIX}' || {padded(f'{load.loaded} + n')}",
        "form_number": f"'{PREFIX}F' || {padded(f'{load.loaded} + n')}",
        "stage": stage, "outcome": "CASE WHEN ended = 'cancelled' THEN 'cancelled' WHEN last = 7 THEN 'delivered'"
        " ELSE '' END",
        "version": "2 * last + 1", "customer_id": "c.key", "contact_name": "'高远'", "contact_phone": "'138 0611 2207'",
        "ground": "'customer_asked'", "asked_by": "'高远'", "asked_how": "'call'", "asked_at": moment("t0 - typed"),
        "reason": _chosen("luck", UrgentOrder.Reason.values[:4]), "required_at": moment("required"),
        "place": "'盐城大丰港 7 号泊位'", "rush_charge_amount": "100 * (luck % 40)", "urgency_class": "class",
        "urgency_share": "wanted / 16.0", "created_at": moment("t0 - typed"), "created_by_id": sales,
        "submitted_at": moment("t0"), "submitted_by_id": sales,
        "closed_at": f"CASE ended WHEN '' THEN NULL WHEN 'closed' THEN {moment('t7')} ELSE {moment('t1')} END",
        "closed_by_id": f"CASE ended WHEN '' THEN NULL WHEN 'closed' THEN {load.person('finance')} ELSE {head} END",
        "whole_item_id": f"CASE WHEN {ENDS_WITH_ITEMS} THEN {load.item_id(1)} END",
    }, "load_order o JOIN load_customer c ON c.place = o.buyer ORDER BY o.n")  # fmt: skip


def _named(column, names) -> str:
    return f"CASE {column} " + " ".join(f"WHEN {k} THEN '{name}'" for k, name in enumerate(names)) + " END"


def _chosen(column, names) -> str:
    return _named(f"{column} % {len(names)}", names)


def _left(k="k") -> str:
    return f"CASE {k} WHEN 0 THEN t0 " + " ".join(f"WHEN {place} THEN t{place}" for place in range(1, 8)) + " END"


def _entered(k="k") -> str:
    return f"CASE {k} WHEN 0 THEN t0 - typed WHEN 1 THEN t0 " + " ".join(
        f"WHEN {place} THEN t{place - 1}" for place in range(2, 8)) + " END"  # fmt: skip


def fill_lines(load: Filling) -> None:
    for position, share in ((1, "true"), (2, "n % 8 = 0")):
        product = f"p.place = (o.article + {position}) % {PRODUCTS}"
        insert(OrderLine, {
            "order_id": "o.id", "position": str(position), "product_id": "p.key", "revision": "'A'",
            "requested_quantity": "quantity", "agreed_quantity": "quantity", "unit_price_amount": "100 + article",
            "made": "CASE WHEN last >= 5 THEN quantity ELSE 0 END", "specification": "'6061-T6'",
            "awaiting": "CASE WHEN last = 5 THEN quantity ELSE 0 END",
            "passed": "CASE WHEN last >= 6 THEN quantity ELSE 0 END",
            "shipped": "CASE WHEN last >= 7 THEN quantity ELSE 0 END",
        }, f"load_order o JOIN load_product p ON {product} WHERE {share}")  # fmt: skip


def fill_runs(load: Filling) -> None:
    """Each stay in a stage; the clock's use is about the limit, one in ten above it."""
    is_left = "(k < last OR ended <> '')"
    doubled = "CASE WHEN (grain + k * 104729) % 14 = 0 THEN 2 ELSE 1 END"
    used = f"limit_seconds * (20 + (grain + k * 7919) % 92) / 100 * {doubled}"
    insert(StageRun, {
        "order_id": "o.id", "number": "k + 1", "stage": "stage", "entered_at": moment(_entered()),
        "entered_by_id": "person", "entered_step": "step", "limit_seconds": "limit_seconds",
        "left_at": f"CASE WHEN {is_left} THEN {moment(_left())} END",
        "left_by_id": f"CASE WHEN {is_left} THEN person END",
        "used_seconds": f"CASE WHEN {is_left} AND limit_seconds IS NOT NULL THEN {used} END",
    }, "load_order o JOIN load_stage s ON s.k <= o.last")  # fmt: skip
    ends = f"CASE WHEN ended = 'closed' THEN {moment('t7')} ELSE {moment('t1')} END"
    ender = f"CASE WHEN ended = 'closed' THEN {load.person('finance')} ELSE {load.departments['sales'].head_id} END"
    insert(StageRun, {
        "order_id": "id", "number": "last + 2", "stage": "ended", "entered_at": ends, "left_at": ends,
        "entered_by_id": ender, "left_by_id": ender,
        "entered_step": "CASE ended WHEN 'closed' THEN 'settle' WHEN 'declined' THEN 'decline' ELSE 'cancel' END",
        "reason_code": "CASE ended WHEN 'closed' THEN '' WHEN 'declined' THEN 'not_urgent' ELSE 'cancelled' END",
        "reason": "CASE ended WHEN 'closed' THEN '' WHEN 'declined' THEN '按正常交期即可' ELSE '客户取消' END",
    }, "load_order WHERE ended <> ''")  # fmt: skip


def fill_promises(load: Filling) -> None:
    """The first at the approval; a tenth is moved later, one in five of those by the customer."""
    head = str(load.departments["production"].head_id)
    first = f"required + CASE WHEN promise < 12 THEN {2 * DAY} ELSE 0 END"
    common = {
        "order_id": "id", "requested_at": moment("required"), "recorded_by_id": head, "approved_by_id": head,
    }  # fmt: skip
    insert(Promise, common | {
        "promised_at": moment(first), "recorded_at": moment("t2"), "reason": "'按计划'",
        "cause": "'ours'",
    }, "load_order WHERE last >= 3")  # fmt: skip
    insert(Promise, common | {
        "promised_at": moment(f"{first} + {3 * DAY}"), "recorded_at": moment("t4"), "reason": "'改期'",
        "cause": "CASE WHEN luck < 2 THEN 'customer' ELSE 'ours' END",
    }, "load_order WHERE last >= 5 AND luck < 10")  # fmt: skip


def fill_grants(load: Filling) -> None:
    permission = Permission.objects.get(codename="view_urgentorder", content_type__app_label="orders").pk
    groups = [load.departments[code].group_id for code in CONCERNED_DEPARTMENTS]
    rows = " UNION ALL ".join(f"SELECT {group} AS group_id" for group in groups)
    insert(UrgentOrderGroupObjectPermission, {
        "content_object_id": "o.id", "group_id": "g.group_id", "permission_id": str(permission),
    }, f"load_order o CROSS JOIN ({rows}) g")  # fmt: skip


def fill_closed_items(load: Filling) -> None:
    """Orders that were delivered or given up keep the clock of the whole; every fifth one that of its purchase."""
    version, sales = load.versions["order"], load.departments["sales"]
    is_given_up = "ended IN ('declined', 'cancelled')"
    ends = f"CASE WHEN {is_given_up} THEN t1 ELSE t6 END"
    common = {
        "urgency_class": "class", "source": "'order:' || CAST(id AS text)", "closed_by_id": str(load.person("sales")),
        "source_label": f"'{PREFIX}' || {padded(f'{load.loaded} + n')}", "url": "'/orders/' || CAST(id AS text) || '/'",
        "next_level": "NULL", "opened_by_id": str(load.person("sales")),
    }  # fmt: skip
    insert(WorkItem, common | {
        "id": load.item_id(1), "kind": "'order'", "subject": "'Deliver the order on time'",
        "department_id": str(sales.pk), "assignee_id": str(load.person("sales")), "policy_version_id": str(version.pk),
        "opened_at": moment("t0"), "closed_at": moment(ends), "due_at": moment("required"),
        "state": f"CASE WHEN {is_given_up} THEN 'cancelled' WHEN t6 <= required THEN 'met' ELSE 'met_late' END",
        "closed_reason": f"CASE WHEN {is_given_up} THEN 'ended' ELSE '' END",
        "budget_seconds": "required - t0", "consumed_seconds": f"{ends} - t0",
    }, f"load_order WHERE {ENDS_WITH_ITEMS}")  # fmt: skip
    bought = load.versions["procurement"]
    insert(WorkItem, common | {
        "id": load.item_id(2), "kind": "'procurement'", "subject": "'Get the materials'",
        "department_id": str(load.departments["procurement"].pk), "policy_version_id": str(bought.pk),
        "opened_at": moment("t2"), "closed_at": moment("t3"), "due_at": moment("t3"), "state": "'met'",
        "assignee_id": str(load.person("procurement")), "budget_seconds": str(bought.target_seconds),
        "consumed_seconds": str(bought.target_seconds // 2),
    }, "load_order WHERE last = 7 AND pain < 20")  # fmt: skip
    insert(Pause, {
        "item_id": load.item_id(2), "reason": _chosen("pain", ("supplier", "decision", "negotiation")),
        "started_at": moment("t2 + 3600"), "started_by_id": str(load.person("procurement")),
        "until": moment("t2 + 7200 + luck * 600"), "ended_at": moment("t2 + 7200 + luck * 600"),
    }, "load_order WHERE last = 7 AND pain < 20")  # fmt: skip


def fill_inspections(load: Filling) -> None:
    """One final inspection a line; one in fourteen finds bad pieces."""
    bad = "CASE WHEN (o.grain % 14) = 0 THEN 1 + o.quantity / 20 ELSE 0 END"
    insert(Inspection, {
        "order_id": "o.id", "line_id": "l.id", "kind": "'final'", "lot_quantity": "o.quantity",
        "sample_quantity": "o.quantity", "passed": f"o.quantity - ({bad})", "failed": bad,
        "defect": f"CASE WHEN {bad} > 0 THEN '孔径超差' ELSE '' END", "inspected_at": moment("o.t5"),
        "inspected_by_id": str(load.person("quality")),
    }, "load_order o JOIN orders_orderline l ON l.order_id = o.id WHERE o.last >= 6")  # fmt: skip


def fill_costs_and_problems(load: Filling) -> None:
    insert(CostEntry, {
        "order_id": "id", "kind": _chosen("pain", ("expedite", "overtime", "transport")), "cause": "'urgency'",
        "is_planned": "false", "amount": "100 + grain % 90000 / 10.0", "recorded_at": moment("t3"),
        "source": f"'{PREFIX}' || {padded(f'{load.loaded} + n')}", "recorded_by_id": str(load.person("finance")),
    }, "load_order WHERE last >= 4 AND pain >= 60")  # fmt: skip
    is_open = "ended = '' AND luck < 60"
    insert(Issue, {
        "order_id": "id", "kind": _chosen("grain", ("machine", "quality", "no_material", "supply", "transport")),
        "severity": "CASE WHEN luck % 4 = 0 THEN 'major' ELSE 'minor' END",
        "text": _chosen("grain", ("五轴停机，等备件", "孔径超差", "板材短缺", "供应商晚 3 天", "高速封路")),
        "is_stopping": "luck % 2 = 0", "raised_at": moment("t3"), "raised_by_id": str(load.person("production")),
        "solution": f"CASE WHEN {is_open} THEN '' ELSE '已处理' END",
        "solved_at": f"CASE WHEN NOT ({is_open}) THEN {moment('t3 + 3600 + grain % 90000')} END",
        "solved_by_id": f"CASE WHEN NOT ({is_open}) THEN {load.person('production')} END",
    }, "load_order WHERE last >= 4 AND pain BETWEEN 20 AND 31")  # fmt: skip


def fill_papers_of_the_living(load: Filling) -> None:
    """What a living order's next gate asks for: signatures, confirmed items, operations."""
    execute("DROP TABLE IF EXISTS load_box")
    execute("CREATE TEMPORARY TABLE load_box (box text PRIMARY KEY, k integer, person bigint)")
    rows = [(str(box), PATH.index(stage), load.person(BOX_DEPARTMENT[box]))
            for stage, boxes in EXIT_BOXES.items() for box in boxes if not (box == Box.PLAN and stage != Stage.REVIEW)]
    rows.append((str(Box.DELIVERY_CONFIRMED), PATH.index(Stage.DELIVERY), load.person("logistics")))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO load_box VALUES (%s, %s, %s)", rows)
    insert(SignOff, {
        "order_id": "o.id", "box": "b.box", "signed_at": moment(_left("b.k")), "signed_by_id": "b.person",
    }, "load_order o JOIN load_box b ON b.k < o.last WHERE o.ended = ''")  # fmt: skip
    items = " UNION ALL ".join(f"SELECT '{item}' AS item" for item in ConfirmationItem.Item.values)
    insert(ConfirmationItem, {
        "order_id": "o.id", "item": "i.item", "value": "'与表一致'", "contact": "'高远'", "how": "'call'",
        "confirmed_at": moment("t1"), "confirmed_by_id": str(load.person("sales")),
    }, f"load_order o CROSS JOIN ({items}) i WHERE o.ended = '' AND o.last >= 2")  # fmt: skip
    _fill_steps(load)
    insert(Duty, {
        "order_id": "id", "department_id": str(load.departments["sales"].pk), "taken_at": moment("t0"),
        "person_id": str(load.person("sales")),
    }, "load_order WHERE ended = ''")  # fmt: skip


def _fill_steps(load: Filling) -> None:
    """Two operations; in production the first is done and the second waits."""
    for number, done_from in ((1, 4), (2, 5)):
        is_done, half = f"o.last >= {done_from}", "(o.t4 - o.t3) / 2"
        starts = f"o.t3 + {half} * {number - 1}"
        insert(OrderStep, {
            "order_id": "o.id", "line_id": "l.id", "number": str(number * 10), "name": f"'工序 {number}'",
            "owner_id": str(load.person("production")), "work_centre": "'CNC-5'", "quantity": "l.agreed_quantity",
            "planned_start_at": moment(starts), "planned_end_at": moment(f"{starts} + {half}"),
            "started_at": f"CASE WHEN {is_done} THEN {moment(starts)} END",
            "finished_at": f"CASE WHEN {is_done} THEN {moment(f'{starts} + {half}')} END",
            "made": f"CASE WHEN {is_done} THEN l.agreed_quantity ELSE 0 END",
            "passed": f"CASE WHEN {is_done} THEN l.agreed_quantity ELSE 0 END",
            "token": f"'{'AB'[number - 1]}' || substr(CAST(10000000 + l.id % 9999999 AS text), 2)",
        }, "load_order o JOIN orders_orderline l ON l.order_id = o.id WHERE o.ended = '' AND o.last >= 3")  # fmt: skip


STEPS = (
    ("orders", fill_orders), ("lines", fill_lines), ("stage runs", fill_runs), ("promises", fill_promises),
    ("who sees them", fill_grants), ("finished work", fill_closed_items), ("inspections", fill_inspections),
    ("costs and problems", fill_costs_and_problems), ("papers of living orders", fill_papers_of_the_living),
)  # fmt: skip


def as_moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@transaction.atomic
def drop_temporary() -> None:
    for table in ("load_order", "load_stage", "load_box", "load_customer", "load_product"):
        execute(f"DROP TABLE IF EXISTS {table}")
