"""What the rules of a month say, what is wrong with some, and in which words a change of them is told."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.text import render, sentence, word
from kpi.defaults import LINES, RULES
from kpi.indicators import SOURCES, Source, unit_of
from kpi.models import Indicator, Rule, RuleSet
from people.models import Department

LESS_IS_BETTER = (Indicator.TIME, Indicator.COST)
CHANGED = gettext_noop("{whose}, {indicator}: {old} → {new}")
SAYS = gettext_noop("weight {weight} %, target {target}, floor {floor}, at least {least} cases")
NOT_COUNTED = gettext_noop("not counted")
PERSONS = gettext_noop("Persons of {department}")
OTHER_PERSONS, OTHER_DEPARTMENTS = gettext_noop("All other persons"), gettext_noop("All other departments")


@dataclass(frozen=True)
class Line:
    """One rule. Weight 0: the indicator is not counted there, and no rule is kept of it."""

    scope: str
    department: str
    indicator: str
    weight: int
    target: Decimal
    floor: Decimal
    least_cases: int = 3

    @property
    def place(self) -> tuple:
        return (self.scope, self.department, self.indicator)

    @property
    def key(self) -> str:
        """In the names of fields."""
        return "-".join(self.place)

    @property
    def label(self):
        return Indicator(self.indicator).label

    @property
    def unit(self) -> str:
        return unit_of(self.indicator).symbol

    @property
    def target_text(self) -> str:
        return f"{plain(self.target)} {self.unit}"

    @property
    def floor_text(self) -> str:
        return f"{plain(self.floor)} {self.unit}"

    @property
    def sources(self) -> list[Source]:
        """Several where the rule is for every department that has none of its own."""
        return sources(self.scope, self.department, self.indicator)

    @property
    def whose(self) -> dict:
        return whose(self.scope, self.department)

    @property
    def group(self) -> str:
        return group_name(self.scope, self.department)

    @property
    def name(self) -> str:
        return _("%(row)s, %(field)s") % {"row": self.group, "field": self.label}


def sources(scope, department, indicator) -> list[Source]:
    own = {code for of, code in RULES if of == scope and code}
    return [
        source for source in SOURCES if (source.scope, source.indicator) == (scope, indicator) and (
            not source.departments or department in source.departments
            or (not department and not own.issuperset(source.departments))
        )
    ]  # fmt: skip


def whose(scope, department) -> dict:
    """A department, or whose people, as a word of a stored sentence."""
    is_person = scope == Rule.Scope.PERSON
    if not department:
        return word(OTHER_PERSONS if is_person else OTHER_DEPARTMENTS)
    name = word(Department.Code(department).label)
    return sentence(PERSONS, {"department": name}) if is_person else name


def group_name(scope, department) -> str:
    return render("{whose}", {"whose": whose(scope, department)})


def lines_of(rule_set: RuleSet) -> list[Line]:
    """Every rule there may be, in the order of the page: what the set does not name weighs nothing."""
    found = {(rule.scope, rule.department, rule.indicator): rule for rule in rule_set.rules.all()}
    groups = dict.fromkeys([*RULES, *((scope, department) for scope, department, _indicator in found)])
    return [
        _line(scope, department, indicator, found.get((scope, department, indicator)))
        for scope, department in groups for indicator in Indicator.values
        if sources(scope, department, indicator) or (scope, department, indicator) in found
    ]  # fmt: skip


def _line(scope, department, indicator, rule) -> Line:
    if rule:
        return Line(scope, department, indicator, rule.weight, rule.target, rule.floor, rule.least_cases)
    _weights, quality = RULES[scope, department]
    target, floor = LINES.get(indicator, quality)
    return Line(scope, department, indicator, 0, Decimal(target), Decimal(floor))


def grouped(lines) -> list[tuple]:
    """[((scope, department), lines)]"""
    return [(place, list(group)) for place, group in groupby(lines, lambda line: (line.scope, line.department))]


@dataclass(frozen=True)
class Problem:
    line: Line
    field: str
    text: str


def problems(lines) -> list[Problem]:
    found = [problem for line in lines for problem in _of_line(line)]
    for _place, group in grouped(lines):
        total = sum(line.weight for line in group)
        if total != 100:
            found.append(Problem(group[0], "weight", _("The weights add up to %(total)d, not to 100.")
                                 % {"total": total}))  # fmt: skip
    return found


def _of_line(line):
    if not 0 <= line.weight <= 100:
        yield Problem(line, "weight", _("A weight is from 0 to 100 %."))
    is_less_better = line.indicator in LESS_IS_BETTER
    if is_less_better and line.target >= line.floor:
        yield Problem(line, "target", _("Less is better here: the target lies below the floor."))
    if not is_less_better and line.target <= line.floor:
        yield Problem(line, "target", _("More is better here: the target lies above the floor."))
    if line.least_cases < 1:
        yield Problem(line, "least_cases", _("A grade needs one case at least."))


def differences(old, new) -> list[dict]:
    """As stored sentences, one for each rule that is not the same."""
    before = {line.place: line for line in old}
    return [
        sentence(CHANGED, {"whose": line.whose, "indicator": word(line.label), "old": _said(before.get(line.place)),
                           "new": _said(line)})
        for line in new if not _is_same(before.get(line.place), line)
    ]  # fmt: skip


def _is_same(old, new) -> bool:
    return old == new or (not new.weight and (old is None or not old.weight))


def _said(line) -> dict:
    if line is None or not line.weight:
        return word(NOT_COUNTED)
    return sentence(SAYS, {"weight": line.weight, "target": plain(line.target), "floor": plain(line.floor),
                           "least": line.least_cases})  # fmt: skip


def plain(figure: Decimal) -> str:
    """`98`, `4.8`: as it is typed."""
    return f"{figure:f}".rstrip("0").rstrip(".") if "." in f"{figure:f}" else f"{figure:f}"


