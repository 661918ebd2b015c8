"""The weekly coordination meeting: its agenda, who came, what came of it, and who confirmed the minutes."""

from datetime import timedelta

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpi.weeks import Week
from orders.models import Issue, UrgentOrder
from people.models import Department, User
from sla.models import WorkItem

REOPEN_DAYS = 2


def _pair(at, by):
    """A deed has its moment and its person, or neither."""
    return Q(**{f"{at}__isnull": True, f"{by}__isnull": True}) | Q(**{f"{at}__isnull": False, f"{by}__isnull": False})


def _by(label, **options):
    return models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=label,
                             **options)


class Meeting(models.Model):
    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("meeting", "Planned")
        RUNNING = "running", pgettext_lazy("meeting", "Running")
        CLOSED = "closed", pgettext_lazy("meeting", "Minutes to confirm")
        CONFIRMED = "confirmed", pgettext_lazy("meeting", "Minutes confirmed")
        CANCELLED = "cancelled", pgettext_lazy("meeting", "Cancelled")

    monday = models.DateField(_("week from"), unique=True, error_messages={
        "unique": _("This week has its meeting already."),
    })
    starts_at = models.DateTimeField(_("starts"))
    length_minutes = models.PositiveSmallIntegerField(_("minutes"), default=30)
    place = models.CharField(_("place"), max_length=120, blank=True)
    link = models.URLField(_("video link"), max_length=300, blank=True)
    chair = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("chair"))
    minute_taker = _by(_("minute-taker"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    sequence = models.PositiveIntegerField(default=0)  # of the invitation: calendars take the higher one
    version = models.PositiveIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)  # of the item they are at
    position_since = models.DateTimeField(null=True, blank=True)
    figures = models.JSONField(null=True, blank=True)
    money_figures = models.JSONField(null=True, blank=True)  # apart: not everybody may see them
    figures_at = models.DateTimeField(_("figures as of"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = _by(_("started by"))
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = _by(_("closed by"))
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_by = _by(_("reopened by"))
    reopen_reason = models.CharField(_("reason"), max_length=300, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = _by(_("cancelled by"))
    cancel_reason = models.CharField(_("reason"), max_length=300, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-monday"]
        verbose_name = _("weekly coordination meeting")
        verbose_name_plural = _("weekly coordination meetings")
        constraints = [
            models.CheckConstraint(
                condition=Q(started_at__isnull=True, figures_at__isnull=True, figures__isnull=True)
                | Q(started_at__isnull=False, figures_at__isnull=False, figures__isnull=False),
                name="meeting_starts_with_frozen_figures",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "cancelled"], started_at__isnull=True)
                | Q(state="running", started_at__isnull=False, closed_at__isnull=True)
                | Q(state__in=["closed", "confirmed"], closed_at__isnull=False, started_at__isnull=False),
                name="meeting_state_follows_its_deeds",
            ),
            models.CheckConstraint(
                condition=Q(state="cancelled", cancelled_at__isnull=False) & ~Q(cancel_reason="")
                | ~Q(state="cancelled") & Q(cancelled_at__isnull=True),
                name="meeting_is_cancelled_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", confirmed_at__isnull=False)
                | ~Q(state="confirmed") & Q(confirmed_at__isnull=True),
                name="meeting_is_confirmed_at_a_moment",
            ),
            models.CheckConstraint(condition=_pair("started_at", "started_by"), name="meeting_is_started_by_somebody"),
            models.CheckConstraint(condition=_pair("closed_at", "closed_by"), name="meeting_is_closed_by_somebody"),
            models.CheckConstraint(
                condition=_pair("reopened_at", "reopened_by"), name="meeting_is_reopened_by_somebody"
            ),
            models.CheckConstraint(
                condition=_pair("cancelled_at", "cancelled_by"), name="meeting_is_cancelled_by_somebody"
            ),
        ]

    def __str__(self):
        return str(self.week)

    def get_absolute_url(self):
        return reverse("coordination:meeting", args=[self.pk])

    @property
    def week(self) -> Week:
        return Week(self.monday)

    @property
    def stream(self) -> str:
        return f"meeting:{self.pk}"

    @property
    def ends_at(self):
        return self.starts_at + timedelta(minutes=self.length_minutes)

    @property
    def is_planned(self) -> bool:
        return self.state == self.State.PLANNED

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def is_closed(self) -> bool:
        return self.state in (self.State.CLOSED, self.State.CONFIRMED)

    @property
    def is_confirmed(self) -> bool:
        return self.state == self.State.CONFIRMED

    @property
    def is_cancelled(self) -> bool:
        return self.state == self.State.CANCELLED

    @property
    def reopen_until(self):
        return self.closed_at and self.closed_at + timedelta(days=REOPEN_DAYS)


class AgendaItem(models.Model):
    """In the order of the policy; what participants add comes before the minutes are confirmed."""

    class Kind(models.TextChoices):
        ACTIONS = "actions", _("Last week's actions")
        REVIEW = "review", _("Review of last week")
        PROBLEMS = "problems", _("Analysis of problems")
        PLAN = "plan", _("This week's plan and measures")
        EXTRA = "extra", _("Further item")
        MINUTES = "minutes", _("Confirmation of the minutes")

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="agenda")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("item"), max_length=10, choices=Kind)
    title = models.CharField(_("title"), max_length=120, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    used_seconds = models.PositiveIntegerField(default=0)
    proposed_by = _by(_("proposed by"))

    class Meta:
        ordering = ["position"]
        verbose_name = _("item of the agenda")
        verbose_name_plural = _("items of the agenda")
        constraints = [
            models.UniqueConstraint(fields=["meeting", "position"], name="agenda_has_one_item_at_a_place"),
            models.CheckConstraint(
                condition=Q(kind="extra", proposed_by__isnull=False) & ~Q(title="") | ~Q(kind="extra") & Q(title=""),
                name="further_item_has_a_title",
            ),
        ]

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        return self.title or self.get_kind_display()


class Attendance(models.Model):
    """One seat for each department: its head, or who stands in."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendances")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    person = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    stands_in_for = _by(_("stands in for"))
    is_present = models.BooleanField(_("present"), default=False)
    came_at = models.DateTimeField(_("came"), null=True, blank=True)

    class Meta:
        ordering = ["department_id"]
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            models.UniqueConstraint(fields=["meeting", "department"], name="department_has_one_seat_in_a_meeting"),
            models.CheckConstraint(
                condition=Q(is_present=True, came_at__isnull=False) | Q(is_present=False, came_at__isnull=True),
                name="who_is_present_came_at_a_moment",
            ),
        ]

    def __str__(self):
        return f"{self.meeting} {self.person}"


class OutcomeQuerySet(models.QuerySet):
    def actions(self):
        return self.filter(kind=Outcome.Kind.ACTION)

    def open(self):
        return self.actions().filter(done_at__isnull=True, dropped_at__isnull=True)

    def with_carried(self, before=None):
        """`carried`: how many later meetings have closed, or started before that moment, and left it open."""
        later = Meeting.objects.filter(started_at__gt=OuterRef("meeting__started_at"))
        if before is None:
            later = later.filter(closed_at__isnull=False)
        else:
            later = later.filter(started_at__lt=before)
        ended = Coalesce(OuterRef("done_at"), OuterRef("dropped_at"), timezone.now())
        later = later.filter(started_at__lt=ended).order_by()
        counted = Subquery(_counted(later))
        return self.annotate(carried=Coalesce(counted, 0))


def _counted(rows):
    """The number of rows, in a subquery of one column."""
    return rows.annotate(one=models.Value(1)).values("one").annotate(n=Count("pk")).values("n")


class Outcome(models.Model):
    """An action, a decision or a problem, as the meeting took it. What comes of an action is added later."""

    class Kind(models.TextChoices):
        ACTION = "action", pgettext_lazy("meeting", "Action")
        DECISION = "decision", pgettext_lazy("meeting", "Decision")
        PROBLEM = "problem", pgettext_lazy("meeting", "Problem")

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="outcomes")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    text = models.CharField(_("text"), max_length=500)
    order = models.ForeignKey(
        UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    person = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("responsible")
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, blank=True, related_name="+")
    issue = models.ForeignKey(Issue, models.PROTECT, null=True, blank=True, related_name="+")
    result = models.CharField(_("result"), max_length=500, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = _by(_("done by"))
    drop_reason = models.CharField(_("reason"), max_length=300, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = _by(_("dropped by"))

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at", "pk"]
        verbose_name = _("outcome of a meeting")
        verbose_name_plural = _("outcomes of a meeting")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="action", person__isnull=False, due_at__isnull=False)
                | ~Q(kind="action") & Q(person__isnull=True, due_at__isnull=True, item__isnull=True),
                name="action_has_a_person_and_a_time",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="outcome_says_something"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True, result="")
                | Q(done_at__isnull=False, done_by__isnull=False, kind="action") & ~Q(result=""),
                name="action_is_done_with_a_result",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True, dropped_by__isnull=True, drop_reason="")
                | Q(dropped_at__isnull=False, dropped_by__isnull=False, done_at__isnull=True, kind="action")
                & ~Q(drop_reason=""),
                name="action_is_dropped_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="open_meeting_actions",
                         condition=Q(kind="action", done_at__isnull=True, dropped_at__isnull=True)),
        ]

    def __str__(self):
        return self.text

    @property
    def is_action(self) -> bool:
        return self.kind == self.Kind.ACTION

    @property
    def is_open(self) -> bool:
        return self.is_action and self.done_at is None and self.dropped_at is None

    @property
    def ended_at(self):
        return self.done_at or self.dropped_at

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_at < timezone.now()

    @property
    def days_over(self) -> int:
        return (timezone.now() - self.due_at).days

    @property
    def holder(self) -> User:
        """Whose task it is now: it may have been handed on."""
        return (self.item.assignee if self.item else None) or self.person


class Confirmation(models.Model):
    """A head's word on the minutes as they stood at one close."""

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("minutes", "Asked")
        CONFIRMED = "confirmed", pgettext_lazy("minutes", "Confirmed")
        OBJECTED = "objected", pgettext_lazy("minutes", "Objected")
        NOT_OBJECTED = "not_objected", pgettext_lazy("minutes", "Not objected")
        FALLEN = "fallen", pgettext_lazy("minutes", "Fallen: reopened")

    ANSWERS = (State.CONFIRMED, State.OBJECTED)
    LIVING = (State.ASKED, State.CONFIRMED, State.OBJECTED, State.NOT_OBJECTED)

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="confirmations")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    person = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.ASKED)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    objection = models.CharField(_("objection"), max_length=500, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = _by(_("answered by"))

    class Meta:
        ordering = ["department_id", "pk"]
        verbose_name = _("confirmation of minutes")
        verbose_name_plural = _("confirmations of minutes")
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "department"], condition=~Q(state="fallen"), name="department_is_asked_once_a_close"
            ),
            models.CheckConstraint(
                condition=_pair("answered_at", "answered_by"), name="minutes_are_answered_by_somebody"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["confirmed", "objected"], answered_at__isnull=False)
                | Q(state__in=["asked", "not_objected"], answered_at__isnull=True)
                | Q(state="fallen"),
                name="an_answer_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(state="objected") & ~Q(objection="") | Q(state="fallen")
                | Q(state__in=["asked", "confirmed", "not_objected"], objection=""),
                name="an_objection_says_what",
            ),
        ]

    def __str__(self):
        return f"{self.meeting} {self.department}"

    @cached_property
    def is_asked(self) -> bool:
        return self.state == self.State.ASKED
