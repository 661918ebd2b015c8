"""The shop floor: start, pause, report pieces, finish, report a problem. The clock starts at the confirmed act."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.actions import issue_stock
from catalog.models import StockEntry
from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when, word
from orders import actions as orders
from orders import gates, ledger, nonconforming
from orders.actions.door import who_may
from orders.actions.duties import departments, person_on_duty
from orders.actions.trail import inform, note
from orders.machine import LATER_THAN_REVIEW, Box, Stage
from orders.models import CostEntry, Issue, OrderLine, OrderStep, SignOff, UrgentOrder
from orders.models.money import CostKind
from people.roles import Right, Role
from production.actions.downtime import record_downtime
from production.actions.obstacles import check_first_article, check_start, find_obstacle
from production.actions.steps import call_inspector, finish_item, item_of, open_step
from production.models import Operation, TimeSegment, WorkCentre
from production.phone import moment as moment_of
from records.files import attach
from records.models import Event
from sla import actions as sla

Pause = TimeSegment.Pause
FirstArticle = OrderStep.FirstArticle
REMIND_AGAIN = timedelta(minutes=10)


def _locked(step_id, by):
    """The order, locked, and its step as it is now."""
    order_id = OrderStep.objects.values_list("order_id", flat=True).get(pk=step_id)
    order = orders.lock(order_id, by=by)
    step = OrderStep.objects.select_related("line__product", "owner", "reworks").get(pk=step_id)
    step.order = step.line.order = order
    if not by.use(Right.OPERATION_RUN):
        raise NotYours(_("Production's operators run operations."), who=[step.owner] if step.owner else ())
    if order.is_cancelled or order.stage not in LATER_THAN_REVIEW:
        raise GateShut(
            _("Nothing can be made for this order now."),
            because=_("It is in %(stage)s.") % {"stage": order.get_stage_display()},
            who=[order.stage_item.assignee] if order.stage_item and order.stage_item.assignee else (),
        )
    if step.is_cancelled:
        raise Changed(_("This operation is not in the plan any more. Take the new processing sheet."))
    return order, step


def running_segment(step) -> TimeSegment | None:
    return TimeSegment.objects.running().filter(step=step).select_related("person").first()


# Start


@transaction.atomic
def start_step(*, step_id, by, sheet_version=None, take_over_reason="", phone=None, now=None) -> TimeSegment:
    """Start, or go on after a pause. Refused while pieces, material, first article or another person stand against it.

    `sheet_version`: what the scanned paper says; an old one is refused. `phone`: its times, where it had no network.
    """
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    orders.refuse_while_held(order)
    _check_paper(order, sheet_version)
    if step.finished_at:
        raise Changed(_("“%(step)s” is finished already.") % {"step": step})
    at = moment_of(phone, now, not_before=_last_moment(step))
    _check_person(step, by, take_over_reason, at)
    check_start(order, step, by, at)
    segment = TimeSegment.objects.create(step=step, person=by, started_at=at, **_both_times("start", phone, now))
    _begin(order, step, by, at)
    _issue_materials(step, by, now)
    note(order, "step_started", gettext_noop("“{step}” started"), by=by, params={"step": str(step)})
    _tell_late(order, step, by, gettext_noop("Start"), phone, now)
    return segment


def _both_times(edge, phone, now) -> dict:
    """What the phone said and when it was received."""
    return {f"{edge}_phone_at": phone.pressed_at, f"{edge}_received_at": now} if phone else {}


def _last_moment(step) -> datetime | None:
    """The last start or end of a stretch of work here: nothing that is reported later lies before it."""
    rows = TimeSegment.objects.filter(step=step).values_list("started_at", "ended_at")
    return max((end or start for start, end in rows), default=None)


def _tell_late(order, step, by, act, phone, now) -> None:
    """What lay on the phone for long is told to the foreman: two times stand in the records."""
    if not (phone and phone.is_late):
        return
    at = moment_of(phone, now)
    event = note(
        order, "sent_late", gettext_noop("“{step}”, {act}: pressed {at}, received only {received}"), by=by,
        params={"step": str(step), "act": word(act), "at": moment(at), "received": moment(now)},
    )
    centre = work_centre_of(step)
    foreman = centre.foreman if centre and centre.foreman_id else person_on_duty(order, departments()["production"])
    inform(order, event, {foreman})


def _check_paper(order, version):
    sheet = order.sheets.first()
    if version is not None and sheet and sheet.version != version:
        raise Changed(
            _("This sheet is version %(old)s. Version %(new)s is in force.") % {"old": version, "new": sheet.version}
        )


def _check_person(step, by, reason, now):
    """The owner, a foreman or a planner; who takes over from somebody says why."""
    running = running_segment(step)
    if running and running.person_id == by.pk:
        raise Changed(_("You run “%(step)s” already, since %(start)s.")
                      % {"step": step, "start": when(running.started_at)})
    is_senior = by.role != Role.OPERATOR or by.is_head
    holder = running.person if running else None if is_senior else step.owner
    if holder is None or (holder.pk == by.pk and not running):
        return
    if not reason.strip():
        raise NotYours(
            _("%(person)s has “%(step)s”. Say why you take it over.") % {"person": holder, "step": step},
            because=_("Running since %(start)s.") % {"start": when(running.started_at)} if running else "",
            who=[holder], field="take_over_reason",
        )
    _take_over(step, running, holder, by, reason, now)


def _take_over(step, running, holder, by, reason, now):
    if running:
        _end(running, Pause.TAKEN_OVER, by, now, reason)
    step.owner = by
    step.save(update_fields=["owner"])
    event = note(
        step.order, "step_taken_over", gettext_noop("“{step}” taken over from {person}: {reason}"), by=by,
        params={"step": str(step), "person": str(holder), "reason": reason.strip()},
    )
    inform(step.order, event, {holder})


def _begin(order, step, by, now):
    if step.started_at is None:
        step.started_at, step.started_by = now, by
        step.save(update_fields=["started_at", "started_by"])
    if step.first_article == FirstArticle.FAILED and step.awaiting:
        pieces = step.awaiting
        ledger.post(target=step, kind="hold", quantity=pieces, by=by, source=f"step:{step.pk}")
        nonconforming.report(order=order, line=step.line, step=step, quantity=pieces, by=by,
                             defect=_("First article failed"))


def _issue_materials(step, by, now):
    """What was reserved for this operation leaves the store, and is an actual cost."""
    lines = step.material_lines.living().filter(reserved_quantity__gt=0).select_related("material")
    for line in lines:
        source = f"material-line:{line.pk}:issue"
        if StockEntry.objects.filter(source=source).exists():
            continue
        issue_stock(material=line.material, quantity=line.reserved_quantity, source=source, by=by, at=now,
                    from_reserved=True)
        amount = line.reserved_quantity * line.material.standard_cost_amount
        orders.add_cost(
            order=step.order, kind=CostKind.MATERIAL, amount=amount, is_planned=False, source=source, by=by,
            text=str(line.material),
        )


# Pause


@transaction.atomic
def pause_step(*, step_id, by, reason, note_text="", phone=None, now=None) -> TimeSegment:
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    segment = _own_segment(step, by)
    _end(segment, Pause(reason), by, now, note_text, phone)
    note(order, "step_paused", gettext_noop("“{step}” paused: {reason}"), by=by,
         params={"step": str(step), "reason": word(Pause(reason).label)})
    _tell_late(order, step, by, gettext_noop("Pause"), phone, now)
    return segment


def resume_step(*, step_id, by, sheet_version=None, phone=None, now=None) -> TimeSegment:
    """Go on: the same checks as at the start."""
    return start_step(step_id=step_id, by=by, sheet_version=sheet_version, phone=phone, now=now)


def _own_segment(step, by) -> TimeSegment:
    segment = running_segment(step)
    if segment is None:
        raise GateShut(_("“%(step)s” is not running: start it first.") % {"step": step})
    if segment.person_id != by.pk:
        raise NotYours(_("%(person)s runs “%(step)s”.") % {"person": segment.person, "step": step},
                       who=[segment.person])
    return segment


def _end(segment, reason, by, now, note_text="", phone=None):
    """Close a stretch of work; its hours are actual costs from now on."""
    values = {
        "ended_at": max(moment_of(phone, now, not_before=segment.started_at), segment.started_at), "pause": reason,
        "note": note_text.strip()[:300], **_both_times("end", phone, now),
    }
    for name, value in values.items():
        setattr(segment, name, value)
    segment.save(update_fields=values)
    step, centre = segment.step, work_centre_of(segment.step)
    if centre is None:
        return
    hours = Decimal(segment.seconds(now)) / 3600
    is_rework = step.kind == OrderStep.Kind.REWORK
    for kind, rate in ((CostKind.LABOUR, centre.labour_rate_amount), (CostKind.MACHINE, centre.hourly_rate_amount)):
        if rate:
            orders.add_cost(
                order=step.order, kind=kind, amount=hours * rate, is_planned=False, by=by,
                cause=CostEntry.Cause.REWORK if is_rework else CostEntry.Cause.NORMAL,
                source=f"segment:{segment.pk}:{kind}", text=str(step),
            )


def planned_operation(step) -> Operation | None:
    """In the plan in force; rework is done where the operation was."""
    return Operation.objects.in_force().filter(step=step.reworks or step).select_related("work_centre").first()


def work_centre_of(step) -> WorkCentre | None:
    operation = planned_operation(step)
    return operation.work_centre if operation else WorkCentre.objects.filter(code=step.work_centre).first()


# Pieces


@transaction.atomic
def report_pieces(*, step_id, by, good, scrap=0, defect="", phone=None, now=None) -> OrderStep:
    """Pieces made, good and bad. Bad ones are held for quality; an inspected operation waits for the inspector.

    The last pieces of the order sign “made” and hand it to quality.
    """
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    _own_segment(step, by)
    _report(order, step, by, good, scrap, defect, now)
    _tell_late(order, step, by, gettext_noop("Pieces"), phone, now)
    return step


def _report(order, step, by, good, scrap, defect, now):
    _check_report(step, good, scrap, defect)
    source = f"step:{step.pk}"
    ledger.post(target=step, kind="make", quantity=good + scrap, by=by, source=source)
    if step.kind == OrderStep.Kind.REWORK:
        _report_rework(order, step, by, good, scrap, defect, source)
    else:
        _report_made(order, step, by, scrap, defect, source)
    note(
        order, "pieces_reported", by=by, params={"step": str(step), "good": good, "scrap": scrap, "made": step.made,
                                                 "planned": step.quantity},
        text=gettext_noop("“{step}”: {good} good, {scrap} bad, {made} of {planned} made"),
    )
    sign_if_made(order, by)
    for following in step.get_successors():
        if _has_enough(following):
            open_step(following, by=by, now=now)


def _has_enough(step) -> bool:
    """Every operation before it has passed pieces enough to begin with."""
    return all(
        before.passed - step.made >= min(before.transfer_lot or 1, step.quantity - step.made)
        for before in step.get_predecessors()
    )


def _check_report(step, good, scrap, defect):
    if good < 0 or scrap < 0 or good + scrap < 1:
        raise BadInput(_("Say how many pieces, one at least."), field="good")
    if scrap and not defect.strip():
        raise BadInput(_("Say what is wrong with the bad pieces."), field="defect")
    if step.first_article in (FirstArticle.OPEN, FirstArticle.FAILED) and step.kind != OrderStep.Kind.REWORK:
        check_first_article(step)
        if good + scrap > 1:
            raise BadInput(
                _("The first article comes alone: report one piece, quality inspects it, then go on."), field="good"
            )


def _report_made(order, step, by, scrap, defect, source):
    if scrap:
        ledger.post(target=step, kind="hold", quantity=scrap, by=by, source=source)
        nonconforming.report(order=order, line=step.line, step=step, quantity=scrap, defect=defect, by=by)
    if step.first_article in (FirstArticle.OPEN, FirstArticle.FAILED):
        step.first_article = FirstArticle.OPEN
        step.save(update_fields=["first_article"])
        call_inspector(step, by=by, text=gettext_noop("Inspect the first article of {operation}"))
        return
    if step.is_inspected:
        if step.awaiting:
            call_inspector(step, by=by, text=gettext_noop("Inspect pieces of {operation}"))
        return
    pass_own(step, by, source)


def pass_own(step, by, source):
    """What no inspector waits for passes by its maker's own check; from the last operation to final inspection."""
    pieces = step.awaiting
    if pieces:
        ledger.post(target=step, kind="pass", quantity=pieces, by=by, source=source)
        if nonconforming.is_last(step):
            ledger.post(target=step.line, kind="make", quantity=pieces, by=by, source=source)


def _report_rework(order, step, by, good, scrap, defect, source):
    """Reworked pieces go back to where they were held, to be inspected again; spoiled ones are held there."""
    if step.is_inspected:
        call_inspector(step, by=by, text=gettext_noop("Inspect pieces of {operation}"))
        return
    ledger.post(target=step, kind="pass", quantity=good + scrap, by=by, source=source)
    target = step.reworks or step.line
    ledger.post(target=target, kind="reworked", quantity=good + scrap, by=by, source=source)
    if scrap:
        ledger.post(target=target, kind="hold", quantity=scrap, by=by, source=source)
        nonconforming.report(order=order, line=step.line, step=step.reworks, quantity=scrap, defect=defect, by=by)
    if good and step.reworks:
        call_inspector(step.reworks, by=by, text=gettext_noop("Inspect pieces of {operation}"))


def sign_if_made(order, by) -> bool:
    """Whoever reports the last pieces signs “made” by that act, and the order goes on to quality."""
    if not order.lines.exists() or order.sign_offs.living().filter(box=Box.MADE).exists():
        return False
    if not all(condition.is_met for condition in gates.conditions(order, Box.MADE)):
        return False
    orders.sign_and_move(order=order, box=Box.MADE, by=by)
    return True


@transaction.atomic
def sign_made(*, order_id, by, version=None):
    """Where the inspector had the last word on the last operation, production signs “made” by itself."""
    order = orders.lock(order_id, by=by, version=version)
    orders.sign_and_move(order=order, box=Box.MADE, by=by)
    return order


def hand_over_made() -> int:
    """Where the inspector had the last word: sign “made” for who finished the last operation. How many it signed."""
    signed = SignOff.objects.living().filter(order=OuterRef("pk"), box=Box.MADE)
    short = OrderLine.objects.filter(order=OuterRef("pk"), made__lt=F("agreed_quantity") + F("scrapped"))
    ready = UrgentOrder.objects.filter(stage=Stage.PRODUCTION, outcome="").exclude(Exists(signed) | Exists(short))
    return sum(_hand_over(order_id) for order_id in ready.values_list("pk", flat=True))


@transaction.atomic
def _hand_over(order_id) -> bool:
    order = orders.lock(order_id)
    last = order.steps.living().filter(finished_by__isnull=False).order_by("-finished_at").first()
    return bool(last and order.stage == Stage.PRODUCTION and sign_if_made(order, last.finished_by))


# Finish


@transaction.atomic
def finish_step(*, step_id, by, good=None, scrap=0, defect="", phone=None, now=None) -> OrderStep:
    """The last pieces, then the operation is finished and the next one is called.

    Raises GateShut while pieces are missing: a pause is the honest state then.
    """
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    if step.finished_at:
        raise Changed(_("“%(step)s” is finished already.") % {"step": step})
    segment = _own_segment(step, by)
    if good or scrap:
        _report(order, step, by, good or 0, scrap, defect, now)
    elif not step.is_inspected and step.first_article == FirstArticle.PASSED:
        pass_own(step, by, f"step:{step.pk}")
    _check_complete(step)
    _end(segment, Pause.FINISHED, by, now, phone=phone)
    step.finished_at, step.finished_by = segment.ended_at, by
    step.save(update_fields=["finished_at", "finished_by"])
    finish_item(step, by=by, now=now)
    note(order, "step_finished", gettext_noop("“{step}” finished: {made} pieces"), by=by,
         params={"step": str(step), "made": step.made})
    _tell_late(order, step, by, gettext_noop("Finish"), phone, now)
    for following in step.get_successors():
        if all(before.finished_at for before in following.get_predecessors()):
            open_step(following, by=by, now=now)
    sign_if_made(order, by)
    return step


def _check_complete(step):
    missing = step.quantity - step.made
    if missing:
        raise GateShut(
            _("“%(step)s” is not finished: %(missing)d of %(planned)d pieces are missing.")
            % {"step": step, "missing": missing, "planned": step.quantity},
            because=_("Report them, or pause until they can be made."), field="good",
        )
    if step.first_article in (FirstArticle.OPEN, FirstArticle.FAILED) and step.kind != OrderStep.Kind.REWORK:
        check_first_article(step)


# Problems and people


def awaited(obstacle, by) -> list:
    """Who can take it away; a qualification somebody lacks is nobody's delay."""
    if isinstance(obstacle, NotYours):
        return []
    return [person for person in obstacle.who if person.pk != by.pk]


@transaction.atomic
def remind(*, step_id, by, now=None) -> None:
    """Tell whoever this operation waits for, once in some minutes, whoever presses."""
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    obstacle = find_obstacle(order, step, by, now)
    if obstacle is None:
        raise Changed(_("Nothing stands in the way of “%(step)s” any more. Start it.") % {"step": step})
    people = awaited(obstacle, by)
    if not people:
        raise GateShut(obstacle.what, because=_("There is nobody else to remind."))
    last = Event.objects.filter(stream=order.stream, verb="order.step_reminded", params__pk=step.pk,
                                at__gt=now - REMIND_AGAIN).last()
    if last:
        raise GateShut(
            _("%(person)s was reminded already, %(at)s.") % {"person": people[0], "at": when(last.at)},
            because=_("Once in %(minutes)d minutes is enough.") % {"minutes": REMIND_AGAIN.total_seconds() // 60},
        )
    event = note(
        order, "step_reminded", gettext_noop("{by} waits for {person}: “{step}” cannot start"), by=by,
        params={"by": str(by), "person": str(people[0]), "step": str(step), "pk": step.pk},
    )
    inform(order, event, people)


@transaction.atomic
def report_problem(
    *, step_id, by, kind, text, can_go_on, photos=(), back_at=None, phone=None, now=None,
) -> Issue:
    """發現並解決問題: the right department is told at once; a problem that stops the work stops its clock.

    It is major, and goes to the superiors, when the promise cannot be kept any more. `back_at`: a machine that
    stands is expected to run again then; until then nothing is planned on it.
    """
    now = now or timezone.now()
    order, step = _locked(step_id, by)
    is_major = not can_go_on and _is_promise_at_risk(order, now)
    issue = orders.raise_issue(
        order_id=order.pk, by=by, kind=kind, text=text, step=step, is_stopping=not can_go_on,
        severity=Issue.Severity.MAJOR if is_major else Issue.Severity.MINOR,
    )
    for photo in photos:
        attach(photo, subject=order.stream, purpose=f"issue:{issue.pk}", by=by)
    segment = running_segment(step)
    if segment and not can_go_on:
        _end(segment, Pause.PROBLEM, by, now, text, phone)
    if back_at and kind == Issue.Kind.MACHINE:
        _record_standstill(order, step, by, text, moment_of(phone, now), back_at)
    _tell_late(order, step, by, gettext_noop("Problem"), phone, now)
    return issue


def _record_standstill(order, step, by, text, since, back_at) -> None:
    """The slot of the machine that the operation has, and not the others beside it."""
    if back_at <= since:
        raise BadInput(_("It runs again only after it stood still: give a later time."), field="back_at")
    operation = planned_operation(step)
    centre = operation.work_centre if operation else work_centre_of(step)
    if centre is None:
        raise BadInput(_("This operation has no work centre that could stand still."), field="back_at")
    slot = operation.slot if operation and centre.slots > 1 and operation.slot <= centre.slots else None
    record_downtime(work_centre=centre, slot=slot, starts_at=since, ends_at=back_at, reason=text[:300],
                    is_breakdown=True, by=by)
    note(order, "downtime_recorded", gettext_noop("{centre} stands still until {until}: {reason}"), by=by,
         params={"centre": centre.code, "until": moment(back_at), "reason": text[:300]})


def _is_promise_at_risk(order, now) -> bool:
    """No slack is left between the last time node and what was promised."""
    last = order.promises.order_by("-pk").first()
    ends = OrderStep.objects.filter(order=order).unfinished().values_list("planned_end_at", flat=True)
    finish = max((end for end in ends if end), default=None)
    return bool(last and (last.promised_at <= now or (finish and max(finish, now) >= last.promised_at)))


@transaction.atomic
def reassign_step(*, step_id, by, owner, reason="", now=None) -> OrderStep:
    """Another person responsible for a released operation: a planner's or a foreman's act."""
    order, step = _locked(step_id, by)
    if by.role == Role.OPERATOR and not by.is_head:
        raise NotYours(_("A planner or foreman hands operations to another person."), who=who_may(Right.PLAN_MAKE))
    if step.finished_at:
        raise Changed(_("“%(step)s” is finished already.") % {"step": step})
    if not owner.may(Right.OPERATION_RUN):
        raise BadInput(_("%(person)s cannot run operations.") % {"person": owner}, field="owner")
    before, step.owner = step.owner, owner
    step.save(update_fields=["owner"])
    Operation.objects.in_force().filter(step=step).update(owner=owner)
    if item := item_of(step):
        sla.reassign(item, owner, by)
    event = note(order, "step_reassigned", gettext_noop("“{step}”: {person} is responsible now"), by=by,
                 params={"step": str(step), "person": str(owner), "reason": reason})
    inform(order, event, {before, owner})
    return step

