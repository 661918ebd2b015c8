from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from sla.models import WorkItem


class ConsentQuerySet(models.QuerySet):
    def living(self):
        """The plan that asks is still the same."""
        return self.filter(lapsed_at__isnull=True)


class Consent(models.Model):
    """May this order's plan make another one later than its promise? Its salesperson answers, with a reason.

    Written once; only the answer, and the end of the plan that asked, are added.
    """

    class State(models.TextChoices):
        OPEN = "open", _("not answered")
        YES = "yes", _("agreed")
        NO = "no", _("not agreed")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="consents")
    harmed = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="harms")
    plan_version = models.PositiveSmallIntegerField(_("plan version"))
    plan_text = models.CharField(_("the plan"), max_length=300)
    reason = models.CharField(_("Why it must go first"), max_length=500)
    finish_before_at = models.DateTimeField(_("finish so far"))
    finish_after_at = models.DateTimeField(_("finish then"))
    promised_at = models.DateTimeField(_("promised"))
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=4, choices=State, default=State.OPEN)
    answer = models.CharField(_("Reason"), max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    lapsed_at = models.DateTimeField(null=True, blank=True)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "harmed"], condition=Q(lapsed_at__isnull=True), name="order_asks_a_consent_once"
            ),
            models.CheckConstraint(condition=~Q(order=F("harmed")), name="consent_is_asked_of_another_order"),
            models.CheckConstraint(
                condition=Q(finish_after_at__gt=F("finish_before_at")) & Q(finish_after_at__gt=F("promised_at")),
                name="consent_is_asked_where_a_promise_breaks",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True, decided_by__isnull=True, answer="")
                | (~Q(state="open") & ~Q(answer="") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="answered_consent_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="consent_is_answered_by_another_person",
            ),
        ]

    def __str__(self):
        return f"{self.order} → {self.harmed}"

    @property
    def is_open(self):
        return self.state == self.State.OPEN and self.lapsed_at is None

    @property
    def late_seconds(self) -> int:
        return int((self.finish_after_at - self.promised_at).total_seconds())
