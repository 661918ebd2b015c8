"""Delivered pieces that the customer is not content with: quality decides, sales tells the customer."""

from django.db import transaction
from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import word
from orders import ledger
from orders.actions import clocks, door
from orders.actions.confirmation import log_contact
from orders.actions.duties import departments, person_on_duty, salesperson
from orders.actions.form import next_number, save_draft
from orders.actions.trail import inform, note
from orders.machine import Stage
from orders.models import Complaint, CostEntry, UrgentOrder
from orders.models.money import CostKind
from people.duty import head_of, who_may
from people.roles import Right
from records.files import attach
from sla import actions as sla
from sla.models import WorkItem

Answer, ReturnFate = Complaint.Answer, Complaint.ReturnFate
STAGES = (Stage.DELIVERY, Stage.SETTLEMENT, Stage.CLOSED)
MOST_PHOTOS = 5
PURPOSE = "complaint"


def may_be_complained_of(order) -> bool:
    """From delivery on, whatever has become of the order since."""
    return order.stage in STAGES and not order.is_cancelled and any(line.shipped for line in order.lines.all())


@transaction.atomic
def raise_complaint(
    *, order_id, line_id, quantity, text, contact, by=None, link=None, files=(), once="", now=None
) -> Complaint:
    """By sales, or by the customer on the link. A closed order takes it too and stays closed."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by)
    if once and (earlier := Complaint.objects.filter(link=link, once=once).first()):
        return earlier
    line = _check(order, line_id, quantity, text, by, link)
    stamp = f"CP-{timezone.localtime(now):%y%m}"
    complaint = Complaint.objects.create(
        order=order, line=line, number=f"{stamp}-{next_number(stamp):04d}", quantity=quantity,
        text=text.strip()[:1000], contact=contact.strip()[:80], raised_at=now, raised_by=by, link=link, once=once,
    )
    _keep(complaint, files, by)
    quality = departments()["quality"]
    owner = person_on_duty(order, quality)
    complaint.item = _open_item(
        complaint, kind="complaint", subject=gettext_noop("Decide complaint {number}: {text}"), department=quality,
        assignee=owner, by=by, now=now,
    )
    complaint.save(update_fields=["item"])
    said = gettext_noop("Complaint {number}, {quantity} × {product}: {text}")
    if link:
        said = gettext_noop("The customer complained on the link. {number}, {quantity} × {product}: {text}")
    event = note(order, "complaint_raised", said, by=by, params=_params(complaint))
    inform(order, event, {owner, head_of(quality), order.created_by}, url=complaint.get_absolute_url())
    return complaint


def _check(order, line_id, quantity, text, by, link):
    if not (by.may(Right.ORDER_CONFIRM) if by else link):
        raise NotYours(_("Sales takes the customer's complaint."), who=who_may(Right.ORDER_CONFIRM))
    if not may_be_complained_of(order):
        raise GateShut(
            _("Nothing of this order was delivered yet, so there is nothing to complain of."),
            because=_("It is in %(stage)s.") % {"stage": order.get_stage_display()},
        )
    if not text.strip():
        raise BadInput(_("Say what is wrong with the pieces."), field="text")
    line = order.lines.filter(pk=line_id).select_related("product").first()
    if line is None:
        raise BadInput(_("Choose a product of this order."), field="line")
    free = line.shipped - waiting_pieces(line)
    if not 0 < quantity <= free:
        raise BadInput(
            _("%(shipped)d pieces were shipped; %(waiting)d of them have a complaint that is not decided.")
            % {"shipped": line.shipped, "waiting": line.shipped - free}, field="quantity",
        )
    return line


def waiting_pieces(line) -> int:
    """In complaints that nobody has decided yet."""
    return line.complaints.filter(answer=Answer.OPEN).aggregate(sum=Sum("quantity"))["sum"] or 0


def _keep(complaint, files, by):
    if len(files) > MOST_PHOTOS:
        raise BadInput(_("At most %(count)d photos.") % {"count": MOST_PHOTOS}, field="files")
    for upload in files:
        stored = attach(upload, subject=complaint.stream, purpose=PURPOSE, by=by)
        if not stored.content_type.startswith("image/") or "dwg" in stored.content_type:
            raise BadInput(_("%(name)s is no photo.") % {"name": stored.name}, field="files")


def _params(complaint) -> dict:
    return {"number": complaint.number, "quantity": complaint.quantity, "product": str(complaint.line.product),
            "text": complaint.text, "complaint": complaint.pk}


def _open_item(complaint, *, url="", **options) -> WorkItem:
    return clocks.open_apart(
        complaint.order, source=complaint.stream, url=url or complaint.get_absolute_url(),
        params={"number": complaint.number, "text": complaint.text[:120]}, **options,
    )


def locked(complaint_id, by) -> Complaint:
    """The complaint with its order's row locked; refused where the order is not open to the person."""
    order_id = Complaint.objects.values_list("order_id", flat=True).get(pk=complaint_id)
    order = door.lock(order_id, by=by)
    found = Complaint.objects.select_related("line__product", "item", "decided_by", "following", "credit", "told_by")
    complaint = found.get(pk=complaint_id)
    complaint.order = order
    return complaint


def finish_item(complaint, kind, by) -> None:
    for item in WorkItem.objects.living().filter(source=complaint.stream, kind=kind):
        sla.finish(item, by=by)


@transaction.atomic
def decide_complaint(*, complaint_id, by, answer, reason) -> Complaint:
    """None, credit, replacement or repair; the salesperson tells the customer."""
    complaint = locked(complaint_id, by)
    order, answer = complaint.order, Answer(answer)
    _check_decision(complaint, by, answer, reason)
    if answer in (Answer.REPLACE, Answer.REPAIR):
        complaint.following = _follow(complaint, answer)
    complaint.answer, complaint.decision_reason = answer, reason.strip()[:500]
    complaint.decided_at, complaint.decided_by = timezone.now(), by
    complaint.save(update_fields=["answer", "decision_reason", "decided_at", "decided_by", "following"])
    finish_item(complaint, "complaint", by)
    everybody = departments()
    if answer == Answer.CREDIT:
        _open_item(
            complaint, kind="credit", subject=gettext_noop("Write the credit for complaint {number}: {text}"),
            department=everybody["finance"], assignee=person_on_duty(order, everybody["finance"]), by=by,
            url=reverse("finance:credit", args=[complaint.pk]),
        )
    _open_item(
        complaint, kind="complaint_answer", subject=gettext_noop("Tell the customer the answer to {number}: {text}"),
        department=everybody["sales"], assignee=salesperson(order), by=by,
    )
    event = note(
        order, "complaint_decided", gettext_noop("Complaint {number} decided: {answer}. {reason}"), by=by,
        params={"number": complaint.number, "answer": word(answer.label), "reason": complaint.decision_reason},
    )
    inform(order, event, {order.created_by, salesperson(order)}, url=complaint.get_absolute_url())
    return complaint


def _check_decision(complaint, by, answer, reason):
    if not by.may(Right.QUALITY_DECIDE):
        raise NotYours(_("Quality decides a complaint."), who=who_may(Right.QUALITY_DECIDE))
    if not complaint.is_open:
        raise Changed(_("%(who)s has decided this complaint already: %(answer)s.")
                      % {"who": complaint.decided_by, "answer": complaint.get_answer_display()})
    if answer == Answer.OPEN:
        raise BadInput(_("Choose what the customer gets."), field="answer")
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")


def _follow(complaint, answer) -> UrgentOrder:
    """A draft of sales for the pieces, free of charge, that names the order it makes good."""
    order, line = complaint.order, complaint.line
    author = salesperson(order)
    text = _("%(answer)s for %(order)s, complaint %(number)s") % {
        "answer": answer.label, "order": order, "number": complaint.number}
    draft = save_draft(
        by=author,
        values={
            "customer": order.customer, "project": order.project, "contact_name": order.contact_name,
            "contact_phone": order.contact_phone, "place": order.place, "note": f"{text}: {complaint.text}"[:2000],
            "ground": UrgentOrder.Ground.CUSTOMER_ASKED, "reason": UrgentOrder.Reason.QUALITY_REPLACEMENT,
            "reason_text": text[:500], "asked_by": complaint.contact, "asked_at": complaint.raised_at,
            "asked_how": UrgentOrder.AskedHow.MESSAGE if complaint.link_id else UrgentOrder.AskedHow.CALL,
        },
        lines=[{"product": line.product, "quantity": complaint.quantity, "specification": line.specification,
                "revision": line.revision, "unit_price_amount": 0}],
    )
    UrgentOrder.objects.filter(pk=draft.pk).update(follows=order, duplicate_reason=text[:300])
    draft.follows = order
    note(draft, "follows", gettext_noop("Follows {order}, complaint {number}"), by=None,
         params={"order": str(order), "number": complaint.number})
    return draft


@transaction.atomic
def tell_customer(*, complaint_id, by, contact, how, text) -> Complaint:
    """The customer hears the answer; what was said stands on the link too."""
    complaint = locked(complaint_id, by)
    if not by.may(Right.ORDER_CONFIRM):
        raise NotYours(_("Sales tells the customer."), who=[salesperson(complaint.order)])
    if complaint.is_open:
        raise GateShut(_("Quality has not decided this complaint yet."), who=who_may(Right.QUALITY_DECIDE))
    if complaint.told_at:
        raise Changed(_("%(who)s has told the customer already.") % {"who": complaint.told_by})
    if not text.strip():
        raise BadInput(_("Say what the customer was told."), field="text")
    log_contact(order_id=complaint.order_id, by=by, contact=contact, how=how,
                text=f"{complaint.number}: {text.strip()}"[:1000])
    complaint.told_text, complaint.told_at, complaint.told_by = text.strip()[:500], timezone.now(), by
    complaint.save(update_fields=["told_text", "told_at", "told_by"])
    finish_item(complaint, "complaint_answer", by)
    return complaint


@transaction.atomic
def take_in_return(*, complaint_id, by, quantity) -> Complaint:
    """Pieces that came back are held at once; they can never be shipped as good ones again by mistake."""
    complaint = locked(complaint_id, by)
    order = complaint.order
    check_receiver(by)
    if order.stage == Stage.DELIVERY:
        raise GateShut(
            _("This order is still being delivered: pieces come back after its last delivery."),
            because=_("What is damaged on the way is recorded with the proof of delivery."),
        )
    if not 0 < quantity <= complaint.outstanding:
        raise BadInput(
            _("%(quantity)d pieces were complained of; %(returned)d of them are back already.")
            % {"quantity": complaint.quantity, "returned": complaint.returned_quantity}, field="quantity",
        )
    ledger.post(target=complaint.line, kind="take_back", quantity=quantity, by=by, source=complaint.stream)
    Complaint.objects.filter(pk=complaint.pk).update(returned_quantity=F("returned_quantity") + quantity)
    door.touch(order)
    event = note(order, "pieces_returned", gettext_noop("{quantity} pieces came back with {number} and are held"),
                 by=by, params={"number": complaint.number, "quantity": quantity})
    inform(order, event, {order.created_by, person_on_duty(order, departments()["quality"])})
    complaint.returned_quantity += quantity
    if not WorkItem.objects.living().filter(source=complaint.stream, kind="returned").exists():
        quality = departments()["quality"]
        _open_item(
            complaint, kind="returned", subject=gettext_noop("Scrap or keep what came back with {number}: {text}"),
            department=quality, assignee=person_on_duty(order, quality), by=by,
        )
    return complaint


@transaction.atomic
def decide_returned(*, complaint_id, by, fate, quantity, reason) -> Complaint:
    """Thrown away, or kept out of use; whatever has become of the order. They are never good pieces again."""
    complaint = locked(complaint_id, by)
    order, fate = complaint.order, ReturnFate(fate)
    if not by.may(Right.QUALITY_DECIDE):
        raise NotYours(_("Quality decides what becomes of returned pieces."), who=who_may(Right.QUALITY_DECIDE))
    if not complaint.undecided_returned:
        raise Changed(_("Nothing that came back with this complaint waits for a decision."))
    if not 0 < quantity <= complaint.undecided_returned:
        raise BadInput(_("%(count)d returned pieces wait for a decision.") % {"count": complaint.undecided_returned},
                       field="quantity")
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if fate == ReturnFate.SCRAP:
        ledger.post(target=complaint.line, kind="scrap", quantity=quantity, by=by, source=complaint.stream)
    column = f"{fate}_quantity"
    setattr(complaint, column, getattr(complaint, column) + quantity)
    complaint.save(update_fields=[column])
    if not complaint.undecided_returned:
        finish_item(complaint, "returned", by)
    door.touch(order)
    event = note(order, "returned_decided", gettext_noop("{quantity} returned pieces of {number}: {fate}. {reason}"),
                 by=by, params={"number": complaint.number, "quantity": quantity, "fate": word(fate.label),
                                "reason": reason.strip()[:500]})
    inform(order, event, {order.created_by}, url=complaint.get_absolute_url())
    return complaint


def check_receiver(person) -> None:
    if not (person.may(Right.QUALITY_INSPECT) or person.may(Right.DELIVERY_RUN)):
        raise NotYours(_("Quality or Logistics takes returned pieces in."), who=who_may(Right.QUALITY_INSPECT))


@transaction.atomic
def write_credit(*, complaint_id, by, amount, text="") -> CostEntry:
    """Finance's counter-entry: what the customer gets back is a cost of this order, settled or not."""
    complaint = locked(complaint_id, by)
    order = complaint.order
    if not by.may(Right.COST_RECORD):
        raise NotYours(_("Finance writes the credit."), who=who_may(Right.COST_RECORD))
    if complaint.answer != Answer.CREDIT:
        raise GateShut(_("Quality has not granted a credit for this complaint."), who=who_may(Right.QUALITY_DECIDE))
    if complaint.credit_id:
        raise Changed(_("The credit for this complaint is written already."))
    if amount <= 0:
        raise BadInput(_("The amount must be more than 0."), field="amount")
    complaint.credit = CostEntry.objects.create(
        order=order, kind=CostKind.OTHER, cause=CostEntry.Cause.COMPLAINT, is_planned=False, amount=amount,
        text=f"{complaint.number}: {text.strip() or complaint.text}"[:300], source=complaint.stream,
        url=complaint.get_absolute_url(), recorded_at=timezone.now(), recorded_by=by,
    )
    complaint.save(update_fields=["credit"])
    finish_item(complaint, "credit", by)
    door.touch(order)
    event = note(order, "credit_written", gettext_noop("Credit for complaint {number}: {amount}"), by=by,
                 money="sales", params={"number": complaint.number, "amount": str(amount)})
    inform(order, event, {order.created_by}, params={"number": complaint.number, "amount": "–"},
           url=complaint.get_absolute_url())
    return complaint.credit
