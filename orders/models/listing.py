from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from people.models import Department


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        mine = Q(owner=user)
        return self.filter(mine | Q(department=user.department_id) if user.department_id else mine)


class SavedView(models.Model):
    """A filter of the list of orders under a name; with a department, everybody there may use it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    department = models.ForeignKey(Department, models.CASCADE, null=True, blank=True, related_name="+")

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="a_person_names_each_view_once"),
            models.CheckConstraint(condition=~Q(name=""), name="a_view_has_a_name"),
        ]

    def __str__(self):
        return self.name


class ListChoice(models.Model):
    """How a person wants the list of orders: its columns, and the view it opens with."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    columns = models.JSONField(default=list, blank=True)
    default_view = models.ForeignKey(SavedView, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("choice of columns")

    def __str__(self):
        return str(self.person)
