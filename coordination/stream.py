"""What a room shows: the order's events in their order, the posts among them with all that belongs to them."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join

from coordination.members import AT
from coordination.models import Post, RoomRead
from orders import timeline
from orders.actions.trail import UNDO_SECONDS
from people.models import Department

SAID, TOOK_BACK = "room.post", "room.take_back"
TELLS = {Post.Kind.PROBLEM: "order.issue_raised", Post.Kind.SOLUTION: "order.issue_solved"}


@dataclass
class Room:
    """An order, who looks at it, and what was asked once for the page."""

    order: object
    user: object

    def __post_init__(self):
        marks = RoomRead.objects.filter(order=self.order).select_related("person__department")
        self.reads = list(marks.order_by("person__department_id", "read_at"))
        self.mark = next((mark for mark in self.reads if mark.person_id == self.user.pk), None)
        self.open_issues = set(self.order.issues.filter(solved_at__isnull=True).values_list("pk", flat=True))

    def entries(self, events) -> list[dict]:
        """As read on the page; a problem that a post tells of is not told a second time by its event."""
        events = list(events)
        posts = self.posts([event.number for event in events if event.verb == SAID])
        told = {(TELLS[post.kind], post.issue_id) for post in posts.values() if post.acts_on_problem}
        return [self.entry(event, posts) for event in events
                if event.verb != TOOK_BACK and (event.verb, event.params.get("issue")) not in told]  # fmt: skip

    def entry(self, event, posts) -> dict:
        found = timeline.entry(event, self.user, self.open_issues)
        post = posts.get(event.number)
        if post is not None:
            found |= {"post": post, "is_open": post.is_problem and post.issue_id in self.open_issues}
        return found

    def posts(self, numbers) -> dict[int, Post]:
        if not numbers:
            return {}
        rows = Post.objects.without_index().filter(order=self.order, number__in=numbers)
        rows = rows.select_related("author__department", "step", "issue")
        rows = rows.prefetch_related("files__file", "mentions__person", "mentions__department")
        return {post.number: self.dressed(post) for post in rows}

    def dressed(self, post) -> Post:
        post.order = self.order
        post.shown = marked(post)
        post.readers = self.readers(post)
        until = post.posted_at + timedelta(seconds=UNDO_SECONDS)
        is_mine = post.author_id == self.user.pk and not post.withdrawn_at and not post.acts_on_problem
        post.until = until if is_mine and until > timezone.now() else None
        return post

    def readers(self, post) -> list[tuple[Department, list]]:
        """By department, who has this post behind them; the author's own department knows it."""
        read = [mark for mark in self.reads if mark.number >= post.number and mark.person.department_id]
        return [(department, [mark.person for mark in marks])
                for department, marks in groupby(read, key=lambda mark: mark.person.department)]  # fmt: skip


def marked(post):
    """The text, its calls set off; everything else in it is only text."""
    names = sorted((str(mention) for mention in post.mentions.all()), key=len, reverse=True)
    first, *parts = AT.split(post.text)
    rest = (_called(mark, part, names) for mark, part in zip(AT.findall(post.text), parts, strict=True))
    return format_html("{}{}", first, format_html_join("", "{}", ((piece,) for piece in rest)))


def _called(mark, part, names):
    name = next((name for name in names if part.casefold().startswith(name.casefold())), "")
    if not name:
        return conditional_escape(mark + part)
    return format_html("<b>{}{}</b>{}", mark, part[: len(name)], part[len(name):])


def days(entries) -> list:
    return [(day, list(rows)) for day, rows in groupby(entries, key=lambda entry: entry["day"])]
