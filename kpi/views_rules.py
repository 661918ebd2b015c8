"""The scoring rules: what is in force, what waits, what was, and the sheet on which they are changed."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.keyset import paginate
from desk.refusals import NotYours
from kpi import scoring
from kpi.actions import change_rules, first_month_open, may_change_rules
from kpi.forms_rules import RulesForm
from kpi.models import Rule, RuleSet
from kpi.months import Month
from kpi.rules import differences, group_name, grouped, lines_of
from people.duty import who_may
from people.roles import Right
from records.acts import ActView

SHOWN = 20


def tables(lines) -> list[tuple]:
    """[(title, [(department, name, lines)])], departments first."""
    groups = grouped(lines)
    return [
        (label, [(code, group_name(scope, code), group) for (scope, code), group in groups if scope == wanted])
        for wanted, label in Rule.Scope.choices
    ]  # fmt: skip


def rules_page(request):
    """`?version=2`, or what is in force this month. Readable by everybody: the score of each is made by them."""
    in_force = RuleSet.objects.of(Month.now().first)
    shown = _wanted(request.GET.get("version")) or in_force
    if shown is None:
        raise Http404
    history = paginate(RuleSet.objects.select_related("made_by").prefetch_related("rules"), ("-number",),
                       request.GET.get("after"), size=SHOWN)  # fmt: skip
    lines = [line for line in lines_of(shown) if line.weight]
    return render(request, "kpi/rules.html", {
        "shown": shown, "in_force": in_force, "tables": tables(lines), "may_change": may_change_rules(request.user),
        "waiting": RuleSet.objects.filter(valid_from__gt=Month.now().first).order_by("valid_from", "number"),
        "page": history, "history": _with_changes(history.rows), "grades": scoring.GRADES, "scoring": scoring,
    })  # fmt: skip


def _wanted(number):
    if not number or not number.isdecimal() or len(number) > 6:
        return None
    return RuleSet.objects.filter(number=int(number)).first()


def _with_changes(sets) -> list[tuple]:
    """Each set with what it changed of the one before it."""
    if not sets:
        return []
    before = RuleSet.objects.filter(number=sets[-1].number - 1).prefetch_related("rules").first()
    pairs = zip(sets, [*sets[1:], before], strict=True)
    return [(new, differences(lines_of(old), lines_of(new)) if old else []) for new, old in pairs]


class ChangeRules(ActView):
    """All of it on one sheet, which works without a script."""

    form_class = RulesForm
    template_name = "kpi/rules_change.html"
    asks_again = True
    form = None

    def subject(self):
        if not may_change_rules(self.request.user):
            raise NotYours(_("Only general management or an administrator changes the scoring rules."),
                           who=who_may(Right.SCORE_PUBLISH))  # fmt: skip
        self.newest = RuleSet.objects.first()
        if self.newest is None:
            raise Http404

    @property
    def version_now(self):
        """Who is refused sees who was faster, and may save again on top of it."""
        return self.newest.number

    def form_kwargs(self):
        return {"lines": lines_of(self.newest), "first_month": first_month_open(self.newest)}

    def perform(self, form):
        given = form.cleaned_data
        made = change_rules(
            lines=form.lines, valid_from=given["valid_from"], reason=given["reason"], by=self.request.user,
            version=self.version,
        )  # fmt: skip
        return f"{reverse('kpi:rules')}?version={made.number}"

    def page(self, form, *, status=200, refusal=None):
        self.form = form
        return super().page(form, status=status, refusal=refusal)

    def context(self):
        rows = [
            (label, [(code, name, [(line, self.form.cells(line)) for line in lines]) for code, name, lines in groups])
            for label, groups in tables(self.form.old)
        ]  # fmt: skip
        return {
            "title": _("Change the scoring rules"), "newest": self.newest, "tables": rows,
        }
