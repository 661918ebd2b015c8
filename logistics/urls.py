from django.urls import path

from logistics import panes, views

app_name = "logistics"
urlpatterns = [
    path("", views.board, name="board"),
    path("orders/<int:pk>/", views.order_tab, name="order_tab"),
    path("orders/<int:pk>/confirm/", views.Confirm.as_view(), name="confirm"),
    path("orders/<int:pk>/lists/new/", views.MakeList.as_view(), name="list_new"),
    path("orders/<int:pk>/documents/", views.HandOver.as_view(), name="documents"),
    path("orders/<int:pk>/files/<int:file_pk>/", views.file, name="file"),
    path("lists/<int:pk>/pack/", views.Pack.as_view(), name="pack"),
    path("lists/<int:pk>/carrier/", views.Book.as_view(), name="book"),
    path("lists/<int:pk>/prepare/", views.Prepare.as_view(), name="prepare"),
    path("lists/<int:pk>/cancel/", views.CancelList.as_view(), name="cancel"),
    path("lists/<int:pk>/dispatch/", views.Dispatch.as_view(), name="dispatch"),
    path("lists/<int:pk>/print/", views.print_list, name="print"),
    path("lists/<int:pk>/pdf/", views.list_pdf, name="list_pdf"),
    path("packages/<int:pk>/remove/", views.Unpack.as_view(), name="unpack"),
    path("work/<int:pk>/confirmation/", panes.delivery_confirmation, name="pane_confirmation"),
    path("shipments/<int:pk>/proof/", views.RecordProof.as_view(), name="proof"),
]
