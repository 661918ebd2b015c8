"""The open options on the customer's own page: the link records an answer, a person takes the step."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import day, moment, when
from orders.actions import door
from orders.actions.negotiation import accept_option, refuse_options, said_on_link
from orders.actions.trail import inform, note
from orders.models import Negotiation, NegotiationOption, OfferAnswer, OfferLink
from people.duty import who_may
from people.roles import Right
from records import actions as records
from sla import actions as sla

PURPOSE = "offer"
ON_LINK = "message"  # how the customer answered, among the ways that a negotiation knows


@transaction.atomic
def issue_offer_link(
    *, negotiation_id, by, recipient, contact_phone, language, text="", charges=None, now=None
) -> tuple[OfferLink, str]:
    """The link and its token, shown this once. It ends with the first option that ends.

    `charges`: {option's id: what the customer pays on top}; said with the first link, for the page shows it.
    """
    now = now or timezone.now()
    negotiation, order = _open_one(negotiation_id, by)
    _check_sales(by, order)
    if not contact_phone.strip():
        raise BadInput(_("On which number does the customer reach you?"), field="contact_phone")
    if said_on_link(negotiation):
        raise Changed(_("The customer has answered on the link already."))
    _set_charges(negotiation, charges or {})
    access, token = records.issue_link(
        subject=order.stream, purpose=PURPOSE, by=by, expires_at=_ends_at(negotiation, now), now=now
    )
    link = OfferLink.objects.create(
        negotiation=negotiation, access=access, recipient=recipient.strip()[:80], language=language,
        text=text.strip()[:300], contact=order.created_by if order.created_by.is_active else by,
        contact_phone=contact_phone.strip()[:40],
    )
    note(order, "offer_sent", gettext_noop("Options sent to {recipient} on a link, until {until}"), by=by,
         params={"recipient": link.recipient, "until": moment(access.expires_at)})
    return link, token


def _open_one(negotiation_id, by):
    order_id = Negotiation.objects.values_list("order_id", flat=True).get(pk=negotiation_id)
    order = door.lock(order_id, by=by)
    negotiation = Negotiation.objects.select_related("item", "opened_by").get(pk=negotiation_id)
    if negotiation.state != Negotiation.State.OPEN:
        raise Changed(
            _("This negotiation was answered already: %(state)s.") % {"state": negotiation.get_state_display()}
        )
    return negotiation, order


def _check_sales(by, order):
    if not by.use(Right.ORDER_NEGOTIATE):
        raise NotYours(_("Only Sales sends the customer the options."), who=who_may(Right.ORDER_NEGOTIATE))


def _ends_at(negotiation, now):
    ends_at = min(negotiation.options.values_list("valid_until", flat=True))
    if ends_at <= now:
        raise GateShut(
            _("An option has ended: the customer could not choose it any more."),
            because=_("It was valid until %(when)s.") % {"when": when(ends_at)}, who=[negotiation.opened_by],
        )
    return ends_at


def _set_charges(negotiation, charges):
    if charges and negotiation.links.exists():
        raise Changed(_("The customer has seen the charges: withdraw the options and offer them anew to change one."))
    for option in negotiation.options.all():
        amount = charges.get(option.pk, option.surcharge_amount)
        if amount is not None and amount < 0:
            raise BadInput(_("A charge is not less than 0."), field=f"charge_{option.pk}")
        if amount != option.surcharge_amount:
            NegotiationOption.objects.filter(pk=option.pk).update(surcharge_amount=amount)


@transaction.atomic
def revoke_offer_link(*, link_id, by) -> OfferLink:
    link = OfferLink.objects.select_related("access", "negotiation").get(pk=link_id)
    order = door.lock(link.negotiation.order_id, by=by)
    _check_sales(by, order)
    if link.access.revoked_at:
        raise Changed(_("This link has ended already, on %(day)s.") % {"day": day(link.access.revoked_at)})
    records.revoke_link(link.access, by=by)
    note(order, "offer_link_ended", gettext_noop("Link of {recipient} ended"), by=by,
         params={"recipient": link.recipient})
    return link


def find_offer_link(token) -> OfferLink | None:
    """Living or ended; None for a token nobody ever gave."""
    access = records.find_link(token, purpose=PURPOSE)
    if access is None:
        return None
    links = OfferLink.objects.select_related("access", "contact", "negotiation__order__customer")
    return links.filter(access=access).first()


@transaction.atomic
def answer_offer(*, link_id, option_id, contact, once, comment="", now=None) -> OfferAnswer:
    """What the customer chose, `option_id=None` for none. Recorded, not carried out: sales confirms it.

    The same press again gives the first one's answer; any other is refused with what stands.
    """
    now = now or timezone.now()
    order_id = OfferLink.objects.values_list("negotiation__order_id", flat=True).get(pk=link_id)
    order = door.lock(order_id)
    link = OfferLink.objects.select_related("access", "negotiation__item__assignee", "negotiation__opened_by")
    link = link.get(pk=link_id)
    negotiation = link.negotiation
    if standing := said_on_link(negotiation):
        return _same_press(standing, link, once)
    option = _check_answer(link, option_id, contact, comment, now)
    said = OfferAnswer.objects.create(
        negotiation=negotiation, link=link, option=option, contact=contact.strip()[:80], comment=comment.strip()[:1000],
        once=once, answered_at=now,
    )
    _ask_sales(order, negotiation, said, now)
    return said


def _same_press(standing, link, once) -> OfferAnswer:
    if (standing.link_id, standing.once) == (link.pk, once):
        return standing
    raise Changed(
        _("This was answered already, %(when)s.") % {"when": when(standing.answered_at)},
        because=_("The first answer counts. Call us if it should be another one."),
    )


def _check_answer(link, option_id, contact, comment, now):
    if link.negotiation.state != Negotiation.State.OPEN:
        raise GateShut(_("This offer has ended."), because=_("Please call us."))
    if link.access.revoked_at or link.access.expires_at <= now:
        raise GateShut(_("This link has ended."), because=_("Please call us."))
    if not contact.strip():
        raise BadInput(_("Please give your name."), field="contact")
    if option_id is None:
        if not comment.strip():
            raise BadInput(_("Say in a few words what you need."), field="comment")
        return None
    option = link.negotiation.options.filter(pk=option_id).first()
    if option is None:
        raise BadInput(_("Choose one of the options."), field="option")
    if option.valid_until <= now:
        raise GateShut(_("This option has ended."), because=_("Please call us."))
    return option


ACCEPTED = gettext_noop("On the link {contact} chose: {option}. {comment}")
NONE = gettext_noop("On the link {contact} chose none of the options. {comment}")


def _ask_sales(order, negotiation, said, now):
    """The same task, the same clock; it waits for sales alone now."""
    url = reverse("orders:offer_confirm", args=[order.pk, negotiation.pk])
    item = negotiation.item
    if item.is_living:
        item = sla.restate(item, subject=gettext_noop("Confirm what the customer answered on the link"), url=url,
                           now=now)
    if item.state == item.State.PAUSED and not order.is_held:
        sla.resume(item, now=now)
    door.touch(order)
    option = said.option.description if said.option else ""
    event = note(order, "offer_answered", ACCEPTED if said.option else NONE, by=None,
                 params={"contact": said.contact, "option": option, "comment": said.comment})
    inform(order, event, {item.assignee, order.created_by}, url=url)


@transaction.atomic
def confirm_answer(*, negotiation_id, by, now=None) -> Negotiation:
    """Sales takes the step that the customer's recorded answer asks for."""
    negotiation, _order = _open_one(negotiation_id, by)
    said = said_on_link(negotiation)
    if said is None:
        raise GateShut(_("The customer has not answered on the link yet."))
    recorded = {"negotiation_id": negotiation.pk, "by": by, "contact": said.contact, "how": ON_LINK,
                "answer": said.comment, "now": now}  # fmt: skip
    if said.option_id is None:
        return refuse_options(**recorded)
    return accept_option(option_id=said.option_id, **recorded)
