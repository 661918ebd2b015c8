"""Pages of the time limits: all of them on one sheet, one with its ladder, and their history."""

from dataclasses import dataclass, field, replace

from django.conf import settings
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.keyset import paginate
from desk.refusals import Changed
from people.roles import Right
from records.acts import ActView, require
from sla import limit_changes, reports
from sla.forms_limits import RuleForm, SheetForm, hours, rearranged
from sla.kinds import STAGES_IN_ORDER, Kind, owner_of_kind
from sla.limit_changes import Mode, Outlook, Terms, outlook
from sla.limits import Rule, differences, moment_of, names, rule_of
from sla.models import LimitChange, Policy, PolicyVersion, WorkItem

SHOWN = 20
CLASSES = "ABC"


@dataclass
class Row:
    """One limit on the sheet. `rule` is its newest version, which may be one that waits for its day."""

    policy: Policy
    rule: Rule
    owner: tuple
    names: dict = field(default_factory=dict)  # part of the rule: its field
    seen: Rule | None = None
    new: Rule | None = None
    cells: list = field(default_factory=list)
    seen_bound: object = None  # the field with the number of the version that was seen

    @property
    def is_waiting(self) -> bool:
        return self.policy.in_force is None or self.policy.in_force.pk != self.policy.newest.pk

    @property
    def is_stage(self) -> bool:
        return self.policy.kind in STAGES_IN_ORDER

    @property
    def is_changed(self) -> bool:
        return self.new is not None

    def was(self, part) -> str:
        """What stood there before, where it was changed."""
        if self.new is None or part not in self.names or getattr(self.new, part) == getattr(self.seen, part):
            return ""
        old = getattr(self.seen, part)
        return _("was %(value)s") % {"value": hours(old) if part == "target_seconds" else old}


@dataclass(frozen=True)
class Cell:
    """A field of a row, or none where the ladder has no such level."""

    part: str
    label: str
    bound: object
    was: str
    key: str


def rows() -> list[Row]:
    """The stages in the order of an order, then the other tasks; a class after its kind."""
    found = [Row(policy, rule_of(policy.newest), owner_of_kind(policy.kind))
             for policy in reports.limits() if policy.newest]  # fmt: skip
    order = {kind: place for place, kind in enumerate(dict.fromkeys([*STAGES_IN_ORDER, *Kind]))}
    return sorted(found, key=lambda row: (order.get(row.policy.kind, len(order)), row.policy.kind,
                                          row.policy.urgency_class))  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """One line of what a change does."""

    item: WorkItem
    effect: object
    face: object


def shown(found: Outlook, now) -> dict:
    moved = found.moved
    return {
        "outlook": found, "moved": [Moved(effect.item, effect, effect.item.face(now)) for effect in moved[:SHOWN]],
        "more": max(0, len(moved) - SHOWN),
    }


class LimitView(ActView):
    """What the sheet and a single limit have in common: a look at the effect, then the change, or its proposal."""

    right = Right.CONFIGURE
    asks_again = True
    is_preview = False
    form = None

    def form_kwargs(self):
        return {"is_preview": self.is_preview}

    def rules(self, form) -> list[Rule]:
        raise NotImplementedError

    def perform(self, form):
        given = form.cleaned_data
        terms = Terms(given["mode"], given["reason"], given["from_date"] if given["mode"] == Mode.DATE else None,
                      given["tells_passed"])  # fmt: skip
        made = limit_changes.change(
            self.rules(form), terms, by=self.request.user, asks=self.request.POST.get("do") == "ask"
        )
        return reverse("sla:limit_change", args=[made.pk]) if isinstance(made, LimitChange) else self.done_url()

    def done_url(self) -> str:
        return reverse("sla:limits")

    def page(self, form, *, status=200, refusal=None):
        self.form = form
        return super().page(form, status=status, refusal=refusal)

    def effect_context(self) -> dict:
        now, form = timezone.now(), self.form
        rules = self.rules(form) if form.is_readable else []
        labels = {
            "rules": rules, "needs_second": False, "late_alone": settings.LATE_AT_ONCE_ALONE,
            "save_label": self._save_label(rules), "preview_url": self.preview_url(),
        }
        if not rules:
            return labels
        found = outlook(rules, now)
        return labels | shown(found, now) | {"needs_second": found.needs_second}

    def _save_label(self, rules) -> str:
        if len(rules) == 1:
            return _("Save as version %(number)d") % {"number": rules[0].based_on + 1}
        return _("Save %(count)d new versions") % {"count": len(rules)} if rules else _("Save as a new version")

    def preview_url(self) -> str:
        raise NotImplementedError


class Preview:
    """The same form, looked at: nothing is saved, so nobody is asked again who they are."""

    asks_again = False
    is_preview = True

    def get(self, request, *args, **kwargs):
        return redirect(self.done_url())

    def post(self, request, *args, **kwargs):
        form = self.form_class(request.POST, request.FILES, **self.form_kwargs())
        is_good = form.is_valid()
        if request.htmx:
            self.form = form
            return render(request, self.fragment, {"form": form} | self.context(), status=200 if is_good else 422)
        return self.page(form, status=200 if is_good else 422)


class Sheet(LimitView):
    """All limits on one page; several may be changed at once."""

    form_class = SheetForm
    template_name = "sla/limits.html"
    fragment = "sla/_limits_effect.html"

    def subject(self):
        self.rows = rows()

    def form_kwargs(self):
        return super().form_kwargs() | {"rows": self.rows}

    def rules(self, form):
        return form.rules

    def preview_url(self):
        return reverse("sla:limits_preview")

    def page(self, form, *, status=200, refusal=None):
        if isinstance(refusal, Changed):
            form = self._caught_up(form)
        return super().page(form, status=status, refusal=refusal)

    def _caught_up(self, form):
        """Who is refused sees what was saved meanwhile, keeps what they typed, and may save again."""
        again = SheetForm(form.caught_up(), **self.form_kwargs())
        again.is_valid()
        return again

    def context(self):
        for row in self.rows:
            row.cells = [self._cell(row, part, label) for part, label in self._columns()]
            row.seen_bound = self.form[f"seen_{row.policy.pk}"]
        stages = [row for row in self.rows if row.is_stage]
        others = [row for row in self.rows if not row.is_stage]
        known = names(row.rule for row in self.rows)
        newest = max((row.policy.newest for row in self.rows), key=lambda version: version.made_at, default=None)
        return self.effect_context() | {
            "title": _("Time limits"), "rows": self.rows, "columns": self._columns(),
            "tables": [(_("Stages"), stages, True), (_("Other tasks"), others, any(map(_is_open, others)))],
            "calendars": _listed(known.calendar(row.rule.calendar) for row in stages),
            "pauses": _listed(str(PolicyVersion.PauseReason(code).label) for row in stages
                              for code in row.rule.pause_reasons),
            "paths": _paths(self.rows, known), "newest": newest, "health": reports.health(),
            "proposals": LimitChange.objects.filter(state="proposed").select_related("proposed_by"),
        }  # fmt: skip

    def _columns(self):
        return [("target_seconds", _("Limit, hours")), ("remind_percent", _("Remind at %")),
                ("escalate_percent", _("Escalate at %"))]  # fmt: skip

    def _cell(self, row, part, label) -> Cell:
        name = row.names.get(part)
        return Cell(part, label, self.form[name] if name else None, row.was(part), f"{part}-{row.policy.pk}")


def _listed(words) -> str:
    return _(", ").join(sorted(set(words)))


def _is_open(row) -> bool:
    return row.is_changed or any(cell.bound is not None and cell.bound.errors for cell in row.cells)


def _paths(found, known) -> list[tuple]:
    """The ladders in use, the most common one first, each with the limits that have it."""
    ladders = {}
    for row in found:
        ladders.setdefault(tuple(known.level(step) for step in row.rule.steps), []).append(row)
    ranked = sorted(ladders.values(), key=len, reverse=True)
    return [([_step(step, known) for step in group[0].rule.steps], group) for group in ranked]


def _step(step, known) -> tuple:
    """A level as it is drawn: when, how urgent it looks, whom it reaches."""
    percent = step["at_percent"]
    tone = "over" if percent is None or percent >= 100 else "crit" if percent >= 80 else "warn"
    return moment_of(step), tone, known.people_of(step), known.repeats_of(step)


class PreviewSheet(Preview, Sheet):
    pass


class EditLimit(LimitView):
    """One limit with everything it says: its clock, its ladder, its classes, its history."""

    form_class = RuleForm
    template_name = "sla/limit_edit.html"
    fragment = "sla/_limit_effect.html"
    shown_version = None

    def subject(self):
        self.policy = get_object_or_404(Policy, pk=self.kwargs["pk"])
        self.urgency_class = self.kwargs.get("urgency_class", self.policy.urgency_class)
        if self.urgency_class != self.policy.urgency_class:
            self._find_class()
        versions = PolicyVersion.objects.filter(policy=self.policy.pk).select_related("policy")
        newest = versions.order_by("-number").first()
        self.newest = rule_of(newest) if newest else None
        self.rule = self._start()

    def _find_class(self):
        if self.policy.urgency_class or self.urgency_class not in CLASSES:
            raise Http404
        self.general = self.policy
        own = Policy.objects.filter(kind=self.policy.kind, urgency_class=self.urgency_class).first()
        self.policy = own or Policy(kind=self.policy.kind, urgency_class=self.urgency_class)

    def _start(self) -> Rule:
        """What the fields start from: the newest version, an older one to go back to, or that of the whole kind."""
        if self.newest is None:
            ruling = PolicyVersion.objects.ruling({(self.policy.kind, "")})[self.policy.kind, ""]
            if ruling is None:
                raise Http404
            return replace(rule_of(ruling), kind=self.policy.kind, urgency_class=self.urgency_class, based_on=0)
        wanted = self.request.GET.get("as", "")
        if not wanted.isdecimal() or len(wanted) > 6:
            return self.newest
        older = get_object_or_404(self.policy.versions, number=int(wanted))
        return rule_of(older, based_on=self.newest.based_on)

    @property
    def is_new(self) -> bool:
        return self.policy.pk is None

    def form_kwargs(self):
        number = self.version if self.version is not None else self.rule.based_on
        return super().form_kwargs() | {"rule": replace(self.rule, based_on=number)}

    def rules(self, form):
        new = getattr(form, "new", None)
        is_same = self.newest is not None and new is not None and new.says_the_same_as(self.newest)
        return [] if new is None or is_same else [new]

    def perform(self, form):
        self.shown_version = self.newest.based_on if self.newest else 0  # who is refused may look and save again
        return super().perform(form)

    def _url(self, name) -> str:
        if "urgency_class" in self.kwargs:
            return reverse(f"sla:{name}_class", args=[self.kwargs["pk"], self.urgency_class])
        return reverse(f"sla:{name}", args=[self.kwargs["pk"]])

    def preview_url(self):
        return self._url("limit_preview")

    def done_url(self):
        return self._url("limit_edit")

    def context(self):
        if not self.form.is_bound and self.request.GET.get("as"):
            effect = self._look_back()
        else:
            effect = self.effect_context()
        page, lines = _history(PolicyVersion.objects.filter(policy=self.policy.pk), self.request.GET.get("after"))
        own = Policy.objects.filter(kind=self.policy.kind)
        classes = {policy.urgency_class: policy.pk for policy in own}
        return effect | {
            "title": _("Time limit: %(kind)s") % {"kind": self.rule.name}, "policy": self.policy, "is_new": self.is_new,
            "version": self._number(), "page": page, "lines": lines, "newest": self.newest, "action": self.done_url(),
            "in_force": self.policy.current if self.policy.pk else None, "waiting": self._waiting(),
            "going_back": self.request.GET.get("as", "") if not self.form.is_bound else "",
            "general_pk": classes.get(""),
            "classes": [(letter, classes.get(letter)) for letter in CLASSES] if classes.get("") else [],
        }

    def _number(self):
        return self.shown_version if self.shown_version is not None else self.form.rule.based_on

    def _waiting(self):
        """A version that waits for its day, which what is saved now takes the place of."""
        later = PolicyVersion.objects.filter(policy=self.policy.pk, in_force_from__gt=timezone.now())
        return later.order_by("-number").first()

    def _look_back(self) -> dict:
        now = timezone.now()
        found = outlook([self.rule], now)
        return shown(found, now) | {
            "rules": [self.rule], "needs_second": found.needs_second, "preview_url": self.preview_url(),
            "save_label": self._save_label([self.rule]), "late_alone": settings.LATE_AT_ONCE_ALONE,
        }


class PreviewLimit(Preview, EditLimit):
    def post(self, request, *args, **kwargs):
        if move := request.POST.get("ladder"):
            request.POST = rearranged(request.POST, move)
        return super().post(request, *args, **kwargs)


# History


@dataclass(frozen=True)
class Line:
    version: PolicyVersion
    changes: list


def _history(versions, cursor):
    """A page of versions, newest first, each with what it changed."""
    found = versions.select_related("policy", "made_by", "change__decided_by", "change__on_behalf_of")
    page = paginate(found.prefetch_related("steps"), ("-made_at", "-pk"), cursor, size=SHOWN)
    wanted = Q(pk__in=[])
    for version in page.rows:
        wanted |= Q(policy=version.policy_id, number=version.number - 1)
    earlier = PolicyVersion.objects.filter(wanted).select_related("policy").prefetch_related("steps")
    before = {(version.policy_id, version.number): rule_of(version) for version in earlier}
    said = [(version, before.get((version.policy_id, version.number - 1)), rule_of(version)) for version in page.rows]
    known = names(rule for _version, *both in said for rule in both if rule)
    return page, [Line(version, differences(old, new, known) if old else []) for version, old, new in said]


def history(request):
    """Every version of every limit: who, when, why, what."""
    require(request.user, Right.CONFIGURE)
    page, lines = _history(PolicyVersion.objects.all(), request.GET.get("after"))
    return render(request, "sla/limit_history.html", {"page": page, "lines": lines})
