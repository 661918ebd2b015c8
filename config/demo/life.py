"""Months in the demo company: each order lives through its days under a travelling clock, by the real acts.

Living orders take turns by the moment of their next act, so that they share machines, stock and people as in life.
The same seed tells the same stories.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import time_machine
from django.db import transaction
from django.utils import timezone

from config.demo import orders as acts
from coordination.actions import post
from notifications.models import Notification, Preference
from orders import actions
from orders.models import OrderLine, OrderStep, UrgentOrder
from orders.models.issue import Issue
from people.models import User
from procurement import actions as procurement
from procurement.models import PurchaseLine
from production import actions as production
from quality import actions as quality
from sla.actions import sweep
from sla.models import WorkCalendar, calendar_of

SEED = 20
HISTORY_DAYS = 182
SWEEP_EVERY = timedelta(hours=2)
OPTION_HOURS = 4  # working hours that an option of a negotiation waits
SHORTEST_OPERATION = timedelta(minutes=20)
LATE_OPERATION = 9  # each ninth passes its time node
OLDEST_LIVING = timedelta(days=12)
Ground, Reason, Kind = UrgentOrder.Ground, UrgentOrder.Reason, Issue.Kind

BOUGHT = ("HCP", ("HC-IMP-060",))  # its castings are hardly ever in stock
REASONS = (Reason.LINE_DOWN, Reason.PROJECT_EARLIER, Reason.MISSED_DATE, Reason.QUALITY_REPLACEMENT)

# Living orders: how many rest at a stage, and how many days ago the first and the last of them came in.
LIVING = (
    ("identification", 2, 0.1, 0.3), ("confirmation", 5, 0.1, 1.2), ("review", 6, 0.6, 2.0),
    ("procurement", 7, 1.5, 4.0), ("production", 9, 3.0, 7.0), ("qc", 3, 5.0, 8.0), ("delivery", 5, 6.0, 9.0),
    ("settlement", 3, 8.0, 11.0),
)  # fmt: skip
CLOSED = 80
# What happens on the way, by the stage where a living order rests; "" = nothing.
ON_THE_WAY = {
    "confirmation": ("", "unreached", "", "", ""),
    "review": ("negotiation", "issue", "", "cannot", "", ""),
    "procurement": ("late_supplier", "expense", "hold", "", "late_supplier", "", ""),
    "production": ("machine", "", "expense", "", "", "machine_major", "", "", ""),
    "qc": ("nonconformance", "", "nonconformance"),
    "delivery": ("", "transport", "", "", ""),
    "settlement": ("", "", ""),
}
IN_HISTORY = ("", "", "", "complained", "solved", "", "expense_paid", "", "late_supplier", "rework", "", "",
              "cancelled", "", "", "solved", "", "declined", "", "negotiated")  # fmt: skip
# What the customers of the closed orders said; two thirds of them answer.
SAID = ((5, "准时，包装完好"), (4, ""), None, (5, ""), (3, "交期可以，进度通知偏晚"), None)


@dataclass(frozen=True)
class Story:
    customer: str
    product: str
    quantity: int
    days: int  # from the call to the wished delivery
    ground: str
    reason: str
    starts_at: datetime
    goal: str
    event: str = ""
    seller: str = "lin"
    said: tuple | None = None  # the customer's stars and comment


def living(now) -> list[Story]:
    random = Random(SEED)
    stories = []
    for stage, count, nearest, farthest in LIVING:
        for index in range(count):
            days = nearest + (farthest - nearest) * index / max(1, count - 1)
            event = ON_THE_WAY.get(stage, ("",) * count)[index]
            stories.append(_story(random, now - timedelta(days=days), stage, event))
    return stories


def history(now) -> list[Story]:
    """Six months, the newest first."""
    random = Random(SEED + 1)
    first, last = now - timedelta(days=HISTORY_DAYS), now - OLDEST_LIVING - timedelta(hours=1)
    return [
        _story(random, last - (last - first) * number / CLOSED, "closed", IN_HISTORY[number % len(IN_HISTORY)],
               SAID[number % len(SAID)])
        for number in range(CLOSED)
    ]


def _story(random, starts_at, goal, event, said=None) -> Story:
    customer, products = BOUGHT if event == "late_supplier" else random.choice(acts.WANTS)
    is_key = customer in acts.KEY_CUSTOMERS and random.random() < 0.3
    return Story(
        customer=customer, product=random.choice(products), quantity=random.choice((12, 16, 20, 24, 30, 40, 50)),
        days=random.choice((5, 6, 7, 9, 12)), ground=Ground.KEY_CUSTOMER if is_key else Ground.CUSTOMER_ASKED,
        reason=random.choice(REASONS),
        starts_at=starts_at, goal=goal, event=event, said=said, seller=random.choice(("lin", "lin", "su")),
    )  # fmt: skip


def play(stories: list[Story], *, until: datetime, progress=None) -> None:
    """Tell all stories at once, in the order of their moments; what lies after `until` has not happened yet."""
    cast, calendar = _cast(), _calendar()
    queue = [
        (min(_opened(calendar, story.starts_at), until), number, Telling(cast, story, calendar, until).acts())
        for number, story in enumerate(stories)
    ]
    heapq.heapify(queue)
    swept_at, told = until - timedelta(days=365), 0
    _write_no_letters(cast.values())
    while queue:
        moment, number, telling = heapq.heappop(queue)
        with time_machine.travel(moment, tick=False):
            if moment - swept_at >= SWEEP_EVERY:
                sweep()
                swept_at = moment
            following = next(telling, None)
        if following is not None:
            heapq.heappush(queue, (max(moment, following), number, telling))
            continue
        told += 1
        if progress:
            progress(told, len(stories))
    _read_what_is_old(until)


def remember(stories: list[Story], *, until: datetime, progress=None) -> None:
    """The closed orders of the past, one after the other while the desk is at work already.

    The clock is not wound for them: it belongs to the living orders. Each is told in one transaction, so that no sweep
    meets a task of the past that still waits.
    """
    cast, calendar = _cast(), _calendar()
    told = UrgentOrder.objects.submitted().filter(submitted_at__lt=until - OLDEST_LIVING).count()
    for number, story in enumerate(stories[told:], start=told + 1):
        with transaction.atomic():
            moment, telling = _opened(calendar, story.starts_at), Telling(cast, story, calendar, until).acts()
            while moment is not None:
                with time_machine.travel(moment, tick=False):
                    moment = next(telling, None)
        _read_what_is_old(until)
        if progress:
            progress(number, len(stories))


def _cast() -> dict:
    return {user.username: user for user in User.objects.select_related("department")}


def _calendar():
    return calendar_of(WorkCalendar.objects.get(code="factory").edition_id)


def _opened(calendar, moment) -> datetime:
    """Nobody calls at night."""
    return calendar.add(moment, 60)


def _write_no_letters(people):
    """The demo company reads its messages in the desk."""
    Preference.objects.bulk_create(
        [Preference(person=person, by_email=False) for person in people], ignore_conflicts=True
    )


def _read_what_is_old(now):
    old = Notification.objects.filter(read_at__isnull=True, created_at__lt=now - timedelta(days=2))
    old.update(read_at=now)


class Telling:
    """One order's days. `acts` does what is due and yields the moment of what comes next."""

    def __init__(self, cast, story, calendar, until):
        self.cast = cast | {"lin": cast[story.seller]}
        self.story, self.calendar, self.until = story, calendar, until

    def later(self, hours: float) -> datetime:
        """After so many working hours; nothing happens later than now."""
        return min(self.calendar.add(timezone.now(), hours * 3600), self.until)

    def at(self, moment) -> datetime:
        return min(max(moment, timezone.now()), self.until)

    def acts(self) -> Iterator[datetime]:
        story = self.story
        self.order = acts.enter(
            self.cast, story.customer, story.product, story.quantity, story.days, story.ground, story.reason
        )
        for stage in acts.STAGES[: acts.STAGES.index(story.goal)]:
            yield self.later(HOURS_BEFORE[stage] * (0.6 + 0.2 * (self.order.pk % 5)))  # some are quick, some are late
            yield from getattr(self, stage)()
            if UrgentOrder.objects.get(pk=self.order.pk).is_final:
                return
        yield from self.rest()

    def identification(self):
        acts.submit(self.cast, self.order)
        if self.story.event == "declined":
            yield self.later(0.6)
            actions.decline(order_id=self.order.pk, by=self.cast["chen"], reason_code="not_urgent",
                            reason="客户确认可按正常交期", was_customer_told=True)

    def confirmation(self):
        acts.confirm(self.cast, self.order)
        yield self.later(0.3)
        acts.receive_sheet(self.cast, self.order)

    def review(self):
        if self.story.event == "cancelled":
            actions.cancel(order_id=self.order.pk, by=self.cast["chen"], reason="客户取消采购", was_customer_told=True)
            yield from self._stop()
            return
        if self.story.event == "negotiated":
            yield from self._negotiated()
        acts.review(self.cast, self.order)

    def _stop(self):
        for name in ("zhao", "chen", "sun", "li", "ma"):
            yield self.later(0.4)
            acts.stop(self.cast[name], self.order)
        yield self.later(6)
        acts.settle_cancelled(self.cast, self.order)

    def _negotiated(self):
        negotiation = self._offer()
        yield self.later(1.5)
        option = negotiation.options.first()
        actions.accept_option(negotiation_id=negotiation.pk, option_id=option.pk, by=self.cast["lin"],
                              contact=self.order.contact_name, how="call", answer="同意")
        yield self.later(0.5)

    def _offer(self):
        finish = timezone.now() + timedelta(days=self.story.days + 2)
        answer_by = self.calendar.add(timezone.now(), OPTION_HOURS * 3600)  # not in the night
        option = {"kind": "date", "description": "交期顺延两天", "finish_at": finish, "valid_until": answer_by}
        return actions.open_negotiation(
            order_id=self.order.pk, by=self.cast["zhou"], reason="五轴加工中心排程已满", options=[option]
        )

    def procurement(self):
        acts.order_materials(self.cast, self.order)
        if "expense" in self.story.event:
            self._ask_for_money(is_paid=self.story.event == "expense_paid")
        purchases = PurchaseLine.objects.filter(material_line__order=self.order).select_related("material_line")
        if self.story.event == "late_supplier" and (late := purchases.first()):
            yield self.later(2)
            procurement.record_promise(
                purchase_line_id=late.pk, promised_at=timezone.now() + timedelta(days=3), by=self.cast["wang"],
                reason="供应商设备检修",
            )
        for purchase in purchases:
            arrival = purchase.material_line.promised_at or timezone.now()
            yield self.at(min(arrival, timezone.now() + timedelta(days=3)))
            acts.receive(self.cast, purchase)
        yield self.later(0.5)
        acts.accept_materials(self.cast, self.order)

    def _ask_for_money(self, *, is_paid):
        expense = actions.request_expense(
            order_id=self.order.pk, by=self.cast["wang"], kind="other", amount=Decimal(1800), reason="外协检具加急"
        )
        if is_paid:
            acts.decide(self.cast, expense)

    def production(self):
        for step in OrderStep.objects.filter(order=self.order).order_by("line", "number"):
            yield self.at(min(step.planned_start_at, timezone.now() + timedelta(days=1)))
            acts.start_step(self.cast, step)
            if self.story.event == "solved":
                yield from self._solved_on_the_way()
            yield self.at(max(timezone.now() + SHORTEST_OPERATION, self._end_of(step)))
            acts.finish_step(self.cast, step)

    def _end_of(self, step) -> datetime:
        """Before its time node, and every so often after it."""
        if step.pk % LATE_OPERATION == 0:
            return step.planned_end_at + timedelta(minutes=40)
        hours = (step.planned_end_at - step.planned_start_at).total_seconds() / 3600
        return min(step.planned_end_at - timedelta(minutes=5), self.later(min(hours, 8)))

    def _solved_on_the_way(self):
        if self.order.issues.exists():
            return
        issue = self._problem("zhou", Kind.MACHINE, "主轴报警停机")
        yield self.later(1)
        actions.solve_issue(issue_id=issue.pk, by=self.cast["zhao"], solution="更换冷却泵，重新对刀")

    def qc(self):
        if self.story.event == "rework":
            yield from self._rework()
        acts.inspect(self.cast, self.order)
        yield self.later(0.2)

    def _rework(self):
        line = OrderLine.objects.get(order=self.order)
        quality.inspect_final(line_id=line.pk, by=self.cast["wu"], lot_quantity=line.awaiting,
                              sample_quantity=line.awaiting, defective_quantity=2, defect="平面度超差")
        found = self.order.nonconformances.get()
        yield self.later(0.5)
        quality.rework(nonconformance_id=found.pk, by=self.cast["li"], reason="可磨平", owner=self.cast["chenwei"],
                       planned_end_at=timezone.now() + timedelta(hours=8))
        step = OrderStep.objects.get(order=self.order, kind=OrderStep.Kind.REWORK)
        yield self.later(1)
        production.start_step(step_id=step.pk, by=self.cast["chenwei"])
        yield self.later(1)
        production.finish_step(step_id=step.pk, by=self.cast["chenwei"], good=2)
        yield self.later(0.5)

    def delivery(self):
        acts.prepare(self.cast, self.order)
        yield self.later(2)
        shipment = acts.dispatch(self.cast, self.order)
        yield self.later(3)
        acts.prove(self.cast, self.order, shipment)

    def settlement(self):
        yield self.later(4)
        acts.settle(self.cast, self.order)
        if self.story.event == "complained":
            yield from self._complained()
        yield self.later(6)
        asked = {"order_id": self.order.pk, "by": self.cast["lin"]}
        if self.story.said:
            stars, comment = self.story.said
            actions.rate(stars=stars, comment=comment, contact=self.order.contact_name, **asked)
        else:
            actions.leave_unrated(reason="两次致电未获评价", **asked)

    def _complained(self):
        yield self.later(5)
        complaint = actions.raise_complaint(
            order_id=self.order.pk, by=self.cast["lin"], line_id=self.order.lines.get().pk, quantity=2,
            text="两件倒角有毛刺", contact=self.order.contact_name,
        )
        yield self.later(1.5)
        actions.decide_complaint(complaint_id=complaint.pk, by=self.cast["li"], answer="credit",
                                 reason="去毛刺工序漏检，客户自行修整")
        yield self.later(1)
        actions.tell_customer(complaint_id=complaint.pk, by=self.cast["lin"], contact=self.order.contact_name,
                              how="call", text="两件按折让处理，已改进去毛刺检查")
        actions.write_credit(complaint_id=complaint.pk, by=self.cast["tang"], amount=Decimal(120))

    def rest(self):
        """What has begun at the stage where the order is now."""
        begun = {
            "unreached": self._unreached, "negotiation": self._offer, "issue": self._issue, "cannot": self._cannot,
            "late_supplier": self._late, "expense": self._expense, "hold": self._hold, "machine": self._machine,
            "machine_major": self._machine_major, "nonconformance": self._nonconformance, "transport": self._transport,
        }.get(self.story.event)
        yield self.later(0.3)
        if self.story.goal in acts.BEGINNING and not begun:
            acts.BEGINNING[self.story.goal](self.cast, self.order)
        if begun:
            begun()

    def _unreached(self):
        for _attempt in range(2):
            actions.log_contact(
                order_id=self.order.pk, by=self.cast["lin"], contact=self.order.contact_name, how="call",
                text="无人接听", was_reached=False,
            )

    def _issue(self):
        acts.BEGINNING["review"](self.cast, self.order)

    def _cannot(self):
        production.assess(order_id=self.order.pk, by=self.cast["huang"], kind="process", verdict="cannot",
                          note_text="缺五轴夹具，需三天制作")

    def _late(self):
        acts.BEGINNING["procurement"](self.cast, self.order)
        late = PurchaseLine.objects.filter(material_line__order=self.order).last()
        procurement.record_promise(purchase_line_id=late.pk, promised_at=self.order.required_at + timedelta(days=1),
                                   by=self.cast["wang"], reason="炉号不合格重新熔炼")
        self._say("wang", "供应商炉号不合格，晚一天。@周建国 计划能否先排外圆？")
        self._say("zhou", "@王芳 先排外圆和钻孔，板料到了再铣。")

    def _expense(self):
        if self.story.goal == "production":
            acts.BEGINNING["production"](self.cast, self.order)
        actions.request_expense(order_id=self.order.pk, by=self.cast["zhou"], kind="overtime", amount=Decimal(9480),
                                reason="CNC-3 夜班两天，六人")

    def _hold(self):
        actions.hold_order(order_id=self.order.pk, by=self.cast["chen"], reason="客户复核图纸版本",
                           until=timezone.now() + timedelta(days=2))

    def _machine(self):
        acts.BEGINNING["production"](self.cast, self.order)
        self._say("chenwei", "刀库卡刀，等维修。@生产", kind="problem", issue_kind=Kind.MACHINE, severity="minor")
        self._say("zhou", "维修两小时内到，工序 20 先转 CNC-2。")

    def _machine_major(self):
        acts.BEGINNING["production"](self.cast, self.order)
        issue = self._problem("zhou", Kind.CANNOT_FINISH, "主轴轴承损坏，备件两天后到", severity="major")
        actions.acknowledge_issue(issue_id=issue.pk, by=self.cast["zhao"], text="先借外协主轴，下班前定方案")
        found = self._action(issue, "wang", "联系外协借主轴", hours=2)
        actions.finish_issue_action(action_id=found.pk, by=self.cast["wang"], result="宏达明早送到")
        actions.decide_issue(
            issue_id=issue.pk, by=self.cast["zhou"], text="租用宏达主轴，夜班补时；备件到货后换回",
            people=[self.cast[name] for name in ("zhao", "guo", "zhou")],
        )
        self._action(issue, "chenwei", "装主轴并试切首件", hours=20)

    def _action(self, issue, name, text, hours):
        return actions.open_issue_action(
            issue_id=issue.pk, by=self.cast["zhou"], text=text, owner=self.cast[name],
            due_at=timezone.now() + timedelta(hours=hours),
        )

    def _nonconformance(self):
        acts.BEGINNING["qc"](self.cast, self.order)

    def _transport(self):
        acts.BEGINNING["delivery"](self.cast, self.order)
        said = self._say("xu", "高速封路", kind="problem", issue_kind=Kind.TRANSPORT, severity="minor")
        self._say("xu", "改走国道，约晚 40 分钟，仍在约定时间内。@林晓雯", kind="solution", issue=said.issue)

    def _say(self, name, text, **values):
        return post(order_id=self.order.pk, by=self.cast[name], text=text, **values)

    def _problem(self, name, kind, text, severity="minor") -> Issue:
        return actions.raise_issue(
            order_id=self.order.pk, by=self.cast[name], kind=kind, text=text, severity=severity
        )


# Working hours that pass before the act that leaves a stage.
HOURS_BEFORE = {
    "identification": 0.2, "confirmation": 1.2, "review": 1.6, "procurement": 1, "production": 0.5, "qc": 1,
    "delivery": 1, "settlement": 2,
}  # fmt: skip
