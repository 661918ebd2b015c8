"""Every app's routes in one place; an app's own names are `app:name`."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

PREFIXES = {
    "desk": "",
    "people": "",
    "sla": "",
    "records": "records/",
    "notifications": "messages/",
    "catalog": "catalog/",
    "orders": "orders/",
    "production": "",  # its codes on paper lie at the root: /f/K7Q2MX9/
    "procurement": "procurement/",
    "quality": "quality/",
    "logistics": "logistics/",
    "finance": "finance/",
    "kpi": "figures/",
}

urlpatterns = [
    path("admin/", admin.site.urls),
    *[path(prefix, include(f"{app}.urls")) for app, prefix in PREFIXES.items() if find_spec(f"{app}.urls")],
]
