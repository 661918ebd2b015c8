from django.urls import path

from access.views import door, own, people

app_name = "access"
urlpatterns = [
    path("sign-in/", door.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", door.code, name="code"),
    path("password/<str:token>/", door.set_password, name="set_password"),
    path("profile/security/", own.security, name="security"),
    path("profile/password/", own.ChangePassword.as_view(), name="password"),
    path("profile/second-factor/", own.enrol, name="enrol"),
    path("profile/second-factor/codes/", own.RenewRecoveryCodes.as_view(), name="recovery_codes"),
    path("profile/second-factor/off/", own.RemoveFactor.as_view(), name="remove_factor"),
    path("profile/sessions/<uuid:public_id>/end/", own.end_session, name="end_session"),
    path("profile/sign-out-everywhere/", own.sign_out_everywhere, name="sign_out_everywhere"),
    path("people/<int:pk>/second-factor/", people.ResetFactor.as_view(), name="reset_factor"),
    path("people/<int:pk>/password-link/", people.IssuePasswordLink.as_view(), name="password_link"),
]
