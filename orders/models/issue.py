from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.text import shown
from orders.models.line import OrderStep
from orders.models.order import UrgentOrder
from orders.models.supply import MaterialLine
from sla.models import WorkItem

PERSON = settings.AUTH_USER_MODEL


class Held:
    """Who has it now: a task may have been handed on, or waits for who stands in."""

    @property
    def holder(self):
        return self.item.assignee if self.item and self.item.is_living and self.item.assignee else self.owner


class Issue(Held, models.Model):
    """A problem. A major one goes to the superiors at once, is acknowledged, and solved by a joint decision."""

    class Kind(models.TextChoices):
        MACHINE = "machine", _("Machine down")
        QUALITY = "quality", _("Quality")
        NO_MATERIAL = "no_material", _("No material")
        CANNOT_FINISH = "cannot_finish", _("Cannot finish in time")
        SUPPLY = "supply", _("Supplier late")
        TRANSPORT = "transport", _("Transport")
        CUSTOMER = "customer", _("Customer changes requirements")
        OTHER = "other", _("Other")

    class Severity(models.TextChoices):
        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="issues")
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity, default=Severity.MINOR)
    text = models.CharField(_("What happened"), max_length=1000)
    sentence = models.JSONField(_("the desk's own sentence"), null=True, blank=True, editable=False)
    is_stopping = models.BooleanField(_("work has stopped"), default=False)
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="+")
    material_line = models.ForeignKey(MaterialLine, models.PROTECT, null=True, blank=True, related_name="+")
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    owner = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("owner"))
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    acknowledgement = models.CharField(_("What happens next"), max_length=500, blank=True, db_default="")
    lowered_at = models.DateTimeField(null=True, blank=True)
    lowered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    lowered_reason = models.CharField(_("Why it is minor"), max_length=500, blank=True, db_default="")
    solution = models.CharField(_("Solution"), max_length=1000, blank=True)
    solution_sentence = models.JSONField(_("the desk's own sentence"), null=True, blank=True, editable=False)
    solved_at = models.DateTimeField(null=True, blank=True)
    solved_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    major_item = models.ForeignKey(WorkItem, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        verbose_name = _("problem")
        ordering = ["-raised_at"]
        indexes = [
            models.Index(
                fields=["solved_at"], condition=Q(is_stopping=True, solved_at__isnull=False), name="stops_by_end"
            ),
            models.Index(
                fields=["severity", "raised_at", "id"], condition=Q(solved_at__isnull=True), name="open_problems"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(solved_at__isnull=True) | ~Q(solution=""), name="solved_problem_has_a_solution"
            ),
            models.UniqueConstraint(
                fields=["material_line"],
                condition=Q(solved_at__isnull=True, material_line__isnull=False),
                name="material_line_has_one_open_problem",
            ),
        ]

    def __str__(self):
        return self.said[:60]

    def get_absolute_url(self):
        return reverse("orders:issue", args=[self.order_id, self.pk])

    @property
    def said(self) -> str:
        """In the reader's language, where the desk wrote it."""
        return shown(self.sentence or self.text)

    @property
    def solved_by_what(self) -> str:
        return shown(self.solution_sentence or self.solution)

    def told(self, most=None) -> dict | str:
        """As a parameter of another sentence."""
        return self.sentence or self.text[:most]

    @property
    def is_major(self):
        return self.severity == self.Severity.MAJOR

    @property
    def is_open(self):
        return self.solved_at is None


class IssueActionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(done_at__isnull=True, cancelled_at__isnull=True)


class IssueAction(Held, models.Model):
    """What somebody does about a problem until a time. Written once; only how it ended is added."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="actions")
    text = models.CharField(_("What is done"), max_length=500)
    owner = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("owner"))
    due_at = models.DateTimeField(_("due"))
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    result = models.CharField(_("Result"), max_length=500, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(_("Why it is not needed"), max_length=500, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    objects = IssueActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("action on a problem")
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True, result="")
                | (Q(done_at__isnull=False, done_by__isnull=False) & ~Q(result="")),
                name="done_action_says_by_whom_and_what_came_of_it",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancel_reason="")
                | (Q(cancelled_at__isnull=False, cancelled_by__isnull=False) & ~Q(cancel_reason="")),
                name="cancelled_action_says_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(cancelled_at__isnull=True), name="action_is_done_or_cancelled"
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("opened_at")), name="action_is_due_after_it_begins"),
        ]
        indexes = [
            models.Index(
                fields=["issue", "due_at"], condition=Q(done_at__isnull=True, cancelled_at__isnull=True),
                name="open_actions_by_due",
            ),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_open(self):
        return self.done_at is None and self.cancelled_at is None

    @property
    def is_overdue(self):
        return self.is_open and self.due_at <= timezone.now()


class IssueDecision(models.Model):
    """What several people decided together. Written once; a newer one replaces it, and both stay."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="decisions")
    text = models.CharField(_("What was decided"), max_length=2000)
    people_count = models.PositiveSmallIntegerField()
    decided_at = models.DateTimeField(_("Decided at"))
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("joint decision")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="joint_decision_says_what"),
            models.CheckConstraint(condition=Q(people_count__gte=2), name="joint_decision_is_of_two_people"),
            models.CheckConstraint(
                condition=Q(decided_at__lte=F("recorded_at")), name="joint_decision_is_recorded_afterwards"
            ),
        ]

    def __str__(self):
        return self.text[:60]


class IssueDecider(models.Model):
    """One of the people who took a decision, and whether a superior as they were then."""

    decision = models.ForeignKey(IssueDecision, models.PROTECT, related_name="deciders")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    is_superior = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("who decided")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "person"], name="decision_names_a_person_once"),
        ]

    def __str__(self):
        return str(self.person)
