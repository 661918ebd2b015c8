from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from logistics import actions
from logistics.models import Carrier, ChecklistItem, DeliveryConfirmation, DeliveryList, Proof, Shipment
from notifications.models import Notification
from orders import actions as order_actions
from orders import ledger
from orders.machine import Box
from orders.models import CostEntry, Issue, LedgerEntry, Nonconformance, UrgentOrder
from quality import actions as quality_actions
from records.models import Event
from sla.models import WorkItem
from tests.factories import logistics as out
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def living(order, box):
    return order.sign_offs.living().filter(box=box).exists()


def stage_of(order):
    return UrgentOrder.objects.values_list("stage", flat=True).get(pk=order.pk)


# The whole way


@pytest.mark.clause("3.5.1", "3.5.2", "3.5.3", "4.4.1", "4.4.2", "4.4.3")
def test_order_goes_from_delivery_to_settlement(people):
    order, shipment = out.under_way(people)
    assert order.lines.get().shipped == 10
    assert not living(order, Box.DELIVERED)
    out.prove(shipment, people.logistics)
    assert living(order, Box.DELIVERED)
    assert stage_of(order) == "delivery"
    files = actions.hand_over_documents(order_id=order.pk, by=people.logistics, files=[out.paper("delivery-note.pdf")])
    assert {file.purpose for file in files} == {"proof", "delivery_note"}
    assert stage_of(order) == "settlement"
    assert WorkItem.objects.living().get(kind="rating").assignee == people.sales, "sales asks how satisfied"
    signed = order.sign_offs.living().get(box=Box.DOCUMENTS)
    assert signed.evidence["files"] == [file.pk for file in files]
    assert signed.evidence["lists"] == [shipment.list.number]


@pytest.mark.clause("3.5.3", "4.4.3")
def test_sales_is_told_of_the_delivery(people):
    order, shipment = out.under_way(people)
    out.prove(shipment, people.logistics)
    told = Event.objects.get(stream__name=order.stream, verb="order.delivered")
    assert told.params["name"] == "高远"
    assert Notification.objects.filter(recipient=people.sales, text=told.text).exists()


# Confirming time and place


@pytest.mark.clause("3.5.2", "4.4.2")
def test_dispatch_is_refused_before_time_and_place_are_confirmed(people):
    order = make.at_delivery(people)
    found = out.make_list(order, people.logistics)
    assert WorkItem.objects.living().filter(source=order.stream, kind="delivery_confirmation").exists()
    with pytest.raises(GateShut):  # nobody was informed of a time that is not confirmed
        actions.prepare(list_id=found.pk, by=people.logistics, item="informed")
    ChecklistItem.objects.filter(list=found).update(done_at=timezone.now(), done_by=people.logistics)
    with pytest.raises(GateShut) as refused:
        out.dispatch(found, people.logistics)
    assert not refused.value.missing[0].is_met
    out.confirm(order, people.logistics)
    assert not WorkItem.objects.living().filter(source=order.stream, kind="delivery_confirmation").exists()


@pytest.mark.clause("3.5.2")
def test_newer_confirmation_takes_the_older_ones_place(people):
    order, found = out.ready(people)
    first = order.sign_offs.living().get(box=Box.DELIVERY_CONFIRMED)
    out.confirm(order, people.logistics, place="另一个码头")
    first.refresh_from_db()
    assert first.revoked_fact == "place"
    assert DeliveryConfirmation.objects.filter(order=order).first().place == "另一个码头"
    with pytest.raises(GateShut):  # the customer and the driver are told the new one first
        out.dispatch(found, people.logistics)
    actions.prepare(list_id=found.pk, by=people.logistics, item="informed")
    assert out.dispatch(found, people.logistics).confirmation.place == "另一个码头"


@pytest.mark.parametrize(("start", "end"), [(5, 4), (5, 5), (-5, -4)])
def test_time_of_delivery_must_be_possible(people, start, end):
    order, now = make.at_delivery(people), timezone.now()
    with pytest.raises(BadInput) as refused:
        out.confirm(
            order, people.logistics, slot_from=now + timedelta(hours=start), slot_until=now + timedelta(hours=end)
        )
    assert refused.value.field == "slot_until"
    assert not living(order, Box.DELIVERY_CONFIRMED)


# Delivery lists


@pytest.mark.clause("3.5.1", "3.4.3", "4.4.1")
def test_delivery_list_takes_no_more_than_what_passed(people):
    order = make.at_qc(people, is_partial_allowed=True)
    line = order.lines.get()
    quality_actions.inspect_final(
        line_id=line.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=4, defect="crack"
    )
    with pytest.raises(GateShut) as refused:
        actions.make_list(order_id=order.pk, by=people.logistics, quantities={line.pk: 7})
    assert "6 are free" in refused.value.what
    assert "4 held" in refused.value.because
    actions.make_list(order_id=order.pk, by=people.logistics, quantities={line.pk: 6})


def test_two_lists_do_not_take_the_same_pieces(people):
    order = make.at_delivery(people, is_partial_allowed=True)
    line = order.lines.get()
    first = out.make_list(order, people.logistics, 7)
    with pytest.raises(GateShut):
        out.make_list(order, people.logistics, 4)
    second = out.make_list(order, people.logistics, 3)
    assert [found.number[-2:] for found in (first, second)] == ["-1", "-2"]
    actions.cancel_list(list_id=first.pk, by=people.logistics)
    actions.make_list(order_id=order.pk, by=people.logistics, quantities={line.pk: 7})
    with pytest.raises(Changed):
        actions.pack(list_id=first.pk, by=people.logistics, contents="box", weight_kg=1, quantities={line.pk: 1})


@pytest.mark.clause("3.5.1")
def test_part_of_an_order_goes_out_only_where_that_was_agreed(people):
    order = make.at_delivery(people)
    with pytest.raises(GateShut) as refused:
        out.make_list(order, people.logistics, 9)
    assert "1 more pieces" in str(refused.value.missing[0].text)


@pytest.mark.clause("3.5.1")
def test_order_is_delivered_in_parts(people):
    order, shipment = out.under_way(people, quantity=6, is_partial_allowed=True)
    out.prove(shipment, people.logistics)
    assert not living(order, Box.DELIVERED)
    with pytest.raises(GateShut):
        actions.hand_over_documents(order_id=order.pk, by=people.logistics)
    rest = out.make_list(order, people.logistics, 4)
    out.prepare(rest, people.logistics)
    last = out.dispatch(rest, people.logistics)
    assert not living(order, Box.DELIVERED)
    out.prove(last, people.logistics)
    assert living(order, Box.DELIVERED)


def test_pieces_of_another_order_do_not_go_on_the_list(people):
    order, other = make.at_delivery(people), make.at_delivery(people)
    with pytest.raises(BadInput):
        actions.make_list(order_id=order.pk, by=people.logistics, quantities={other.lines.get().pk: 10})


@pytest.mark.parametrize("quantity", [0, -1])
def test_list_needs_a_piece(people, quantity):
    order = make.at_delivery(people)
    with pytest.raises(BadInput):
        out.make_list(order, people.logistics, quantity)


# Preparing


@pytest.mark.clause("3.5.1", "4.4.1")
def test_packages_hold_what_the_list_says_and_no_more(people):
    order = make.at_delivery(people)
    line, found = order.lines.get(), out.make_list(order, people.logistics)
    asked = {"list_id": found.pk, "by": people.logistics, "contents": "crate", "weight_kg": 40}
    with pytest.raises(GateShut):
        actions.pack(quantities={line.pk: 11}, **asked)
    with pytest.raises(BadInput):
        actions.pack(quantities={line.pk: 0}, **asked)
    actions.pack(quantities={line.pk: 6}, **asked)
    assert found.checklist.get(item="packed").done_at is None
    second = actions.pack(quantities={line.pk: 4}, **asked)
    assert found.checklist.get(item="packed").done_by == people.logistics
    actions.unpack(package_id=second.pk, by=people.logistics)
    assert found.checklist.get(item="packed").done_at is None
    with pytest.raises(BadInput):
        actions.prepare(list_id=found.pk, by=people.logistics, item="packed")


@pytest.mark.clause("3.5.2")
@pytest.mark.parametrize("item", ChecklistItem.Item)
def test_dispatch_is_refused_while_a_preparation_is_missing(people, item):
    order, found = out.ready(people)
    ChecklistItem.objects.filter(list=found, item=item).update(done_at=None, done_by=None)
    with pytest.raises(GateShut) as refused:
        out.dispatch(found, people.logistics)
    assert [str(row.text) for row in refused.value.missing if not row.is_met] == [item.label]
    assert order.lines.get().shipped == 0


@pytest.mark.clause("3.5.1")
def test_carriers_for_priority_transport_come_first():
    for name, is_priority, trips, on_time in (
        ("slow", False, 10, 2), ("steady", False, 10, 9), ("new", False, 1, 0), ("fast", True, 10, 6),
    ):
        out.carrier(name=name, is_priority=is_priority, trip_count=trips, on_time_count=on_time)
    out.carrier(name="gone", is_priority=True, is_active=False)
    assert [carrier.name for carrier in Carrier.objects.ranked()] == ["fast", "steady", "new", "slow"]


def test_changed_list_is_not_dispatched_by_an_old_form(people):
    _order, found = out.ready(people)
    with pytest.raises(Changed):
        out.dispatch(found, people.logistics, version=found.version - 1)


# Dispatching


@pytest.mark.clause("3.5.1")
def test_freight_is_booked_by_the_dispatch(people):
    order = make.at_delivery(people)
    out.confirm(order, people.logistics)
    found = out.make_list(order, people.logistics)
    out.prepare(found, people.logistics, is_priority=True)
    out.dispatch(found, people.logistics)
    cost = CostEntry.objects.get(order=order, kind="transport")
    assert (cost.amount, cost.cause, cost.is_planned) == (1800, "urgency", False)


def test_transport_of_our_own_costs_nothing_and_says_so(people):
    order, found = out.ready(people)
    out.dispatch(found, people.logistics, freight_amount=0)
    assert CostEntry.objects.get(order=order, kind="transport").is_none


def test_list_leaves_once(people):
    order, shipment = out.under_way(people)
    with pytest.raises(Changed):
        out.dispatch(shipment.list, people.logistics)
    assert LedgerEntry.objects.filter(order=order, kind="ship").count() == 1


@pytest.mark.parametrize("who", ["operator", "sales", "inspector", "finance", "stranger"])
def test_others_do_not_dispatch(people, who, request):
    order, found = out.ready(people)
    with pytest.raises(NotYours):
        out.dispatch(found, request.getfixturevalue(who))
    assert order.lines.get().shipped == 0


def test_nothing_leaves_after_a_cancellation(people, sales_head):
    order, found = out.ready(people)
    order_actions.cancel(order_id=order.pk, by=sales_head, reason="customer stopped", was_customer_told=True)
    with pytest.raises(GateShut):
        out.dispatch(found, people.logistics)


# Proof


@pytest.mark.clause("3.5.3")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"files": []}, "files"),
        ({"files": [out.paper("proof.exe", b"MZ")]}, "files"),
        ({"files": [out.paper("proof.pdf", b"MZ not a pdf")]}, "files"),
        ({"files": [out.paper("proof.txt", b"delivered, believe me")]}, "files"),
        ({"signed_by_name": " "}, "signed_by_name"),
        ({"delivered_at": timezone.now() + timedelta(days=1)}, "delivered_at"),
        ({"delivered_at": timezone.now() - timedelta(days=1)}, "delivered_at"),
        ({"condition": "damaged"}, "condition"),
    ],
)
def test_proof_is_complete_or_refused(people, values, field):
    order, shipment = out.under_way(people)
    with pytest.raises(BadInput) as refused:
        out.prove(shipment, people.logistics, **values)
    assert refused.value.field == field
    assert not living(order, Box.DELIVERED)


def test_second_proof_is_refused(people):
    _order, shipment = out.under_way(people)
    out.prove(shipment, people.logistics)
    with pytest.raises(Changed):
        out.prove(shipment, people.logistics)
    assert Proof.objects.count() == 1


def test_trip_counts_for_the_carriers_record(people):
    _order, shipment = out.under_way(people)
    proof = out.prove(shipment, people.logistics)
    carrier = Carrier.objects.get(pk=shipment.carrier_id)
    assert proof.is_on_time
    assert (carrier.trip_count, carrier.on_time_count) == (1, 1)


@pytest.mark.clause("4.4.3")
def test_damaged_pieces_are_taken_back_and_quality_has_the_order(people):
    order, shipment = out.under_way(people)
    line = order.lines.get()
    out.prove(shipment, people.logistics, condition="damaged", shortfalls={line.pk: 2}, note="crate fell")
    line.refresh_from_db()
    assert (line.shipped, line.passed, line.held) == (8, 8, 2)
    found = Nonconformance.objects.get(order=order)
    assert found.quantity == 2
    assert "crate fell" in found.defect
    issue = Issue.objects.get(order=order)
    assert (issue.kind, issue.severity) == ("transport", "major")
    assert not living(order, Box.PASSED)
    assert not living(order, Box.DELIVERED)
    assert stage_of(order) == "qc"


@pytest.mark.clause("4.4.3", "3.4.3")
def test_lost_pieces_are_made_again_and_delivered(people):
    order, shipment = out.under_way(people)
    line = order.lines.get()
    out.prove(shipment, people.logistics, condition="lost", shortfalls={line.pk: 2}, note="not on the lorry")
    found = Nonconformance.objects.get(order=order)
    quality_actions.scrap(nonconformance_id=found.pk, by=people.inspector, reason="lost")
    assert order.remakes.get().quantity == 2
    assert stage_of(order) == "procurement"


def test_reworked_pieces_go_out_with_a_second_list(people):
    order, shipment = out.under_way(people)
    line = order.lines.get()
    out.prove(shipment, people.logistics, condition="damaged", shortfalls={line.pk: 2}, note="scratched")
    found = Nonconformance.objects.get(order=order)
    concession = quality_actions.propose_concession(nonconformance_id=found.pk, by=people.inspector, reason="inside")
    quality_actions.confirm_concession(concession_id=concession.pk, by=found.item.department.head)
    assert stage_of(order) == "delivery"
    rest = out.make_list(order, people.logistics, 2)
    out.prepare(rest, people.logistics)
    out.prove(out.dispatch(rest, people.logistics), people.logistics)
    assert living(order, Box.DELIVERED)


def test_conceded_pieces_that_break_are_taken_back(people, quality_head):
    order = make.at_qc(people)
    line = order.lines.get()
    asked = {"by": people.inspector, "lot_quantity": 10, "sample_quantity": 10, "defective_quantity": 10}
    quality_actions.inspect_final(line_id=line.pk, defect="colour", **asked)
    found = Nonconformance.objects.get()
    concession = quality_actions.propose_concession(nonconformance_id=found.pk, by=people.inspector, reason="inside")
    quality_actions.confirm_concession(concession_id=concession.pk, by=quality_head)
    out.confirm(order, people.logistics)
    leaving = out.make_list(order, people.logistics)
    out.prepare(leaving, people.logistics)
    shipment = out.dispatch(leaving, people.logistics)
    out.prove(shipment, people.logistics, condition="damaged", shortfalls={line.pk: 1}, note="dent")
    line.refresh_from_db()
    assert (line.passed, line.conceded, line.held) == (9, 9, 1)


def test_order_whose_signature_died_can_be_sent_back(people, logistics_head):
    order = make.at_delivery(people)
    order_actions.revoke(order=order, by=people.inspector, facts=["nonconformance"])
    order_actions.send_back(
        order_id=order.pk, by=logistics_head, reason_code="pieces", reason="one is scratched"
    )
    assert stage_of(order) == "qc"


def test_more_damage_than_was_sent_is_refused(people):
    order, shipment = out.under_way(people)
    line = order.lines.get()
    for quantity in (11, -1):
        with pytest.raises(BadInput):
            out.prove(shipment, people.logistics, condition="lost", shortfalls={line.pk: quantity}, note="gone")
    assert not Proof.objects.exists()


# Documents


@pytest.mark.clause("3.5.3")
def test_documents_wait_for_the_last_proof(people):
    order, _shipment = out.under_way(people)
    with pytest.raises(GateShut) as refused:
        actions.hand_over_documents(order_id=order.pk, by=people.logistics)
    assert len(refused.value.missing) == 2


# Round the gate


@pytest.mark.clause("1.3.3", "3.5.2")
def test_database_refuses_a_shipment_that_is_not_confirmed_or_prepared(people):
    order, found = out.ready(people)
    confirmed = DeliveryConfirmation.objects.get(order=order)
    values = {
        "list": found, "confirmation": confirmed, "carrier": found.carrier, "vehicle": "x", "eta_at": timezone.now(),
        "dispatched_at": timezone.now(), "dispatched_by": people.logistics,
    }
    ChecklistItem.objects.filter(list=found, item="documents").update(done_at=None, done_by=None)
    with pytest.raises(IntegrityError, match="preparation"), transaction.atomic():
        Shipment.objects.create(**values)
    actions.prepare(list_id=found.pk, by=people.logistics, item="documents")
    order_actions.revoke(order=order, by=people.logistics, facts=["place"])
    with pytest.raises(IntegrityError, match="confirmed"), transaction.atomic():
        Shipment.objects.create(**values)
    with pytest.raises(IntegrityError, match="confirmed"), transaction.atomic():
        ledger.post(target=order.lines.get(), kind="ship", quantity=1, by=people.logistics)


@pytest.mark.clause("1.3.3", "3.4.3")
def test_database_lets_nothing_out_that_has_not_passed(people):
    order, found = out.ready(people)
    line = order.lines.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        order.lines.update(shipped=11)
    with pytest.raises(GateShut):
        ledger.post(target=line, kind="ship", quantity=11, by=people.logistics)
    found.lines.update(quantity=11)  # a list somebody changed behind our back
    with pytest.raises(GateShut):
        out.dispatch(found, people.logistics)


@pytest.mark.clause("1.3.3")
def test_what_left_and_what_was_proved_stays(people):
    order, shipment = out.under_way(people)
    out.prove(shipment, people.logistics)
    for attempt in (
        lambda: Shipment.objects.update(vehicle="other"), lambda: Proof.objects.update(signed_by_name="nobody"),
        lambda: Proof.objects.all().delete(), lambda: shipment.list.lines.update(quantity=9),
        lambda: DeliveryConfirmation.objects.update(place="elsewhere"),
        lambda: UrgentOrder.objects.filter(pk=order.pk).update(stage="settlement", outcome="delivered"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_cancelled_list_does_not_leave(people):
    _order, found = out.ready(people)
    actions.cancel_list(list_id=found.pk, by=people.logistics)
    with pytest.raises(Changed):
        out.dispatch(found, people.logistics)
    assert DeliveryList.objects.open().count() == 0
