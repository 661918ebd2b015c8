from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.text import render

PERSON = settings.AUTH_USER_MODEL


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In the desk")
    EMAIL = "email", _("E-mail")


class Preference(models.Model):
    """How one person wants to be told. No row: everything, at any hour."""

    person = models.OneToOneField(PERSON, models.CASCADE, related_name="+", verbose_name=_("person"))
    by_email = models.BooleanField(_("by e-mail"), default=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_two_ends",
            )
        ]

    def __str__(self):
        return str(self.person)


class NotificationQuerySet(models.QuerySet):
    def inbox_of(self, user, now=None):
        return self.filter(recipient=user, voided_at__isnull=True, shown_from__lte=now or timezone.now())

    def unread(self):
        return self.filter(read_at__isnull=True)


class Notification(models.Model):
    """A message in somebody's inbox."""

    key = models.CharField(max_length=160)
    recipient = models.ForeignKey(PERSON, models.CASCADE, related_name="+", verbose_name=_("recipient"))
    text = models.CharField(max_length=300)
    params = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=300)
    source = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    created_by = models.ForeignKey(PERSON, models.SET_NULL, null=True, related_name="+", verbose_name=_("written by"))
    shown_from = models.DateTimeField(_("shown from"), default=timezone.now)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    voided_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(fields=["key", "recipient"], name="a_person_gets_each_message_once")
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="inbox_newest_first"),
            models.Index(
                fields=["recipient"], condition=Q(read_at__isnull=True, voided_at__isnull=True), name="inbox_unread"
            ),
            models.Index(fields=["source"], condition=Q(read_at__isnull=True), name="messages_of_a_source"),
        ]

    def __str__(self):
        return self.key

    @property
    def text_shown(self) -> str:
        return render(self.text, self.params)


class OutboxQuerySet(models.QuerySet):
    def due(self, now):
        """Waiting and at their time, or held by a dispatcher that died."""
        return self.filter(next_try_at__lte=now).order_by("next_try_at", "pk")

    def unsent(self):
        return self.filter(next_try_at__isnull=False)

    def dead(self):
        return self.filter(state=Outbox.State.DEAD)


UNSENT = Q(next_try_at__isnull=False)
UNSENT_STATE = Q(state__in=["waiting", "leased"])


class Outbox(models.Model):
    """A message on its way out of the house, by one channel to one person."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        LEASED = "leased", _("Being sent")
        SENT = "sent", _("Sent")
        VOID = "void", _("Withdrawn")
        DEAD = "dead", _("Given up")

    key = models.CharField(max_length=220, unique=True)  # event:channel:recipient
    event = models.CharField(max_length=160)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    recipient = models.ForeignKey(PERSON, models.CASCADE, related_name="+", verbose_name=_("recipient"))
    text = models.CharField(max_length=300)
    params = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=300)
    source = models.CharField(max_length=80, blank=True)
    message_id = models.UUIDField(default=uuid4, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    # Of a letter being sent: when its lease ends and another dispatcher may try. Of a finished one: nothing.
    next_try_at = models.DateTimeField(_("next try"), null=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    lease = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.TextField(_("what went wrong"), blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="leased", lease__isnull=False) | (~Q(state="leased") & Q(lease__isnull=True)),
                name="a_leased_message_has_its_lease",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="a_sent_message_says_when",
            ),
            models.CheckConstraint(
                condition=(UNSENT_STATE & UNSENT) | (~UNSENT_STATE & ~UNSENT),
                name="an_unsent_message_has_its_next_try",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=UNSENT, name="unsent_by_next_try"),
            models.Index(fields=["source"], condition=UNSENT, name="unsent_of_a_source"),
            models.Index(fields=["-created_at"], condition=Q(state="dead"), name="dead_messages"),
        ]

    def __str__(self):
        return self.key

    @property
    def text_shown(self) -> str:
        return render(self.text, self.params)
