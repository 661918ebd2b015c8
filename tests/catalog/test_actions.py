from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import actions
from catalog.models import Material, StockEntry
from desk.refusals import BadInput, Changed, GateShut, Refusal
from records.models import Event
from tests.factories.catalog import MaterialFactory

pytestmark = pytest.mark.django_db
MOVES = {
    "receive": actions.receive_stock, "reserve": actions.reserve_stock, "release": actions.release_stock,
    "issue": actions.issue_stock,
}


@pytest.fixture
def steel():
    material = MaterialFactory(number="M1", name="Steel")
    actions.receive_stock(material=material, quantity=Decimal(10), source="receipt:1", by=None)
    return material


def balance(material):
    material = Material.objects.get(pk=material.pk)
    return material.on_hand, material.reserved


def test_stock_comes_is_kept_given_back_and_goes(steel, buyer):
    actions.reserve_stock(material=steel, quantity=Decimal(6), source="a", by=buyer)
    actions.release_stock(material=steel, quantity=Decimal(2), source="b", by=buyer)
    assert balance(steel) == (10, 4)
    actions.issue_stock(material=steel, quantity=Decimal(6), source="c", by=buyer)
    actions.issue_stock(material=steel, quantity=Decimal(3), source="d", by=buyer, from_reserved=True)
    assert balance(steel) == (1, 1)
    assert (steel.on_hand, steel.reserved) == (1, 1)
    assert not Material.objects.out_of_balance().exists()


def test_reserving_more_than_is_free_is_refused_with_numbers(steel):
    actions.reserve_stock(material=steel, quantity=Decimal(7), source="a", by=None)
    with pytest.raises(GateShut) as caught:
        actions.reserve_stock(material=steel, quantity=Decimal("3.5"), source="b", by=None)
    refusal = caught.value
    assert refusal.what == "3.5 kg of M1 Steel are asked for, 3 kg are free."
    assert refusal.because == "10 kg are on hand, 7 kg of it are reserved."
    assert refusal.missing[0].text == "0.5 kg more"
    assert balance(steel) == (10, 7)


def test_reserved_stock_is_not_issued_to_somebody_else(steel):
    actions.reserve_stock(material=steel, quantity=Decimal(8), source="a", by=None)
    with pytest.raises(GateShut, match="2 kg are free"):
        actions.issue_stock(material=steel, quantity=Decimal(3), source="b", by=None)


def test_releasing_more_than_is_reserved_is_refused(steel):
    with pytest.raises(GateShut, match="1 kg of M1 Steel cannot be released, 0 kg are reserved"):
        actions.release_stock(material=steel, quantity=Decimal(1), source="a", by=None)


def test_refused_issue_from_a_reservation_releases_nothing(steel):
    actions.reserve_stock(material=steel, quantity=Decimal(2), source="a", by=None)
    with pytest.raises(GateShut):
        actions.issue_stock(material=steel, quantity=Decimal(3), source="b", by=None, from_reserved=True)
    assert balance(steel) == (10, 2)


def test_the_same_source_moves_once(steel):
    for _ in range(2):
        actions.issue_stock(material=steel, quantity=Decimal(4), source="step:7", by=None)
    assert balance(steel) == (6, 0)
    with pytest.raises(Changed):
        actions.issue_stock(material=steel, quantity=Decimal(5), source="step:7", by=None)


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal(-1)])
@pytest.mark.parametrize("move", MOVES)
def test_nothing_and_less_is_no_movement(steel, move, quantity):
    with pytest.raises(BadInput):
        MOVES[move](material=steel, quantity=quantity, source="a", by=None)


def test_adjustment_needs_a_reason_and_stands_in_the_audit_log(steel, buyer):
    with pytest.raises(BadInput, match="Say why"):
        actions.adjust_stock(material=steel, quantity=Decimal(-1), source="count:1", reason=" ", by=buyer)
    for _ in range(2):
        actions.adjust_stock(material=steel, quantity=Decimal("-1.5"), source="count:1", reason="Rust", by=buyer)
    event = Event.objects.get()
    assert (event.stream_id, event.actor) == (f"material:{steel.pk}", buyer)
    assert event.params["quantity"] == "-1.5"
    assert balance(steel) == (Decimal("8.5"), 0)


def test_adjustment_below_what_is_reserved_is_refused(steel):
    actions.reserve_stock(material=steel, quantity=Decimal(8), source="a", by=None)
    with pytest.raises(GateShut):
        actions.adjust_stock(material=steel, quantity=Decimal(-3), source="count:1", reason="Lost", by=None)


@pytest.mark.parametrize("statement", [
    "UPDATE catalog_stockentry SET quantity = 99", "DELETE FROM catalog_stockentry",
])
def test_ledger_is_append_only_in_the_database(steel, statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockEntry.objects.all().delete()


def test_out_of_balance_finds_a_changed_balance(steel):
    Material.objects.update(on_hand=11)
    assert list(Material.objects.out_of_balance()) == [steel]


AMOUNTS = st.decimals(min_value="0.0001", max_value="50", places=4)


class Ledger(TestCase):
    @settings(max_examples=40)
    @given(st.lists(st.tuples(st.sampled_from(sorted(MOVES)), AMOUNTS), max_size=12))
    def test_balance_is_always_the_sum_of_the_entries(self, moves):
        steel = MaterialFactory()
        for number, (move, quantity) in enumerate(moves):
            with suppress(Refusal):
                MOVES[move](material=steel, quantity=quantity, source=f"move:{number}", by=None)
        on_hand, reserved = balance(steel)
        assert 0 <= reserved <= on_hand
        assert not Material.objects.out_of_balance().exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_cannot_take_the_same_piece(steel):
    def take(n):
        try:
            actions.reserve_stock(material=steel, quantity=Decimal(3), source=f"order:{n}", by=None)
            return True
        except GateShut:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(8))) == 3
    assert balance(steel) == (10, 9)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_movement_twice_at_once_moves_once(steel):
    def take(_):
        try:
            return actions.issue_stock(material=steel, quantity=Decimal(3), source="step:7", by=None).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(take, range(4)))) == 1
    assert balance(steel) == (7, 0)
