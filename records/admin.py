"""The administration of the desk: configuration only, and every change of it stands in the audit log.

People stand below the log in the house, so their pages are registered here.
"""

from axes.utils import reset
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from desk.text import render
from people.admin_site import may_configure
from people.models import Absence, Certificate, Department, Qualification, User
from records.actions import record
from records.models import CompanySettings, Event
from records.rules import STREAM

HIDDEN = "•••"
SENTENCES = {
    "add": gettext_noop("{kind} {name} was added: {changes}"),
    "change": gettext_noop("{kind} {name} was changed: {changes}"),
    "delete": gettext_noop("{kind} {name} was removed."),
}


class ForAdministrators:
    """Ranks and roles decide, not Django's permissions. Nothing is deleted where a page does not allow it."""

    def has_view_permission(self, request, obj=None):
        return may_configure(request.user)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request, obj=None):
        return False

    def has_module_permission(self, request):
        return may_configure(request.user)


class AuditedAdmin(ForAdministrators, ModelAdmin):
    """Django asks for the message of a change once the form is saved, and then logs it: both are taken here."""

    def construct_change_message(self, request, form, formsets, add=False):
        rows = [row for formset in formsets or () for row in formset.forms if row.has_changed()]
        return "; ".join(line for changed in (form, *rows) for line in _changes(changed))

    def log_addition(self, request, obj, message):
        self.write("add", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request, obj, message):
        if message:
            self.write("change", request, obj, message)
        return super().log_change(request, obj, message)

    def delete_model(self, request, obj):
        self.write("delete", request, obj, "")
        super().delete_model(request, obj)

    def delete_queryset(self, request, queryset):
        for obj in queryset:
            self.delete_model(request, obj)

    def write(self, verb, request, obj, changes):
        params = {"kind": {"msg": obj._meta.verbose_name}, "name": str(obj), "changes": changes, "pk": obj.pk}
        record(f"{obj._meta.label_lower}.{verb}", SENTENCES[verb], by=request.user, stream=STREAM, params=params)


def _changes(form) -> list[str]:
    """`head: 王芳 → 李娜`, in English labels whatever language the administrator reads."""
    with translation.override(None):
        return [_change(form, name) for name in form.changed_data]


def _change(form, name) -> str:
    field = form.fields.get(name)
    if field is None or isinstance(field.widget, forms.PasswordInput):  # Django's password form names no field
        return f"{name}: {HIDDEN}"
    label = str(field.label or name)
    old = _shown(field, form[name].initial)
    return f"{label}: {old} → {_shown(field, form.cleaned_data.get(name))}"


def _shown(field, value) -> str:
    if value in (None, "", []):
        return "–"
    if isinstance(field, forms.ModelMultipleChoiceField):
        return ", ".join(str(item) for item in value)
    if isinstance(field, forms.ModelChoiceField) and not hasattr(value, "pk"):
        value = field.queryset.filter(pk=value).first() or value
    return Truncator(str(value)).chars(200)


admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, AuditedAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "name", "department", "role", "is_active", "last_login"]
    list_select_related = ["department"]
    list_filter = ["department", "role", "is_active"]
    search_fields = ["username", "name", "latin_name", "email"]
    ordering = ["username"]
    filter_horizontal = ()
    autocomplete_fields = ["same_person_as"]
    actions = ["let_in_again"]
    fieldsets = [
        (None, {"fields": ["username", "password", "name", "latin_name", "email"]}),
        (_("Work"), {"fields": ["department", "role", "is_active", "same_person_as"]}),
        (_("Preferences"), {"fields": ["language", "theme"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "latin_name", "email", "department", "role", "password1", "password2"]}),
    ]

    def has_change_permission(self, request, obj=None):
        is_above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not is_above

    def get_readonly_fields(self, request, obj=None):
        """Nobody raises their own rank or locks themselves out."""
        return ["department", "role", "is_active", "same_person_as"] if obj == request.user else []

    @admin.action(description=_("Let in again after too many wrong passwords"))
    def let_in_again(self, request, queryset):
        for person in queryset:
            reset(username=person.get_username())
            self.write("change", request, person, "sign-in: locked → open")
        messages.success(request, _("They may sign in again."))


@admin.register(Department)
class DepartmentAdmin(AuditedAdmin):
    list_display = ["code", "head", "duty_person"]
    list_select_related = ["head", "duty_person"]
    fields = ["code", "head", "deputies", "duty_person"]
    readonly_fields = ["code"]
    autocomplete_fields = ["head", "deputies", "duty_person"]

    def has_add_permission(self, request):
        return False


@admin.register(Absence)
class AbsenceAdmin(AuditedAdmin):
    list_display = ["person", "delegate", "starts_at", "ends_at"]
    list_select_related = ["person", "delegate"]
    list_filter = ["person__department"]
    search_fields = ["person__name", "person__username"]
    autocomplete_fields = ["person", "delegate"]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


class CertificateInline(ForAdministrators, TabularInline):
    model = Certificate
    extra = 0
    autocomplete_fields = ["person"]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(Qualification)
class QualificationAdmin(AuditedAdmin):
    list_display = ["code", "name", "latin_name"]
    search_fields = ["code", "name", "latin_name"]
    inlines = [CertificateInline]


@admin.register(CompanySettings)
class CompanySettingsAdmin(AuditedAdmin):
    def has_add_permission(self, request):
        return not CompanySettings.objects.exists()

    def get_changeform_initial_data(self, request):
        return {}


@admin.register(Event)
class ConfigurationLogAdmin(ForAdministrators, ModelAdmin):
    """What administrators changed. The orders' events show on their own pages, to those who may see them."""

    list_display = ["at", "actor_name", "sentence"]
    search_fields = ["actor_name", "verb"]
    list_filter = ["verb"]
    fields = ["at", "actor_name", "sentence", "hash"]
    ordering = ["-number"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(stream=STREAM)

    @admin.display(description=_("what"))
    def sentence(self, event):
        return render(event.text, event.params)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
