"""Input of who stands in for whom: absences, delegations, the duty table."""

from datetime import datetime, time, timedelta

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import Delegation, Department, User
from people.roles import Right, Role
from sla.rota import week_of


def start_of(day) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day) -> datetime:
    """The last day counts whole."""
    return start_of(day + timedelta(days=1))


def possible_delegates(person):
    """Active, of the same department or of higher rank; the deed looks closer."""
    higher = Q(role__in=[Role.MANAGER, Role.GENERAL_MANAGER]) | Q(pk__in=Department.objects.values("head"))
    if person.department_id:
        higher |= Q(department=person.department_id)
    people = User.objects.filter(higher, is_active=True).exclude(role="").exclude(pk=person.pk)
    return people.order_by("name", "pk")


class SpanForm(forms.Form):
    from_day = forms.DateField(label=pgettext_lazy("day", "From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until, this day included"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self):
        data = super().clean()
        if data.get("from_day") and data.get("until") and data["until"] < data["from_day"]:
            self.add_error("until", _("The last day comes after the first one."))
        return data

    @property
    def span(self) -> dict:
        return {
            "starts_at": start_of(self.cleaned_data["from_day"]), "ends_at": end_of(self.cleaned_data["until"]),
        }


class AbsenceForm(SpanForm):
    person = forms.ModelChoiceField(User.objects.none(), label=_("Who is away"), empty_label=None)
    delegate = forms.ModelChoiceField(
        User.objects.none(), label=_("Delegate"), required=False, empty_label=_("Nobody: the next rank stands in"),
        help_text=_("Gets the open work as soon as the absence has begun, and what comes meanwhile."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    field_order = ["person", "from_day", "until", "delegate", "note"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        members = Q(department=user.department_id) if user.is_head else Q(pk=user.pk)
        self.fields["person"].queryset = User.objects.filter(members, is_active=True).order_by("name", "pk")
        self.fields["person"].initial = user.pk
        self.fields["from_day"].initial = timezone.localdate()
        self.fields["delegate"].queryset = possible_delegates(user)


class DelegationForm(SpanForm):
    to = forms.ModelChoiceField(User.objects.none(), label=_("Delegate"), empty_label=_("choose"))
    rights = forms.MultipleChoiceField(label=_("Rights"), widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    field_order = ["to", "from_day", "until", "rights", "note"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = possible_delegates(user)
        self.fields["rights"].choices = [
            (right.value, right.label) for right in Right if right in user.own_rights - Delegation.NEVER
        ]
        self.fields["from_day"].initial = timezone.localdate()


class DutyForm(forms.Form):
    """A week of the duty table: one choice for each day, named by its date."""

    def __init__(self, *args, department, monday, known, **kwargs):
        super().__init__(*args, **kwargs)
        self.days = week_of(monday)
        members = list(department.members.filter(is_active=True).exclude(role="").order_by("name", "pk"))
        self.people = {str(person.pk): person for person in members}
        choices = [(pk, str(person)) for pk, person in self.people.items()]
        for day in self.days:
            self.fields[day.isoformat()] = forms.ChoiceField(
                label=day.isoformat(), choices=[("", _("the default person")), *choices], required=False,
                initial=known.get(day), widget=forms.Select(attrs={"class": "inp"}),
            )
        self.fields["default"] = forms.ChoiceField(
            label=_("Default person"), choices=[("", _("nobody: deputy, then head")), *choices], required=False,
            initial=department.duty_person_id, help_text=_("On days without a person of their own."),
        )

    def chosen(self) -> dict:
        return {day: self.people.get(self.cleaned_data[day.isoformat()]) for day in self.days}

    def default(self):
        return self.people.get(self.cleaned_data["default"])


class ConfirmForm(forms.Form):
    """A button that says what follows."""
