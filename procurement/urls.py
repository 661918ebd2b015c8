from django.urls import path

from procurement import panes, views

app_name = "procurement"
urlpatterns = [
    path("", views.board, name="board"),
    path("file/", views.board_file, name="board_file"),
    path("orders/<int:pk>/", views.order_tab, name="order_tab"),
    path("orders/<int:pk>/pdf/", views.order_pdf, name="order_pdf"),
    path("orders/<int:pk>/ready/", views.MaterialsReady.as_view(), name="order_ready"),
    path("orders/<int:pk>/contact/", views.LogContact.as_view(), name="order_contact"),
    path("lines/<int:pk>/order/", views.OrderLine.as_view(), name="line_order"),
    path("lines/<int:pk>/refusal/", views.RecordRefusal.as_view(), name="line_refusal"),
    path("lines/<int:pk>/gate/", views.DecideGating.as_view(), name="line_gate"),
    path("lines/<int:pk>/remedy/", views.OfferRemedy.as_view(), name="line_remedy"),
    path("purchases/<int:pk>/place/", views.PlaceOrder.as_view(), name="purchase_place"),
    path("purchases/<int:pk>/promise/", views.RecordPromise.as_view(), name="purchase_promise"),
    path("purchases/<int:pk>/expedite/", views.AskExpedite.as_view(), name="purchase_expedite"),
    path("purchases/<int:pk>/expedite/answer/", views.AnswerExpedite.as_view(), name="purchase_expedite_answer"),
    path("purchases/<int:pk>/step/", views.AddMilestone.as_view(), name="purchase_milestone"),
    path("purchases/<int:pk>/receive/", views.Receive.as_view(), name="purchase_receive"),
    path("purchases/<int:pk>/cancel/", views.CancelPurchase.as_view(), name="purchase_cancel"),
    path("work/<int:pk>/supplier/", panes.supplier, name="pane_supplier"),
    path("suppliers/", views.suppliers, name="suppliers"),
    path("suppliers/file/", views.suppliers_file, name="suppliers_file"),
    path("suppliers/new/", views.ProposeSupplier.as_view(), name="supplier_propose"),
    path("suppliers/<int:pk>/", views.supplier_detail, name="supplier_detail"),
    path("suppliers/<int:pk>/approve/", views.ApproveSupplier.as_view(), name="supplier_approve"),
    path("suppliers/<int:pk>/offer/", views.OfferMaterial.as_view(), name="supplier_offer"),
    path("sources/<int:pk>/approve/", views.ApproveSource.as_view(), name="source_approve"),
]
