from django.urls import path

from quality import panes, views

app_name = "quality"
urlpatterns = [
    path("", views.board, name="board"),
    path("orders/<int:pk>/", views.order_tab, name="order_tab"),
    path("orders/<int:pk>/pdf/", views.order_pdf, name="order_pdf"),
    path("steps/<int:pk>/inspect/", views.InspectStep.as_view(), name="inspect_step"),
    path("steps/<int:pk>/first-article/", views.FirstArticle.as_view(), name="first_article"),
    path("lines/<int:pk>/inspect/", views.InspectFinal.as_view(), name="inspect_final"),
    path("receipts/<int:pk>/inspect/", views.InspectReceipt.as_view(), name="inspect_receipt"),
    path("nonconformances/<int:pk>/decide/", views.Decide.as_view(), name="decide"),
    path("concessions/<int:pk>/answer/", views.AnswerConcession.as_view(), name="concession"),
    path("work/<int:pk>/nonconformance/", panes.nonconformance, name="pane_nonconformance"),
    path("inspections/<int:pk>/photo/", views.photo, name="photo"),
]
