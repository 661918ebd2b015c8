"""The rush charge: its rule, changed by an administrator, and what sales takes of its suggestion."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import money, sentence, word
from finance.models import ChargeDecision, ChargeRule
from finance.urgency import suggest_charge
from orders import actions
from orders.actions.door import touch, who_may
from orders.actions.trail import note
from orders.models import UrgentOrder
from people.roles import Right
from records.actions import record
from records.rules import CHANGED_RULE, STREAM, lock_rules

CHANGED = "finance.chargerule.change"


@transaction.atomic
def change_charge_rule(*, by, values, reason, version=None) -> ChargeRule:
    """The next version; `values`: the fields of ChargeRule.VALUES."""
    if not by.use(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can configure the desk."), who=who_may(Right.CONFIGURE))
    lock_rules(version, CHANGED)
    known = ChargeRule.current()
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    changed = [name for name in ChargeRule.VALUES if values[name] != getattr(known, name)]
    if not changed:
        raise BadInput(_("Nothing is different from before."))
    rule = ChargeRule(
        version=known.version + 1, reason=reason.strip()[:300], made_by=by,
        **{name: values[name] for name in ChargeRule.VALUES},
    )
    rule.full_clean()
    rule.save(force_insert=True)
    said = [sentence(CHANGED_RULE, {"rule": word(ChargeRule._meta.get_field(name).verbose_name),
                                    "old": str(getattr(known, name)), "new": str(values[name])}) for name in changed]
    record(CHANGED, gettext_noop("Rule of the rush charge, version {version}: {changes}. Reason: {reason}"), by=by,
           stream=STREAM, params={"version": rule.version, "changes": said, "reason": reason.strip()})
    return rule


def may_be_charged(order) -> bool:
    return not (order.is_draft or order.is_final or order.is_cancelled)


@transaction.atomic
def set_rush_charge(*, order_id, by, amount, reason="", suggested=None, version=None) -> ChargeDecision:
    """Sales takes the suggestion over, or writes another charge with a reason. Nothing is charged by itself.

    `suggested`: what the page showed; refused where the suggestion is another one by now.
    """
    order = actions.lock(order_id, by=by, version=version)
    if not by.use(Right.ORDER_NEGOTIATE):
        raise NotYours(_("Sales sets the rush charge."), who=who_may(Right.ORDER_NEGOTIATE))
    if not may_be_charged(order):
        raise GateShut(_("This order has no rush charge any more, or not yet: it is in %(stage)s.")
                       % {"stage": order.get_stage_display()})  # fmt: skip
    found = suggest_charge(order)
    if suggested is not None and suggested != found.amount:
        raise Changed(
            _("The suggestion is %(now)s by now, not %(before)s.")
            % {"now": money(found.amount), "before": money(suggested)},
            because=_("What urgency costs, the quantity or the rule has changed meanwhile."),
        )
    if amount < 0:
        raise BadInput(_("A charge is not less than 0."), field="amount")
    if amount != found.amount and not reason.strip():
        raise BadInput(_("Say why it is not the suggested %(amount)s.") % {"amount": money(found.amount)},
                       field="reason")  # fmt: skip
    return _decide(order, found, amount, reason.strip(), by)


def _decide(order, found, amount, reason, by) -> ChargeDecision:
    decision = ChargeDecision.objects.create(
        order=order, rule=found.rule, suggested_amount=found.amount, amount=amount, reason=reason[:500],
        before_amount=order.rush_charge_amount, computation=found.kept(), decided_at=timezone.now(), decided_by=by,
    )
    order.rush_charge_amount = amount
    UrgentOrder.objects.filter(pk=order.pk).update(rush_charge_amount=amount)
    touch(order)
    text = gettext_noop("Rush charge as suggested: {charge_amount}") if decision.is_suggested else gettext_noop(
        "Rush charge {charge_amount}, suggested were {suggested_amount}. Reason: {reason}")
    note(order, "rush_charge_set", text, by=by, money="sales", params={
        "charge_amount": money(amount), "suggested_amount": money(found.amount), "reason": reason})
    return decision
