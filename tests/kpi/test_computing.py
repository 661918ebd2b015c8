"""What each score is made of, said again in plain Python over random orders, and compared with the statements."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from random import Random

import pytest
from django.core.management import call_command
from django.utils import timezone

from config.load.aside import guards_aside
from finance.models import Settlement
from kpi import actions, defaults, scoring
from kpi.models import Score, ScoreCase, ScorePart
from kpi.months import Month
from logistics.models import (
    Carrier,
    DeliveryConfirmation,
    DeliveryList,
    DeliveryListLine,
    Proof,
    ProofShortfall,
    Shipment,
)
from orders.machine import STAGE_DEPARTMENT
from orders.models import (
    ChangeRequest,
    Complaint,
    CostEntry,
    MaterialLine,
    Nonconformance,
    OrderStep,
    Promise,
    Rating,
    Receipt,
    SignOff,
    StageRun,
    UrgentOrder,
)
from people.models import Absence
from procurement.models import PurchaseLine, PurchaseReceipt, Supplier
from quality.models import Inspection
from records.models import StoredFile
from sla.models import ItemAct, WorkItem
from tests.factories.orders import make_material

pytestmark = [pytest.mark.django_db, pytest.mark.clause("6.1.1")]
ON_THE_WAY = ("sales", "production", "procurement", "quality", "logistics")
KINDS = {
    "production": {"labour", "machine", "overtime", "changeover", "scrap", "rework"},
    "procurement": {"material", "expedite", "outside"}, "logistics": {"transport"},
    "finance": {"labour", "machine", "overtime", "changeover", "scrap", "rework", "material", "expedite", "outside",
                "transport", "other"},
}  # fmt: skip


@pytest.fixture(params=(1, pytest.param(2, marks=pytest.mark.once)))  # one on each database
def month(request, people):
    """Random orders, with all that is rare: see `Disturbing`."""
    defaults.seed()
    call_command("seed_load", orders=60, seed=request.param, stdout=StringIO())
    with guards_aside([]):
        Disturbing(request.param, people).everything()
    return Month.now() - 1


class Disturbing:
    """What a year brings, over the tables: carried and repeated runs, returns, customers' changes, cancelled orders."""

    def __init__(self, seed, people):
        self.dice, self.people = Random(seed), people
        self.crew = [people.sales, people.buyer, people.inspector, people.logistics, people.finance, people.operator,
                     people.production_head]  # fmt: skip
        self.orders = list(UrgentOrder.objects.order_by("pk"))
        self.month = Month.now() - 1

    def chance(self, of) -> bool:
        return self.dice.randrange(of) == 0

    def moment(self):
        """Mostly in the month, and some around its ends."""
        days = (self.month.end - self.month.start).days
        return self.month.start + timedelta(hours=self.dice.randrange(-48, days * 24 + 48))

    def everything(self):
        self.runs()
        self.promises()
        self.items()
        self.absence()
        for order in self.orders:
            self.papers(order)

    def runs(self):
        for run in StageRun.objects.order_by("pk"):
            run.is_carried = self.chance(9)
            if run.number == 3 and self.chance(6):
                run.entered_step, run.stage = "send_back", "identification"
            if run.left_at and run.number > 3 and self.chance(12):
                run.entered_step = self.dice.choice(["cancel", "decline", "rework"])
            run.entered_by = self.dice.choice(self.crew)
            run.save()
        for run in StageRun.objects.filter(entered_step="deliver", left_at__isnull=False):
            if self.chance(4):
                run.pk, run.number, run.entered_at = None, 20, run.left_at
                run.save(force_insert=True)

    def promises(self):
        for promise in Promise.objects.order_by("pk"):
            promise.promised_at -= timedelta(days=self.dice.randrange(12))  # many are missed
            promise.save()
            if self.chance(5):
                promise.pk, promise.cause = None, self.dice.choice(["ours", "customer"])
                promise.promised_at += timedelta(days=self.dice.randrange(-3, 9))
                promise.save(force_insert=True)

    def items(self):
        for item in WorkItem.objects.exclude(closed_at=None).order_by("pk"):
            item.closed_by, item.closed_at = self.dice.choice(self.crew), self.moment()
            item.assignee = self.dice.choice([None, *self.crew])
            item.closed_for = item.assignee if self.chance(4) else None
            item.consumed_seconds = self.dice.randrange(2 * item.budget_seconds + 1)
            if self.chance(2):
                item.kind = self.dice.choice(["inspection", "drill", "plan"])
            if self.chance(5):
                item.source = f"complaint:{item.pk}"
            item.save()
            if self.chance(4):
                ItemAct.objects.create(item=item, act=self.dice.choice(["transfer", "comment"]), at=item.closed_at,
                                       by=self.people.sales, person=self.dice.choice(self.crew), text="…")

    def absence(self):
        at = self.month.start + timedelta(days=9)
        Absence.objects.create(person=self.people.buyer, delegate=self.people.inspector, starts_at=at,
                               ends_at=at + timedelta(days=4), handed_over_at=at)  # fmt: skip

    def papers(self, order):
        line, crew = order.lines.first(), self.crew
        self.steps(order, line)
        self.costs(order)
        self.material(order, line)
        if self.chance(3):
            Rating.objects.create(order=order, stars=self.dice.randrange(1, 6), contact="高远", rated_at=self.moment(),
                                  recorded_by=self.people.sales)
        if self.chance(5):
            answer = self.dice.choice(["open", "none", "credit"])
            decided = {} if answer == "open" else {"decided_at": self.moment(), "decided_by": self.people.inspector}
            Complaint.objects.create(order=order, line=line, number=f"C{order.pk}", quantity=1, text="…", contact="高",
                                     raised_at=self.moment(), raised_by=self.people.sales, answer=answer,
                                     decision_reason="…", **decided)
        for revoked in (True, False):
            if self.chance(2):
                at = self.moment()
                SignOff.objects.create(order=order, box="passed", department="quality", signed_at=at,
                                       signed_by=self.dice.choice(crew), revoked_at=at if revoked else None,
                                       revoked_by=self.people.inspector if revoked else None)
        if self.chance(6):
            ChangeRequest.objects.create(order=order, kind=self.dice.choice(["change", "short_close"]), reason="…",
                                         contact="高远", how="call", agreed_at=self.moment(), recorded_at=self.moment(),
                                         recorded_by=self.people.sales)
        if order.closed_at:
            UrgentOrder.objects.filter(pk=order.pk).update(submitted_by=self.dice.choice(crew), closed_at=self.moment())
            self.statement(order)
        if self.chance(3):
            self.shipment(order, line)

    def steps(self, order, line):
        for number in range(1, self.dice.randrange(1, 4)):
            at = self.moment()
            planned = at + timedelta(hours=self.dice.randrange(-300, 900))
            step = OrderStep.objects.create(
                order=order, line=line, number=900 + number, name="铣", quantity=50, token=f"Z{order.pk}-{number}"[:8],
                planned_start_at=planned, planned_end_at=planned, started_at=at, finished_at=at, made=20, passed=20,
                finished_by=self.dice.choice(self.crew), is_cancelled=self.chance(6),
            )  # fmt: skip
            if self.chance(3):
                Nonconformance.objects.create(order=order, line=line, step=step, quantity=self.dice.randrange(1, 30),
                                              defect="…", found_at=at, found_by=self.people.inspector)

    def costs(self, order):
        for number in range(self.dice.randrange(5)):
            CostEntry.objects.create(
                order=order, kind=self.dice.choice(sorted(KINDS["finance"])), is_planned=self.chance(2),
                cause=self.dice.choice(["normal", "urgency", "cancellation"]), amount=self.dice.randrange(90000),
                source=self.dice.choice([f"{order.pk}:{number}", f"reverse:{order.pk}:{number}"]),
                recorded_at=self.moment(), recorded_by=self.people.finance,
            )  # fmt: skip

    def material(self, order, line):
        if not self.chance(2):
            return
        at = self.moment()
        row = MaterialLine.objects.create(
            order=order, line=line, material=MATERIAL[0], required_quantity=5,
            needed_at=at if not self.chance(5) else None, decision=self.dice.choice(["open", "accepted", "dropped"]),
            decided_at=at + timedelta(hours=self.dice.randrange(-40, 20)) if not self.chance(3) else None,
        )  # fmt: skip
        bad = self.dice.choice([0, 0, 2])
        receipt = Receipt.objects.create(
            material_line=row, quantity=5, received_at=at, received_by=self.people.buyer, accepted_quantity=5 - bad,
            rejected_quantity=bad, inspected_at=at, inspected_by=self.people.inspector, delivery_note="DN",
        )  # fmt: skip
        if self.chance(2):
            bought = PurchaseLine.objects.create(
                material_line=row, supplier=MATERIAL[1], quantity=5, unit_price_amount=1, created_at=at, ordered_at=at,
                created_by=self.people.buyer, ordered_by=self.dice.choice(self.crew),
            )  # fmt: skip
            PurchaseReceipt.objects.create(purchase_line=bought, receipt=receipt)

    def statement(self, order):
        Settlement.objects.create(
            order=order, number=f"S{order.pk}", version=self.dice.choice([1, 1, 2]), content={}, sales_amount=0,
            cost_amount=0, urgency_amount=0, invoice_number="1", issued_at=self.moment(),
            issued_by=self.dice.choice(self.crew),
        )  # fmt: skip

    def shipment(self, order, line):
        at, by = self.moment(), self.dice.choice(self.crew)
        sent = DeliveryList.objects.create(order=order, number=f"DL{order.pk}", made_at=at, made_by=by)
        DeliveryListLine.objects.create(list=sent, line=line, quantity=40)
        confirmation = DeliveryConfirmation.objects.create(
            order=order, contact="高远", how="call", place="x", slot_from=at, slot_until=at + timedelta(hours=1),
            confirmed_at=at, confirmed_by=by,
        )  # fmt: skip
        gone = Shipment.objects.create(list=sent, confirmation=confirmation, carrier=MATERIAL[2], vehicle="x",
                                       eta_at=at, dispatched_at=at, dispatched_by=by)
        proof = Proof.objects.create(shipment=gone, signed_by_name="高远", delivered_at=at, file=MATERIAL[3],
                                     is_on_time=True, recorded_at=at, recorded_by=by)
        if self.chance(2):
            ProofShortfall.objects.create(proof=proof, line=line, quantity=self.dice.randrange(1, 9))


MATERIAL = []


@pytest.fixture(autouse=True)
def things(db, people):
    """What many papers name, made once a test."""
    by = people.buyer
    MATERIAL[:] = [
        make_material(), Supplier.objects.create(name="供应商", proposed_at=timezone.now(), proposed_by=by),
        Carrier.objects.create(name="速达"),
        StoredFile.objects.create(subject="order:0", name="x.pdf", content_type="application/pdf", size=1, sha256="x"),
    ]  # fmt: skip


# The definitions, in plain Python


class Plain:
    """{(whose, indicator): [(order, numerator, denominator, why it is left out)]}; whose: a code or a person's key."""

    def __init__(self, month):
        self.month, self.found = month, defaultdict(list)
        self.runs = defaultdict(dict)
        for run in StageRun.objects.all():
            self.runs[run.order_id][run.number] = run
        self.orders = UrgentOrder.objects.in_bulk()
        for of in (self.stays, self.promises, self.items, self.inspections, self.operations, self.deliveries,
                   self.receipts, self.shipments, self.statements, self.forms, self.costs, self.ratings):  # fmt: skip
            of()

    def holds(self, moment):
        return moment is not None and self.month.start <= moment < self.month.end

    def add(self, whose, indicator, order, above, below, left_out=""):
        if whose is not None:
            self.found[whose, indicator].append((order, Decimal(above), Decimal(below), left_out))

    def next_of(self, run):
        return self.runs[run.order_id].get(run.number + 1)

    def each_run(self):
        return (run for of_order in self.runs.values() for run in of_order.values())

    @staticmethod
    def is_timed(run):
        """Paused time is in neither figure; what was walked through has no clock of its own."""
        return not run.is_carried and None not in (run.used_seconds, run.limit_seconds, run.left_at)

    def stays(self):
        for run in self.each_run():
            if self.is_timed(run) and self.holds(run.left_at) and run.stage in STAGE_DEPARTMENT:
                after = self.next_of(run)
                broken_off = after is not None and after.entered_step in ("cancel", "decline")
                self.add(STAGE_DEPARTMENT[run.stage], "time", run.order_id, run.used_seconds, run.limit_seconds,
                         "customer" if broken_off else "")

    def was_late(self, order, code):
        runs = self.runs[order].values()
        late = any(self.is_timed(run) and run.used_seconds > run.limit_seconds
                   and STAGE_DEPARTMENT.get(run.stage) == code for run in runs)
        if code == "procurement":
            late |= any(line.needed_at and (line.decided_at is None or line.decided_at > line.needed_at)
                        for line in MaterialLine.objects.filter(order=order).exclude(decision="dropped"))
        if code == "production":
            late |= any(step.finished_at and step.planned_end_at and step.finished_at > step.planned_end_at
                        for step in OrderStep.objects.filter(order=order, is_cancelled=False))
        return late

    def promises(self):
        by_order = defaultdict(list)
        for promise in Promise.objects.order_by("pk"):
            by_order[promise.order_id].append(promise)
        for order, promises in by_order.items():
            customers = [promise.pk for promise in promises if promise.cause == "customer"]
            listed = [promise for promise in promises if promise is promises[0] or promise.pk in customers]
            for promise in listed:
                if self.holds(promise.promised_at):
                    self.promise(order, promise, is_overtaken=any(pk > promise.pk for pk in customers))

    def promise(self, order, promise, *, is_overtaken):
        runs = self.runs[order].values()
        arrivals = [run.entered_at for run in runs if run.entered_step == "deliver"]
        is_kept = bool(arrivals) and max(arrivals) <= promise.promised_at
        given_up = any(run.entered_step in ("cancel", "decline") and run.number > 3 for run in runs)
        late = {code for code in ON_THE_WAY if self.was_late(order, code)} or {"production"}
        for code in ON_THE_WAY:
            if any(STAGE_DEPARTMENT.get(run.stage) == code and not run.is_carried for run in runs):
                foreign = "" if is_kept or code in late else "foreign"
                self.add(code, "on_time", order, int(is_kept), 1, "customer" if is_overtaken or given_up else foreign)

    def items(self):
        handed = {(act.item_id, act.person_id) for act in ItemAct.objects.filter(act__in=["transfer", "return"])}
        absences = list(Absence.objects.exclude(handed_over_at=None).values_list("delegate", "handed_over_at"))
        for item in WorkItem.objects.filter(state__in=["met", "met_late"]).exclude(kind__in=["order", "drill"]):
            if self.holds(item.closed_at) and item.closed_by_id and item.budget_seconds:
                order = int(item.source[6:]) if item.source.startswith("order:") else None
                holder = item.closed_by_id if item.closed_for_id else item.assignee_id or item.closed_by_id
                stood_in = any(item.opened_at < taken <= item.closed_at for person, taken in absences
                               if person == holder)  # fmt: skip
                foreign = "foreign" if (item.pk, holder) in handed or stood_in else ""
                self.add(holder, "time", order, item.consumed_seconds, item.budget_seconds, foreign)
                self.add(holder, "on_time", order, int(item.state == "met"), 1, foreign)

    def inspections(self):
        bad_lines = set()
        for inspection in Inspection.objects.filter(kind="final").order_by("pk"):
            if inspection.line_id not in bad_lines and self.holds(inspection.inspected_at):
                self.add("production", "quality", inspection.order_id, inspection.passed,
                         inspection.passed + inspection.failed)
            if inspection.failed:
                bad_lines.add(inspection.line_id)

    def operations(self):
        for step in OrderStep.objects.filter(is_cancelled=False).prefetch_related("nonconformances"):
            if step.finished_by_id and step.made and self.holds(step.finished_at):
                bad = sum(found.quantity for found in step.nonconformances.all())
                self.add(self.of("production", step.finished_by_id), "quality", step.order_id,
                         max(0, step.made - bad), step.made)

    def of(self, code, person):
        """The person, where they work in that department: others have no part of this kind."""
        return person if PLACE[0].get(person) == code else None

    def both(self, code, person, *case):
        self.add(code, "quality", *case)
        self.add(self.of(code, person), "quality", *case)

    def deliveries(self):
        signers = {box.order_id: box.signed_by_id for box in SignOff.objects.filter(box="passed").order_by("pk")}
        for order, runs in self.runs.items():
            first = min((run.number for run in runs.values() if run.entered_step == "deliver"), default=None)
            if first and self.holds(runs[first].entered_at):
                self.both("quality", signers.get(order), order, 1, 1)
        for complaint in Complaint.objects.exclude(answer="open"):
            if self.holds(complaint.decided_at):
                self.both("quality", signers.get(complaint.order_id), complaint.order_id, -1, 0,
                          "customer" if complaint.answer == "none" else "")

    def receipts(self):
        buyers = dict(PurchaseReceipt.objects.values_list("receipt", "purchase_line__ordered_by"))
        for receipt in Receipt.objects.select_related("material_line"):
            if self.holds(receipt.inspected_at):
                self.both("procurement", buyers.get(receipt.pk), receipt.material_line.order_id,
                          int(receipt.rejected_quantity == 0), 1)

    def shipments(self):
        for proof in Proof.objects.select_related("shipment__list"):
            if self.holds(proof.recorded_at):
                sent = sum(line.quantity for line in proof.shipment.list.lines.all())
                short = sum(line.quantity for line in proof.shortfalls.all())
                gone = proof.shipment
                self.both("logistics", gone.dispatched_by_id, gone.list.order_id, sent - short, sent)

    def statements(self):
        taken_back = {entry.order_id for entry in CostEntry.objects.all() if entry.source.startswith("reverse:")}
        for statement in Settlement.objects.select_related("order"):
            if self.holds(statement.order.closed_at):
                is_good = statement.version == 1 and statement.order_id not in taken_back
                self.both("finance", statement.issued_by_id, statement.order_id, int(is_good), 1)

    def forms(self):
        for run in self.each_run():
            if run.stage == "confirmation" and run.entered_step == "submit" and self.is_timed(run):
                after = self.next_of(run)
                came_back = after and (after.entered_step, after.stage) == ("send_back", "identification")
                if self.holds(run.left_at):
                    self.both("sales", run.entered_by_id, run.order_id, int(not came_back), 1)

    def costs(self):
        changed = set(ChangeRequest.objects.filter(kind="change").values_list("order", flat=True))
        sums = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for entry in CostEntry.objects.exclude(cause="cancellation"):
            for code, kinds in KINDS.items():
                if entry.kind in kinds:
                    sums[code, entry.order_id][entry.is_planned] += entry.amount
        for (code, order), (actual, planned) in sums.items():
            if self.holds(self.orders[order].closed_at):
                is_customers = order in changed or self.orders[order].outcome == "cancelled"
                self.add(code, "cost", order, actual, planned, "customer" if is_customers else "")

    def ratings(self):
        for rating in Rating.objects.all():
            if self.holds(rating.rated_at):
                runs = self.runs[rating.order_id].values()
                for code in ON_THE_WAY:
                    if any(STAGE_DEPARTMENT.get(run.stage) == code and not run.is_carried for run in runs):
                        self.add(code, "satisfaction", rating.order_id, rating.stars, 1)
                who = self.orders[rating.order_id].submitted_by_id
                self.add(self.of("sales", who), "satisfaction", rating.order_id, rating.stars, 1)


PLACE = [{}]


def computed(run):
    found = defaultdict(list)
    for case in ScoreCase.objects.filter(part__score__run=run).select_related("part__score__department"):
        whose = case.part.score.person_id or case.part.score.department.code
        found[whose, case.part.indicator].append((case.order_id, case.numerator, case.denominator, case.left_out))
    return found


def in_order(rows):
    return sorted(rows, key=lambda row: (row[0] or 0, *row[1:]))


def test_scores_are_what_they_are_said_to_be(month, people, django_assert_max_num_queries):
    with django_assert_max_num_queries(110):  # whatever the number of orders
        run = actions.compute(month=month.first)
    PLACE[0] = dict(type(people.sales).objects.values_list("pk", "department__code"))
    expected, found = Plain(month).found, computed(run)
    parts = ScorePart.objects.filter(score__run=run).select_related("score__department")
    rules = {(part.score.person_id or part.score.department.code, part.indicator): part for part in parts}
    expected = {key: rows for key, rows in expected.items() if key in rules}
    assert set(found) == set(expected)
    for key, rows in expected.items():
        assert in_order(found[key]) == in_order(rows), key
    assert {reason for rows in found.values() for *_case, reason in rows} == {"", "customer", "foreign"}
    assert len([key for key in found if isinstance(key[0], int)]) > 12 < len([key for key in found if key[0] in KINDS])
    totals_follow(run, expected)


def totals_follow(run, expected):
    for score in Score.objects.filter(run=run).select_related("department"):
        whose, parts = score.person_id or score.department.code, list(score.parts.all())
        for part in parts:
            rows = [row for row in expected.get((whose, part.indicator), []) if not row[3]]
            below, scale = sum(row[2] for row in rows), 1 if part.indicator == "satisfaction" else 100
            value = round(sum(row[1] for row in rows) * scale / below, 6) if below > 0 else None
            assert part.cases == len(rows)
            assert part.value is None if value is None else abs(part.value - value) <= Decimal("0.005001")
            assert (part.points is None) == (value is None or len(rows) < 3)
        assert score.total == score.computed_total == scoring.total(parts)
        assert score.grade == scoring.grade(score.total)
    assert not Score.objects.filter(run=run, person__isnull=False, parts__case_rows=None).exclude(
        parts__case_rows__isnull=False).exists()  # fmt: skip
