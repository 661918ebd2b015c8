"""Every app's routes in one place; an app's own names are `app:name`."""

from django.contrib import admin
from django.urls import include, path

from config import health, metrics, palette

PREFIXES = {
    "desk": "",
    "people": "",
    "access": "",
    "records": "",
    "sla": "",
    "notifications": "",
    "orders": "orders/",
    "production": "",  # its codes on paper lie at the root: /f/K7Q2MX9/
    "procurement": "procurement/",
    "quality": "quality/",
    "logistics": "logistics/",
    "finance": "finance/",
    "kpi": "figures/",
    "coordination": "",  # the room of an order, the weekly meeting
}

handler500 = "config.errors.server_error"

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("search/", palette.search, name="search"),
    path("admin/", admin.site.urls),
    path("c/", include("orders.customer_urls")),
    *[path(prefix, include(f"{app}.urls")) for app, prefix in PREFIXES.items()],
]
