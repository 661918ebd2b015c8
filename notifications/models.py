from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.text import render
from people.models import Department

PERSON = settings.AUTH_USER_MODEL


class Channel(models.TextChoices):
    IN_APP = "in_app", _("In the desk")
    EMAIL = "email", _("E-mail")
    ROBOT = "robot", _("Group robot")


class Preference(models.Model):
    """How one person wants to be told. No row: everything, at any hour."""

    person = models.OneToOneField(PERSON, models.CASCADE, related_name="+", verbose_name=_("person"))
    by_email = models.BooleanField(_("by e-mail"), default=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    digest_at = models.TimeField(
        _("one letter a day at"), null=True, blank=True,
        help_text=_("What does not press is collected and sent once a day. Empty: each message by itself."),
    )

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


class RobotQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)


class Robot(models.Model):
    """Speaks to a group of a messenger. Its address is a key: encrypted here, and nowhere shown."""

    class Kind(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")
        SLACK = "slack", "Slack"  # a name, which is no word to translate

    class Rooms(models.TextChoices):
        ALL = "all", _("everything said")
        PROGRESS = "progress", _("progress only")
        ISSUES = "issues", _("problems and solutions only")
        NONE = "none", _("nothing")

    name = models.CharField(_("name"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    encrypted_address = models.TextField(editable=False)
    address_digest = models.CharField(max_length=64, unique=True, editable=False)  # the same group is not told twice
    address_end = models.CharField(max_length=4, editable=False)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    rooms = models.CharField(
        _("from the rooms of orders"), max_length=10, choices=Rooms, default=Rooms.NONE, db_default=Rooms.NONE
    )
    is_active = models.BooleanField(_("speaks"), default=True)
    version = models.PositiveIntegerField(default=1)
    made_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("added by"))
    made_at = models.DateTimeField(_("added"), default=timezone.now)
    free_from = models.DateTimeField(default=timezone.now)  # not before this it speaks again
    last_ok_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    last_error = models.CharField(_("what went wrong"), max_length=300, blank=True)

    objects = RobotQuerySet.as_manager()

    class Meta:
        verbose_name = _("group robot")
        verbose_name_plural = _("group robots")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["wecom", "dingtalk", "feishu", "slack"]), name="a_robot_is_of_a_known_kind"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(encrypted_address="") & ~Q(address_digest=""),
                name="a_robot_has_a_name_and_an_address",
            ),
            models.CheckConstraint(
                condition=Q(rooms__in=["all", "progress", "issues", "none"]), name="a_robot_hears_rooms_in_a_known_way"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def masked_address(self) -> str:
        return f"…{self.address_end}"

    @property
    def heard_by(self) -> str:
        return str(self.department) if self.department_id else _("The whole company")


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
            models.Index(fields=["-created_at"], name="messages_newest_first"),
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

    def open(self):
        """Not sent yet, and not withdrawn: on their way, or lying with the administrator."""
        return self.filter(Q(next_try_at__isnull=False) | Q(state=Outbox.State.DEAD))


UNSENT = Q(next_try_at__isnull=False)
UNSENT_STATE = Q(state__in=["waiting", "leased"])


class Outbox(models.Model):
    """A message on its way out of the house, by one channel to one person or through one robot."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        LEASED = "leased", _("Being sent")
        SENT = "sent", _("Sent")
        VOID = "void", _("Withdrawn")
        DEAD = "dead", _("Not delivered")
        GIVEN_UP = "given_up", _("Given up")

    key = models.CharField(max_length=220, unique=True)  # event:channel:who
    event = models.CharField(max_length=160)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    recipient = models.ForeignKey(
        PERSON, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("recipient")
    )
    robot = models.ForeignKey(  # indexed below, where it is set: nearly all letters have none
        Robot, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("group robot"), db_index=False
    )
    text = models.CharField(max_length=300)
    params = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=300)
    source = models.CharField(max_length=80, blank=True)
    # Waits for the one letter a day; which letter it went into is kept, so that another try is the same letter.
    is_digest = models.BooleanField(default=False)
    calendar = models.TextField(blank=True, default="", db_default="")  # an invitation (ICS), sent with it as a file
    bundle = models.UUIDField(null=True, blank=True)
    message_id = models.UUIDField(default=uuid4, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    # Of a letter being sent: when its lease ends and another dispatcher may try. Of a finished one: nothing.
    next_try_at = models.DateTimeField(_("next try"), null=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    lease = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    error = models.TextField(_("what went wrong"), blank=True)
    given_up_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("given up by")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)

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
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, robot__isnull=True)
                | Q(recipient__isnull=True, robot__isnull=False),
                name="a_letter_goes_to_a_person_or_a_robot",
            ),
            models.CheckConstraint(
                condition=Q(channel="robot", robot__isnull=False) | (~Q(channel="robot") & Q(robot__isnull=True)),
                name="a_robot_has_a_channel_of_its_own",
            ),
            models.CheckConstraint(
                condition=Q(state="given_up", given_up_by__isnull=False) & ~Q(reason="")
                | ~Q(state="given_up") & Q(given_up_by__isnull=True),
                name="a_letter_is_given_up_by_somebody_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(is_digest=False) | Q(channel="email"), name="only_letters_are_collected"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=UNSENT, name="unsent_by_next_try"),
            models.Index(fields=["source"], name="letters_of_a_source"),
            models.Index(fields=["robot", "next_try_at"], condition=UNSENT & Q(robot__isnull=False),
                         name="unsent_of_a_robot"),
            models.Index(fields=["recipient", "next_try_at"], condition=UNSENT & Q(is_digest=True),
                         name="unsent_of_a_day"),
            models.Index(fields=["-created_at"], condition=Q(state="dead"), name="dead_messages"),
        ]

    def __str__(self):
        return self.key

    @property
    def text_shown(self) -> str:
        return render(self.text, self.params)

    @property
    def addressee(self):
        return self.robot if self.robot_id else self.recipient
