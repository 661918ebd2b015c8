import pytest

from config import policy

pytestmark = pytest.mark.once


def test_the_map_knows_every_clause_once():
    known = [clause["number"] for clause in policy.clauses()]
    assert len(known) == len(set(known)) == 56


def test_every_mark_and_every_place_of_the_map_is_there():
    assert policy.problems() == []
