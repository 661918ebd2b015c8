"""The customer's link, and how content the customer is."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, TooMany
from desk.text import day
from orders.actions import clocks, door
from orders.actions.duties import departments, salesperson
from orders.actions.trail import inform, note
from orders.machine import Outcome
from orders.models import CustomerLink, Rating
from people.duty import who_may
from people.roles import Right
from records import actions as records
from sla import actions as sla
from sla.models import WorkItem

PURPOSE = "customer"
POSTS_AN_HOUR = 12
LONGEST_DAYS = 180


@transaction.atomic
def issue_customer_link(
    *, order_id, by, recipient, contact_phone, language, shows_pieces=False, days=30
) -> tuple[CustomerLink, str]:
    """The link and its token, which is shown this once."""
    order = door.lock(order_id, by=by)
    _check_sales(by, order)
    if order.is_draft:
        raise GateShut(_("This form is not submitted: there is nothing to show a customer yet."))
    if not 0 < days <= LONGEST_DAYS:
        raise BadInput(_("A link works for 1 to %(days)d days.") % {"days": LONGEST_DAYS}, field="days")
    if not contact_phone.strip():
        raise BadInput(_("On which number does the customer reach you?"), field="contact_phone")
    access, token = records.issue_link(subject=order.stream, purpose=PURPOSE, by=by, days=days)
    link = CustomerLink.objects.create(
        order=order, access=access, recipient=recipient.strip()[:80], language=language, shows_pieces=shows_pieces,
        contact=order.created_by if order.created_by.is_active else by, contact_phone=contact_phone.strip()[:40],
    )
    note(order, "link_issued", gettext_noop("Link for the customer issued to {recipient}, until {until}"), by=by,
         params={"recipient": link.recipient, "until": access.expires_at.date().isoformat()})
    return link, token


def _check_sales(by, order):
    if not by.may(Right.ORDER_CONFIRM):
        raise NotYours(_("Only Sales gives the customer a link."), who=[order.created_by])


@transaction.atomic
def change_customer_link(*, link_id, by, shows_pieces, late_text) -> CustomerLink:
    """What stands on the customer's page; the sentence about a delay is sales' own, approved by writing it."""
    link = _locked(link_id, by)
    link.shows_pieces, link.late_text = shows_pieces, late_text.strip()[:200]
    link.save(update_fields=["shows_pieces", "late_text"])
    note(link.order, "link_changed", gettext_noop("Link of {recipient} changed. About the delay: {text}"), by=by,
         params={"recipient": link.recipient, "text": link.late_text or "–"})
    return link


@transaction.atomic
def revoke_customer_link(*, link_id, by) -> CustomerLink:
    link = _locked(link_id, by)
    records.revoke_link(link.access, by=by)
    note(link.order, "link_revoked", gettext_noop("Link of {recipient} ended"), by=by,
         params={"recipient": link.recipient})
    return link


def _locked(link_id, by) -> CustomerLink:
    link = CustomerLink.objects.select_related("access").get(pk=link_id)
    link.order = door.lock(link.order_id, by=by)
    _check_sales(by, link.order)
    if link.access.revoked_at:
        raise Changed(_("This link has ended already, on %(day)s.") % {"day": day(link.access.revoked_at)})
    return link


def find_customer_link(token) -> CustomerLink | None:
    """Living or ended; None for a token nobody ever gave."""
    access = records.find_link(token, purpose=PURPOSE)
    if access is None:
        return None
    links = CustomerLink.objects.select_related("access", "contact", "order__customer")
    return links.filter(access=access).first()


@transaction.atomic
def count_post(link, now=None) -> None:
    """A page without sign-in takes only so many forms an hour; counted before the form is looked at."""
    now = now or timezone.now()
    row = type(link).objects.select_for_update(of=("self",)).get(pk=link.pk)
    if row.post_window_at is None or row.post_window_at <= now - timedelta(hours=1):
        row.post_window_at, row.post_count = now, 0
    if row.post_count >= POSTS_AN_HOUR:
        raise TooMany(
            _("This link has sent as much as it may for now. Try again in an hour, or call us."),
            because=_("%(count)d forms an hour.") % {"count": POSTS_AN_HOUR},
        )
    row.post_count += 1
    row.save(update_fields=["post_window_at", "post_count"])


def may_be_rated(order) -> bool:
    return order.outcome == Outcome.DELIVERED


def ask_for_rating(order, *, by) -> None:
    """After the delivery sales calls, or sends the link; the rating ends it. Once, however often it is delivered."""
    if not may_be_rated(order) or _rating_items(order).exists() or Rating.objects.filter(order=order).exists():
        return
    clocks.open_apart(
        order, kind="rating", source=_rating_source(order), department=departments()["sales"],
        assignee=salesperson(order), subject=gettext_noop("Ask the customer how satisfied: {contact}"),
        params={"contact": order.contact_name}, url=reverse("orders:rating_record", args=[order.pk]), by=by,
    )


@transaction.atomic
def leave_unrated(*, order_id, by, reason) -> None:
    """The customer was asked and says nothing: sales' task ends, the link still takes a rating."""
    order = door.lock(order_id, by=by)
    _check_rater(by)
    asked = _rating_items(order).living()
    if not asked.exists():
        raise Changed(_("Nobody is asked to get this customer's rating any more."))
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    sla.finish_all(asked, by=by)
    note(order, "left_unrated", gettext_noop("The customer gives no rating: {reason}"), by=by,
         params={"reason": reason.strip()[:500]})


def _check_rater(by, link=None):
    if not (by.may(Right.ORDER_CONFIRM) if by else link):
        raise NotYours(_("Sales records what the customer said."), who=who_may(Right.ORDER_CONFIRM))


def is_rating_asked(order) -> bool:
    return _rating_items(order).living().exists()


def _rating_source(order) -> str:
    return f"rating:{order.pk}"


def _rating_items(order):
    return WorkItem.objects.filter(source=_rating_source(order), kind="rating")


@transaction.atomic
def rate(*, order_id, stars, contact, comment="", by=None, link=None) -> Rating:
    """After delivery, once: by the customer on the link, or by sales as the customer said it."""
    order = door.lock(order_id, by=by)
    _check_rater(by, link)
    if not may_be_rated(order):
        raise GateShut(_("The customer is asked after the delivery."),
                       because=_("It is in %(stage)s.") % {"stage": order.get_stage_display()})
    if stars not in range(1, 6):
        raise BadInput(_("Choose one of the five."), field="stars")
    if Rating.objects.filter(order=order).exists():
        raise Changed(_("The customer's rating of this order is recorded already."))
    rating = Rating.objects.create(
        order=order, stars=stars, comment=comment.strip()[:1000], contact=contact.strip()[:80],
        rated_at=timezone.now(), recorded_by=by, link=link,
    )
    sla.finish_all(_rating_items(order).living(), by=by)
    event = note(order, "rated", gettext_noop("The customer's rating: {stars} of 5. {comment}"), by=by,
                 params={"stars": stars, "comment": rating.comment, "contact": rating.contact})
    inform(order, event, {order.created_by})
    return rating
