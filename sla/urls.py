from django.urls import path

from sla import bulk, views, views_acts, views_limits, views_people

app_name = "sla"
urlpatterns = [
    path("", views.my_work, name="my_work"),
    path("work/<int:pk>/", views.item, name="item"),
    path("work/transfer/", bulk.TransferMany.as_view(), name="transfer_many"),
    path("work/<int:pk>/transfer/", views_acts.Transfer.as_view(), name="transfer"),
    path("work/<int:pk>/return/", views_acts.GiveBack.as_view(), name="give_back"),
    path("work/<int:pk>/add-approver/", views_acts.AddApprover.as_view(), name="add_approver"),
    path("work/<int:pk>/agree/", views_acts.Agree.as_view(), name="agree"),
    path("work/<int:pk>/ask-no-more/", views_acts.AskNoMore.as_view(), name="ask_no_more"),
    path("work/<int:pk>/remind/", views_acts.Remind.as_view(), name="remind"),
    path("work/<int:pk>/copy/", views_acts.Copy.as_view(), name="copy"),
    path("work/<int:pk>/comment/", views_acts.Comment.as_view(), name="comment"),
    path("work/<int:pk>/withdraw/", views_acts.withdraw, name="withdraw"),
    path("work/<int:pk>/acknowledge/", views_acts.Acknowledge.as_view(), name="acknowledge"),
    path("work/<int:pk>/pause/", views_acts.PauseClock.as_view(), name="pause"),
    path("work/<int:pk>/resume/", views_acts.ResumeClock.as_view(), name="resume"),
    path("limits/", views_limits.Sheet.as_view(), name="limits"),
    path("limits/preview/", views_limits.PreviewSheet.as_view(), name="limits_preview"),
    path("limits/history/", views_limits.history, name="limit_history"),
    path("limits/<int:pk>/", views_limits.EditLimit.as_view(), name="limit_edit"),
    path("limits/<int:pk>/preview/", views_limits.PreviewLimit.as_view(), name="limit_preview"),
    path("limits/<int:pk>/<str:urgency_class>/", views_limits.EditLimit.as_view(), name="limit_edit_class"),
    path(
        "limits/<int:pk>/<str:urgency_class>/preview/", views_limits.PreviewLimit.as_view(), name="limit_preview_class"
    ),
    path("limits/changes/<int:pk>/", views_limits.change, name="limit_change"),
    path("limits/changes/<int:pk>/approve/", views_limits.ApproveChange.as_view(), name="limit_change_approve"),
    path("limits/changes/<int:pk>/refuse/", views_limits.RefuseChange.as_view(), name="limit_change_refuse"),
    path("work/<int:pk>/limit-change/", views_limits.pane, name="pane_limit_change"),
    path("work/<int:pk>/limit-change/withdraw/", views_limits.WithdrawChange.as_view(), name="limit_change_withdraw"),
    path("absences/", views_people.absence_list, name="absences"),
    path("absences/new/", views_people.EnterAbsence.as_view(), name="absence_new"),
    path("absences/<int:pk>/end/", views_people.EndAbsence.as_view(), name="absence_end"),
    path("delegations/", views_people.delegation_list, name="delegations"),
    path("delegations/new/", views_people.Delegate.as_view(), name="delegation_new"),
    path("delegations/<int:pk>/revoke/", views_people.RevokeDelegation.as_view(), name="delegation_revoke"),
    path("duty/", views_people.DutyTable.as_view(), name="duty"),
    path("healthz", views.healthz, name="healthz"),
]
