from django.urls import path

from kpi import alone, views

app_name = "kpi"
urlpatterns = [
    path("", views.week_page, name="weekly"),
    path("alone/", alone.month_page, name="alone"),
    path("orders/<slug:figure>/", views.orders_behind, name="orders"),
    path("orders/<slug:figure>/<slug:of>/", views.orders_behind, name="orders_of"),
]
