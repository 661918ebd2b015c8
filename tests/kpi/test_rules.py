"""The scoring rules: read by everybody, changed by few, never for a month that has begun."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from desk.refusals import BadInput, Changed, NotYours
from kpi import actions, defaults
from kpi.models import Indicator, RuleSet
from kpi.months import Month
from kpi.rules import lines_of, problems
from records.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.clause("6.1.1")]
NOW = datetime(2026, 11, 30, 17, tzinfo=UTC)  # 1 December 01:00 at the company: January is the next month
JANUARY, DECEMBER = date(2027, 1, 1), date(2026, 12, 1)


@pytest.fixture
def rules(departments):
    return defaults.seed_rules()


def moved(rules, **changes):
    """Production's quality and cost weigh otherwise."""
    weights = {"quality": 35, "cost": 15} | changes
    return [replace(line, weight=weights[line.indicator])
            if (line.scope, line.department) == ("department", "production") and line.indicator in weights else line
            for line in lines_of(rules)]  # fmt: skip


def test_what_a_company_starts_with_is_whole(rules):
    assert problems(lines_of(rules)) == []
    assert {line.indicator for line in lines_of(rules) if line.weight} == set(Indicator.values)
    defaults.seed()
    defaults.seed()
    assert RuleSet.objects.count() == 1


@time_machine.travel(NOW, tick=False)
def test_a_change_holds_from_the_next_month_on(rules, admin, general_manager, sales_head):
    with pytest.raises(NotYours) as refused:
        actions.change_rules(lines=moved(rules), valid_from=JANUARY, reason="why", by=sales_head)
    assert general_manager in refused.value.who
    for early in (DECEMBER, date(2026, 10, 1), date(2027, 1, 2)):
        with pytest.raises(BadInput, match="next month at the earliest: choose 2027-01"):
            actions.change_rules(lines=moved(rules), valid_from=early, reason="why", by=admin)
    made = actions.change_rules(lines=moved(rules), valid_from=JANUARY, reason="Quality first", by=general_manager,
                                version=1)  # fmt: skip
    assert [str(RuleSet.objects.of(month)) for month in (date(2026, 11, 1), DECEMBER, JANUARY)] == ["v1", "v1", "v2"]
    assert made.rules.get(scope="department", department="production", indicator="quality").weight == 35
    assert made.rules.count() == rules.rules.count()
    event = Event.objects.get(verb="scoring_rules_changed")
    assert (event.actor, len(event.params["changes"])) == (general_manager, 2)
    with pytest.raises(Changed, match="meanwhile"):
        actions.change_rules(lines=moved(made, quality=30, cost=20), valid_from=JANUARY, reason="No", by=admin,
                             version=1)  # fmt: skip
    later = actions.change_rules(lines=moved(made, quality=30, cost=20), valid_from=date(2027, 3, 1), reason="Back",
                                 by=admin)  # fmt: skip
    assert actions.first_month_open(later) == Month(date(2027, 3, 1)), "a set that waits is not undercut"


@pytest.mark.parametrize(("changes", "said"), [
    ({"weight": 31}, "add up to 101"), ({"weight": 130}, "from 0 to 100"), ({"target": Decimal(80)}, "lies above"),
    ({"least_cases": 0}, "one case at least"), ({}, "Nothing is different"),
])  # fmt: skip
@time_machine.travel(NOW, tick=False)
def test_rules_that_make_no_sense_are_refused(changes, said, rules, admin):
    lines = [replace(line, **changes) if line.place == ("department", "production", "quality") else line
             for line in lines_of(rules)]  # fmt: skip
    with pytest.raises(BadInput, match=said):
        actions.change_rules(lines=lines, valid_from=JANUARY, reason="why", by=admin)
    assert RuleSet.objects.count() == 1


def test_less_is_better_in_time_and_cost(rules):
    lines = [replace(line, target=line.floor, floor=line.target) for line in lines_of(rules)]
    assert {(problem.line.indicator, problem.text.split()[0]) for problem in problems(lines)} == {
        ("time", "Less"), ("cost", "Less"), ("on_time", "More"), ("quality", "More"), ("satisfaction", "More"),
    }  # fmt: skip


@time_machine.travel(NOW, tick=False)
def test_the_sheet_is_changed_without_a_script(rules, admin, client_of):
    client, address = client_of(admin), reverse("kpi:rules_change")
    page = client.get(address)
    months = [value for value, _label in page.context["form"].fields["valid_from"].choices]
    assert (months[0], len(months)) == ("2027-01-01", 12), "no earlier month is offered"
    typed = {name: field.initial for name, field in page.context["form"].fields.items() if field.initial is not None}
    typed |= {"valid_from": "2027-01-01", "reason": "Quality first", "version": "1", "once": "a"}
    wrong = client.post(address, typed | {"department-production-quality-weight": "40"})
    assert wrong.status_code == 422
    assert "Production: The weights add up to 110, not to 100." in wrong.text and "Quality first" in wrong.text
    assert client.post(address, typed | {"valid_from": "2026-12-01"}).status_code == 422
    weights = {"department-production-quality-weight": "40", "department-production-cost-weight": "10"}
    done = client.post(address, typed | weights)
    assert done.status_code == 302 and RuleSet.objects.first().number == 2
    assert client.post(address, typed | weights).url == done.url, "the same press does it once"
    stale = client.post(address, typed | {"department-sales-time-weight": "25", "department-sales-quality-weight": "25",
                                          "once": "b"})  # fmt: skip
    assert stale.status_code == 409 and 'value="25"' in stale.text
    assert stale.context["version"] == 2, "who was refused may save again on top of it"


@time_machine.travel(NOW, tick=False)
def test_everybody_reads_the_rules_and_few_change_them(rules, operator, stranger, general_manager, admin, client_of):
    page, change = reverse("kpi:rules"), reverse("kpi:rules_change")
    for person in (operator, stranger):
        text = client_of(person).get(page).text
        assert "Pieces passed the first time ÷ inspected" in text and "from 88 points" in text
        assert change not in text
        assert client_of(person).get(change).status_code == client_of(person).post(change).status_code == 403
    actions.change_rules(lines=moved(rules), valid_from=JANUARY, reason="质量优先", by=admin)
    text = client_of(general_manager).get(page).text
    assert "Version 2 takes effect in 2027-01" in text and "not counted" not in text
    assert "Production, Product quality: weight 30 %, target 98, floor 90, at least 3 cases → weight 35 %" in text
    for wanted, number in (("2", 2), ("9", 1), ("nonsense", 1), ("", 1)):
        assert client_of(operator).get(page, {"version": wanted}).context["shown"].number == number
