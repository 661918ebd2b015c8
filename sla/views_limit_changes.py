"""Pages of a change of time limits that waits for a second person."""

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.refusals import NotYours
from people.roles import Right
from records.acts import ActView
from sla import limit_changes, panes
from sla.forms_limits import NoteForm, RefuseForm, WithdrawForm
from sla.kinds import Kind
from sla.limit_changes import Mode, Outlook, deciders, outlook, rules_of, stale
from sla.limits import differences, names, rule_of
from sla.models import LimitChange, PolicyVersion, WorkItem
from sla.views_limits import shown


def _visible(request, pk) -> LimitChange:
    found = get_object_or_404(
        LimitChange.objects.select_related("proposed_by", "decided_by", "on_behalf_of"), pk=pk
    )
    user = request.user
    if user.may(Right.CONFIGURE) or user.may(Right.LIMIT_DECIDE) or user.pk == found.proposed_by_id:
        return found
    raise Http404


def _before(rules) -> dict:
    """The versions that rules were made from, by kind and class."""
    wanted = Q(pk__in=[])
    for rule in rules:
        wanted |= Q(policy__kind=rule.kind, policy__urgency_class=rule.urgency_class, number=rule.based_on)
    found = PolicyVersion.objects.filter(wanted).select_related("policy").prefetch_related("steps")
    return {(version.policy.kind, version.policy.urgency_class): rule_of(version) for version in found}


def _proposal(found: LimitChange) -> dict:
    rules = rules_of(found)
    before = _before(rules)
    known = names([*rules, *before.values()])
    now = timezone.now()
    return {
        "change": found, "stale": stale(found) if found.is_open else [],
        "parts": [(rule, differences(before.get(rule.place), rule, known)) for rule in rules],
    } | (shown(outlook(rules, now), now) if found.is_open else {})


def change(request, pk):
    """A proposal: what it says, what it would do now, and who decides it."""
    found = _visible(request, pk)
    first = {found.proposed_by.natural_id}
    others = deciders(first)
    item = WorkItem.objects.living().of(found.source).first()
    return render(request, "sla/limit_change.html", _proposal(found) | {
        "item": item, "others": others,
        "may_decide": found.is_open and request.user.pk in {person.pk for person in others},
        "may_withdraw": found.is_open and item and request.user.natural_id in first,
    })  # fmt: skip


class DecideChange(ActView):
    right = Right.LIMIT_DECIDE
    asks_again = True

    def subject(self):
        self.change = _visible(self.request, self.kwargs["pk"])

    def context(self):
        said = ", ".join(rule.name for rule in rules_of(self.change))
        return {"lead": said, "back_url": reverse("sla:limit_change", args=[self.change.pk])} | self.words()

    def words(self) -> dict:
        raise NotImplementedError

    def perform(self, form):
        self.decide(self.change.pk, by=self.request.user, note=form.cleaned_data["note"])
        return reverse("sla:limit_change", args=[self.change.pk])


class ApproveChange(DecideChange):
    form_class = NoteForm
    decide = staticmethod(limit_changes.approve)

    def words(self):
        found = outlook(rules_of(self.change)) if self.change.is_open else Outlook()
        lines = [_("It is in force as soon as you approve, as it was proposed.")]
        if self.change.mode == Mode.RUNNING:
            lines.append(_("Orders late at once: %(count)d.") % {"count": found.late})
        return {"title": _("Approve the change of time limits"), "submit_label": _("Approve"), "submit_tone": "ok",
                "consequences": lines}  # fmt: skip


class RefuseChange(DecideChange):
    form_class = RefuseForm
    decide = staticmethod(limit_changes.refuse)

    def words(self):
        return {"title": _("Refuse the change of time limits"), "submit_label": _("Refuse"), "submit_tone": "dan",
                "consequences": [_("Nothing changes. %(person)s is told why.") % {"person": self.change.proposed_by}]}


class WithdrawChange(ActView):
    """By the address of its task, as the list of what one sent names it."""

    form_class = WithdrawForm

    def subject(self):
        item = get_object_or_404(WorkItem, pk=self.kwargs["pk"], kind=Kind.LIMIT_CHANGE)
        self.change = _visible(self.request, item.source_number)
        if self.request.user.natural_id != self.change.proposed_by.natural_id:
            raise NotYours(_("Who sent it takes it back."), who=[self.change.proposed_by])

    def perform(self, form):
        limit_changes.withdraw(self.change.pk, by=self.request.user)
        return reverse("sla:limits")

    def context(self):
        return {
            "title": _("Withdraw the change of time limits"), "submit_label": _("Withdraw"), "submit_tone": "dan",
            "back_url": reverse("sla:limit_change", args=[self.change.pk]),
            "lead": ", ".join(rule.name for rule in rules_of(self.change)),
            "consequences": [_("Nobody decides it any more, and the limits stay as they are.")],
        }


def pane(request, pk):
    """In “My work”: what general management decides."""
    item = panes.find(pk, (Kind.LIMIT_CHANGE,))
    found = _visible(request, item.source_number)
    rules = rules_of(found)
    effect = outlook(rules) if found.is_open else Outlook()
    before = _before(rules)
    known = names([*rules, *before.values()])
    url = reverse("sla:limit_change", args=[found.pk])
    may = found.is_open and request.user.pk in {person.pk for person in deciders({found.proposed_by.natural_id})}
    return panes.show(request, panes.Pane(
        item,
        verdict=panes.Verdict(found.reason, _("%(person)s proposes it.") % {"person": found.proposed_by},
                              "over" if effect.late else ""),
        facts=[panes.Fact(_("Orders it concerns"), effect.touched),
               panes.Fact(_("Due sooner, still in time"), effect.sooner),
               panes.Fact(_("Late at once"), effect.late, tone="bad" if effect.late else ""),
               panes.Fact(_("Apply to"), found.get_mode_display())],
        checks_title=_("What changes"),
        checks=[panes.Check(_("%(limit)s, %(field)s: %(old)s → %(new)s")
                            % {"limit": rule.name, "field": one.label, "old": one.old, "new": one.new}, "later")
                for rule in rules for one in differences(before.get(rule.place), rule, known)],
        decisions=[
            panes.Button(_("Approve"), reverse("sla:limit_change_approve", args=[found.pk]), "A", "pri",
                         fields={"note": ""}),
            panes.Button(_("Refuse"), reverse("sla:limit_change_refuse", args=[found.pk]), "D", "dan", "cross"),
        ] if may else [panes.Button(_("Open"), url, "A", "pri", "chevron")],
        consequences=[_("It is in force as soon as you approve, as it was proposed.")] if may else [],
    ))  # fmt: skip
