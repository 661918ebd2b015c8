import json
from datetime import date, timedelta
from functools import lru_cache, reduce
from operator import or_
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.faces import ClockFace
from desk.text import render
from people.models import Department
from sla import worktime
from sla.kinds import STAGE_KINDS, Kind, kinds_decided_by, label_of, work_of

PERSON = settings.AUTH_USER_MODEL
SHORTEST_TARGET = 5 * 60
LONGEST_TARGET = 90 * 24 * 3600
WARN_PERCENT, CRITICAL_PERCENT, CRITICAL_SECONDS = 50, 80, 3600


def check_spans(text):
    try:
        spans = worktime.parse_spans(text)
    except ValueError:
        raise ValidationError(_("Write working hours as 08:00-12:00, 13:00-18:00.")) from None
    for span in filter(worktime.is_backwards, spans):
        raise ValidationError(
            _("%(span)s ends before it starts. A shift over midnight lasts 12 hours at most."),
            params={"span": worktime.format_spans([span])},
        )
    if pair := worktime.overlapping(spans):
        one, other = (worktime.format_spans([span]) for span in pair)
        raise ValidationError(_("%(one)s and %(other)s overlap."), params={"one": one, "other": other})


def check_week(week):
    if not isinstance(week, list) or len(week) != 7:
        raise ValidationError(_("A week has seven days, Monday first."))
    for text in week:
        check_spans(text)
    if not any(week):
        raise ValidationError(_("A calendar needs working time on one day of the week at least."))
    for number, text in enumerate(week):
        check_night(week[number - 1], text)


def check_night(before, text):
    """The day before may work over midnight, but not into this day's own hours."""
    if pair := worktime.overlapping(worktime.parse_spans(text), worktime.parse_spans(before)):
        one, other = (worktime.format_spans([span]) for span in pair)
        raise ValidationError(
            _("%(one)s of the day before runs into %(other)s."), params={"one": one, "other": other}
        )


def check_time_zone(name):
    if name not in available_timezones():
        raise ValidationError(_("“%(zone)s” is no time zone. Write one such as Asia/Shanghai."), params={"zone": name})


class CalendarEdition(models.Model):
    """A calendar as it stood when a clock was set by it. The key is the content's digest: it never changes."""

    digest = models.CharField(max_length=64, primary_key=True)
    body = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("calendar edition")
        verbose_name_plural = _("calendar editions")

    def __str__(self):
        return self.digest[:12]


@lru_cache(maxsize=256)
def _calendar(body: str) -> worktime.Calendar:
    facts = json.loads(body)
    return worktime.Calendar(
        zone=facts["zone"],
        week=tuple(worktime.parse_spans(text) for text in facts["week"]),
        days={date.fromisoformat(day): worktime.parse_spans(text) for day, text in facts["days"].items()},
        covered_until=date.fromisoformat(facts["covered_until"]) if facts["covered_until"] else None,
    )


_by_digest: dict[str, worktime.Calendar] = {}


def calendar_of(digest: str | None) -> worktime.Calendar:
    """The calendar of an edition, read once a process; without one the clock runs day and night."""
    if digest is None:
        return worktime.ALWAYS
    if digest not in _by_digest:
        edition = CalendarEdition.objects.get(pk=digest)
        _by_digest[digest] = _calendar(json.dumps(edition.body, sort_keys=True))
    return _by_digest[digest]


def calendar_body(code, zone, week, days, covered_until) -> dict:
    """Everything a clock depends on; `days`: the hours of each date that is not as its weekday."""
    return {
        "code": code, "zone": zone, "week": list(week),
        "days": {day.isoformat(): days[day] for day in sorted(days)},
        "covered_until": covered_until.isoformat() if covered_until else None,
    }


class WorkCalendar(models.Model):
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    time_zone = models.CharField(
        _("time zone"), max_length=60, default="Asia/Shanghai", validators=[check_time_zone]
    )
    week = models.JSONField(
        _("working hours of the week"), validators=[check_week],
        help_text=_("Seven texts, Monday first, such as 08:00-12:00, 13:00-18:00."),
    )
    covered_until = models.DateField(
        _("holidays known until"), null=True, blank=True,
        help_text=_("A deadline after this day is provisional."),
    )
    edition = models.ForeignKey(
        CalendarEdition, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("edition in force")
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")

    def __str__(self):
        return self.name

    @property
    def stream(self) -> str:
        return f"calendar:{self.pk}"

    @property
    def body(self) -> dict:
        days = {day.date: day.hours for day in self.days.all()}
        return calendar_body(self.code, self.time_zone, self.week, days, self.covered_until)


class CalendarDay(models.Model):
    class Kind(models.TextChoices):
        HOLIDAY = "holiday", _("Holiday")
        MAKE_UP = "make_up", _("Make-up workday")
        SPECIAL = "special", _("Special hours")

    calendar = models.ForeignKey(WorkCalendar, models.CASCADE, related_name="days", verbose_name=_("working calendar"))
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=80, blank=True)
    hours = models.CharField(_("working hours"), max_length=200, blank=True, validators=[check_spans])

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "date"], name="a_calendar_has_each_day_once"),
            models.CheckConstraint(
                condition=(Q(kind="holiday") & Q(hours="")) | (~Q(kind="holiday") & ~Q(hours="")),
                name="a_holiday_has_no_hours_and_a_workday_has",
            ),
        ]

    def __str__(self):
        return f"{self.date} {self.get_kind_display()}"


class Policy(models.Model):
    """The time limit of one kind of work, perhaps of one urgency class. The figures are in its versions."""

    kind = models.CharField(_("kind of work"), max_length=40)
    urgency_class = models.CharField(_("urgency class"), max_length=2, blank=True)
    is_decision = models.BooleanField(_("is a decision"), default=False)

    class Meta:
        verbose_name = _("time limit")
        verbose_name_plural = _("time limits")
        ordering = ["kind", "urgency_class"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "urgency_class"], name="one_policy_for_a_kind_and_urgency_class")
        ]

    def __str__(self):
        return f"{self.kind_label} {self.urgency_class}".strip()

    @property
    def kind_label(self):
        return label_of(self.kind)

    @property
    def current(self):
        return self.versions.in_force().first()


class PolicyVersionQuerySet(models.QuerySet):
    def in_force(self, at=None):
        return self.filter(in_force_from__lte=at or timezone.now()).order_by("-number")

    def ruling(self, work, at=None) -> dict:
        """{(kind, urgency class): version} for new items: the kind and class first, then the kind, then the default."""
        kinds = {kind for kind, _urgency_class in work} | {Kind.DEFAULT}
        classes = {urgency_class for _kind, urgency_class in work} | {""}
        found = self.in_force(at).filter(policy__kind__in=kinds, policy__urgency_class__in=classes)
        newest = {}
        for version in found.select_related("policy", "calendar"):
            newest.setdefault((version.policy.kind, version.policy.urgency_class), version)
        return {(kind, urgency_class): _first_of(newest, kind, urgency_class) for kind, urgency_class in work}


def _first_of(versions: dict, kind: str, urgency_class: str):
    places = ((kind, urgency_class), (kind, ""), (Kind.DEFAULT, urgency_class), (Kind.DEFAULT, ""))
    return next((versions[place] for place in places if place in versions), None)


class PolicyVersion(models.Model):
    class PauseReason(models.TextChoices):
        CUSTOMER = "customer", _("Waiting for the customer")
        SUPPLIER = "supplier", _("Waiting for the supplier")
        DEPARTMENT = "department", _("Waiting for another department")
        DECISION = "decision", _("Waiting for a decision")
        NEGOTIATION = "negotiation", _("Negotiation with the customer")
        HOLD = "hold", _("The order is on hold")

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("time limit"))
    number = models.PositiveIntegerField(_("version"))
    target_seconds = models.PositiveIntegerField(
        _("limit"), validators=[MinValueValidator(SHORTEST_TARGET), MaxValueValidator(LONGEST_TARGET)]
    )
    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("working calendar"),
        help_text=_("Without one the clock runs day and night."),
    )
    remind_percent = models.PositiveSmallIntegerField(_("reminder at %"), default=50)
    escalate_percent = models.PositiveSmallIntegerField(_("escalation at %"), default=80)
    pause_reasons = models.JSONField(_("reasons to pause"), default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    in_force_from = models.DateTimeField(_("in force from"), default=timezone.now)
    made_at = models.DateTimeField(_("made at"), default=timezone.now)
    made_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("made by"))
    change = models.ForeignKey(
        "LimitChange", models.PROTECT, null=True, related_name="versions", verbose_name=_("agreed by two")
    )

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a time limit")
        verbose_name_plural = _("versions of time limits")
        ordering = ["policy", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="each_version_of_a_policy_has_its_number"),
            models.CheckConstraint(
                condition=Q(target_seconds__gte=SHORTEST_TARGET, target_seconds__lte=LONGEST_TARGET),
                name="limit_is_from_5_minutes_to_90_days",
            ),
            models.CheckConstraint(
                condition=Q(escalate_percent__gte=F("remind_percent")), name="escalation_is_not_before_reminder"
            ),
            models.CheckConstraint(
                condition=Q(remind_percent__gte=1, escalate_percent__lte=100),
                name="reminder_and_escalation_lie_within_the_limit",
            ),
        ]

    def __str__(self):
        return f"{self.policy} v{self.number}"


class LimitChange(models.Model):
    """A change of time limits that a second person decides. What was decided stays as it is (sla.guards)."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waits for general management")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn by the sender")

    class Mode(models.TextChoices):
        NEW = "new", _("New stages only")
        RUNNING = "running", _("Running stages too")
        DATE = "date", _("From a date")

    rules = models.JSONField(_("what was changed"))  # sla.limits.Rule: each names the version it is based on
    mode = models.CharField(_("apply to"), max_length=8, choices=Mode)
    from_date = models.DateField(_("from"), null=True)
    tells_passed = models.BooleanField(_("tell the levels already passed"), default=False)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_at = models.DateTimeField(_("proposed at"))
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    on_behalf_of = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("for"))
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("change of time limits")
        verbose_name_plural = _("changes of time limits")
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="a_decided_change_says_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | ~Q(decided_by=F("proposed_by")),
                name="who_proposes_a_change_does_not_decide_it",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(note=""), name="a_refused_change_says_why"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_proposed_change_says_why"),
            models.CheckConstraint(
                condition=Q(mode="date", from_date__isnull=False) | (~Q(mode="date") & Q(from_date__isnull=True)),
                name="a_change_from_a_date_names_it",
            ),
        ]

    def __str__(self):
        return f"{self.proposed_at:%Y-%m-%d} {self.get_state_display()}"

    @property
    def source(self) -> str:
        """What its work item and its events are about."""
        return f"limit-change:{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.PROPOSED


class EscalationStep(models.Model):
    class Recipient(models.TextChoices):
        ASSIGNEE = "assignee", _("Assignee")
        HEAD = "head", _("Head of department")
        MANAGER = "manager", _("Manager")
        GENERAL_MANAGER = "general_manager", _("General manager")
        ROLE = "role", _("Everybody of a role")
        PERSON = "person", _("Named person")

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="steps")
    level = models.PositiveSmallIntegerField(_("level"))
    at_percent = models.PositiveSmallIntegerField(_("at % of the limit"), null=True, blank=True)
    minutes_past_due = models.PositiveIntegerField(_("minutes past due"), null=True, blank=True)
    recipients = models.JSONField(_("recipients"), default=list)
    role = models.CharField(_("role"), max_length=20, blank=True)
    person = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("named person")
    )
    channels = models.JSONField(_("channels"), default=list)
    repeat_every_minutes = models.PositiveIntegerField(_("repeat every (minutes)"), null=True, blank=True)
    repeat_at_most = models.PositiveSmallIntegerField(_("repeat at most"), default=0)
    stands_for = models.CharField(_("in a drill: whom it would reach"), max_length=300, blank=True, db_default="")
    needs_acknowledgement = models.BooleanField(_("acknowledgement needed"), default=False)

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["version", "level"]
        constraints = [
            models.UniqueConstraint(fields=["version", "level"], name="each_level_of_a_version_is_one_step"),
            models.CheckConstraint(
                condition=Q(at_percent__isnull=False, minutes_past_due__isnull=True)
                | Q(at_percent__isnull=True, minutes_past_due__isnull=False),
                name="a_step_comes_at_a_percent_or_past_due",
            ),
            models.CheckConstraint(
                condition=Q(at_percent__isnull=True) | Q(at_percent__gte=1, at_percent__lte=100),
                name="a_percent_of_the_limit_is_1_to_100",
            ),
            models.CheckConstraint(
                condition=Q(repeat_at_most=0) | Q(repeat_every_minutes__gte=1), name="a_repeating_step_says_how_often"
            ),
            models.CheckConstraint(condition=~Q(recipients=[]), name="a_level_reaches_somebody"),
            models.CheckConstraint(condition=~Q(channels=[]), name="a_level_speaks_by_some_channel"),
        ]

    def __str__(self):
        return f"{self.version} / {self.level}"

    @property
    def recipient_names(self) -> str:
        return _(", ").join(str(self.Recipient(code).label) for code in self.recipients)

    def threshold(self, budget_seconds: int) -> float:
        """Used seconds at which this level is due."""
        if self.at_percent is not None:
            return budget_seconds * self.at_percent / 100
        return budget_seconds + self.minutes_past_due * 60


LIVING_STATE = Q(state__in=["running", "paused", "breached"])
# In indexes and their queries: SQLite proves this one without knowing the query's parameters.
LIVING = Q(closed_at__isnull=True)
TICKING = Q(state__in=["running", "breached"])


class WorkItemQuerySet(models.QuerySet):
    def living(self):
        return self.filter(LIVING)

    def of(self, source: str):
        return self.filter(source=source)

    def late(self, now=None):
        return self.living().filter(due_at__lt=now or timezone.now())

    def due(self, now):
        return self.filter(next_fire_at__lte=now).order_by("next_fire_at", "pk")

    def in_earnest(self):
        return self.exclude(kind=Kind.DRILL)

    def for_person(self, user):
        """One's own, what nobody took in one's department, where a head sees all of it, and what one stands in for.

        Each arm names its people or its department, so that each reads an index of the living ones.
        """
        mine = Q(assignee=user)
        if user.department_id:
            unclaimed = ~Q(kind=Kind.DRILL) if user.is_head else Q(assignee__isnull=True)
            mine |= unclaimed & Q(department=user.department_id)
        if others := stood_in_for(user):
            mine |= others & ~Q(is_decision=True, opened_by__in=user.accounts)
        return self.filter(mine)


def acting(person, absent):
    """The person, and in whose place."""
    return _("%(person)s for %(absent)s") % {"person": person, "absent": absent} if absent else person


def stood_in_for(user) -> Q | None:
    """What waits for people who are away, and what a right in one's hands decides of those who gave it."""
    absent = user.absent_people
    arms = [Q(assignee__in=absent)] if absent else []
    arms += [Q(assignee=held.from_person_id, kind__in=kinds_decided_by(held.living_rights))
             for held in user.held_delegations]
    return reduce(or_, arms) if arms else None


class WorkItem(models.Model):
    """Something that waits for somebody: one owner, one clock, one link.

    Budget and used seconds are the truth; due_at, next_fire_at and the next level follow from them
    (sla.projection).
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        BREACHED = "breached", _("Past the limit")
        MET = "met", _("In time")
        MET_LATE = "met_late", _("Late")
        CANCELLED = "cancelled", _("Cancelled")

    TICKING = (State.RUNNING, State.BREACHED)
    LIVING = (State.RUNNING, State.PAUSED, State.BREACHED)
    CLOSED = (State.MET, State.MET_LATE, State.CANCELLED)

    kind = models.CharField(_("kind of work"), max_length=40)
    urgency_class = models.CharField(_("urgency class"), max_length=2, blank=True)
    source = models.CharField(max_length=80)
    source_label = models.CharField(_("about"), max_length=80, blank=True)
    subject = models.CharField(max_length=300)
    params = models.JSONField(default=dict, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    detail_params = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=300)
    is_decision = models.BooleanField(_("to decide"), default=False)
    stage = models.CharField(_("stage"), max_length=20, blank=True, db_default="")
    awaited = models.PositiveSmallIntegerField(_("agreements awaited"), default=0, db_default=0)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="+", db_index=False, verbose_name=_("department")
    )
    assignee = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("assignee")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    opened_at = models.DateTimeField(_("opened at"))
    opened_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("opened by")
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("closed by")
    )
    closed_for = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("closed on behalf of")
    )
    closed_reason = models.CharField(_("reason"), max_length=300, blank=True)

    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, related_name="items", verbose_name=_("version in force")
    )
    edition = models.ForeignKey(
        CalendarEdition, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("working calendar")
    )
    has_fixed_due = models.BooleanField(_("has a moment of its own"), default=False, db_default=False)
    budget_seconds = models.PositiveIntegerField(_("limit"))
    consumed_seconds = models.PositiveIntegerField(_("used"), default=0)
    running_since = models.DateTimeField(_("clock runs since"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    is_provisional = models.BooleanField(_("provisional"), default=False)
    next_fire_at = models.DateTimeField(null=True, blank=True)
    next_level = models.PositiveSmallIntegerField(null=True, blank=True, default=1)
    next_repeat = models.PositiveSmallIntegerField(default=0)
    is_paused_for = models.BooleanField(_("another clock stands until this is done"), default=False, db_default=False)
    failures = models.PositiveSmallIntegerField(default=0)
    fault = models.TextField(_("what went wrong"), blank=True)
    version = models.PositiveIntegerField(default=1)

    has_no_taker = False  # nobody could be found; tried again with the next reconciliation

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = [
            models.CheckConstraint(
                condition=(TICKING & Q(running_since__isnull=False)) | (~TICKING & Q(running_since__isnull=True)),
                name="a_clock_runs_since_a_moment_or_stands",
            ),
            models.CheckConstraint(
                condition=(LIVING_STATE & LIVING) | (~LIVING_STATE & ~LIVING),
                name="a_closed_item_says_when",
            ),
            models.CheckConstraint(
                condition=LIVING | Q(next_fire_at__isnull=True), name="a_closed_item_fires_no_more"
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(closed_reason=""), name="a_cancelled_item_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["next_fire_at"], condition=Q(next_fire_at__isnull=False), name="living_by_next_fire"),
            models.Index(fields=["assignee", "due_at"], condition=LIVING, name="living_by_assignee"),
            models.Index(fields=["department", "due_at"], condition=LIVING, name="living_by_department"),
            models.Index(fields=["opened_by", "due_at"], condition=LIVING, name="living_by_opener"),
            models.Index(fields=["closed_by", "-closed_at"], name="done_by_person"),
            models.Index(fields=["source", "kind"], name="items_of_a_source"),
            models.Index(
                fields=["closed_at", "consumed_seconds", "id"], name="whole_orders_by_end",
                condition=Q(kind=Kind.ORDER, state__in=["met", "met_late"]),
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.source}"

    @property
    def subject_text(self) -> str:
        return render(self.subject, self.params)

    @property
    def detail_text(self) -> str:
        return render(self.detail, self.detail_params)

    @property
    def customer(self) -> str:
        return self.detail_params.get("customer", "")

    @property
    def consequence_text(self) -> str:
        """Its second line: what it is about, and what the act that opened it says of it."""
        remark = self.detail_params.get("remark")
        parts = [self.detail_params.get("what", ""), remark and render(remark["msg"], remark["params"])]
        return " · ".join(filter(None, parts)) or self.detail_text

    @property
    def kind_label(self):
        return label_of(self.kind)

    @property
    def stage_label(self):
        return label_of(STAGE_KINDS.get(self.stage, self.stage)) if self.stage else self.kind_label

    @property
    def source_number(self) -> int:
        """The key of what it is about: 12 of “order:12”."""
        return int(self.source.rpartition(":")[2])

    @property
    def pane_url(self) -> str:
        """Where its department shows what is decided; else its own page."""
        return reverse(work_of(self.kind).get("pane", "sla:item"), args=[self.pk])

    @property
    def bulk_url(self) -> str:
        """Where several of its kind are decided together, each row with its consequences; most kinds have none."""
        name = work_of(self.kind).get("bulk")
        return reverse(name) if name else ""

    @property
    def department_code(self) -> str:
        return self.department.code

    @property
    def is_living(self) -> bool:
        return self.state in self.LIVING

    @property
    def closer(self):
        """Who closed it, and for whom."""
        return acting(self.closed_by, self.closed_for)

    @property
    def was_escalated(self) -> bool:
        """Whether a level of the ladder has had its turn."""
        return self.next_level != 1

    @property
    def is_unclaimed(self) -> bool:
        return self.assignee_id is None and not self.has_no_taker

    @property
    def is_ticking(self) -> bool:
        return self.state in self.TICKING

    @property
    def calendar(self) -> worktime.Calendar:
        return calendar_of(self.edition_id)

    @property
    def message_source(self) -> str:
        """What its messages are voided by."""
        return f"work-item:{self.pk}"

    def used_seconds(self, now=None) -> float:
        if self.running_since is None:
            return self.consumed_seconds
        return self.consumed_seconds + max(0, self.calendar.between(self.running_since, now or timezone.now()))

    def left_seconds(self, now=None) -> float:
        return self.budget_seconds - self.used_seconds(now)

    def face(self, now=None) -> ClockFace:
        now = now or timezone.now()
        left = self.left_seconds(now)
        used = self.budget_seconds - left
        opened = self.is_ticking and self.calendar.is_open(now)
        return ClockFace(
            state=self._face_state(left, used),
            seconds_left=int(left),
            percent=min(100, int(used * 100 / self.budget_seconds)) if self.budget_seconds else 100,
            due_at=self.due_at,
            is_running=opened,
            run_until=self.calendar.next_change(now) if opened else None,
            limit_seconds=self.budget_seconds,
            label=str(self.kind_label),
        )

    def _face_state(self, left: float, used: float) -> str:
        if not self.is_living:
            return "done"
        if self.state == self.State.PAUSED:
            return "pause"
        if left < 0:
            return "over"
        if left < CRITICAL_SECONDS or used * 100 >= CRITICAL_PERCENT * self.budget_seconds:
            return "crit"
        return "warn" if used * 100 >= WARN_PERCENT * self.budget_seconds else "ok"


class Pause(models.Model):
    item = models.ForeignKey(WorkItem, models.PROTECT, related_name="pauses")
    reason = models.CharField(_("reason"), max_length=20, choices=PolicyVersion.PauseReason)
    started_at = models.DateTimeField(_("from"))
    started_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    until = models.DateTimeField(_("ends by itself"))
    awaits = models.ForeignKey(
        WorkItem, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("waits for"),
        help_text=_("The running task that names who is awaited, where a person stopped the clock."),
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by"))

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        indexes = [models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="pauses_by_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(ended_at__isnull=True), name="one_open_pause_of_an_item"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("started_at")), name="a_pause_ends_after_it_starts"),
        ]

    def __str__(self):
        return f"{self.item} {self.get_reason_display()}"


class Escalation(models.Model):
    """One level of one item, dealt with. Its own audit record, written once."""

    class Outcome(models.TextChoices):
        FIRED = "fired", _("Told")
        SUPERSEDED = "superseded", _("A higher level was told instead")
        ACKNOWLEDGED = "acknowledged", _("Silent after an acknowledgement")
        NOBODY = "nobody", _("Nobody to tell")

    item = models.ForeignKey(WorkItem, models.PROTECT, related_name="escalations")
    level = models.PositiveSmallIntegerField(_("level"))
    repeat = models.PositiveSmallIntegerField(_("repeat"), default=0)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    planned_at = models.DateTimeField(_("planned at"))
    fired_at = models.DateTimeField(_("dealt with at"))
    lateness_seconds = models.PositiveIntegerField(_("lateness"), default=0)
    recipients = models.JSONField(_("recipients"), default=list)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["item", "level", "repeat"]
        constraints = [
            models.UniqueConstraint(fields=["item", "level", "repeat"], name="each_level_of_an_item_fires_once")
        ]

    def __str__(self):
        return f"{self.item} {self.level}.{self.repeat}"


class Acknowledgement(models.Model):
    """Stops the repeats of its level and of lower ones until it expires; never the clock."""

    item = models.ForeignKey(WorkItem, models.PROTECT, related_name="acknowledgements")
    level = models.PositiveSmallIntegerField(_("level"))
    acknowledged_at = models.DateTimeField(_("acknowledged at"))
    acknowledged_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("acknowledged by"))
    note = models.CharField(_("note"), max_length=300)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        ordering = ["-acknowledged_at"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("acknowledged_at")), name="an_acknowledgement_expires_later")
        ]

    def __str__(self):
        return f"{self.item} {self.level}"


class ItemAct(models.Model):
    """What people did about an item beside deciding it: handed it on, asked, said. Written once."""

    class Act(models.TextChoices):
        TRANSFER = "transfer", _("Transfer")
        RETURN = "return", _("Return")
        ADD = "add", _("Add approver")
        AGREE = "agree", _("Agree")
        DISAGREE = "disagree", _("Disagree")
        REMIND = "remind", _("Remind")
        COPY = "copy", _("Copy to")
        COMMENT = "comment", _("Comment")
        WITHDRAW = "withdraw", _("Withdraw")
        LIMIT = "limit", _("Another time limit")

    item = models.ForeignKey(WorkItem, models.PROTECT, related_name="acts", db_index=False)
    act = models.CharField(_("act"), max_length=10, choices=Act)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", db_index=False, verbose_name=_("by"))
    person = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("person")
    )
    on_behalf_of = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("on behalf of")
    )
    text = models.CharField(_("in words"), max_length=1000, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("act on a work item")
        verbose_name_plural = _("acts on work items")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person"], condition=Q(act="copy"), name="an_item_is_copied_to_a_person_once"
            ),
            models.CheckConstraint(
                condition=~Q(act__in=["transfer", "return", "add", "copy"]) | Q(person__isnull=False),
                name="a_task_is_handed_to_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(act__in=["return", "disagree", "comment"]) | ~Q(text=""), name="a_return_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["item", "at"], name="acts_of_an_item"),
            models.Index(fields=["person", "-at", "-id"], condition=Q(act="copy"), name="copies_by_person"),
        ]

    def __str__(self):
        return f"{self.item} {self.act}"

    @property
    def who(self):
        return acting(self.by, self.on_behalf_of)


class Countersign(models.Model):
    """A second person who must agree before the item is decided."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked")
        AGREED = "agreed", _("agrees")
        REFUSED = "refused", _("does not agree")
        WITHDRAWN = "withdrawn", _("no longer asked")

    item = models.ForeignKey(WorkItem, models.PROTECT, related_name="countersigns")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("person"))
    asked_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    task = models.OneToOneField(WorkItem, models.PROTECT, related_name="countersign")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)

    class Meta:
        verbose_name = _("added approver")
        verbose_name_plural = _("added approvers")
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "person"], condition=Q(state="asked"), name="a_person_is_asked_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(person=F("asked_by")), name="an_added_approver_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(state="asked", answered_at__isnull=True)
                | (~Q(state="asked") & Q(answered_at__isnull=False)),
                name="an_answered_approver_says_when",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(answer=""), name="who_does_not_agree_says_why"),
        ]

    def __str__(self):
        return f"{self.item} {self.person}"


class Heartbeat(models.Model):
    """When a periodic job last went through."""

    name = models.CharField(_("job"), max_length=40, unique=True)
    period_seconds = models.PositiveIntegerField(_("period"))
    ok_at = models.DateTimeField(_("last went through"))
    lag_seconds = models.PositiveIntegerField(_("lag"), default=0)
    counts = models.JSONField(_("counts"), default=dict)
    behind_since = models.DateTimeField(_("catching up since"), null=True, blank=True)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self):
        return self.name

    @property
    def counted(self) -> list[tuple]:
        """What the last time did, without what nothing happened to."""
        return [(name, count) for name, count in self.counts.items() if count and isinstance(count, int)]

    @property
    def fault(self) -> str:
        """Why its last try did not go through."""
        return self.counts.get("fault", "")

    def is_late(self, now=None) -> bool:
        return (now or timezone.now()) - self.ok_at > 3 * timedelta(seconds=self.period_seconds)
