from datetime import datetime

import pytest
import time_machine
from django.core.cache import cache

from tests.notifications.conftest import make_robot, messengers

__all__ = ["make_robot", "messengers"]
TEN = datetime.fromisoformat("2026-11-23T10:00:00+08:00")  # a Monday, half an hour before the meeting


@pytest.fixture(autouse=True)
def nothing_kept():
    """What one test keeps for half a minute is not another's."""
    cache.clear()


@pytest.fixture
def clock():
    with time_machine.travel(TEN, tick=False) as traveller:
        yield traveller
