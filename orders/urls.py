from django.urls import path

from orders.views import confirmation, detail, documents, door, form, hold, issues, listing, negotiation, stop

app_name = "orders"
urlpatterns = [
    path("", listing.orders, name="list"),
    path("drafts/", listing.drafts, name="drafts"),
    path("new/", form.Identification.as_view(), name="new"),
    path("new/draft/", form.draft, name="draft_new"),
    path("new/hints/", form.form_hints, name="form_hints"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/log/", detail.log, name="log"),
    path("<int:pk>/form/", form.Identification.as_view(), name="edit"),
    path("<int:pk>/form/draft/", form.draft, name="draft_save"),
    path("<int:pk>/form/delete/", form.DeleteDraft.as_view(), name="draft_delete"),
    path("<int:pk>/form/print/", documents.form_print, name="form_print"),
    path("<int:pk>/confirmation/", confirmation.Confirmation.as_view(), name="confirmation"),
    path("<int:pk>/confirmation/talk/", confirmation.LogContact.as_view(), name="contact"),
    path("<int:pk>/confirmation/done/", confirmation.Confirm.as_view(), name="confirm"),
    path("<int:pk>/negotiation/", negotiation.negotiation, name="negotiation"),
    path("<int:pk>/negotiation/open/", negotiation.Open.as_view(), name="negotiation_open"),
    path(
        "<int:pk>/negotiation/<int:negotiation>/accept/<int:option>/",
        negotiation.Accept.as_view(),
        name="negotiation_accept",
    ),
    path("<int:pk>/negotiation/<int:negotiation>/refuse/", negotiation.Refuse.as_view(), name="negotiation_refuse"),
    path(
        "<int:pk>/negotiation/<int:negotiation>/withdraw/", negotiation.Withdraw.as_view(), name="negotiation_withdraw"
    ),
    path("<int:pk>/documents/", documents.Documents.as_view(), name="documents"),
    path("<int:pk>/documents/hand-over/", documents.HandOverAgain.as_view(), name="hand_over_again"),
    path("<int:pk>/files/<int:file>/", documents.file, name="file"),
    path("<int:pk>/sheet/", documents.sheet, name="sheet"),
    path("<int:pk>/sheet/print/", documents.sheet_print, name="sheet_print"),
    path("<int:pk>/sheet/issue/", documents.IssueAgain.as_view(), name="sheet_issue"),
    path("<int:pk>/sheet/<int:version>/", documents.sheet, name="sheet_version"),
    path("<int:pk>/sheet/<int:version>/print/", documents.sheet_print, name="sheet_version_print"),
    path("<int:pk>/sheet/<int:version>/receive/", documents.Receive.as_view(), name="sheet_receive"),
    path("<int:pk>/problems/", issues.issues, name="issues"),
    path("<int:pk>/problems/report/", issues.RaiseIssue.as_view(), name="issue_raise"),
    path("<int:pk>/problems/<int:issue>/note/", issues.TakeNote.as_view(), name="issue_note"),
    path("<int:pk>/problems/<int:issue>/solve/", issues.Solve.as_view(), name="issue_solve"),
    path("<int:pk>/hold/", hold.PutOnHold.as_view(), name="hold"),
    path("<int:pk>/hold/end/", hold.EndHold.as_view(), name="hold_end"),
    path("<int:pk>/return/", door.SendBack.as_view(), name="send_back"),
    path("<int:pk>/decline/", door.Decline.as_view(), name="decline"),
    path("<int:pk>/cancel/", door.Cancel.as_view(), name="cancel"),
    path("<int:pk>/stop/", stop.ReportStop.as_view(), name="report_stop"),
]
