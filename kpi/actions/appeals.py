"""Appeals against a score, and cases left out by hand. Nobody decides what they raised, or a score of their own."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import when, word
from kpi.actions.computing import effect, rescore
from kpi.actions.runs import lock, touch
from kpi.heads import is_head_of
from kpi.models import Adjustment, Appeal, MonthRun, ScoreCase, ScorePart
from notifications.actions import tell
from people.duty import hands_of, who_may
from people.models import Department, User
from people.roles import Right
from records.actions import record
from sla import actions as sla
from sla.kinds import Kind
from sla.models import WorkItem

State = Appeal.State
SHORTEST_REASON = 2  # two characters can say why in Chinese
NO = ScoreCase.LeftOut.NO


# Who


def concerned(score) -> set[int]:
    """The human beings whom a score is about: the person; of a department everybody in it."""
    if score.person:
        return {score.person.natural_id}
    return {person.natural_id for person in User.objects.filter(department=score.department)}


def is_about(score, user) -> bool:
    return score.person_id in user.accounts if score.person_id else score.department_id == user.department_id


def may_appeal(user, score) -> bool:
    """The person, under any account, or the head of the department."""
    return (score.person_id is not None and score.person_id in user.accounts) or is_head_of(user, score.department)


def may_appeal_now(user, run, score, now=None) -> bool:
    """As a page shows it."""
    is_time = run.state == MonthRun.State.APPEALS and (now or timezone.now()) <= run.appeals_until
    return is_time and may_appeal(user, score)


def may_correct(user, score) -> bool:
    """As a page shows it; the act asks more closely."""
    return user.may(Right.SCORE_DECIDE) and not is_about(score, user)


def deciders(score, others=frozenset()) -> list[User]:
    """Human resources first, then general management; nobody whom it concerns."""
    without = concerned(score) | others
    found = [person for person in who_may(Right.SCORE_DECIDE, limit=None) if person.natural_id not in without]
    return sorted(found, key=lambda person: person.department_code != Department.Code.HR)


def _require_decider(by, score, others=frozenset()) -> None:
    if not by.use(Right.SCORE_DECIDE):
        raise NotYours(
            _("Human resources or general management decides about scores."), who=deciders(score, others)[:4]
        )
    if by.hands & (concerned(score) | others):
        raise OwnRequest(_("This is about you, or you raised it, so somebody else decides."),
                         who=deciders(score, others | by.hands)[:4])  # fmt: skip


# Raising


@transaction.atomic
def raise_appeal(*, part_id, cases, text, by, version=None, now=None) -> Appeal:
    """These cases do not belong in this part of the score."""
    now = now or timezone.now()
    part = ScorePart.objects.select_related("score__run", "score__person", "score__department__head").get(pk=part_id)
    run = lock(part.score.run_id, version)
    if not may_appeal(by, part.score):
        raise NotYours(_("Whom a score is about, or their head, appeals against it."),
                       who=[one for one in (part.score.person, part.score.department.head) if one])  # fmt: skip
    _refuse_out_of_time(run, now)
    rows = _counting(part, cases)
    if len(text.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why these cases do not belong in the score."), field="text")
    appeal = Appeal.objects.create(
        run=run, part=part, text=text.strip(), raised_at=now, raised_by=by, total_before=part.score.total,
        total_after=effect(part, rows),
    )
    appeal.cases.set(rows)
    record("appeal_raised", gettext_noop("Appeal against {part} of {of}: {text}"), by=by, stream=run.stream, at=now,
           params=_said(appeal) | {"text": appeal.text})  # fmt: skip
    _ask(appeal, by, now)
    return appeal


def _refuse_out_of_time(run, now) -> None:
    if run.state == MonthRun.State.COMPUTED:
        raise GateShut(_("Appeals have not begun yet: the heads still check."),
                       because=_("They have time until %(until)s.") % {"until": when(run.checks_until)})  # fmt: skip
    if now > run.appeals_until:
        raise GateShut(_("The time for appeals has passed."), who=who_may(Right.SCORE_DECIDE),
                       because=_("It ended %(until)s.") % {"until": when(run.appeals_until)})  # fmt: skip


def _counting(part, cases) -> list[ScoreCase]:
    """Of this part, counted now, and in no other open appeal."""
    rows = list(part.case_rows.filter(pk__in=[getattr(case, "pk", case) for case in cases], left_out=NO))
    if not rows:
        raise BadInput(_("Choose the cases that do not belong in the score."), field="cases")
    if other := Appeal.objects.filter(part=part, state=State.OPEN, cases__in=rows).select_related("raised_by").first():
        raise Changed(_("%(who)s has appealed against one of these cases already.") % {"who": other.raised_by})
    return rows


def _ask(appeal, by, now) -> None:
    first = hands_of([(by, now)])
    decider = next(iter(deciders(appeal.part.score, first)), None)
    sla.open_item(
        kind=Kind.SCORE_APPEAL, source=f"appeal:{appeal.pk}", source_label=str(appeal.run), params=_said(appeal),
        subject=gettext_noop("Decide the appeal against {part} of {of}, {month}"), by=by, now=now, is_decision=True,
        url=reverse("kpi:appeal", args=[appeal.pk]), assignee=decider,
        department=Department.objects.get(code=decider.department_code if decider else Department.Code.MANAGEMENT),
    )


def _said(appeal) -> dict:
    return {"part": word(appeal.part.get_indicator_display()), "of": _name(appeal.part.score),
            "month": str(appeal.run)}  # fmt: skip


def _name(score):
    return str(score.person) if score.person else word(score.department.get_code_display())


# Deciding


@transaction.atomic
def decide(*, appeal_id, is_accepted, reason, by, version=None, now=None) -> Appeal:
    """Accepted: its cases are left out, and the score is computed anew. Refused: it stays as it is."""
    now = now or timezone.now()
    appeal = _open(appeal_id, version)
    score = appeal.part.score
    _require_decider(by, score, hands_of([(appeal.raised_by, appeal.raised_at)]))
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    rows = list(appeal.cases.filter(left_out=NO))
    appeal.total_before, appeal.total_after = score.total, effect(appeal.part, rows) if is_accepted else score.total
    _close(appeal, State.ACCEPTED if is_accepted else State.REFUSED, by, now, reason)
    if is_accepted:
        ScoreCase.objects.filter(pk__in=[row.pk for row in rows]).update(left_out=ScoreCase.LeftOut.APPEAL)
        rescore(score, by=by, now=now)
        touch(appeal.run)
    _tell_decided(appeal, by, now)
    return appeal


@transaction.atomic
def withdraw(*, appeal_id, by, now=None) -> Appeal:
    now = now or timezone.now()
    appeal = _open(appeal_id)
    if by.natural_id != appeal.raised_by.natural_id:
        raise NotYours(_("Who sent it takes it back."), who=[appeal.raised_by])
    _close(appeal, State.WITHDRAWN, by, now)
    return appeal


def _open(appeal_id, version=None) -> Appeal:
    run = lock(Appeal.objects.values_list("run", flat=True).get(pk=appeal_id), version)
    appeal = Appeal.objects.select_related(
        "part__score__person", "part__score__department", "raised_by", "decided_by"
    ).get(pk=appeal_id)  # under the lock of its run
    appeal.run = appeal.part.score.run = run
    if not appeal.is_open:
        raise Changed(
            _("%(person)s decided this on %(when)s: %(state)s.")
            % {"person": appeal.decided_by, "when": when(appeal.decided_at), "state": appeal.get_state_display()},
            who=[appeal.decided_by],
        )
    return appeal


DECIDED = {
    State.ACCEPTED: gettext_noop("Appeal against {part} of {of} accepted: {before} → {after}. {reason}"),
    State.REFUSED: gettext_noop("Appeal against {part} of {of} refused. {reason}"),
    State.WITHDRAWN: gettext_noop("Appeal against {part} of {of} withdrawn"),
}


def _close(appeal, state, by, now, reason="") -> None:
    appeal.state, appeal.decided_at, appeal.decided_by, appeal.reason = state, now, by, reason.strip()
    appeal.save(update_fields=["state", "decided_at", "decided_by", "reason", "total_before", "total_after"])
    items = list(WorkItem.objects.living().of(f"appeal:{appeal.pk}"))
    if state == State.WITHDRAWN:
        sla.cancel_all(items, reason=gettext_noop("withdrawn"), by=by, now=now)
    else:
        sla.finish_all(items, by=by, now=now)
    record(f"appeal_{state}", DECIDED[state], by=by, stream=appeal.run.stream, at=now, params=_outcome(appeal))


def _outcome(appeal) -> dict:
    return _said(appeal) | {"reason": appeal.reason, "before": _shown(appeal.total_before),
                            "after": _shown(appeal.total_after)}  # fmt: skip


def _shown(total) -> str:
    return "–" if total is None else str(total)


def _tell_decided(appeal, by, now) -> None:
    person = appeal.part.score.person or appeal.part.score.department.head
    tell(key=f"appeal:{appeal.pk}:decided", recipients=[one for one in (appeal.raised_by, person) if one],
         text=DECIDED[appeal.state], params=_outcome(appeal), url=reverse("kpi:appeal", args=[appeal.pk]), by=by,
         source=appeal.run.stream, now=now)  # fmt: skip


# By hand


@transaction.atomic
def leave_out(*, case_id, reason, by, version=None, now=None) -> Adjustment:
    """A case that should not count, with the reason that everybody reads."""
    now = now or timezone.now()
    case = ScoreCase.objects.select_related("part__score__person", "part__score__department__head", "order").get(
        pk=case_id
    )
    score = case.part.score
    run = lock(score.run_id, version)
    case.refresh_from_db(fields=["left_out"])
    _require_decider(by, score)
    if case.left_out != NO:
        raise Changed(_("This case does not count already: %(why)s.") % {"why": case.get_left_out_display()})
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput(_("Say why: everybody who sees the score reads it."), field="reason")
    before = score.total
    adjusted = Adjustment.objects.create(case=case, reason=reason.strip(), adjusted_at=now, adjusted_by=by)
    ScoreCase.objects.filter(pk=case.pk).update(left_out=ScoreCase.LeftOut.ADJUSTED)
    rescore(score, by=by, now=now)
    touch(run)
    text = gettext_noop("{part} of {of}: {case} left out by hand, {before} → {after}. {reason}")
    params = {"part": word(case.part.get_indicator_display()), "of": _name(score), "case": str(case.order or case.pk),
              "reason": adjusted.reason, "before": _shown(before), "after": _shown(score.total)}  # fmt: skip
    record("score_adjusted", text, by=by, stream=run.stream, at=now, params=params)
    person = score.person or score.department.head
    tell(key=f"adjustment:{adjusted.pk}", recipients=[person] if person else [], text=text, params=params, by=by,
         url=f"{run.get_absolute_url()}?of={'people' if score.person_id else 'departments'}&row={score.pk}",
         source=run.stream, now=now)  # fmt: skip
    return adjusted
