from django.urls import path

from kpi import views

app_name = "kpi"
urlpatterns = [
    path("", views.week_page, name="weekly"),
    path("orders/<slug:figure>/", views.orders_behind, name="orders"),
    path("orders/<slug:figure>/<slug:of>/", views.orders_behind, name="orders_of"),
]
