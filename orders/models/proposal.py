from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from sla.models import WorkItem

PERSON = settings.AUTH_USER_MODEL


class DeclineProposal(models.Model):
    """Somebody concerned thinks that this is no urgent order of ours; the head of Sales answers."""

    class ReasonCode(models.TextChoices):
        NOT_URGENT = "not_urgent", _("It is not urgent")
        DUPLICATE_OF = "duplicate_of", _("It is entered already")
        NOT_OURS = "not_ours", _("We do not make it")

    class Answer(models.TextChoices):
        OPEN = "", _("open")
        DECLINED = "declined", _("declined")
        KEPT = "kept", _("goes on")
        WITHDRAWN = "withdrawn", _("withdrawn")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="decline_proposals")
    reason_code = models.CharField(_("Why"), max_length=15, choices=ReasonCode)
    reason = models.CharField(_("In words"), max_length=1000)
    duplicate_of = models.ForeignKey(UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    answer = models.CharField(_("Answer"), max_length=10, choices=Answer, default=Answer.OPEN, blank=True)
    answer_text = models.CharField(_("Answer in words"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("proposal to decline")
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(answer=""), name="order_has_one_open_proposal"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="answered_proposal_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(reason_code="duplicate_of") | Q(duplicate_of__isnull=False),
                name="proposed_duplicate_names_the_other_order",
            ),
        ]
