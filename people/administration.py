from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """Django's administration with our own door."""

    default_site = "people.admin_site.DeskAdminSite"
