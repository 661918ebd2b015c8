from django.urls import path

from sla import views, views_people

app_name = "sla"
urlpatterns = [
    path("", views.my_work, name="my_work"),
    path("work/<int:pk>/", views.item, name="item"),
    path("work/<int:pk>/acknowledge/", views.Acknowledge.as_view(), name="acknowledge"),
    path("limits/", views.limits, name="limits"),
    path("limits/<int:pk>/", views.EditLimit.as_view(), name="limit_edit"),
    path("absences/", views_people.absence_list, name="absences"),
    path("absences/new/", views_people.EnterAbsence.as_view(), name="absence_new"),
    path("absences/<int:pk>/end/", views_people.EndAbsence.as_view(), name="absence_end"),
    path("delegations/", views_people.delegation_list, name="delegations"),
    path("delegations/new/", views_people.Delegate.as_view(), name="delegation_new"),
    path("delegations/<int:pk>/revoke/", views_people.RevokeDelegation.as_view(), name="delegation_revoke"),
    path("duty/", views_people.DutyTable.as_view(), name="duty"),
    path("healthz", views.healthz, name="healthz"),
]
