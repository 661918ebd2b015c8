from datetime import timedelta
from functools import cached_property

from django.contrib.auth.models import AbstractUser, Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.roles import Right, Role, departments_of, rights_of


class Department(models.Model):
    class Code(models.TextChoices):
        SALES = "sales", _("Sales")
        PRODUCTION = "production", _("Production")
        PROCUREMENT = "procurement", _("Procurement")
        LOGISTICS = "logistics", _("Logistics")
        QUALITY = "quality", _("Quality")
        FINANCE = "finance", _("Finance")
        HR = "hr", _("Human resources")
        MANAGEMENT = "management", _("General management")

    # The one Han character that stands for a department on every page.
    SEALS = {
        "sales": pgettext_lazy("seal", "销"), "production": pgettext_lazy("seal", "产"),
        "procurement": pgettext_lazy("seal", "采"), "logistics": pgettext_lazy("seal", "流"),
        "quality": pgettext_lazy("seal", "质"), "finance": pgettext_lazy("seal", "财"),
        "hr": pgettext_lazy("seal", "人"), "management": pgettext_lazy("seal", "总"),
    }

    code = models.CharField(_("department"), max_length=20, choices=Code, unique=True)
    head = models.ForeignKey("User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("head"))
    deputies = models.ManyToManyField("User", blank=True, related_name="+", verbose_name=_("deputies"))
    duty_person = models.ForeignKey(
        "User", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("duty person of the day")
    )
    group = models.OneToOneField(Group, models.PROTECT, related_name="+", editable=False)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self):
        return self.get_code_display()

    def clean(self):
        if self.head and self.head.department_id != self.pk:
            raise ValidationError({"head": _("The head is a member of the department.")})


class User(AbstractUser):
    class Theme(models.TextChoices):
        AUTO = "auto", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    first_name = last_name = None
    name = models.CharField(_("name"), max_length=60)
    latin_name = models.CharField(_("name in Latin letters"), max_length=60, blank=True)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("department")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.NONE, blank=True)
    same_person_as = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("same person as"),
        help_text=_("One human being with two accounts counts once where two people are needed."),
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme, default=Theme.AUTO)
    shortcuts = models.BooleanField(
        _("keys in lists"), default=True, db_default=True,
        help_text=_("Single letters such as J, K, X, A work in the list and its preview."),
    )

    REQUIRED_FIELDS = ["name", "email"]

    on_behalf_of = None  # whose right was used last, where it was not one's own: `use`

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=Q(same_person_as__isnull=True) | ~Q(same_person_as=F("pk")),
                name="same_person_is_another_account",
                violation_error_message=_("This is the same account."),
            ),
        ]

    def __str__(self):
        return self.get_full_name()

    def clean(self):
        super().clean()
        homes = departments_of(self.role)
        if homes and (self.department.code if self.department_id else "") not in homes:
            names = ", ".join(str(Department.Code(code).label) for code in sorted(homes))
            raise ValidationError({"role": _("This role belongs to: %(departments)s.") % {"departments": names}})
        if self.same_person_as and self.same_person_as.same_person_as_id:
            raise ValidationError({"same_person_as": _("Choose this person's first account.")})

    def get_full_name(self):
        return self.name or self.username

    def get_short_name(self):
        return self.get_full_name()

    @property
    def initial(self):
        """The character in the round mark: the family name in Chinese, the first letter elsewhere."""
        return self.get_full_name()[:1]

    @cached_property
    def department_code(self) -> str:
        return self.department.code if self.department_id else ""

    @cached_property
    def is_head(self) -> bool:
        """Heads a department or deputises for its head."""
        if not self.department_id:
            return False
        if self.department.head_id == self.pk:
            return True
        if "is_deputy" in self.__dict__:  # asked with the person of the request
            return self.is_deputy
        deputies = self.department.deputies.all()  # prefetched where many people are asked
        return any(deputy.pk == self.pk for deputy in deputies)

    @property
    def is_superior_by_rank(self) -> bool:
        return self.is_head or self.role in (Role.MANAGER, Role.GENERAL_MANAGER)

    def may_stand_in_for(self, person) -> bool:
        return self.is_active and (self.is_superior_by_rank or self.department_id == person.department_id)

    @property
    def natural_id(self) -> int:
        """One number for one human being, whichever account is used."""
        return self.same_person_as_id or self.pk

    @property
    def hands(self) -> set[int]:
        """The human beings behind what is done now: oneself, and for whom one acts."""
        return {self.natural_id, *([self.on_behalf_of.natural_id] if self.on_behalf_of else [])}

    @cached_property
    def own_rights(self) -> frozenset:
        """From role and rank; alone these can be handed to somebody else."""
        if not self.is_active:
            return frozenset()
        return rights_of(role=self.role, department=self.department_code, is_head=self.is_head)

    @cached_property
    def held_delegations(self) -> list["Delegation"]:
        """In force now; `people.duty.with_rights` has read them for many people at once."""
        if "delegations_read" in self.__dict__:
            return self.delegations_read
        if not self.__dict__.get("has_delegations", True):  # asked with the person of the request
            return []
        return list(Delegation.objects.in_force().filter(to_person=self)) if self.is_active else []

    @cached_property
    def absent_people(self) -> list[int]:
        """For whom this person stands in now."""
        if not self.__dict__.get("stands_in", True):  # asked with the person of the request
            return []
        return list(Absence.objects.current().filter(delegate=self).values_list("person_id", flat=True))

    @cached_property
    def accounts(self) -> list[int]:
        """All accounts of this human being."""
        same = Q(pk=self.natural_id) | Q(same_person_as=self.natural_id)
        return list(User.objects.filter(same).values_list("pk", flat=True))

    @cached_property
    def rights(self) -> frozenset:
        return self.own_rights.union(*(held.living_rights for held in self.held_delegations if self.is_active))

    def may(self, right: Right) -> bool:
        return right in self.own_rights or right in self.rights

    def authorities(self, right: Right) -> list["User"]:
        """By whose right: one's own, else of those who handed it over."""
        if right in self.own_rights:
            return [self]
        return [held.from_person for held in self.held_delegations if right in held.living_rights and self.is_active]

    def use(self, right: Right) -> bool:
        """`may`, for an act: what is recorded from here on says for whom it was done."""
        found = self.authorities(right)
        self.on_behalf_of = found[0] if found and found[0].pk != self.pk else None
        return bool(found)


class AbsenceQuerySet(models.QuerySet):
    def current(self, at=None):
        at = at or timezone.now()
        return self.standing(at).filter(starts_at__lte=at, ends_at__gt=at)

    def standing(self, at=None):
        """Not taken back by then."""
        return self.filter(Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=at or timezone.now()))


class Absence(models.Model):
    """Somebody is away, and who stands in. A delegate delegates no further."""

    person = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("person"))
    delegate = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("delegate")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    handed_over_at = models.DateTimeField(_("open work handed over"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("ended early"), null=True, blank=True, editable=False)
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("ended by")
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_it_starts",
                violation_error_message=_("An absence ends after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(delegate__isnull=True) | ~Q(delegate=F("person")),
                name="absence_delegate_is_another_person",
                violation_error_message=_("Somebody else stands in."),
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="absence_is_ended_early_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.person} {self.starts_at:%Y-%m-%d}"

    @property
    def last_day(self):
        return self.ends_at - timedelta(seconds=1)

    def clean(self):
        if self.delegate_id and self.person_id and not self.delegate.may_stand_in_for(self.person):
            raise ValidationError({"delegate": _("A delegate is active, of the same department or of higher rank.")})


class DelegationQuerySet(models.QuerySet):
    def standing(self, at=None):
        """Not revoked by then."""
        return self.filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at or timezone.now()))

    def current(self, at=None):
        at = at or timezone.now()
        return self.standing(at).filter(starts_at__lte=at, ends_at__gt=at)

    def in_force(self):
        """With all that tells whether the giver still holds what was given."""
        people = self.current().select_related("from_person__department").order_by("pk")
        return people.prefetch_related("from_person__department__deputies")


class Delegation(models.Model):
    """Named rights in another person's hands for named days. The giver keeps them; nobody hands them further."""

    NEVER = frozenset({Right.CONFIGURE})

    from_person = models.ForeignKey(
        User, models.PROTECT, related_name="given_delegations", verbose_name=_("from person")
    )
    to_person = models.ForeignKey(
        User, models.PROTECT, related_name="received_delegations", verbose_name=_("to person")
    )
    rights = models.JSONField(_("rights"), default=list)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    given_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("revoked by")
    )

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(to_person=F("from_person")), name="delegation_goes_to_another_person"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="delegation_is_revoked_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["to_person", "ends_at"], name="delegations_held")]

    def __str__(self):
        return f"{self.from_person} → {self.to_person}"

    @property
    def living_rights(self) -> frozenset:
        """What was given and the giver still holds by role and rank: what somebody gave the giver goes no further."""
        return frozenset(self.rights) & self.from_person.own_rights - self.NEVER

    @property
    def last_day(self):
        return self.ends_at - timedelta(seconds=1)

    def was_in_force(self, at) -> bool:
        return self.starts_at <= at < min(self.ends_at, self.revoked_at or self.ends_at)

    @property
    def right_labels(self) -> list:
        return [Right(right).label for right in self.rights if right in Right.values]


class DutyDay(models.Model):
    """The department's duty person of one day; a day without a row is the default person's."""

    department = models.ForeignKey(Department, models.CASCADE, related_name="duty_days")
    date = models.DateField(_("day"))
    person = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("duty person"))

    class Meta:
        verbose_name = _("day of duty")
        constraints = [models.UniqueConstraint(fields=["department", "date"], name="day_has_one_duty_person")]

    def __str__(self):
        return f"{self.department} {self.date}"


class Qualification(models.Model):
    """What somebody must have learned before doing a kind of work."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    latin_name = models.CharField(_("name in Latin letters"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["code"]

    def __str__(self):
        return self.name


class CertificateQuerySet(models.QuerySet):
    def valid(self, on=None):
        on = on or timezone.localdate()
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=on), valid_from__lte=on)


class Certificate(models.Model):
    """A person has a qualification, from a day and mostly until another."""

    person = models.ForeignKey(User, models.CASCADE, related_name="certificates", verbose_name=_("person"))
    qualification = models.ForeignKey(
        Qualification, models.PROTECT, related_name="certificates", verbose_name=_("qualification")
    )
    valid_from = models.DateField(_("valid from"), default=timezone.localdate)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["person", "qualification"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "qualification", "valid_from"], name="certificate_of_a_day_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="certificate_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.person}: {self.qualification}"
