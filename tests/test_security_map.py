"""docs/security.md names tests and settings: each of them is there."""

import ast
import re

import pytest
from django.conf import settings

from tests.test_architecture import ROOT

pytestmark = pytest.mark.once
TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)*)`", TEXT)))
CHAPTERS = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16}


def names(tree) -> set:
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


@pytest.mark.parametrize("test", TESTS)
def test_every_test_named_is_there(test):
    path, *parts = test.split("::")
    assert set(parts) <= names(ast.parse((ROOT / path).read_text(encoding="utf-8")))


def test_every_setting_named_is_there():
    source = (ROOT / "config/settings.py").read_text(encoding="utf-8")
    named = set(re.findall(r"setting `([A-Z_]+)`", TEXT))
    assert named
    assert not {name for name in named if not hasattr(settings, name) and name not in source}


def test_every_chapter_is_answered_and_every_row_says_what_shows_it():
    rows = [line.split(" | ") for line in TEXT.splitlines() if re.match(r"\| \d", line)]
    assert {int(row[0].strip("| ").split(".")[0]) for row in rows} == CHAPTERS
    assert not [row for row in rows if len(row) != 4 or not re.match(r"(`tests/|setting `|–)", row[3])]


def test_the_numbers_said_are_the_numbers_set():
    for name in ("ISSUED_PASSWORD_HOURS", "PASSWORD_LINK_HOURS", "CONFIRM_MINUTES", "SESSION_HOURS"):
        row = next(line for line in TEXT.splitlines() if line.startswith("|") and f"`{name}`" in line)
        assert re.search(rf"\b{getattr(settings, name)}\b", row), name
