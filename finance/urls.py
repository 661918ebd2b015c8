from django.urls import path

from finance import panes, views

app_name = "finance"
urlpatterns = [
    path("", views.board, name="board"),
    path("limits/", views.Limits.as_view(), name="limits"),
    path("charge-rule/", views.EditChargeRule.as_view(), name="charge_rule"),
    path("orders/<int:pk>/charge/", views.SetRushCharge.as_view(), name="rush_charge"),
    path("orders/<int:pk>/", views.order_tab, name="order_tab"),
    path("orders/<int:pk>/expense/", views.RequestExpense.as_view(), name="expense_request"),
    path("orders/<int:pk>/cost/", views.RecordCost.as_view(), name="cost_record"),
    path("orders/<int:pk>/statement/", views.statement, name="statement"),
    path("orders/<int:pk>/statement/pdf/", views.statement_pdf, name="statement_pdf"),
    path("orders/<int:pk>/statement/issue/", views.IssueStatement.as_view(), name="statement_issue"),
    path("orders/<int:pk>/settle/", views.Settle.as_view(), name="settle"),
    path("expenses/<int:pk>/", views.DecideExpense.as_view(), name="expense_decide"),
    path("work/<int:pk>/expense/withdraw/", views.WithdrawExpense.as_view(), name="expense_withdraw"),
    path("work/<int:pk>/expense/", panes.expense, name="pane_expense"),
    path("work/expenses/", panes.ApproveExpenses.as_view(), name="expenses_approve"),
    path("complaints/<int:pk>/credit/", views.WriteCredit.as_view(), name="credit"),
    path("costs/<int:pk>/reverse/", views.ReverseCost.as_view(), name="cost_reverse"),
]
