"""The preview pane: what a decision is about, shown before it is taken. Departments fill it; sla draws it."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from desk.text import duration, when
from sla import item_acts, pausing
from sla.kinds import Kind, work_of
from sla.models import Acknowledgement, Countersign, ItemAct, Pause, WorkItem

RETURNABLE = (Kind.PROBLEM,)  # beside decisions, and stages of an order
TONE_ICONS = {"ok": "check", "warn": "triangle", "over": "octagon", "": "info"}
Act = ItemAct.Act


@dataclass
class Verdict:
    title: object
    text: object = ""
    tone: str = ""  # ok | warn | over

    @property
    def icon(self) -> str:
        return TONE_ICONS[self.tone]


@dataclass
class Fact:
    label: object
    value: object
    note: object = ""
    tone: str = ""  # good | bad


@dataclass
class Check:
    text: object
    state: str = "done"  # done | missing | later


@dataclass
class Step:
    """One person on the approval path."""

    department_code: str
    person: object
    role: object = ""
    note: object = ""
    tone: str = ""
    is_done: bool = False
    is_me: bool = False


@dataclass
class Button:
    """A decision. With `fields` it is taken here and now; without, the link leads to its own page."""

    label: object
    url: str
    key: str = ""
    tone: str = ""
    icon: str = "check"
    fields: dict | None = None
    href: str = ""

    def then(self, url):
        """With where to go on afterwards."""
        self.href = f"{self.url}{'&' if '?' in self.url else '?'}{urlencode({'next': url})}"
        return self


@dataclass
class Pane:
    item: WorkItem
    title: object = ""
    lead: object = ""
    verdict: Verdict | None = None
    facts: list[Fact] = field(default_factory=list)
    checks_title: object = ""
    checks: list[Check] = field(default_factory=list)
    before: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    decisions: list[Button] = field(default_factory=list)
    consequences: list = field(default_factory=list)
    version: int | None = None
    user: object = None

    @cached_property
    def is_mine(self) -> bool:
        return item_acts.is_mine(self.item, self.user)

    @cached_property
    def acts(self) -> list[ItemAct]:
        return list(self.item.acts.select_related("by__department", "person", "on_behalf_of"))

    @cached_property
    def countersigns(self) -> list[Countersign]:
        rows = self.item.countersigns.exclude(state=Countersign.State.WITHDRAWN)
        return list(rows.select_related("person__department", "task"))

    @property
    def path(self) -> list[Step]:
        """Who acted, whose turn it is, who is next."""
        return [*(self.before or self._opener()), *map(_step_of, self.countersigns), *self._now(), *self.after]

    def _opener(self) -> list[Step]:
        opener = self.item.opened_by
        if opener is None:
            return []
        note = _("Sent %(when)s") % {"when": when(self.item.opened_at)}
        return [Step(opener.department_code, opener, opener.get_role_display(), note, is_done=True)]

    def _now(self) -> list[Step]:
        item = self.item
        owner = item_acts.owner_of(item)
        if not item.is_living:
            closed = when(item.closed_at)
            return [Step(item.department_code, item.closer or owner, "", closed, "ok", is_done=True)]
        face = item.face()
        pattern = _("%(time)s over") if face.seconds_left < 0 else _("%(time)s left")
        note, tone = pattern % {"time": duration(face.seconds_left)}, face.state
        return [Step(item.department_code, owner, item.department, note, tone, is_me=owner == self.user)]

    def buttons(self) -> list[Button]:
        """What else may be done, beside deciding."""
        if not self.item.is_living:
            return []
        mine = [("transfer", "T", "swap"), ("add_approver", "+", "plus")] if self.is_mine else [("remind", "M", "bell")]
        names = [*mine, ("copy", "", "send"), ("comment", "C", "chat")]
        buttons = [Button(LABELS[name], reverse(f"sla:{name}", args=[self.item.pk]), key, icon=icon)
                   for name, key, icon in names]
        return buttons + clock_buttons(self.item, self.user) + self._withdrawal()

    @cached_property
    def pause(self) -> Pause | None:
        return pausing.standing(self.item) if self.item.state == WorkItem.State.PAUSED else None

    @cached_property
    def acknowledgement(self) -> Acknowledgement | None:
        """The one in force: who knows, and until when."""
        found = self.item.acknowledgements.filter(until__gt=timezone.now()).select_related("acknowledged_by")
        return found.first() if self.item.is_living and self.item.was_escalated else None

    def back(self) -> Button | None:
        item = self.item
        if not self.is_mine or not (item.is_decision or item.kind in RETURNABLE or work_of(item.kind).get("back")):
            return None
        return Button(Act.RETURN.label, reverse("sla:give_back", args=[self.item.pk]), "R", icon="back")

    def _withdrawal(self) -> list[Button]:
        if not item_acts.withdrawal_url(self.item, self.user):
            return []
        return [Button(Act.WITHDRAW.label, reverse("sla:withdraw", args=[self.item.pk]), icon="cross")]


LABELS = {
    "transfer": Act.TRANSFER.label, "add_approver": Act.ADD.label, "remind": Act.REMIND.label, "copy": Act.COPY.label,
    "comment": Act.COMMENT.label,
}


def clock_buttons(item, user) -> list[Button]:
    """What this person may do about its clock: also on the card of the order."""
    if not item.is_living or not pausing.may_stop(user, item):
        return []
    found = []
    if item.is_ticking and pausing.reasons_of(item):
        found.append(Button(_("Pause the clock"), reverse("sla:pause", args=[item.pk]), icon="pause"))
    elif (pause := not item.is_ticking and pausing.standing(item)) and pause.awaits:
        found.append(Button(_("Resume the clock"), reverse("sla:resume", args=[item.pk]), icon="play"))
    if item.was_escalated:
        found.append(Button(_("Acknowledge"), reverse("sla:acknowledge", args=[item.pk]), icon="eye"))
    return found


def _step_of(row: Countersign) -> Step:
    person, state = row.person, row.State
    tone = {state.AGREED: "ok", state.REFUSED: "over"}.get(row.state, "warn")
    note = row.get_state_display() if row.answered_at is None else f"{row.get_state_display()} {when(row.answered_at)}"
    return Step(person.department_code, person, row.answer, note, tone, is_done=row.state == state.AGREED)


def find(pk, kinds=()) -> WorkItem:
    """The item of a pane, with everybody whom the pane names."""
    items = WorkItem.objects.select_related(
        "department__head", "assignee__department", "opened_by__department", "closed_by", "closed_for",
        "policy_version__policy",
    )
    return get_object_or_404(items.filter(kind__in=kinds) if kinds else items, pk=pk)


def show(request, pane: Pane):
    """The fragment for the list; for who opens the address itself, a page."""
    pane.user = request.user
    pane.title = pane.title or pane.item.subject_text
    template = "sla/_pane.html" if request.htmx else "sla/pane_page.html"
    back = list_url(request)
    done = f"{back}{'&' if '?' in back else '?'}done={pane.item.pk}"
    returning = pane.back()
    context = {
        "pane": pane, "item": pane.item, "version": pane.version, "list_url": back, "next_url": done,
        "decisions": [button.then(done) for button in pane.decisions],
        "others": [button.then(back) for button in pane.buttons()], "returning": returning and returning.then(back),
    }
    return render(request, template, context)


def list_url(request) -> str:
    """The list the pane was opened from: there one goes on after the decision."""
    url = request.GET.get("list", "")
    return url if url_has_allowed_host_and_scheme(url, None) else reverse("sla:my_work")
