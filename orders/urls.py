from django.urls import path

from orders.views import detail, issues, listing

app_name = "orders"
urlpatterns = [
    path("", listing.orders, name="list"),
    path("drafts/", listing.drafts, name="drafts"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/log/", detail.log, name="log"),
    path("<int:pk>/problems/", issues.issues, name="issues"),
    path("<int:pk>/problems/report/", issues.RaiseIssue.as_view(), name="issue_raise"),
    path("<int:pk>/problems/<int:issue>/note/", issues.TakeNote.as_view(), name="issue_note"),
    path("<int:pk>/problems/<int:issue>/solve/", issues.Solve.as_view(), name="issue_solve"),
]
