"""The customer does not answer. The confirmation's clock has no pause: its duty is ours; one may only say so."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut, NotYours
from desk.text import moment, when
from orders.actions import clocks, door
from orders.actions.trail import inform, note
from orders.machine import Stage
from orders.models import ContactLog, Silence
from people.duty import head_of, who_may
from people.models import Department
from people.roles import Right
from records.models import CompanySettings
from sla import actions as sla
from sla.calendars import working_days_after

ATTEMPTS = 2
LONGEST = timedelta(days=14)


def attempts_of(order):
    """Tries to reach the customer since somebody was reached last."""
    tries = order.contacts.filter(party=ContactLog.Party.CUSTOMER)
    reached = tries.filter(was_reached=True).order_by("-contacted_at").values_list("contacted_at", flat=True).first()
    unanswered = tries.filter(was_reached=False)
    return unanswered.filter(contacted_at__gt=reached) if reached else unanswered


def proposed_until(now=None):
    """The company's days of patience."""
    return working_days_after(now or timezone.now(), CompanySettings.current().silent_customer_days)


def standing(order) -> Silence | None:
    return order.silences.standing().select_related("acknowledged_by", "item").first()


def _check(order, by, until, note_text, now):
    if not by.use(Right.ORDER_CONFIRM):
        raise NotYours(_("Sales talks to the customer."), who=[order.created_by])
    if order.stage != Stage.CONFIRMATION or order.stage_item is None:
        raise GateShut(_("This order does not wait for the customer's confirmation."),
                       because=_("It is in %(stage)s.") % {"stage": order.get_stage_display()})
    if not note_text.strip():
        raise BadInput(_("Say in a few words what is being done."), field="note")
    if not now < until <= now + LONGEST:
        raise BadInput(_("Name a moment within the next 14 days."), field="until")
    count = attempts_of(order).count()
    if count < ATTEMPTS:
        missing = Condition(_("%(wanted)d attempts without an answer are logged (now %(count)d)")
                            % {"wanted": ATTEMPTS, "count": count})
        raise GateShut(_("First try to reach the customer, and log each attempt."), missing=[missing])


@transaction.atomic
def acknowledge_silence(*, order_id, by, note_text, until=None, version=None, now=None) -> Silence:
    """Sales knows; the repeated reminders are quiet until then, the clock goes on."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    until = until or proposed_until(now)
    _check(order, by, until, note_text, now)
    if found := standing(order):
        raise Changed(_("%(who)s said so already, until %(until)s.")
                      % {"who": found.acknowledged_by, "until": when(found.until)})
    return _acknowledge(order, by, note_text, until, now)


def _acknowledge(order, by, note_text, until, now) -> Silence:
    sla.acknowledge(order.stage_item, by=by, note=note_text, until=until, now=now)
    silence = Silence.objects.create(
        order=order, attempts=attempts_of(order).count(), note=note_text.strip()[:300], until=until,
        acknowledged_at=now, acknowledged_by=by,
    )
    event = note(
        order, "silence", gettext_noop("The customer does not answer ({attempts} attempts); we wait until {until}"),
        by=by, params={"attempts": silence.attempts, "until": moment(until)},
    )
    inform(order, event, {order.created_by})
    return silence


def end_silence(order, end, by, now=None) -> None:
    """The customer answered, or the order left the confirmation; the caller holds the lock."""
    silence = standing(order)
    if silence is None:
        return
    silence.end, silence.ended_at, silence.ended_by = end, now or timezone.now(), by
    silence.save(update_fields=["end", "ended_at", "ended_by"])
    if silence.item and silence.item.is_living:
        sla.finish(silence.item, by=by)


@transaction.atomic
def renew_silence(*, order_id, by, note_text, until=None, version=None, now=None) -> Silence:
    """The head of Sales lets the order wait on; the other way is to cancel it."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    if not by.use(Right.ORDER_DECIDE):
        raise NotYours(_("The head of Sales cancels or renews."), who=who_may(Right.ORDER_DECIDE, 2))
    silence = standing(order)
    if silence is None or silence.item is None:
        raise Changed(_("There is nothing to renew: the time is not over, or the customer has answered."))
    until = until or proposed_until(now)
    _check(order, by, until, note_text, now)
    end_silence(order, Silence.End.RENEWED, by, now)
    return _acknowledge(order, by, note_text, until, now)


def ask_about_silences(now=None) -> int:
    """Where the time is over without an answer, the head of Sales cancels or renews."""
    now = now or timezone.now()
    due = Silence.objects.standing().filter(until__lte=now, item__isnull=True)
    left = Silence.objects.standing().exclude(order__stage=Stage.CONFIRMATION)
    orders = (due | left).order_by("until").values_list("order_id", flat=True)[:200]
    return sum(_ask(order_id, now) for order_id in list(orders))


@transaction.atomic
def _ask(order_id, now) -> bool:
    order = door.lock(order_id)
    silence = standing(order)
    if order.stage != Stage.CONFIRMATION:
        end_silence(order, Silence.End.CANCELLED, None, now)
        return False
    if silence is None or silence.item_id or silence.until > now:
        return False
    sales = Department.objects.select_related("head").prefetch_related("deputies").get(code="sales")
    head = head_of(sales)
    silence.item = clocks.open_item(
        order, kind="silence", subject=gettext_noop("Cancel or renew: the customer does not answer"),
        department=sales, assignee=head, url=reverse("orders:silence", args=[order.pk]), now=now,
    )
    silence.save(update_fields=["item"])
    event = note(order, "silence_over", gettext_noop("The customer has not answered in time; cancel or renew"), by=None)
    inform(order, event, {head, order.created_by})
    return True
