"""What every installation starts with: the eight departments, each with its group."""

from django.contrib.auth.models import Group
from django.db import transaction

from people.models import Department


@transaction.atomic
def seed() -> None:
    """May run again and again: what is there stays as it is."""
    known = set(Department.objects.values_list("code", flat=True))
    for code in Department.Code.values:
        if code not in known:
            group, _ = Group.objects.get_or_create(name=f"department:{code}")
            Department.objects.create(code=code, group=group)
