"""Pages of the acts that every task knows: each works without JavaScript, and leads back to the list."""

from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import when
from records.acts import ActView
from sla import item_acts, panes, pausing
from sla.actions import closed_already
from sla.forms import (
    AcknowledgeForm,
    AddForm,
    AnswerForm,
    CommentForm,
    CopyForm,
    PauseForm,
    RemindForm,
    ResumeForm,
    ReturnForm,
    TransferForm,
    WithdrawForm,
)
from sla.kinds import work_of
from sla.models import ItemAct

Act = ItemAct.Act


class ItemView(ActView):
    """An act about one item; afterwards the list it was opened from."""

    act = None
    is_for_owner = True
    consequences = ()

    def subject(self):
        self.item = panes.find(self.kwargs["pk"])
        if not item_acts.may_look(self.item, self.request.user):
            raise Http404
        if not self.item.is_living:
            raise closed_already(self.item)
        if self.is_for_owner and not item_acts.is_mine(self.item, self.request.user):
            raise item_acts.not_yours(self.item)

    def perform(self, form):
        self.do(item=self.item, by=self.request.user, **form.cleaned_data)
        return reverse("sla:my_work")

    def context(self):
        label = self.act.label if self.act else ""
        return {
            "title": label, "lead": f"{self.item.subject_text} · {self.item.detail_text}",
            "submit_label": label, "back_url": self.item.pane_url, "back_label": _("My work"),
            "consequences": self.consequences,
        }


class Transfer(ItemView):
    act, form_class = Act.TRANSFER, TransferForm
    do = staticmethod(item_acts.transfer)
    consequences = (
        gettext_lazy("The person is told and decides instead of you; the clock goes on."),
        gettext_lazy("It stays in the audit log that you handed it on."),
    )

    def form_kwargs(self):
        return {"people": item_acts.takers(self.item, [self.request.user, self.item.assignee])}


class GiveBack(ItemView):
    """Where the order itself goes back, its own page; else to who asked."""

    act, form_class = Act.RETURN, ReturnForm
    do = staticmethod(item_acts.give_back)

    def get(self, request, *args, **kwargs):
        name = work_of(self.item.kind).get("back")
        if name is None:
            return super().get(request, *args, **kwargs)
        return redirect(f"{reverse(name, args=[self.item.source_number])}?{request.GET.urlencode()}")

    @property
    def consequences(self):
        if self.item.opened_by is None:
            return []
        return [_("It goes back to %(person)s, who is told your reason; the clock goes on.")
                % {"person": self.item.opened_by}]


class AddApprover(ItemView):
    act, form_class = Act.ADD, AddForm
    do = staticmethod(item_acts.add_approver)
    consequences = (
        gettext_lazy("Until this person has agreed, nobody can decide it: it can only be returned."),
        gettext_lazy("The clock goes on."),
    )

    def form_kwargs(self):
        but = {self.request.user.pk, self.item.opened_by_id}
        return {"people": [person for person in item_acts.colleagues() if person.pk not in but]}


class Agree(ItemView):
    act, form_class = Act.AGREE, AnswerForm

    def context(self):
        return super().context() | {"title": self.item.subject_text, "submit_label": _("Answer")}

    def perform(self, form):
        item_acts.answer(task=self.item, by=self.request.user, **form.cleaned_data)
        return reverse("sla:my_work")


class AskNoMore(ItemView):
    act, form_class = Act.WITHDRAW, WithdrawForm
    is_for_owner = False

    @property
    def consequences(self):
        return [_("%(person)s is not asked any more; the decision waits for no answer.")
                % {"person": item_acts.owner_of(self.item)}]

    def perform(self, form):
        item_acts.ask_no_more(asked=self.item.countersign, by=self.request.user)
        return reverse("sla:my_work")

    def subject(self):
        super().subject()
        if not hasattr(self.item, "countersign"):
            raise Http404


class Remind(ItemView):
    act, form_class, is_for_owner = Act.REMIND, RemindForm, False
    do = staticmethod(item_acts.remind)

    @property
    def consequences(self):
        return [_("%(person)s is told at once.") % {"person": item_acts.owner_of(self.item)}]


class Copy(ItemView):
    act, form_class, is_for_owner = Act.COPY, CopyForm, False
    do = staticmethod(item_acts.copy_to)
    consequences = (gettext_lazy("They find it under “Copied to me” and decide nothing."),)

    def form_kwargs(self):
        return {"people": [person for person in item_acts.colleagues() if person.pk != self.request.user.pk]}


class Comment(ItemView):
    act, form_class, is_for_owner = Act.COMMENT, CommentForm, False
    do = staticmethod(item_acts.comment)
    consequences = (gettext_lazy("Who has the task and who sent it are told."),)


class PauseClock(ItemView):
    """What each end of the pause does to the due time stands in the form, before anything is pressed."""

    form_class, is_for_owner = PauseForm, False
    title = gettext_lazy("Pause the clock")

    def subject(self):
        super().subject()
        pausing.check_pausable(self.item, self.request.user)

    def form_kwargs(self):
        lengths = [(str(int(length.total_seconds() // 3600)), self.due_with(length)) for length in pausing.LENGTHS]
        return {
            "reasons": pausing.labels_of(self.item), "lengths": lengths, "initial": {"length": lengths[2][0]},
            "awaited": pausing.awaited_for(self.item).select_related("assignee"),
        }

    def due_with(self, length):
        now = timezone.now()
        if self.item.left_seconds(now) <= 0:
            return _("%(until)s: late all the same") % {"until": when(now + length)}
        due = pausing.due_after(self.item, now + length, now)
        return _("%(until)s: then due %(due)s instead of %(old)s") % {
            "until": when(now + length), "due": when(due), "old": when(self.item.due_at),
        }

    def context(self):
        return super().context() | {"title": self.title, "submit_label": self.title, "consequences": [
            _("No reminder and no escalation while the clock stands; the time used so far stays used."),
            _("It runs again by itself at the end chosen, or as soon as the other task is done: "
              "%(person)s is told then.") % {"person": item_acts.owner_of(self.item)},
            _("Who is awaited is told at once."),
            _("It stays in the audit log."),
        ]}

    def perform(self, form):
        pausing.pause(item=self.item, by=self.request.user, **form.cleaned_data)
        return self.item.pane_url


class ResumeClock(ItemView):
    form_class, is_for_owner = ResumeForm, False
    title = gettext_lazy("Resume the clock")

    def subject(self):
        super().subject()
        self.pause = pausing.check_resumable(self.item, self.request.user)

    def context(self):
        now = timezone.now()
        return super().context() | {"title": self.title, "submit_label": self.title, "consequences": [
            _("Due %(due)s from now on.") % {"due": when(pausing.due_after(self.item, now, now))}
            if self.item.left_seconds(now) > 0 else _("The limit is used up: it is late at once."),
            _("%(person)s is not awaited here any more.") % {"person": self.pause.awaits.assignee},
        ]}

    def perform(self, form):
        pausing.resume(item=self.item, by=self.request.user)
        return self.item.pane_url


class Acknowledge(ItemView):
    form_class, is_for_owner = AcknowledgeForm, False

    def subject(self):
        super().subject()
        item_acts.check_acknowledgeable(self.item, self.request.user)

    def perform(self, form):
        item_acts.acknowledge(item=self.item, by=self.request.user, **form.cleaned_data)
        return self.item.url

    def context(self):
        return super().context() | {
            "title": _("Acknowledge"), "submit_label": _("Acknowledge"),
            "consequences": [
                _("Reminders of the levels reached so far stop until then."), _("The clock goes on."),
                _("After that they go on, and a higher level is told all the same."),
            ],
        }


def withdraw(request, pk):
    """撤回: on the page of what was sent, while nobody has done anything about it."""
    item = panes.find(pk)
    if not item_acts.may_look(item, request.user):
        raise Http404
    name = item_acts.withdrawal_url(item, request.user)
    if not name:
        raise item_acts.too_late(item, request.user)
    return redirect(f"{reverse(name, args=[item.pk])}?{request.GET.urlencode()}")
