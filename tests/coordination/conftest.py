import pytest
from django.core.cache import cache

from tests.notifications.conftest import make_robot, messengers

__all__ = ["make_robot", "messengers"]


@pytest.fixture(autouse=True)
def nothing_kept():
    """What one test keeps for half a minute is not another's."""
    cache.clear()
