"""Another order's promise is broken only with the consent of its salesperson; silence goes up the ladder."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import moment, when
from orders.actions import clocks, door
from orders.actions.trail import inform, note
from orders.models import Consent, UrgentOrder
from people.duty import general_managers, head_of
from people.models import Department
from people.roles import Right, Role
from sla import actions as sla


def lock_both(order_id, other_id, *, by, version=None) -> tuple[UrgentOrder, UrgentOrder]:
    order, other = lock_all(order_id, [other_id], by=by, version=version)
    return order, other


def lock_all(order_id, others, *, by, version=None) -> list[UrgentOrder]:
    """Several orders at once, always in the same sequence, so that two plans never wait for each other."""
    asked = dict.fromkeys(others) | {order_id: version}
    found = {pk: door.lock(pk, by=by, version=asked[pk]) for pk in sorted(asked)}
    return [found[order_id], *(found[pk] for pk in others)]


def ask_consent(
    *, order, harmed, plan_version, plan_text, reason, finish_before_at, finish_after_at, promised_at, by, now=None
) -> Consent:
    """Ask the salesperson of the order that would come too late; the caller holds both orders' locks."""
    now = now or timezone.now()
    consent = Consent.objects.create(
        order=order, harmed=harmed, plan_version=plan_version, plan_text=plan_text[:300], reason=reason.strip()[:500],
        finish_before_at=finish_before_at, finish_after_at=finish_after_at, promised_at=promised_at, asked_at=now,
        asked_by=by,
    )
    consent.item = clocks.open_item(
        order, kind="consent", subject=gettext_noop("May {order} go before {harmed}, which then comes late?"),
        params={"order": str(order), "harmed": str(harmed)}, department=Department.objects.get(code="sales"),
        assignee=harmed.created_by, url=reverse("orders:consent", args=[harmed.pk, consent.pk]), by=by, now=now,
    )
    consent.save(update_fields=["item"])
    params = _said(consent) | {"reason": consent.reason}
    note(order, "consent_asked", gettext_noop(
        "Asked for consent: {harmed} would finish {after} instead of {before}, promised {promised}. {reason}"
    ), by=by, params=params)
    event = note(harmed, "consent_asked", gettext_noop(
        "{order} asks to go first: this order would finish {after} instead of {before}, promised {promised}. {reason}"
    ), by=by, params=params)
    inform(harmed, event, {harmed.created_by}, url=reverse("orders:consent", args=[harmed.pk, consent.pk]))
    return consent


def _said(consent) -> dict:
    return {
        "order": str(consent.order), "harmed": str(consent.harmed), "before": moment(consent.finish_before_at),
        "after": moment(consent.finish_after_at), "promised": moment(consent.promised_at),
    }


@transaction.atomic
def answer_consent(*, consent_id, by, is_agreed, reason, now=None) -> Consent:
    """Yes or no, with the reason. The salesperson's own, a head of Sales' or general management's."""
    now = now or timezone.now()
    order_id, harmed_id = Consent.objects.values_list("order_id", "harmed_id").get(pk=consent_id)
    order, harmed = lock_both(order_id, harmed_id, by=by)
    consent = Consent.objects.select_related("item", "decided_by", "asked_by").get(pk=consent_id)
    consent.order, consent.harmed = order, harmed
    _check_answer(consent, by, reason)
    consent.state = Consent.State.YES if is_agreed else Consent.State.NO
    consent.answer, consent.decided_at, consent.decided_by = reason.strip()[:500], now, by
    consent.save(update_fields=["state", "answer", "decided_at", "decided_by"])
    if consent.item.is_living:
        sla.finish(consent.item, by=by, now=now)
    door.touch(order)
    text = gettext_noop("Consent given: {order} may go before {harmed}. {answer}")
    if not is_agreed:
        text = gettext_noop("Consent refused: {order} may not go before {harmed}. {answer}")
    params = _said(consent) | {"answer": consent.answer}
    event = note(order, "consent_answered", text, by=by, params=params)
    note(harmed, "consent_answered", text, by=by, params=params)
    inform(order, event, {consent.asked_by, order.created_by, harmed.created_by})
    return consent


def answerers(consent) -> list:
    """Who may answer, the nearest first: the salesperson, the head of Sales, general management."""
    sales = Department.objects.select_related("head").get(code="sales")
    people = [consent.harmed.created_by, head_of(sales), *general_managers()]
    return list({person.pk: person for person in people if person and person.is_active}.values())


def may_answer(user, consent) -> bool:
    is_superior = user.may(Right.ORDER_DECIDE) or user.role == Role.GENERAL_MANAGER
    is_asked = user.pk in (consent.harmed.created_by_id, consent.item.assignee_id)
    return user.pk != consent.asked_by_id and (is_superior or (is_asked and user.may(Right.ORDER_NEGOTIATE)))


def _check_answer(consent, by, reason):
    by.use(Right.ORDER_NEGOTIATE if by.pk == consent.item.assignee_id else Right.ORDER_DECIDE)
    if consent.asked_by.natural_id in by.hands:
        raise OwnRequest(_("You asked for this consent, so somebody else answers."), who=answerers(consent))
    if not may_answer(by, consent):
        raise NotYours(
            _("The salesperson of %(order)s answers, or the head of Sales.") % {"order": consent.harmed},
            who=answerers(consent),
        )
    if consent.lapsed_at or consent.order.is_final:
        raise Changed(
            _("The plan that asked for it has changed; nothing is to be answered any more."), who=[consent.asked_by]
        )
    if consent.state != Consent.State.OPEN:
        raise Changed(_("%(who)s has answered already: %(state)s.")
                      % {"who": consent.decided_by, "state": consent.get_state_display()})
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")


def lapse_consents(order, *, by, now=None) -> int:
    """The plan that asked is another one now: what was answered counts no more. The caller holds the lock."""
    now = now or timezone.now()
    asked = list(order.consents.living().select_related("harmed", "item"))
    for consent in asked:
        consent.lapsed_at = now
        consent.save(update_fields=["lapsed_at"])
        if consent.item.is_living:
            sla.cancel(consent.item, reason="plan changed", by=by, now=now)
        note(order, "consent_lapsed", gettext_noop("The consent of {harmed} counts no more: the plan was changed"),
             by=by, params={"harmed": str(consent.harmed)})
    return len(asked)


def check_answered(order) -> None:
    """Raises GateShut while a living consent is open or refused."""
    asked = order.consents.living().exclude(state=Consent.State.YES)
    consent = asked.select_related("decided_by", "harmed__created_by").first()
    if consent is None:
        return
    what = _("%(harmed)s would come later than promised, and nobody has agreed to it.") % {"harmed": consent.harmed}
    because = _("The question is open since %(at)s.") % {"at": when(consent.asked_at)}
    if consent.decided_by:
        because = _("%(who)s has not agreed: %(answer)s") % {"who": consent.decided_by, "answer": consent.answer}
    raise GateShut(what, because=because, who=answerers(consent))


def check_agreed(order, harmed, *, plan_version, finish_at) -> None:
    """Raises GateShut unless the harmed order's salesperson agreed to this plan, and to so late a finish."""
    agreed = order.consents.living().filter(harmed=harmed, state=Consent.State.YES, plan_version=plan_version)
    if not agreed.filter(finish_after_at__gte=finish_at).exists():
        raise GateShut(
            _("%(harmed)s would come later than promised, and nobody has agreed to it.") % {"harmed": harmed},
            because=_("It would finish %(finish)s with the plan as it is now.") % {"finish": when(finish_at)},
            missing=[_("Draft the plan again and ask %(who)s.") % {"who": harmed.created_by}], who=[harmed.created_by],
        )
