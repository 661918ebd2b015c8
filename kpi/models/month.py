"""One month's scores, from computing to publishing. Published, nothing of it changes any more (kpi.guards)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kpi.models.rules import Indicator, RuleSet
from orders.models import UrgentOrder
from people.models import Department

PERSON = settings.AUTH_USER_MODEL


class MonthRun(models.Model):
    class State(models.TextChoices):
        COMPUTED = "computed", _("Computed")  # the heads check
        APPEALS = "appeals", _("Appeals")
        PUBLISHED = "published", _("Published")

    month = models.DateField(_("month"), unique=True)  # its first day
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", verbose_name=_("scoring rules"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.COMPUTED)
    version = models.PositiveIntegerField(default=1)
    figures_at = models.DateTimeField(_("figures as of"))
    finished_orders = models.PositiveIntegerField(_("orders finished"), default=0)
    late_orders = models.PositiveIntegerField(_("orders late"), default=0)
    computed_at = models.DateTimeField(_("computed at"))
    computed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")  # nobody: the clock
    checks_until = models.DateTimeField(_("heads check until"), null=True, blank=True)
    appeals_from = models.DateTimeField(_("appeals from"), null=True, blank=True)
    appeals_until = models.DateTimeField(_("appeals until"), null=True, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    published_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("monthly score")
        verbose_name_plural = _("monthly scores")
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_run_is_of_a_whole_month"),
            models.CheckConstraint(
                condition=Q(state="published", published_at__isnull=False, published_by__isnull=False)
                | (~Q(state="published") & Q(published_at__isnull=True, published_by__isnull=True)),
                name="a_published_month_says_who",
            ),
            models.CheckConstraint(
                condition=Q(state="computed") | Q(appeals_until__isnull=False), name="appeals_have_an_end"
            ),
            models.CheckConstraint(
                condition=Q(state="computed", appeals_from__isnull=True)
                | (~Q(state="computed") & Q(appeals_from__isnull=False, appeals_from__lt=F("appeals_until"))),
                name="appeals_begin_before_they_end",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__gte=F("appeals_until")),
                name="a_month_is_published_after_its_appeals",
            ),
        ]

    def __str__(self):
        return f"{self.month:%Y-%m}"

    def get_absolute_url(self):
        return reverse("kpi:month", args=[str(self)])

    @property
    def stream(self):
        """The name of its audit stream and of its work items."""
        return f"month:{self}"

    @property
    def is_published(self):
        return self.state == self.State.PUBLISHED


class Score(models.Model):
    """What a department or a person reached in the month."""

    class Grade(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"
        D = "D", "D"

    run = models.ForeignKey(MonthRun, models.CASCADE, related_name="scores")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    person = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    total = models.DecimalField(_("total"), max_digits=5, decimal_places=1, null=True)
    computed_total = models.DecimalField(max_digits=5, decimal_places=1, null=True)  # before appeals and adjustments
    grade = models.CharField(_("grade"), max_length=1, choices=Grade, blank=True)  # none: too few cases

    class Meta:
        verbose_name = _("score")
        ordering = ["run", "-total", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "department"], condition=Q(person__isnull=True),
                                    name="a_department_has_one_score_a_month"),
            models.UniqueConstraint(fields=["run", "person"], condition=Q(person__isnull=False),
                                    name="a_person_has_one_score_a_month"),
            models.CheckConstraint(
                condition=Q(total__isnull=True) | Q(total__gte=0, total__lte=120), name="a_score_lies_between_0_and_120"
            ),
            models.CheckConstraint(condition=Q(grade="") | Q(total__isnull=False), name="a_grade_needs_a_score"),
        ]  # fmt: skip

    def __str__(self):
        return str(self.person or self.department)


class ScorePart(models.Model):
    """One indicator of a score, with the rule it was judged by."""

    score = models.ForeignKey(Score, models.CASCADE, related_name="parts")
    indicator = models.CharField(_("indicator"), max_length=20, choices=Indicator)
    weight = models.PositiveSmallIntegerField(_("weight, %"))
    target = models.DecimalField(max_digits=10, decimal_places=2)
    floor = models.DecimalField(max_digits=10, decimal_places=2)
    least_cases = models.PositiveSmallIntegerField()
    cases = models.PositiveIntegerField(_("cases"), default=0)  # that count
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=2, null=True)
    points = models.DecimalField(_("points"), max_digits=5, decimal_places=1, null=True)  # 0 to 120; none: too few

    class Meta:
        verbose_name = _("part of a score")
        ordering = ["score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["score", "indicator"], name="a_score_has_each_indicator_once"),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__gte=0, points__lte=120),
                name="points_lie_between_0_and_120",
            ),
        ]

    def __str__(self):
        return self.get_indicator_display()


class ScoreCase(models.Model):
    """One order or event behind a part: what it added to the formula, or why it was left out."""

    class LeftOut(models.TextChoices):
        NO = "", pgettext_lazy("case", "counts")
        CUSTOMER = "customer", _("caused by the customer")
        FOREIGN = "foreign", _("caused by another department")
        APPEAL = "appeal", _("left out after an appeal")
        ADJUSTED = "adjusted", _("left out by hand")
        GONE = "gone", _("no longer in the records")

    DECIDED = (LeftOut.APPEAL, LeftOut.ADJUSTED)  # by people: computing anew leaves them as they are

    part = models.ForeignKey(ScorePart, models.CASCADE, related_name="case_rows", db_index=False)
    origin = models.CharField(max_length=40, db_default="")  # the record that it was made of, such as "run:12"
    order = models.ForeignKey(UrgentOrder, models.PROTECT, null=True, related_name="+")
    text = models.CharField(max_length=300)  # a stored sentence: English source
    params = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    # value of the part = Σ numerator ÷ Σ denominator of what counts, in the unit of the indicator
    numerator = models.DecimalField(max_digits=16, decimal_places=2)
    denominator = models.DecimalField(max_digits=16, decimal_places=2)
    left_out = models.CharField(_("left out"), max_length=10, choices=LeftOut, default=LeftOut.NO, blank=True)

    class Meta:
        verbose_name = _("case behind a score")
        ordering = ["part", "at", "id"]
        constraints = [models.UniqueConstraint(fields=["part", "origin"], name="a_record_counts_once_in_a_part")]

    def __str__(self):
        return f"{self.order or ''} {self.text}".strip()


class Check(models.Model):
    """A head has checked the department's scores."""

    run = models.ForeignKey(MonthRun, models.CASCADE, related_name="checks")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("check by a head")
        constraints = [models.UniqueConstraint(fields=["run", "department"], name="a_department_is_checked_once")]

    def __str__(self):
        return f"{self.run} {self.department}"


class Appeal(models.Model):
    """Somebody says that cases do not belong in a score. Accepted, they are left out and the score is computed anew."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    run = models.ForeignKey(MonthRun, models.CASCADE, related_name="appeals")
    part = models.ForeignKey(ScorePart, models.CASCADE, related_name="+", verbose_name=_("indicator"))
    cases = models.ManyToManyField(ScoreCase, related_name="+", verbose_name=_("cases"))
    text = models.CharField(_("Why"), max_length=1000)
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    total_before = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    total_after = models.DecimalField(max_digits=5, decimal_places=1, null=True)  # as computed when it was decided
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("Reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("appeal")
        ordering = ["-raised_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="an_appeal_says_why"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="open") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="a_decided_appeal_says_who",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "refused"]) | ~Q(reason=""), name="a_decided_appeal_says_why"
            ),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_open(self):
        return self.state == self.State.OPEN


class Adjustment(models.Model):
    """A case left out by hand, with its reason; never by whom the score is about."""

    case = models.OneToOneField(ScoreCase, models.CASCADE, related_name="adjustment")
    reason = models.CharField(_("Reason"), max_length=500)
    adjusted_at = models.DateTimeField(default=timezone.now)
    adjusted_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("adjustment")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="an_adjustment_says_why")]

    def __str__(self):
        return self.reason[:60]
