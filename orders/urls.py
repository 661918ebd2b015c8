from django.urls import path

from orders.views import detail

app_name = "orders"
urlpatterns = [
    path("<int:pk>/", detail.detail, name="detail"),
]
