"""Rewards and penalties, proposed from a published month. A penalty is recorded here and never computed or deducted."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from desk.text import render
from kpi.models.month import MonthRun, ScoreCase, ScorePart
from orders.models import UrgentOrder
from people.models import Department

PERSON = settings.AUTH_USER_MODEL


class Incentive(models.Model):
    class Kind(models.TextChoices):
        REWARD = "reward", _("Reward")
        PENALTY = "penalty", _("Penalty")

    class Form(models.TextChoices):
        BONUS = "bonus", _("Bonus")
        CERTIFICATE = "certificate", _("Certificate of honour")
        PROMOTION = "promotion", _("Promotion")
        WARNING = "warning", _("Warning")
        FINE = "fine", _("Fine")
        DEMOTION = "demotion", _("Demotion")

    REWARDS = (Form.BONUS, Form.CERTIFICATE, Form.PROMOTION)
    PENALTIES = (Form.WARNING, Form.FINE, Form.DEMOTION)

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    run = models.ForeignKey(MonthRun, models.PROTECT, related_name="incentives", verbose_name=_("month"))
    number = models.CharField(_("number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    form = models.CharField(_("form"), max_length=12, choices=Form)
    department = models.ForeignKey(Department, models.PROTECT, related_name="+", verbose_name=_("department"))
    person = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+",
                               verbose_name=_("person"))  # fmt: skip
    clause = models.CharField(_("clause of the policy"), max_length=10)
    reason = models.CharField(_("Reason"), max_length=1000)
    params = models.JSONField(default=dict, blank=True)  # of the desk's own reasons, which are stored sentences
    # What people agreed on, written by hand; nothing is taken from anybody's pay by this product.
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2, null=True, blank=True)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")  # nobody: the desk's own
    reply_until = models.DateTimeField(_("reply until"), null=True, blank=True)
    reply = models.CharField(_("Reply"), max_length=2000, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    certificate_number = models.CharField(_("number of the certificate"), max_length=20, blank=True)
    decision_reason = models.CharField(_("Reason of the decision"), max_length=1000, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("reward or penalty")
        verbose_name_plural = _("rewards and penalties")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="reward", form__in=["bonus", "certificate", "promotion"])
                | Q(kind="penalty", form__in=["warning", "fine", "demotion"]),
                name="an_incentive_has_a_form_of_its_kind",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(clause=""), name="an_incentive_says_clause_and_reason"),
            models.CheckConstraint(
                condition=Q(kind="reward") | Q(reply_until__isnull=False), name="a_penalty_leaves_time_to_reply"
            ),
            models.CheckConstraint(
                condition=Q(reply_until__isnull=True) | Q(reply_until__gt=F("proposed_at")),
                name="the_time_to_reply_comes_after_the_proposal",
            ),
            models.CheckConstraint(
                condition=Q(kind="reward") | ~Q(state="approved") | Q(reply_until__lte=F("decided_at"))
                | Q(replied_at__isnull=False, replied_at__lte=F("decided_at")),
                name="a_penalty_hears_the_other_side_first",
            ),
            models.CheckConstraint(
                condition=Q(certificate_number="") | Q(form="certificate", state="approved"),
                name="a_certificate_is_of_an_approved_reward",
            ),
            models.UniqueConstraint(
                fields=["certificate_number"], condition=~Q(certificate_number=""), name="a_certificate_has_its_number"
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0, form__in=["bonus", "fine"]),
                name="an_amount_belongs_to_a_bonus_or_a_fine",
            ),
            models.CheckConstraint(
                condition=Q(reply="", replied_at__isnull=True, replied_by__isnull=True)
                | (~Q(reply="") & Q(replied_at__isnull=False, replied_by__isnull=False)),
                name="a_reply_says_who",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="a_decided_incentive_says_who",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(decision_reason=""), name="a_refused_incentive_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.get_form_display()}"

    def get_absolute_url(self):
        return reverse("kpi:incentive", args=[self.pk])

    @property
    def subject(self):
        return self.person or self.department

    @property
    def stream(self):
        return f"incentive:{self.pk}"

    @property
    def is_open(self):
        return self.state == self.State.PROPOSED

    @property
    def reason_text(self):
        return render(self.reason, self.params) if self.proposed_by_id is None else self.reason

    @property
    def has_amount(self):
        return self.form in (self.Form.BONUS, self.Form.FINE)

    @property
    def is_penalty(self):
        return self.kind == self.Kind.PENALTY

    def is_heard(self, now) -> bool:
        """Nothing stands against a decision: a reward, a reply, or a time to reply that has passed."""
        return not self.is_penalty or self.replied_at is not None or now >= self.reply_until


class Evidence(models.Model):
    """What a proposal rests on: a part of a published score, a case of it, or an order with what happened."""

    incentive = models.ForeignKey(Incentive, models.CASCADE, related_name="evidence")
    part = models.ForeignKey(ScorePart, models.PROTECT, null=True, blank=True, related_name="+")
    case = models.ForeignKey(ScoreCase, models.PROTECT, null=True, blank=True, related_name="+")
    order = models.ForeignKey(UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(_("What happened"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("evidence")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(part__isnull=False) | Q(case__isnull=False) | (Q(order__isnull=False) & ~Q(text="")),
                name="evidence_points_to_the_records",
            ),
        ]

    def __str__(self):
        return self.text or str(self.case or self.part or self.order)
