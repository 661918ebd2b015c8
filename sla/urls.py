from django.urls import path

from sla import views

app_name = "sla"
urlpatterns = [
    path("", views.my_work, name="my_work"),
    path("work/<int:pk>/", views.item, name="item"),
    path("work/<int:pk>/acknowledge/", views.Acknowledge.as_view(), name="acknowledge"),
    path("limits/", views.limits, name="limits"),
    path("limits/<int:pk>/", views.EditLimit.as_view(), name="limit_edit"),
    path("healthz", views.healthz, name="healthz"),
]
