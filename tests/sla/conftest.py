from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a plain working Monday


@pytest.fixture
def monday():
    return MONDAY


@pytest.fixture
def limits(clock_defaults):
    """The seeded calendar and time limits."""


@pytest.fixture
def company(limits, sales, sales_head, planner, production_head, manager, general_manager, admin, departments):
    """Everybody whom a ladder can reach."""
    return departments
