import hashlib
import json
from datetime import UTC, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from desk.text import render


class Stream(models.Model):
    """The chain of one subject's events: how long it is and the hash it ends with. May only grow."""

    name = models.CharField(max_length=60, unique=True)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit stream")
        verbose_name_plural = _("audit streams")

    def __str__(self):
        return self.name


class Event(models.Model):
    """What happened, by whom, when. Written once; `text` is the English source of the sentence."""

    class Money(models.TextChoices):
        NONE = "", _("no money")
        SALES = "sales", _("prices and rush charges")
        PURCHASE = "purchase", _("purchase prices")
        RESOURCE = "resource", _("rates and extra costs")
        RESULT = "result", _("cost sheet and margin")

    stream = models.ForeignKey(Stream, models.PROTECT, to_field="name", db_column="stream", related_name="events")
    number = models.PositiveIntegerField()
    verb = models.CharField(max_length=60)
    text = models.TextField()
    params = models.JSONField(default=dict, blank=True)
    money = models.CharField(max_length=10, choices=Money, default=Money.NONE, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=60, blank=True)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    on_behalf_of_name = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["stream_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "number"], name="event_number_is_unique_in_its_stream"),
            models.CheckConstraint(condition=Q(number__gte=1), name="event_numbers_start_at_one"),
        ]

    def __str__(self):
        return f"{self.stream_id}#{self.number} {self.verb}"

    @property
    def who(self) -> str:
        """`李娜`, `李娜 for 王芳`; nobody is the system."""
        if not self.on_behalf_of_name:
            return self.actor_name
        return _("%(person)s for %(absent)s") % {"person": self.actor_name, "absent": self.on_behalf_of_name}

    def digest(self) -> str:
        """sha256 over canonical JSON of everything the event says, and of the event before it."""
        said = {
            "stream": self.stream_id, "number": self.number, "verb": self.verb, "text": self.text,
            "params": self.params, "money": self.money, "actor": self.actor_id, "actor_name": self.actor_name,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"), "previous": self.previous_hash,
        }
        if self.on_behalf_of_id or self.on_behalf_of_name:  # events from before it could be said keep their hash
            said |= {"on_behalf_of": self.on_behalf_of_id, "on_behalf_of_name": self.on_behalf_of_name}
        canonical = json.dumps(said, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class OnceKeyQuerySet(models.QuerySet):
    def expired(self, now=None):
        return self.filter(created_at__lt=(now or timezone.now()) - timedelta(days=7))


class OnceKey(models.Model):
    """One press of a button: its repetition finds the first one's result."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    result_url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = OnceKeyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="once_key_is_used_once_by_a_person")]

    def __str__(self):
        return self.key


class StoredFile(models.Model):
    """A file somebody attached. Its stored name is random; the name it came with is only data."""

    subject = models.CharField(_("subject"), max_length=60, db_index=True)
    purpose = models.CharField(_("purpose"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("kind"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=200)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["uploaded_at", "pk"]

    def __str__(self):
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type in ("image/png", "image/jpeg", "image/webp")

    @property
    def is_shown_inline(self) -> bool:
        return self.is_image or self.content_type == "application/pdf"


class AccessLinkQuerySet(models.QuerySet):
    def living(self, now=None):
        return self.filter(revoked_at__isnull=True, expires_at__gt=now or timezone.now())


class AccessLink(models.Model):
    """A way in for somebody without an account. Only the token's hash is kept: a leaked table opens nothing."""

    token_sha256 = models.CharField(max_length=64, unique=True)
    subject = models.CharField(max_length=60, db_index=True)
    purpose = models.CharField(max_length=40)
    issued_at = models.DateTimeField(default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = AccessLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("issued_at")), name="link_expires_after_it_is_issued"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="link_is_revoked_by_somebody_at_some_time",
            ),
        ]

    def __str__(self):
        return f"{self.purpose} {self.subject}"


class CompanySettings(models.Model):
    """The company's own numbers beside the time limits, one row."""

    company_name = models.CharField(_("company name"), max_length=120, blank=True)
    class_a_max_ratio = models.DecimalField(
        _("class A up to"), max_digits=4, decimal_places=2, default=Decimal("0.30"),
        help_text=_("Requested lead time ÷ normal lead time."),
    )
    class_b_max_ratio = models.DecimalField(
        _("class B up to"), max_digits=4, decimal_places=2, default=Decimal("0.60"),
        help_text=_("Requested lead time ÷ normal lead time; everything above is class C."),
    )
    silent_customer_days = models.PositiveSmallIntegerField(
        _("working days a customer may be silent"), default=3, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    over_delivery_percent = models.DecimalField(
        _("pieces allowed above the agreed quantity, %"), max_digits=5, decimal_places=2, default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    budget_allowance_percent = models.DecimalField(
        _("order budget above the approved plan, %"), max_digits=5, decimal_places=2, default=Decimal(10),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    major_cost_amount = models.DecimalField(
        _("cost from which a problem is major"), max_digits=14, decimal_places=2, default=Decimal(10000),
        validators=[MinValueValidator(0)],
    )
    option_valid_hours = models.PositiveSmallIntegerField(
        _("hours an offered solution stays valid"), default=4, validators=[MinValueValidator(1)]
    )
    duplicate_window_days = models.PositiveSmallIntegerField(
        _("days in which a like order is asked about"), default=14
    )
    score_check_days = models.PositiveSmallIntegerField(
        _("working days in which heads check the month's scores"), default=3,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    appeal_days = models.PositiveSmallIntegerField(
        _("working days for appeals against the month's scores"), default=3,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    reply_days = models.PositiveSmallIntegerField(
        _("working days to reply to a proposed penalty"), default=3,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    meeting_weekday = models.PositiveSmallIntegerField(
        _("day of the weekly coordination meeting"), choices=list(WEEKDAYS.items()), default=0,
        help_text=_("Where that is no working time, the next working day of the week."),
    )
    meeting_time = models.TimeField(_("time of the weekly coordination meeting"), default=time(10, 30))
    meeting_minutes = models.PositiveSmallIntegerField(
        _("minutes of the weekly coordination meeting"), default=30,
        validators=[MinValueValidator(10), MaxValueValidator(240)],
    )
    meeting_place = models.CharField(_("place of the weekly coordination meeting"), max_length=120, blank=True)
    file_size_limit_mb = models.PositiveSmallIntegerField(
        _("largest file, MB"), default=20, validators=[MinValueValidator(1)]
    )
    review_people = models.PositiveSmallIntegerField(
        _("different people who assess an order"), default=3, validators=[MinValueValidator(1), MaxValueValidator(3)],
        help_text=_("Process, capacity and materials: 3; 1 or 2 in a small firm."),
    )
    has_sole_authority = models.BooleanField(
        _("general management may decide alone"), default=False,
        help_text=_("Where nobody else is eligible: own decision with a reason, flagged on paper and in the report."),
    )

    class Meta:
        verbose_name = _("company settings")
        verbose_name_plural = _("company settings")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="company_settings_are_one_row"),
            models.CheckConstraint(
                condition=Q(class_a_max_ratio__gt=0, class_b_max_ratio__gt=F("class_a_max_ratio")),
                name="class_b_reaches_beyond_class_a",
                violation_error_message=_("Class B must reach beyond class A."),
            ),
            models.CheckConstraint(
                condition=Q(review_people__gte=1, review_people__lte=3), name="one_to_three_people_assess_an_order"
            ),
        ]

    def __str__(self):
        return str(_("company settings"))

    @classmethod
    def current(cls) -> "CompanySettings":
        return cls.objects.get_or_create(pk=1)[0]


class SoleDecision(models.Model):
    """Decided by the person who had asked, because nobody else was left; flagged on paper and in the month's report."""

    subject = models.CharField(_("about"), max_length=60, db_index=True)
    act = models.CharField(max_length=20)
    text = models.CharField(max_length=200)
    params = models.JSONField(default=dict, blank=True)
    url = models.CharField(max_length=300)
    reason = models.CharField(_("Reason"), max_length=500)
    decided_at = models.DateTimeField(_("decided at"), db_index=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("decision of one person")
        verbose_name_plural = _("decisions of one person")
        ordering = ["-decided_at", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="who_decides_alone_says_why")]

    def __str__(self):
        return f"{self.subject} {self.act}"

    @property
    def what(self) -> str:
        return render(self.text, self.params)
