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
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme, default=Theme.AUTO)

    REQUIRED_FIELDS = ["name", "email"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self):
        return self.get_full_name()

    def clean(self):
        super().clean()
        homes = departments_of(self.role)
        if homes and (self.department.code if self.department_id else "") not in homes:
            names = ", ".join(str(Department.Code(code).label) for code in sorted(homes))
            raise ValidationError({"role": _("This role belongs to: %(departments)s.") % {"departments": names}})

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
        deputies = self.department.deputies.all()  # prefetched where many people are asked
        return self.department.head_id == self.pk or any(deputy.pk == self.pk for deputy in deputies)

    def may_stand_in_for(self, person) -> bool:
        is_higher = self.is_head or self.role in (Role.MANAGER, Role.GENERAL_MANAGER)
        return self.is_active and (is_higher or self.department_id == person.department_id)

    @cached_property
    def rights(self) -> frozenset:
        if not self.is_active:
            return frozenset()
        return rights_of(role=self.role, department=self.department_code, is_head=self.is_head)

    def may(self, right: Right) -> bool:
        return right in self.rights


class AbsenceQuerySet(models.QuerySet):
    def current(self, at=None):
        at = at or timezone.now()
        return self.filter(starts_at__lte=at, ends_at__gt=at)


class Absence(models.Model):
    """Somebody is away, and who stands in. A delegate delegates no further."""

    person = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("person"))
    delegate = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("delegate")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    note = models.CharField(_("note"), max_length=200, blank=True)

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
        ]

    def __str__(self):
        return f"{self.person} {self.starts_at:%Y-%m-%d}"

    def clean(self):
        if self.delegate_id and self.person_id and not self.delegate.may_stand_in_for(self.person):
            raise ValidationError({"delegate": _("A delegate is active, of the same department or of higher rank.")})
