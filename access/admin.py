"""A person's page in the administration, with what touches the way in. Secrets have no page."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access import actions, sessions
from people.models import User
from records.admin import PersonAdmin

for model in (EmailAddress, EmailConfirmation, Authenticator, User):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class AccountAdmin(PersonAdmin):
    actions = [*PersonAdmin.actions, "sign_out"]
    actions_detail = ["password_link", "reset_factor"]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change:
            actions.mark_issued(person=obj, by=request.user)
        elif not obj.is_active:
            sessions.end(obj)

    def user_change_password(self, request, id, form_url=""):
        response = super().user_change_password(request, id, form_url)
        is_saved = request.method == "POST" and response.status_code == 302
        if is_saved and str(request.user.pk) != id:
            actions.mark_issued(person=User.objects.get(pk=id), by=request.user)
        return response

    @admin.action(description=_("Sign out everywhere"))
    def sign_out(self, request, queryset):
        for person in queryset:
            actions.sign_out(person=person, by=request.user)

    @action(description=_("Link for a new password"), url_path="password-link")
    def password_link(self, request, object_id):
        return redirect("access:password_link", object_id)

    @action(description=_("Reset the second factor"), url_path="reset-factor")
    def reset_factor(self, request, object_id):
        return redirect("access:reset_factor", object_id)
