"""The company's own rules: changed with a reason, which stands in the log of the configuration."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import sentence, word
from people.duty import with_role
from people.roles import Right, Role
from records.actions import record
from records.models import CompanySettings, Event

STREAM = "configuration"
VERB = "records.companysettings.change"  # as Django's administration calls it
CHANGED_RULE = gettext_noop("{rule}: {old} → {new}")
RULES = (
    "company_name", "review_people", "has_sole_authority", "silent_customer_days", "option_valid_hours",
    "duplicate_window_days", "class_a_max_ratio", "class_b_max_ratio", "over_delivery_percent",
    "budget_allowance_percent", "major_cost_amount", "file_size_limit_mb",
    "meeting_weekday", "meeting_time", "meeting_minutes", "meeting_place",
    "score_check_days", "appeal_days", "reply_days",
)


def version_of_rules(verb=VERB) -> int:
    """The number of their last change."""
    last = Event.objects.filter(stream=STREAM, verb=verb).order_by("-number").values_list("number", flat=True).first()
    return last or 0


@transaction.atomic
def change_rules(*, by, values, reason, version=None) -> CompanySettings:
    """Only what differs is written; `version`: what the form was made from."""
    if not by.use(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can configure the desk."), who=with_role(Role.ADMINISTRATOR))
    rules = lock_rules(version)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    changed = [name for name in RULES if name in values and getattr(rules, name) != values[name]]
    if not changed:
        raise BadInput(_("Nothing is different from before."))
    said = [_said(rules, name, values[name]) for name in changed]
    for name in changed:
        setattr(rules, name, values[name])
    rules.full_clean()
    rules.save(update_fields=changed)
    record(VERB, gettext_noop("Company rules changed: {changes}. Reason: {reason}"), by=by, stream=STREAM,
           params={"changes": said, "reason": reason.strip()})
    return rules


def lock_rules(version, verb=VERB) -> CompanySettings:
    """Rules are changed by one person at a time, each from what stands there."""
    CompanySettings.current()
    rules = CompanySettings.objects.select_for_update().get(pk=1)
    if version is not None and version != version_of_rules(verb):
        raise Changed(_("Somebody changed the rules meanwhile. Yours were not saved."))
    return rules


def _said(rules, name, new) -> dict:
    label = CompanySettings._meta.get_field(name).verbose_name
    return sentence(CHANGED_RULE, {"rule": word(label), "old": _shown(getattr(rules, name)), "new": _shown(new)})


def _shown(value):
    if isinstance(value, bool):
        return word(gettext_noop("yes") if value else gettext_noop("no"))
    return str(value) if value != "" else "–"
