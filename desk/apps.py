from django.apps import AppConfig

from desk import checks  # noqa: F401 - registers itself


class DeskConfig(AppConfig):
    name = "desk"
