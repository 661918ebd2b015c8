from django.core.checks import Error, Tags, register
from django.db import connections

from desk import guards


@register(Tags.database)
def guards_stand(app_configs, databases, **kwargs):
    return [error for alias in databases or () for error in _compare(connections[alias])]


def _compare(connection) -> list[Error]:
    wrong = [("desk.E001", "is missing", name) for name in guards.missing(connection)]
    wrong += [("desk.E002", "is not declared", name) for name in guards.unknown(connection)]
    return [
        Error(f"The database guard {name} {what}.", hint="Run `manage.py migrate`.", id=code)
        for code, what, name in sorted(wrong)
    ]
