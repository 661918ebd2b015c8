"""Rewards and penalties: proposed from a published month, replied to, decided by the general manager.

What is decided is written down. Nothing is taken from anybody's pay here: an amount is what people typed.
"""

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import sentence, when, word
from kpi.clauses import clause_of
from kpi.heads import is_head_of
from kpi.models import Evidence, Incentive
from notifications.actions import tell
from orders.actions.form import next_number
from people.duty import hands_of, head_of, who_may, with_role
from people.models import Department, User
from people.roles import Right, Role
from records.actions import record
from records.models import CompanySettings
from sla import actions as sla
from sla.calendars import working_days_after
from sla.kinds import Kind
from sla.models import WorkItem

State, Form = Incentive.State, Incentive.Form
SHORTEST_REASON = 2  # two characters can say why in Chinese
PREFIXES = {"reward": "RW", "penalty": "PN"}


# Who


def concerned(incentive) -> set[int]:
    if incentive.person:
        return {incentive.person.natural_id}
    return {person.natural_id for person in User.objects.filter(department=incentive.department)}


def deciders(incentive) -> list[User]:
    """General management, but nobody who proposed it or whom it concerns."""
    without = concerned(incentive) | proposers(incentive)
    found = who_may(Right.INCENTIVE_DECIDE, limit=None)
    return [person for person in found if person.natural_id not in without]


def proposers(incentive) -> set[int]:
    return hands_of([(incentive.proposed_by, incentive.proposed_at)]) if incentive.proposed_by else set()


def may_propose(user, department=None) -> bool:
    """Human resources for everybody, a head for the department."""
    return user.may(Right.SCORE_RUN) or (is_head_of(user, department) if department else user.is_head)


def not_the_proposer(department) -> NotYours:
    return NotYours(
        _("A head proposes for their own department, human resources for everybody."),
        who=[department.head] if department.head else (),
    )


def may_reply(user, incentive) -> bool:
    if incentive.person_id:
        return incentive.person_id in user.accounts
    return is_head_of(user, incentive.department)


# Proposing


@transaction.atomic
def propose(*, run, kind, form, department, person=None, reason, amount=None, evidence, by, now=None) -> Incentive:
    """By a head or human resources; `evidence`: rows not yet saved."""
    now = now or timezone.now()
    if not may_propose(by, department):
        raise not_the_proposer(department)
    by.use(Right.SCORE_RUN)
    if person and person.natural_id in by.hands:
        raise OwnRequest(_("Nobody proposes a reward or penalty for themselves."), who=who_may(Right.SCORE_RUN))
    _check(run, kind, form, department, person, reason, amount, evidence)
    found = enter(run=run, kind=kind, form=form, department=department, person=person, reason=reason.strip(),
                  amount=amount, evidence=evidence, by=by, now=now)  # fmt: skip
    if not deciders(found):
        raise GateShut(_("Nobody else could decide this: there is no general manager whom it does not concern."))
    return found


def _check(run, kind, form, department, person, reason, amount, evidence) -> None:
    if not run.is_published:
        raise GateShut(_("Rewards and penalties come from a published month."),
                       because=_("%(month)s is not published yet.") % {"month": run})  # fmt: skip
    if form not in (Incentive.PENALTIES if kind == Incentive.Kind.PENALTY else Incentive.REWARDS):
        raise BadInput(_("Choose a form of this kind."), field="form")
    if person and person.department_id != department.pk:
        raise BadInput(_("%(person)s does not work in %(department)s.")
                       % {"person": person, "department": department}, field="person")  # fmt: skip
    if form == Form.DEMOTION and person is None:
        raise BadInput(_("A department cannot be demoted."), field="form")
    if amount is not None and form not in (Form.BONUS, Form.FINE):
        raise BadInput(_("Only a bonus or a fine has an amount."), field="amount")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if not evidence:
        raise BadInput(_("Choose the evidence: nothing is proposed without it."), field="evidence")
    for row in evidence:
        _refuse_foreign(row, department, person)


def _refuse_foreign(row, department, person) -> None:
    part = row.case.part if row.case else row.part
    if part is None:
        return
    score = part.score
    is_theirs = score.person_id == person.pk if person else score.department_id == department.pk
    if not is_theirs:
        raise BadInput(_("This evidence is about somebody else: %(of)s.") % {"of": score}, field="evidence")


def enter(*, run, kind, form, department, evidence, by, now, person=None, reason="", params=None, amount=None):
    """The proposal, its evidence and whom it waits for; `by` nobody: the desk's own."""
    is_penalty = kind == Incentive.Kind.PENALTY
    days = CompanySettings.current().reply_days
    stamp = f"{PREFIXES[kind]}-{run.month:%y%m}"
    found = Incentive.objects.create(
        run=run, number=f"{stamp}-{next_number(stamp):03d}", kind=kind, form=form, department=department,
        person=person, clause=clause_of(kind), reason=reason, params=params or {}, amount=amount, proposed_at=now,
        proposed_by=by, reply_until=working_days_after(now, days) if is_penalty else None,
    )
    for row in evidence:
        row.incentive = found
    Evidence.objects.bulk_create(evidence)
    record("incentive_proposed", gettext_noop("{number} proposed: {form} for {of}. {reason}"), by=by,
           stream=found.stream, at=now, params=_said(found) | {"reason": sentence(reason, params)})  # fmt: skip
    _ask_for_reply(found, by, now) if is_penalty else _ask_to_decide(found, by, now)
    return found


def _said(incentive) -> dict:
    return {"number": incentive.number, "form": word(incentive.get_form_display()), "of": _name(incentive)}


def _name(incentive):
    return str(incentive.person) if incentive.person else word(incentive.department.get_code_display())


def _ask_for_reply(incentive, by, now) -> None:
    """The person or the head is told, and has time to answer. The task says the number only: heads read along."""
    head = head_of(incentive.department, now)
    sla.open_item(
        kind=Kind.PENALTY_REPLY, source=incentive.stream, source_label=incentive.number, by=by, now=now,
        subject=gettext_noop("Reply to the proposed penalty {number}"), params={"number": incentive.number},
        url=reverse("kpi:incentive_reply", args=[incentive.pk]), department=incentive.department,
        assignee=incentive.person or head, due_at=incentive.reply_until,
    )
    tell(key=f"{incentive.stream}:proposed", recipients=[one for one in (incentive.person, head) if one],
         text=gettext_noop("A penalty is proposed: {number}. You may reply until {until}."),
         params={"number": incentive.number, "until": {"time": incentive.reply_until.isoformat()}}, by=by, now=now,
         url=incentive.get_absolute_url(), source=incentive.stream)  # fmt: skip


def _ask_to_decide(incentive, by, now) -> None:
    sla.open_item(
        kind=Kind.INCENTIVE, source=incentive.stream, source_label=incentive.number, is_decision=True, by=by, now=now,
        subject=gettext_noop("Decide {number}: {form} for {of}"), params=_said(incentive),
        url=incentive.get_absolute_url(), department=Department.objects.get(code=Department.Code.MANAGEMENT),
        assignee=next(iter(deciders(incentive) or with_role(Role.GENERAL_MANAGER)), None),
    )


# The reply


def _lock(incentive_id) -> Incentive:
    rows = Incentive.objects.select_for_update(of=("self",))
    found = rows.select_related("run", "person", "department__head", "proposed_by", "decided_by").get(pk=incentive_id)
    if found.is_open:
        return found
    raise Changed(
        _("%(person)s decided this on %(when)s: %(state)s.")
        % {"person": found.decided_by, "when": when(found.decided_at), "state": found.get_state_display()},
        who=[found.decided_by],
    )


@transaction.atomic
def reply(*, incentive_id, text, by, now=None) -> Incentive:
    """Kept as it was typed; once, until it is decided."""
    now = now or timezone.now()
    found = _lock(incentive_id)
    if not found.is_penalty:
        raise GateShut(_("A reward needs no reply."))
    if not may_reply(by, found):
        raise NotYours(_("Whom a penalty concerns replies to it."),
                       who=[found.person or found.department.head or found.department])  # fmt: skip
    if found.replied_at:
        raise Changed(_("%(who)s has replied %(when)s.") % {"who": found.replied_by, "when": when(found.replied_at)})
    if not text.strip():
        raise BadInput(_("Write what you have to say."), field="text")
    found.reply, found.replied_at, found.replied_by = text, now, by
    found.save(update_fields=["reply", "replied_at", "replied_by"])
    record("incentive_reply", gettext_noop("Reply to {number}"), by=by, stream=found.stream, at=now,
           params={"number": found.number})  # fmt: skip
    _turn_to_decider(found, by, now)
    return found


def _items(incentive, *kinds):
    return list(WorkItem.objects.living().of(incentive.stream).filter(kind__in=kinds))


def _turn_to_decider(incentive, by, now) -> None:
    waiting = _items(incentive, Kind.PENALTY_REPLY)
    if by:
        sla.finish_all(waiting, by=by, now=now)
    else:
        sla.cancel_all(waiting, reason=gettext_noop("the time to reply has passed"), now=now)
    if not _items(incentive, Kind.INCENTIVE):
        _ask_to_decide(incentive, None, now)


def end_replies(now=None) -> None:
    """The time to reply has passed: the general manager decides."""
    now = now or timezone.now()
    due = Incentive.objects.filter(state=State.PROPOSED, reply_until__lte=now, replied_at=None)
    asked = WorkItem.objects.filter(kind=Kind.INCENTIVE).values("source")
    for pk in due.values_list("pk", flat=True):
        if not asked.filter(source=f"incentive:{pk}").exists():
            _end_reply(pk, now)


@transaction.atomic
def _end_reply(pk, now) -> None:
    found = Incentive.objects.select_for_update(of=("self",)).select_related(
        "run", "person", "department", "proposed_by").get(pk=pk)  # fmt: skip
    if found.is_open and found.replied_at is None:
        _turn_to_decider(found, None, now)


# Deciding


def _decidable(incentive_id, by, replies_seen) -> Incentive:
    """Open, `by` may decide it, and has read the reply."""
    if not by.use(Right.INCENTIVE_DECIDE):
        raise NotYours(_("The general manager decides rewards and penalties."), who=who_may(Right.INCENTIVE_DECIDE))
    found = _lock(incentive_id)
    if by.hands & proposers(found):
        raise OwnRequest(_("You proposed this, so somebody else decides."), who=deciders(found)[:4])
    if by.hands & concerned(found):
        raise OwnRequest(_("This is about you, so somebody else decides."), who=deciders(found)[:4])
    if replies_seen is not None and replies_seen != bool(found.replied_at):
        raise Changed(_("A reply has come since you opened this page. Read it first."))
    return found


@transaction.atomic
def approve(*, incentive_id, by, reason="", amount=None, version=None, now=None) -> Incentive:
    """`version` 0 or 1: how many replies the page showed."""
    now = now or timezone.now()
    found = _decidable(incentive_id, by, version)
    if not found.evidence.exists():
        raise GateShut(_("Nothing is approved without evidence."), missing=[_("Evidence from the published scores")])
    if not found.is_heard(now):
        raise GateShut(
            _("A penalty is not approved before the other side was heard."),
            because=_("They may reply until %(until)s.") % {"until": when(found.reply_until)},
            who=[found.person or found.department.head or found.department],
        )
    if amount is not None and not found.has_amount:
        raise BadInput(_("Only a bonus or a fine has an amount."), field="amount")
    found.amount = amount if amount is not None else found.amount
    if found.form == Form.CERTIFICATE:
        stamp = f"CH-{timezone.localtime(now):%Y}"
        found.certificate_number = f"{stamp}-{next_number(stamp):04d}"
    return _decide(found, State.APPROVED, by, reason, now)


@transaction.atomic
def refuse(*, incentive_id, by, reason, version=None, now=None) -> Incentive:
    now = now or timezone.now()
    found = _decidable(incentive_id, by, version)
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    return _decide(found, State.REFUSED, by, reason, now)


@transaction.atomic
def withdraw(*, incentive_id, by, now=None) -> Incentive:
    now = now or timezone.now()
    found = _lock(incentive_id)
    if found.proposed_by is None or found.proposed_by.natural_id != by.natural_id:
        raise NotYours(_("Who sent it takes it back."), who=[found.proposed_by] if found.proposed_by else ())
    return _decide(found, State.WITHDRAWN, by, "", now)


DECIDED = {
    State.APPROVED: gettext_noop("{number} approved: {form} for {of}. {reason}"),
    State.REFUSED: gettext_noop("{number} refused: {form} for {of}. {reason}"),
    State.WITHDRAWN: gettext_noop("{number} withdrawn: {form} for {of}"),
}


def _decide(found, state, by, reason, now) -> Incentive:
    found.state, found.decided_at, found.decided_by, found.decision_reason = state, now, by, reason.strip()
    found.save(update_fields=["state", "decided_at", "decided_by", "decision_reason", "amount", "certificate_number"])
    waiting = _items(found, Kind.PENALTY_REPLY, Kind.INCENTIVE)
    decided = [item for item in waiting if item.kind == Kind.INCENTIVE and state != State.WITHDRAWN]
    sla.finish_all(decided, by=by, now=now)
    sla.cancel_all([item for item in waiting if item not in decided], reason=gettext_noop("decided"), by=by, now=now)
    params = _said(found) | {"reason": found.decision_reason}
    record(f"incentive_{state}", DECIDED[state], by=by, stream=found.stream, at=now, params=params)
    told = [found.person or found.department.head, found.department.head if found.is_penalty else None,
            found.proposed_by]  # fmt: skip
    tell(key=f"{found.stream}:{state}", recipients=[one for one in told if one], text=DECIDED[state], params=params,
         url=found.get_absolute_url(), source=found.stream, by=by, now=now)  # fmt: skip
    return found


# Who sees what


def visible(user):
    """One's own; a head's department; what one proposed; approved rewards are for everybody, penalties are not."""
    rows = Incentive.objects.all()
    if user.may(Right.SCORE_RUN) or user.may(Right.SEE_ALL):
        return rows
    mine = Q(kind=Incentive.Kind.REWARD, state=State.APPROVED) | Q(person__in=user.accounts)
    mine |= Q(proposed_by__in=user.accounts)
    headed = Department.objects.filter(head__in=user.absent_people).values_list("pk", flat=True)
    own = [user.department_id] if user.department_id and user.is_head else []
    return rows.filter(mine | Q(department__in=[*own, *headed]))
