"""The month's run: computed, checked by the heads, open to appeals, published. Each step is taken once."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, Condition, GateShut, NotYours, Remedy
from desk.text import moment, when, word
from kpi import proposals, reports
from kpi.actions.computing import compute
from kpi.heads import is_head_of
from kpi.models import Appeal, Check, MonthRun, RuleSet, Score
from kpi.months import Month
from notifications.actions import Message, tell_all
from orders.models import StageRun
from people.duty import Roster, general_managers, who_may
from people.models import Department, User
from people.roles import Right
from records.actions import record
from records.models import CompanySettings
from sla import actions as sla
from sla.actions import Opening
from sla.calendars import working_days_after
from sla.kinds import Kind
from sla.models import WorkItem

State = MonthRun.State


# The door


def lock(run_id, version=None) -> MonthRun:
    """The run, locked: not published, and as it was when the form was made."""
    run = MonthRun.objects.select_for_update(of=("self",)).select_related("rule_set").get(pk=run_id)
    if run.is_published:
        raise GateShut(
            _("%(month)s is published: nothing of it changes any more.") % {"month": run},
            because=_("It was published %(when)s.") % {"when": when(run.published_at)},
        )
    if version is not None and version != run.version:
        raise Changed(
            _("The scores of %(month)s changed since you opened this page.") % {"month": run},
            remedy=Remedy(_("Look at them as they are now"), run.get_absolute_url()),
        )
    return run


def touch(run, **values) -> None:
    """Forms made before are stale."""
    for name, value in values.items():
        setattr(run, name, value)
    run.version += 1
    run.save(update_fields=["version", *values])


# Computing


@transaction.atomic
def begin(*, month, by=None, now=None) -> MonthRun:
    """Score an ended month, by the clock (`by` nobody) or by who prepares it; again, until a head has checked."""
    now = now or timezone.now()
    if by is not None and not by.use(Right.SCORE_RUN):
        raise NotYours(_("Human resources prepares the monthly scores."), who=who_may(Right.SCORE_RUN))
    RuleSet.objects.select_for_update().order_by("pk").first()  # one at a time: the run is not there yet to be locked
    run = MonthRun.objects.select_for_update().filter(month=month).first()
    if run is not None and by is None:
        return run
    if run is not None:
        _refuse_counting_again(run)
    is_new = run is None
    run = compute(month=month, by=by, now=now)
    run.finished_orders, run.late_orders = _orders_of(Month.of(month), now)
    if is_new:
        run.checks_until = working_days_after(now, CompanySettings.current().score_check_days)
        _ask_heads(run, by, now)
    run.save(update_fields=["finished_orders", "late_orders", "checks_until"])
    return run


def _refuse_counting_again(run) -> None:
    if run.is_published:
        lock(run.pk)
    if run.state != State.COMPUTED or run.checks.exists():
        raise GateShut(
            _("%(month)s is not counted again.") % {"month": run},
            because=_("Heads have checked these scores already."),
            remedy=Remedy(_("Leave out a case by hand, with a reason"), run.get_absolute_url()),
        )


def _orders_of(month, now) -> tuple[int, int]:
    finished = StageRun.objects.filter(entered_step="deliver", **month.holds("entered_at"))
    promises = reports.with_delivery(reports.judged_promises().filter(**month.holds("promised_at")))
    late = promises.filter(reports.is_missed(now)).values("order").distinct().count()
    return finished.values("order").distinct().count(), late


def _ask_heads(run, by, now) -> None:
    roster = Roster(now)
    asked = [_check_asked(run, department, roster.head_of(department)) for department in scored(run)]
    sla.open_items(asked, by=by, now=now)


def _check_asked(run, department, assignee) -> Opening:
    return Opening(
        kind=Kind.SCORE_CHECK, source=run.stream, source_label=str(run), department=department, assignee=assignee,
        subject=gettext_noop("Check the scores of {department}, {month}"), params=_said(run, department),
        due_at=run.checks_until, url=reverse("kpi:month_check", args=[str(run), department.code]),
    )


def scored(run):
    """The departments that have a score of their own."""
    return Department.objects.filter(pk__in=run.scores.filter(person=None).values("department")).order_by("pk")


def unchecked(run):
    return scored(run).exclude(pk__in=run.checks.values("department"))


# The heads


def _require_head(by, department) -> None:
    if not is_head_of(by, department):
        raise NotYours(
            _("The head of %(department)s checks these scores.") % {"department": department},
            who=[department.head] if department.head else (),
        )
    is_own = by.department_id == department.pk and by.is_head
    by.on_behalf_of = None if is_own else department.head


@transaction.atomic
def check(*, run_id, department, by, note="", version=None, now=None) -> Check:
    """The head has looked at the department's scores; the last check opens the appeals."""
    now = now or timezone.now()
    run = lock(run_id, version)
    _require_head(by, department)
    _refuse_late(run)
    if found := run.checks.filter(department=department).select_related("checked_by").first():
        raise Changed(_("%(who)s checked these scores %(when)s.")
                      % {"who": found.checked_by, "when": when(found.checked_at)})  # fmt: skip
    if not run.scores.filter(person=None, department=department).exists():
        raise GateShut(_("%(department)s has no scores in %(month)s.") % {"department": department, "month": run})
    checked = Check.objects.create(run=run, department=department, checked_at=now, checked_by=by, note=note.strip())
    sla.finish_all(list(_check_items(run).filter(department=department)), by=by, now=now)
    record("month_checked", gettext_noop("{department} checked its scores of {month}. {note}"), by=by,
           stream=run.stream, at=now, params=_said(run, department) | {"note": checked.note})  # fmt: skip
    if not unchecked(run).exists():
        open_appeals(run, now=now)
    return checked


@transaction.atomic
def uncheck(*, run_id, department, by, version=None, now=None) -> None:
    """Until the appeals begin a check can be taken back; afterwards an appeal is the way."""
    now = now or timezone.now()
    run = lock(run_id, version)
    _require_head(by, department)
    _refuse_late(run)
    if not run.checks.filter(department=department).delete()[0]:
        raise Changed(_("These scores are not checked."))
    record("month_unchecked", gettext_noop("{department} took back its check of {month}"), by=by, stream=run.stream,
           at=now, params=_said(run, department))  # fmt: skip
    if run.checks_until > now:
        sla.open_items([_check_asked(run, department, by)], now=now)


def _said(run, department) -> dict:
    return {"department": word(department.get_code_display()), "month": str(run)}


def _refuse_late(run) -> None:
    if run.state != State.COMPUTED:
        raise GateShut(
            _("The time to check the scores of %(month)s has passed.") % {"month": run},
            because=_("Appeals run until %(until)s.") % {"until": when(run.appeals_until)},
            remedy=Remedy(_("Appeal against a part of a score"), run.get_absolute_url()),
        )


def _check_items(run):
    return WorkItem.objects.living().of(run.stream).filter(kind=Kind.SCORE_CHECK)


# Appeals begin


def open_appeals(run, now) -> None:
    """When all heads have checked, or their time has passed. Whom a score is about is told."""
    until = working_days_after(now, CompanySettings.current().appeal_days)
    touch(run, state=State.APPEALS, appeals_from=now, appeals_until=until)
    sla.cancel_all(list(_check_items(run)), reason=gettext_noop("the time to check has passed"), now=now)
    record("month_appeals", gettext_noop("Appeals against the scores of {month} run until {until}"), by=None,
           stream=run.stream, at=now, params={"month": str(run), "until": moment(until)})  # fmt: skip
    concerned = [score.person for score in run.scores.exclude(person=None).select_related("person")]
    concerned += [department.head for department in scored(run).select_related("head") if department.head]
    tell_all([Message(
        key=f"{run.stream}:appeals", recipients=[person for person in concerned if person.is_active],
        text=gettext_noop("Your scores of {month} can be seen. Appeals until {until}."), source=run.stream,
        params={"month": str(run), "until": moment(until)}, url=f"{run.get_absolute_url()}?of=people",
    )], now=now)  # fmt: skip


# Publishing


@transaction.atomic
def publish(*, run_id, by, version=None, now=None) -> MonthRun:
    """For everybody, and for ever: there is no way back."""
    now = now or timezone.now()
    if not by.use(Right.SCORE_PUBLISH):
        raise NotYours(_("The general manager publishes the monthly scores."), who=who_may(Right.SCORE_PUBLISH))
    run = lock(run_id, version)
    _refuse_publishing(run, now)
    sla.finish_all(list(WorkItem.objects.living().of(run.stream).filter(kind=Kind.SCORE_PUBLISH)), by=by, now=now)
    touch(run, state=State.PUBLISHED, published_at=now, published_by=by)
    record("month_published", gettext_noop("The scores of {month} were published"), by=by, stream=run.stream, at=now,
           params={"month": str(run)})  # fmt: skip
    _tell_everybody(run, now)
    proposals.propose(run, now=now)
    return run


def _refuse_publishing(run, now) -> None:
    if run.state == State.COMPUTED:
        raise GateShut(
            _("%(month)s cannot be published: heads still check its scores.") % {"month": run},
            because=_("They have time until %(until)s; then the appeals run.") % {"until": when(run.checks_until)},
            missing=[_("%(department)s has not checked") % {"department": one} for one in unchecked(run)],
            who=[one.head for one in unchecked(run).select_related("head") if one.head],
        )
    waiting = list(run.appeals.filter(state=Appeal.State.OPEN).select_related(
        "part__score__person", "part__score__department", "raised_by"))  # fmt: skip
    if waiting:
        raise GateShut(
            _("%(month)s cannot be published: an appeal is open.") % {"month": run},
            missing=[Condition(_("Appeal of %(who)s, %(of)s: %(part)s")
                               % {"who": one.raised_by, "of": one.part.score, "part": one.part}) for one in waiting],
            remedy=Remedy(_("Open the appeal"), reverse("kpi:appeal", args=[waiting[0].pk])),
            who=who_may(Right.SCORE_DECIDE),
        )  # fmt: skip
    if now < run.appeals_until:
        raise GateShut(
            _("%(month)s cannot be published before the appeals end.") % {"month": run},
            because=_("They run until %(until)s.") % {"until": when(run.appeals_until)},
        )


def _tell_everybody(run, now) -> None:
    """One message a person, their own score in it and nobody else's; nothing goes to groups."""
    scores = {score.person_id: score for score in run.scores.exclude(person=None)}
    tell_all([_message(run, person, scores.get(person.pk)) for person in User.objects.filter(is_active=True)], now=now)


def _message(run, person, score) -> Message:
    text = gettext_noop("The scores of {month} are published.")
    params, url = {"month": str(run)}, run.get_absolute_url()
    if score is not None:
        url = f"{url}?of=people&row={score.pk}"
        text = gettext_noop("The scores of {month} are published. Yours: too few cases.")
    if score is not None and score.grade:
        text = gettext_noop("The scores of {month} are published. Yours: {total}, grade {grade}.")
        params |= {"total": str(score.total), "grade": score.grade}
    return Message(key=f"{run.stream}:published", recipients=[person], text=text, params=params, url=url,
                   source=run.stream)  # fmt: skip


# The clock


def keep_deadlines(now=None) -> None:
    """Appeals begin when the heads' time has passed; after them the general manager is asked to publish."""
    now = now or timezone.now()
    for run in MonthRun.objects.filter(state=State.COMPUTED, checks_until__lte=now):
        _begin_appeals(run.pk, now)
    for run in MonthRun.objects.filter(state=State.APPEALS, appeals_until__lte=now):
        _ask_to_publish(run.pk, now)


@transaction.atomic
def _begin_appeals(run_id, now) -> None:
    run = MonthRun.objects.select_for_update().get(pk=run_id)
    if run.state == State.COMPUTED and run.checks_until <= now:
        open_appeals(run, now)


@transaction.atomic
def _ask_to_publish(run_id, now) -> None:
    run = MonthRun.objects.select_for_update().get(pk=run_id)
    is_asked = WorkItem.objects.of(run.stream).filter(kind=Kind.SCORE_PUBLISH).exists()
    if run.state != State.APPEALS or is_asked:
        return
    sla.open_item(
        kind=Kind.SCORE_PUBLISH, source=run.stream, source_label=str(run), params={"month": str(run)}, now=now,
        subject=gettext_noop("Publish the scores of {month}"), url=reverse("kpi:month_publish", args=[str(run)]),
        department=Department.objects.get(code=Department.Code.MANAGEMENT),
        assignee=next(iter(general_managers(now)), None),
    )


def own_latest(user) -> Score | None:
    """Somebody's own score in the newest published month."""
    found = Score.objects.filter(person__in=user.accounts, run__state=State.PUBLISHED).select_related("run")
    return found.order_by("-run__month").first()
