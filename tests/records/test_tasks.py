from datetime import timedelta

import pytest
from django.utils import timezone

from records.models import OnceKey
from records.tasks import forget_once_keys


@pytest.mark.django_db
def test_old_once_keys_are_forgotten(sales):
    for key, days in (("old", 8), ("young", 6)):
        OnceKey.objects.create(user=sales, key=key, created_at=timezone.now() - timedelta(days=days))
    forget_once_keys()
    forget_once_keys()
    assert [kept.key for kept in OnceKey.objects.all()] == ["young"]
