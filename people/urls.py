from django.urls import path

from people import views

app_name = "people"
urlpatterns = [
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("language/", views.language, name="language"),
    path("theme/", views.theme, name="theme"),
    path("profile/", views.profile, name="profile"),
]
