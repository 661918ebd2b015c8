from django.urls import include, path

from bench.floor import views

urlpatterns = [
    path("floor/insert", views.insert),
    path("floor/list", views.rows),
    path("floor/submit/<int:pk>", views.submit),
    path("floor/confirm/<int:pk>", views.confirm),
    path("", include("config.urls")),
]
handler403, handler404, handler500 = (f"django.views.defaults.{name}" for name in (
    "permission_denied", "page_not_found", "server_error"))  # fmt: skip
