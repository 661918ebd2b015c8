"""Another set of scoring rules. The running month and all before it keep theirs."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import when
from kpi.models import Rule, RuleSet
from kpi.months import Month
from kpi.rules import differences, lines_of, problems
from people.duty import who_may
from people.roles import Right
from records.actions import record
from records.rules import STREAM, lock_rules

VERB = "scoring_rules_changed"
RIGHTS = (Right.CONFIGURE, Right.SCORE_PUBLISH)  # the administrator's, and general management's


def may_change_rules(user) -> bool:
    return any(user.may(right) for right in RIGHTS)


def first_month_open(newest: RuleSet, now=None) -> Month:
    """The month after this one; not before a set that waits already, which the new one takes further."""
    return max(Month.now(now) + 1, Month.of(newest.valid_from))


@transaction.atomic
def change_rules(*, lines, valid_from, reason, by, version=None, now=None) -> RuleSet:
    """`valid_from`: the first day of a later month; `version`: the number of the set that the form was made from."""
    if not any(by.use(right) for right in RIGHTS):
        raise NotYours(_("Only general management or an administrator changes the scoring rules."),
                       who=who_may(Right.SCORE_PUBLISH))  # fmt: skip
    now = now or timezone.now()
    lock_rules(None)
    newest = RuleSet.objects.select_related("made_by").first()
    _refuse_stale(newest, version)
    _refuse_early(newest, valid_from, now)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    if found := problems(lines):
        raise BadInput(found[0].text, field=f"{found[0].line.key}-{found[0].field}")
    changes = differences(lines_of(newest), lines)
    if not changes:
        raise BadInput(_("Nothing is different from before."))
    made = RuleSet.objects.create(
        number=newest.number + 1, valid_from=valid_from, reason=reason.strip(), made_on=timezone.localdate(now),
        made_at=now, made_by=by,
    )  # fmt: skip
    Rule.objects.bulk_create([
        Rule(rule_set=made, scope=line.scope, department=line.department, indicator=line.indicator,
             weight=line.weight, target=line.target, floor=line.floor, least_cases=line.least_cases)
        for line in lines if line.weight
    ])  # fmt: skip
    record(VERB, gettext_noop("Scoring rules {rules}, in force from {month}: {changes}. Reason: {reason}"), by=by,
           stream=STREAM, params={"rules": str(made), "month": str(Month.of(valid_from)), "changes": changes,
                                  "reason": made.reason})  # fmt: skip
    return made


def _refuse_stale(newest, version) -> None:
    if version in (None, newest.number):
        return
    raise Changed(
        _("Somebody changed the rules meanwhile. Yours were not saved."),
        because=_("Version %(number)s was saved %(when)s: %(reason)s")
        % {"number": newest.number, "when": when(newest.made_at), "reason": newest.reason},
        who=[newest.made_by] if newest.made_by else (),
    )


def _refuse_early(newest, valid_from, now) -> None:
    first = first_month_open(newest, now)
    if valid_from.day != 1 or valid_from < first.first:
        raise BadInput(
            _("A change of the rules takes effect next month at the earliest: choose %(month)s or later.")
            % {"month": first},
            because=_("A month that has begun is scored by the rules it began with."), field="valid_from",
        )  # fmt: skip
