"""What is said in an order's room. Everything there follows the order; nobody makes or opens a room."""

import hashlib
import re
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from coordination.members import Members, called_in, person_called
from coordination.models import Mention, Post, PostFile, RoomRead
from desk.folding import IS_HAN, fold, grams
from desk.refusals import BadInput, Changed, Condition, GateShut, NotYours, Remedy
from desk.text import day, word
from notifications.actions import Message, tell_all, void_messages
from notifications.models import Channel
from notifications.reports import robots_of_rooms
from orders.actions import raise_issue, solve_issue
from orders.actions.trail import UNDO_SECONDS
from orders.models import UrgentOrder
from people.duty import Roster
from records.actions import append, written
from records.files import TAKEN_BACK, attach
from records.models import StoredFile

Kind = Post.Kind
OPEN_DAYS = 30  # a closed order's room: complaints and costs come later than the last shipment
PURPOSE = "room"
LONGEST_ISSUE, LONGEST_MIRRORED = 1000, 500
SAID = gettext_noop("Wrote in the room: {kind}")
TOOK_BACK = gettext_noop("Took back what was written in the room")
CALLED = gettext_noop("{who} calls you in the room of {order}: {text}")
CALLED_IN_HOUSE = gettext_noop("{who} calls you in the room of {order}.")
MIRRORED = gettext_noop("{order}, {kind}, {who}: {text}")
# What no group of a messenger reads: how to reach the customer, and amounts of money.
PRIVATE = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+"
    r"|\+?\d(?:[ \-()]?\d){6,}"
    r"|(?:[¥￥$€]|RMB|CNY|USD|EUR)\s*\d[\d.,]*\s*[万千]?"
    r"|\d[\d.,]*\s*(?:[万千]?元|[万千]块|RMB|CNY|USD|EUR)",
    re.IGNORECASE,
)
HIDDEN = "•••"


@transaction.atomic
def post(
    *, order_id, by, text, kind=Kind.PROGRESS, issue=None, issue_kind="", severity="", step=None, people=(),
    departments=(), files=(), is_confidential=False,
) -> Post:
    """Say something. A problem is raised by it, a solution with its problem solves that."""
    order = _open_order(order_id, by)
    text = text.strip()
    if not text:
        raise BadInput(_("Write what you have to say."), field="text")
    members = Members(order)
    people, departments = _called(members, text, people, departments)
    if kind == Kind.PROBLEM:
        issue = raise_issue(order_id=order.pk, by=by, kind=issue_kind, severity=severity, step=step,
                            text=_short(text, LONGEST_ISSUE))  # fmt: skip
    elif kind == Kind.SOLUTION and issue is not None:
        solve_issue(issue_id=issue.pk, by=by, solution=_short(text, LONGEST_ISSUE))
    said = _write(order, by, text=text, kind=kind, issue=issue, step=step, is_confidential=is_confidential)
    _attach(said, files, by)
    _tell(said, order, by, people, departments, members)
    return said


def _open_order(order_id, by) -> UrgentOrder:
    orders = UrgentOrder.objects.visible_to(by).select_related("created_by", "customer")
    order = orders.filter(pk=order_id).first()
    if order is None:
        raise NotYours(_("This order is not open to you."))
    if order.is_draft:
        raise GateShut(_("A draft has no room: it opens when the form is submitted."), who=[order.created_by])
    if order.closed_at and timezone.now() > closes_at(order):
        raise GateShut(
            _("The room of this order is closed."),
            because=_("The order ended on %(day)s; for %(days)d days after that its room stays open.")
            % {"day": day(order.closed_at), "days": OPEN_DAYS},
            missing=[Condition(_("An order that is still being worked on"))],
            who=[order.created_by], remedy=Remedy(_("To the orders of today"), "/orders/"),
        )
    return order


def closes_at(order):
    return order.closed_at + timedelta(days=OPEN_DAYS)


def _short(text, longest) -> str:
    return text if len(text) <= longest else f"{text[:longest - 1]}…"


def _called(members, text, people, departments) -> tuple[set, set]:
    """By choice and by name; only who sees the order can be called."""
    if not people and not departments and "@" not in text and "＠" not in text:
        return set(), set()
    all_people, all_departments = members.people, members.departments
    if blind := {*people, *departments}.difference(all_people, all_departments):
        raise BadInput(
            _("%(who)s does not see this order and cannot be called.") % {"who": next(iter(blind))},
            because=_("Only members of the room read what is said there."), field="called",
        )
    named_people, named_departments = called_in(text, all_people, all_departments)
    return {*people, *named_people}, {*departments, *named_departments}


def language_of(text: str) -> str:
    """Of what was written; the reader's page may be in another one."""
    language = get_language() or "en"
    if not IS_HAN.search(text):
        return "en"
    return language if language.startswith("zh") else "zh-hans"


def _write(order, by, *, text, **values) -> Post:
    digest = hashlib.sha256(text.encode()).hexdigest()
    event = written("room.post", SAID, by=by, params={"kind": word(Kind(values["kind"]).label), "sha256": digest})
    append(order.stream, [event])
    folded = fold(text)
    return Post.objects.create(
        order=order, number=event.number, author=by, posted_at=event.at, text=text, language=language_of(text),
        folded=folded, grams=" ".join(sorted(grams(folded))), **values,
    )


def _attach(said, files, by) -> None:
    stored = [attach(file, subject=said.order.stream, purpose=PURPOSE, by=by) for file in files]
    if stored:
        PostFile.objects.bulk_create([PostFile(post=said, file=file) for file in stored])


def _tell(said, order, by, people, departments, members) -> None:
    messages = []
    if people or departments:
        Mention.objects.bulk_create(
            [Mention(post=said, person=person) for person in sorted(people, key=lambda found: found.pk)]
            + [Mention(post=said, department=found) for found in sorted(departments, key=lambda found: found.pk)]
        )
        messages.append(_call(said, order, by, people, departments))
    messages.append(_mirror(said, order, by, members))
    if messages := [message for message in messages if message]:
        tell_all(messages, by=by)


def _call(said, order, by, people, departments) -> Message | None:
    roster = Roster()
    called = {*people, *(person_called(order, department, roster) for department in departments)} - {None, by}
    if not called:
        return None
    params = {"who": str(by), "order": str(order)}
    if not said.is_confidential:
        params["text"] = _short(said.text, 200)
    return Message(
        key=key_of(said), recipients=sorted(called, key=lambda person: person.pk), params=params,
        text=CALLED_IN_HOUSE if said.is_confidential else CALLED, url=order.get_absolute_url(), source=key_of(said),
        hold_seconds=UNDO_SECONDS,
    )


def key_of(said) -> str:
    return f"post:{said.pk}"


def _mirror(said, order, by, members) -> Message | None:
    """To the groups of messengers that want it; what is said there is out of the house."""
    robots = [] if said.is_confidential else robots_of_rooms(said.kind)
    if any(robot.department_id for robot in robots):
        inside = {department.pk for department in members.departments}
        robots = [robot for robot in robots if robot.department_id is None or robot.department_id in inside]
    if not robots:
        return None
    return Message(
        key=f"{key_of(said)}:mirror", recipients=[], text=MIRRORED, url=order.get_absolute_url(), source=key_of(said),
        params={"order": str(order), "who": str(by), "kind": word(Kind(said.kind).label),
                "text": _short(public(said.text, order), LONGEST_MIRRORED)},
        channels=(Channel.ROBOT,), robots=tuple(robots), hold_seconds=UNDO_SECONDS,
    )  # fmt: skip


def public(text, order) -> str:
    """Without the customer's contact, telephone numbers, addresses of mail, and amounts."""
    for private in filter(None, (order.contact_name, order.contact_phone)):
        text = text.replace(private, HIDDEN)
    return PRIVATE.sub(HIDDEN, text)


@transaction.atomic
def take_back(*, post_id, by) -> Post:
    """One's own words, within the seconds in which nobody was told of them. The row stays, marked."""
    said = Post.objects.select_for_update(of=("self",)).select_related("order", "author").get(pk=post_id)
    now = timezone.now()
    if said.author_id != by.pk:
        raise NotYours(_("Only who wrote it takes it back."), who=[said.author])
    if said.withdrawn_at:
        raise Changed(_("This was taken back already."))
    if said.acts_on_problem:
        raise GateShut(
            _("What raised or solved a problem is not taken back."), because=_("The people concerned work on it."),
            remedy=Remedy(_("To the problem"), said.issue.get_absolute_url()),
        )
    if now > said.posted_at + timedelta(seconds=UNDO_SECONDS):
        raise GateShut(
            _("This cannot be taken back any more."),
            because=_("It was written %(seconds)d seconds ago; after %(limit)d seconds others have read it.")
            % {"seconds": (now - said.posted_at).total_seconds(), "limit": UNDO_SECONDS},
            missing=[Condition(_("Write below it what is right"))],
        )
    said.withdrawn_at = now
    said.save(update_fields=["withdrawn_at"])
    StoredFile.objects.filter(pk__in=said.files.values("file")).update(purpose=TAKEN_BACK)
    append(said.order.stream, [written("room.take_back", TOOK_BACK, by=by, params={"post": said.number})])
    void_messages(key_of(said), f"{key_of(said)}:mirror")
    return said


def mark_read(*, order, by, number: int, mark: RoomRead | None) -> None:
    """Up to this event. `mark`: what stands there, read with the page; nothing is written where nothing is new."""
    if mark is not None and mark.number >= number:
        return
    now = timezone.now()
    if mark is None:
        RoomRead.objects.bulk_create(
            [RoomRead(order=order, person=by, number=number, read_at=now)], ignore_conflicts=True
        )
    else:
        RoomRead.objects.filter(pk=mark.pk, number__lt=number).update(number=number, read_at=now)

