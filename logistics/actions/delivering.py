"""At the customer and afterwards: proof, feedback to sales, damage, documents to finance."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut
from desk.text import moment, word
from logistics.actions.locking import lock_order
from logistics.models import Carrier, DeliveryList, Proof, ProofShortfall, Shipment
from orders import actions, gates, ledger, nonconforming
from orders.actions import trail
from orders.actions.duties import departments, person_on_duty
from orders.machine import Box, Fact, Stage
from orders.models import Issue
from people.duty import duty_person
from records.files import attach
from records.models import StoredFile

PROOF_TYPES = ("application/pdf", "image/png", "image/jpeg", "image/webp", "image/heic")


@transaction.atomic
def record_proof(
    *, shipment_id, by, signed_by_name, delivered_at, files, condition=Proof.Condition.OK, shortfalls=None, note=""
) -> Proof:
    """Who signed, when, with the signed paper. Sales is told at once; `shortfalls`: {line pk: damaged or lost}.

    The last proof of an order signs “delivered”.
    """
    order, shipment = _locked(shipment_id, by)
    short = {pk: quantity for pk, quantity in (shortfalls or {}).items() if quantity}
    _check(shipment, signed_by_name, delivered_at, files, Proof.Condition(condition), short, note)
    stored = _keep(files, order, by)
    proof = Proof.objects.create(
        shipment=shipment, signed_by_name=signed_by_name.strip(), delivered_at=delivered_at, condition=condition,
        note=note.strip(), file=stored[0], recorded_at=timezone.now(), recorded_by=by,
        is_on_time=delivered_at <= shipment.confirmation.slot_until,
    )
    _count_trip(proof)
    _feed_back(order, proof, sum(short.values()), by)
    for pk, quantity in short.items():
        _take_back(order, proof, pk, quantity, by)
    if short:
        _raise_damage(order, proof, short, by)
    _sign_delivered(actions.lock(order.pk), by)
    return proof


def _locked(shipment_id, by):
    order_id = Shipment.objects.values_list("list__order_id", flat=True).get(pk=shipment_id)
    order = lock_order(order_id, by)
    shipments = Shipment.objects.select_related("list", "carrier", "confirmation", "proof__recorded_by")
    shipment = shipments.get(pk=shipment_id)
    if shipment.is_proved:
        raise Changed(
            _("%(who)s has recorded the proof of %(list)s already.")
            % {"who": shipment.proof.recorded_by, "list": shipment.list}
        )
    return order, shipment


def _check(shipment, signed_by_name, delivered_at, files, condition, short, note):
    if not signed_by_name.strip():
        raise BadInput(_("Say who signed for the goods."), field="signed_by_name")
    left_at = shipment.dispatched_at.replace(second=0, microsecond=0)  # a form knows minutes
    if not left_at <= delivered_at <= timezone.now():
        raise BadInput(_("The goods arrived after they left and not in the future."), field="delivered_at")
    if not files:
        raise BadInput(_("Attach the signed paper: a photo or a PDF."), field="files")
    is_ok = condition == Proof.Condition.OK
    if is_ok == bool(short):
        raise BadInput(_("Say how many pieces are damaged or missing, or that none is."), field="condition")
    if short and not note.strip():
        raise BadInput(_("Say what happened."), field="note")
    sent = dict(shipment.list.lines.values_list("line_id", "quantity"))
    for pk, quantity in short.items():
        if not 0 < quantity <= sent.get(pk, 0):
            raise BadInput(
                _("%(count)d pieces were sent of this line.") % {"count": sent.get(pk, 0)}, field="condition"
            )


def _keep(files, order, by) -> list[StoredFile]:
    stored = [attach(upload, subject=order.stream, purpose="proof", by=by) for upload in files]
    for file in stored:
        if file.content_type not in PROOF_TYPES:
            raise BadInput(_("%(name)s is no proof: attach a photo or a PDF.") % {"name": file.name}, field="files")
    return stored


def _count_trip(proof):
    Carrier.objects.filter(pk=proof.shipment.carrier_id).update(
        trip_count=F("trip_count") + 1, on_time_count=F("on_time_count") + int(proof.is_on_time)
    )


def _feed_back(order, proof, short, by):
    """交付後反饋給銷售: sales knows by the act itself."""
    text = gettext_noop("{number} delivered {at}, signed by {name}: {condition}")
    if short:
        text = gettext_noop("{number} delivered {at}, signed by {name}: {condition}, {count} of them. {note}")
    event = trail.note(
        order, "delivered", text, by=by,
        params={
            "number": proof.shipment.list.number, "at": moment(proof.delivered_at), "name": proof.signed_by_name,
            "condition": word(Proof.Condition(proof.condition).label), "count": short, "note": proof.note,
            "proof": proof.pk,
        },
    )
    sales = departments()["sales"]
    trail.inform(order, event, {order.created_by, person_on_duty(order, sales) or duty_person(sales)})


def _take_back(order, proof, pk, quantity, by):
    line = order.lines.select_related("product").get(pk=pk)
    ProofShortfall.objects.create(proof=proof, line=line, quantity=quantity)
    ledger.post(target=line, kind="take_back", quantity=quantity, by=by, source=f"proof:{proof.pk}")
    nonconforming.report(
        order=order, line=line, quantity=quantity, by=by, fact=Fact.TRANSPORT_DAMAGE,
        defect=f"{proof.shipment.list}: {proof.note}",
    )


def _raise_damage(order, proof, short, by):
    """Bad goods at the customer are a major problem; quality has the order now."""
    actions.raise_issue(
        order_id=order.pk, by=by, kind=Issue.Kind.TRANSPORT, severity=Issue.Severity.MAJOR,
        text=f"{proof.shipment.list}: {sum(short.values())} – {proof.note}",
    )
    if order.stage == Stage.DELIVERY:
        actions.move(order_id=order.pk, step="send_back", by=by, reason_code="transport_damage", reason=proof.note)


def _sign_delivered(order, by):
    is_signed = order.sign_offs.living().filter(box=Box.DELIVERED).exists()
    is_proved = not shipments_without_proof(order).exists()
    if not is_signed and is_proved and all(row.is_met for row in gates.conditions(order, Box.DELIVERED)):
        actions.sign_and_move(order=order, box=Box.DELIVERED, by=by)


def shipments_without_proof(order):
    return Shipment.objects.filter(list__order=order, proof__isnull=True)


@transaction.atomic
def hand_over_documents(*, order_id, by, files=(), note="") -> list[StoredFile]:
    """將單據提交財務結算: delivery notes and proofs go to finance as one set, which opens the settlement."""
    order = lock_order(order_id, by)
    _sign_delivered(order, by)  # where the order was closed short after its last proof
    _check_documents(order)
    for upload in files:
        attach(upload, subject=order.stream, purpose="delivery_note", by=by)
    documents = list(delivery_documents(order))
    lists = list(DeliveryList.objects.living().filter(order=order).values_list("number", flat=True))
    event = trail.note(
        order, "documents_handed_over", gettext_noop("Documents handed to Finance: {lists}; files: {files}"), by=by,
        params={"lists": ", ".join(lists), "files": ", ".join(file.name for file in documents)},
    )
    trail.inform(order, event, {person_on_duty(order, departments()["finance"])})
    actions.sign_and_move(
        order=order, box=Box.DOCUMENTS, by=by, note_text=note,
        evidence={"lists": lists, "files": [file.pk for file in documents]},
    )
    actions.ask_for_rating(order, by=by)
    return documents


def delivery_documents(order):
    """The files that finance settles by."""
    return StoredFile.objects.filter(subject=order.stream, purpose__in=["proof", "delivery_note"])


def _check_documents(order):
    is_delivered = order.sign_offs.living().filter(box=Box.DELIVERED).exists()
    waiting = shipments_without_proof(order).count()
    if not is_delivered or waiting:
        raise GateShut(
            _("The documents go to Finance as one set, after the last proof of delivery."),
            missing=[
                Condition(Box.DELIVERED.label, is_delivered),
                Condition(_("Shipments without proof: %(count)d") % {"count": waiting}, not waiting),
            ],
        )
