from django.urls import path

from access.views import badge, door, own, people

app_name = "access"
urlpatterns = [
    path("sign-in/", door.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", door.code, name="code"),
    path("badge/", badge.gate, name="badge"),
    path("b/<str:token>/", badge.pin, name="badge_pin"),
    path("badges/", badge.badges, name="badges"),
    path("password/<str:token>/", door.set_password, name="set_password"),
    path("profile/security/", own.security, name="security"),
    path("profile/password/", own.ChangePassword.as_view(), name="password"),
    path("profile/pin/", badge.SetPin.as_view(), name="pin"),
    path("profile/second-factor/", own.enrol, name="enrol"),
    path("profile/second-factor/codes/", own.RenewRecoveryCodes.as_view(), name="recovery_codes"),
    path("profile/second-factor/off/", own.RemoveFactor.as_view(), name="remove_factor"),
    path("profile/sessions/<uuid:public_id>/end/", own.end_session, name="end_session"),
    path("profile/sign-out-everywhere/", own.sign_out_everywhere, name="sign_out_everywhere"),
    path("people/<int:pk>/second-factor/", people.ResetFactor.as_view(), name="reset_factor"),
    path("people/<int:pk>/password-link/", people.IssuePasswordLink.as_view(), name="password_link"),
    path("people/<int:pk>/badge/", badge.IssueBadge.as_view(), name="issue_badge"),
    path("people/<int:pk>/badge/revoke/", badge.RevokeBadge.as_view(), name="revoke_badge"),
]
