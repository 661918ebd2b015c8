"""What people do about a task beside deciding it: hand it on, ask, say. Each leaves its line with the item."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest, Refusal, Remedy
from desk.text import duration, sentence, when
from notifications.actions import tell
from people.duty import with_rights
from people.models import User
from people.roles import Right
from records.actions import record
from sla import actions
from sla.kinds import RIGHT_OF_KIND, Kind, kinds_decided_by, work_of
from sla.models import Countersign, ItemAct, WorkItem

Act, State = ItemAct.Act, Countersign.State
SHORTEST_REASON = 4
REMIND_AGAIN = timedelta(minutes=15)

SAID = {
    Act.ADD: gettext_noop("{who} asks you to agree first: {what}. {text}"),
    Act.AGREE: gettext_noop("{who} agrees: {what}. {text}"),
    Act.DISAGREE: gettext_noop("{who} does not agree: {what}. {text}"),
    Act.REMIND: gettext_noop("{who} reminds you: {what}. {text}"),
    Act.COPY: gettext_noop("{who} lets you know: {what}. {text}"),
    Act.COMMENT: gettext_noop("{who} on {what}: {text}"),
}


# Who


def is_mine(item, user) -> bool:
    return item.is_living and WorkItem.objects.filter(pk=item.pk).for_person(user).exists()


def stood_in(user, item):
    """For whom the task waits, where the person only stands in: somebody absent, or who handed over the right."""
    if item.assignee_id is None or item.assignee_id == user.pk:
        return None
    is_given = any(held.from_person_id == item.assignee_id and item.kind in kinds_decided_by(held.living_rights)
                   for held in user.held_delegations)
    return item.assignee if is_given or item.assignee_id in user.absent_people else None


def may_look(item, user) -> bool:
    """Whose task it is or was, who sent it, whom it was copied to."""
    if user.pk in (item.assignee_id, item.opened_by_id, item.closed_by_id) or user.may(Right.SEE_ALL):
        return True
    return WorkItem.objects.filter(pk=item.pk).for_person(user).exists() or item.acts.filter(person=user).exists()


def is_sender(person, item) -> bool:
    """The human being who asked for it, under whichever account."""
    return item.opened_by is not None and person.natural_id == item.opened_by.natural_id


def may_take(person, item) -> bool:
    """Whether the task can be handed to this person: the right or rank to do it, and never one's own request."""
    is_noted = item.kind == Kind.MAJOR_PROBLEM
    if not person.is_active or ((item.is_decision or is_noted) and is_sender(person, item)):
        return False
    if is_noted:
        return person.is_superior_by_rank
    right = RIGHT_OF_KIND.get(item.kind)
    return person.may(right) if right else person.department_id == item.department_id


def colleagues():
    return with_rights(User.objects.filter(is_active=True).exclude(role="").order_by("department_id", "pk"))


def takers(item, but=()) -> list[User]:
    return [person for person in colleagues() if person not in but and may_take(person, item)]


def owner_of(item):
    return item.assignee or item.department.head or item.department


def _mine(item, by, now=None) -> WorkItem:
    """The living item, locked; refused to everybody whose task it is not, naming who has it."""
    item = actions.living(item, now)
    if not WorkItem.objects.filter(pk=item.pk).for_person(by).exists():
        raise not_yours(item)
    by.on_behalf_of = stood_in(by, item)
    return item


def not_yours(item) -> Refusal:
    left, owner = item.left_seconds(), owner_of(item)
    pattern = _("%(person)s has it, %(time)s over.") if left < 0 else _("%(person)s has it, %(time)s left.")
    return NotYours(
        _("This task waits for somebody else."), because=pattern % {"person": owner, "time": duration(left)},
        who=[owner], remedy=Remedy(_("Remind"), reverse("sla:remind", args=[item.pk])),
    )


# Acts


@transaction.atomic
def transfer(*, item, person, by, text="", now=None) -> WorkItem:
    """轉交: somebody else decides, with the time that is left."""
    item = _mine(item, by, now)
    if person.pk == item.assignee_id:
        raise BadInput(_("%(person)s has this task already.") % {"person": person}, field="person")
    if item.is_decision and is_sender(person, item):
        raise OwnRequest(
            _("%(person)s asked for this, so somebody else decides.") % {"person": person}, who=takers(item, [by])[:4],
            field="person",
        )
    if not may_take(person, item):
        raise BadInput(
            _("%(person)s cannot decide this.") % {"person": person}, field="person", who=takers(item, [by])[:4]
        )
    item = actions.reassign(item, person, by, now=now, note=str(text).strip())
    _write(item, Act.TRANSFER, by, person, text, now)
    return item


@transaction.atomic
def give_back(*, item, by, text, now=None) -> WorkItem:
    """退回: to who asked for it, with the reason; the clock goes on."""
    item = _mine(item, by, now)
    text = _worded(text)
    opener = item.opened_by
    if opener is None or opener.pk == by.pk or not opener.is_active:
        raise GateShut(_("There is nobody to return this to: hand it on instead."), who=takers(item, [by])[:4])
    item = actions.reassign(item, opener, by, now=now, note=text)
    _write(item, Act.RETURN, by, opener, text, now)
    return item


@transaction.atomic
def add_approver(*, item, person, by, text="", now=None) -> Countersign:
    """加簽: this person must agree before it is decided."""
    now = now or timezone.now()
    item = _mine(item, by, now)
    if person.natural_id in by.hands or not person.is_active:
        raise BadInput(_("Ask somebody else."), field="person")
    if is_sender(person, item):
        raise OwnRequest(_("%(person)s asked for this, so somebody else agrees.") % {"person": person}, field="person")
    if item.countersigns.filter(person=person, state__in=[State.ASKED, State.AGREED]).exists():
        raise Changed(_("%(person)s was asked already.") % {"person": person})
    task = actions.open_item(
        kind=Kind.COUNTERSIGN, source=item.source, source_label=item.source_label, stage=item.stage, by=by, now=now,
        subject=gettext_noop("Agree, or say why not: {what}"), params={"what": sentence(item.subject, item.params)},
        detail=item.detail, detail_params=item.detail_params, url=item.url, is_decision=True, assignee=person,
        department=person.department or item.department, urgency_class=item.urgency_class,
    )  # fmt: skip
    asked = Countersign.objects.create(item=item, person=person, asked_by=by, asked_at=now, task=task)
    _await(item, +1)
    _write(item, Act.ADD, by, person, text, now)
    _tell(item, Act.ADD, by, [person], text, now)
    return asked


@transaction.atomic
def answer(*, task, by, agrees, text="", now=None) -> Countersign:
    """The added approver's word. “No” keeps the decision shut until it is returned or asked again."""
    asked = Countersign.objects.select_related("item", "person").filter(task=task).first()
    if asked is None:
        raise GateShut(_("Nobody was asked to agree here."))
    now = now or timezone.now()
    item = actions.living(asked.item, now)
    asked = Countersign.objects.select_for_update(of=("self",)).select_related("person", "asked_by", "task").get(
        pk=asked.pk
    )
    if asked.state != State.ASKED:
        raise Changed(_("%(person)s has answered already: %(state)s.")
                      % {"person": asked.person, "state": asked.get_state_display()})
    if not WorkItem.objects.filter(pk=asked.task_id).for_person(by).exists() or asked.asked_by.natural_id in by.hands:
        raise not_yours(asked.task)
    by.on_behalf_of = stood_in(by, asked.task)
    text = str(text).strip() if agrees else _worded(text)
    asked.state, asked.answer, asked.answered_at = State.AGREED if agrees else State.REFUSED, text[:1000], now
    asked.save(update_fields=["state", "answer", "answered_at"])
    actions.finish(asked.task, by=by, now=now)
    if agrees:
        _await(item, -1)
    act = Act.AGREE if agrees else Act.DISAGREE
    _write(item, act, by, None, text, now)
    _tell(item, act, by, [asked.asked_by], text, now)
    return asked


@transaction.atomic
def ask_no_more(*, asked, by, now=None) -> Countersign:
    """Taken back by who asked, while nobody has answered."""
    now = now or timezone.now()
    item = actions.living(asked.item, now)
    asked = Countersign.objects.select_related("task", "person").get(pk=asked.pk)
    if asked.asked_by_id != by.pk:
        raise NotYours(_("Who asked takes it back."), who=[asked.asked_by])
    if asked.state != State.ASKED:
        raise Changed(_("%(person)s has answered already: %(state)s.")
                      % {"person": asked.person, "state": asked.get_state_display()})
    asked.state, asked.answered_at = State.WITHDRAWN, now
    asked.save(update_fields=["state", "answered_at"])
    actions.cancel(asked.task, reason="withdrawn", by=by, now=now)
    _await(item, -1)
    _write(item, Act.WITHDRAW, by, asked.person, "", now)
    return asked


@transaction.atomic
def remind(*, item, by, text="", now=None) -> ItemAct:
    """催辦: by anybody who waits for it, every quarter of an hour at most."""
    now = now or timezone.now()
    item = actions.living(item, now)
    if not may_look(item, by):
        raise not_yours(item)
    owner = owner_of(item)
    if owner == by:
        raise BadInput(_("This task waits for you."))
    last = item.acts.filter(act=Act.REMIND, at__gt=now - REMIND_AGAIN).select_related("by").last()
    if last:
        raise Changed(
            _("%(person)s reminded of this a moment ago.") % {"person": last.by},
            because=_("One may remind again after %(minutes)d minutes.") % {"minutes": REMIND_AGAIN.seconds // 60},
        )
    people = [item.assignee] if item.assignee else list(item.department.members.filter(is_active=True))
    said = _write(item, Act.REMIND, by, item.assignee, text, now)
    _tell(item, Act.REMIND, by, people, text, now)
    return said


@transaction.atomic
def copy_to(*, item, people, by, text="", now=None) -> list[ItemAct]:
    """抄送: they look, and decide nothing."""
    if not may_look(item, by):
        raise not_yours(item)
    now = now or timezone.now()
    known = set(item.acts.filter(act=Act.COPY).values_list("person_id", flat=True))
    new = [person for person in people if person.pk not in known and person.pk != by.pk]
    if not new:
        raise Changed(_("All of them have it already."))
    written = [_write(item, Act.COPY, by, person, text, now) for person in new]
    _tell(item, Act.COPY, by, new, text, now)
    return written


@transaction.atomic
def comment(*, item, by, text, now=None) -> ItemAct:
    if not may_look(item, by):
        raise not_yours(item)
    text = str(text).strip()
    if not text:
        raise BadInput(_("Write a few words."), field="text")
    said = _write(item, Act.COMMENT, by, None, text, now)
    _tell(item, Act.COMMENT, by, {item.assignee, item.opened_by} - {None, by}, text, now)
    return said


def check_acknowledgeable(item, by) -> None:
    """By whose task it is and by who stands above, once there is something to be silent about."""
    if not (by.may(Right.SEE_ALL) or is_mine(item, by)):
        raise not_yours(item)
    if not item.escalations.filter(level__gt=0).exists():
        raise GateShut(
            _("Nothing was escalated yet, so there is nothing to acknowledge."),
            because=_("An acknowledgement makes the levels silent that have been told; the first is told %(when)s.")
            % {"when": when(item.next_fire_at)} if item.next_fire_at else "",
        )


@transaction.atomic
def acknowledge(*, item, by, note, until, now=None):
    item = actions.living(item, now)
    check_acknowledgeable(item, by)
    by.on_behalf_of = stood_in(by, item)
    return actions.acknowledge(item, by=by, note=note, until=until, now=now)


def withdrawal_url(item, user) -> str:
    """Where the sender takes it back, while nobody else has done anything about it; else nothing."""
    name = work_of(item.kind).get("withdraw")
    is_sender = item.is_living and item.opened_by_id == user.pk
    if not (name and is_sender) or item.acts.exclude(by=user).exclude(act=Act.COPY).exists():
        return ""
    return name


def too_late(item, user) -> Refusal:
    if not item.is_living:
        return actions.closed_already(item)
    if item.opened_by_id != user.pk:
        return NotYours(_("Who sent it takes it back."), who=[item.opened_by] if item.opened_by else ())
    return Changed(_("This cannot be taken back any more: somebody has begun with it."), who=[owner_of(item)])


def _worded(text) -> str:
    text = str(text).strip()
    if len(text) < SHORTEST_REASON:
        raise BadInput(_("Say why in a few words, so that the others can act."), field="text")
    return text


def _await(item, change) -> None:
    WorkItem.objects.filter(pk=item.pk).update(awaited=F("awaited") + change)


def _write(item, act, by, person, text, now) -> ItemAct:
    now, text = now or timezone.now(), str(text).strip()[:1000]
    if act != Act.TRANSFER:  # a reassignment is recorded as one
        record(f"work.{act}", _EVENT[act], by=by, stream=item.source, at=now, params={
            "what": sentence(item.subject, item.params), "person": str(person or ""), "text": text or "–",
        })
    return ItemAct.objects.create(
        item=item, act=act, by=by, on_behalf_of=by.on_behalf_of, person=person, text=text, at=now
    )


_EVENT = {
    Act.RETURN: gettext_noop("{what} was returned to {person}: {text}"),
    Act.ADD: gettext_noop("{person} is asked to agree first: {what}"),
    Act.AGREE: gettext_noop("Agrees: {what}. {text}"),
    Act.DISAGREE: gettext_noop("Does not agree: {what}. {text}"),
    Act.REMIND: gettext_noop("Reminded of {what}"),
    Act.COPY: gettext_noop("{what} was copied to {person}"),
    Act.COMMENT: gettext_noop("On {what}: {text}"),
    Act.WITHDRAW: gettext_noop("{person} is no longer asked to agree: {what}"),
}


def _tell(item, act, by, people, text, now) -> None:
    now = now or timezone.now()
    tell(
        key=f"{item.message_source}:{act}:{now.isoformat()}", recipients=people, text=SAID[act], by=by, now=now,
        url=item.url, params={"who": str(by), "what": sentence(item.subject, item.params), "text": str(text).strip()},
    )
