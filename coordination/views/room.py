"""The order's first page, its room: what people say and what happens, in one stream. And the list of rooms."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from coordination import actions
from coordination.actions.rooms import closes_at
from coordination.forms.room import PostForm, SearchForm, TakeBackForm
from coordination.members import Members
from coordination.models import Post
from coordination.stream import SAID, Room, days
from desk.keyset import paginate
from orders import timeline
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from records.files import ACCEPT

MOST_NEW = 50
UNREAD_DAYS, UNREAD_FIRST = 30, 20


class RoomPage(OrderAct):
    """Reading is everybody's who sees the order; so is writing, while the room is open."""

    form_class = PostForm
    template_name = "coordination/room.html"

    def form_kwargs(self):
        self.members = Members(self.order)
        return {"order": self.order, "members": self.members}

    def act(self, form):
        actions.post(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)

    def context(self):
        order, user = self.order, self.request.user
        room = Room(order, user)
        page = paginate(timeline.told(order), ("-number",), self.request.GET.get("after"), size=30)
        entries = room.entries(page)
        context = shell(self.request, order) | {
            "days": days(entries), "page": page, "today": timezone.localdate(), "accept": ACCEPT,
            "is_open": is_open(order), "has_posts": any("post" in entry for entry in entries),
            "members": self.members, "newest": page.rows[0].number if page.rows else 0,
            "is_newest_page": not page.previous_cursor, "before_mark": room.mark.number if room.mark else 0,
        }
        if settings.STREAM_URL:
            context["stream_url"] = f"{settings.STREAM_URL}?room={order.pk}"
        if not page.previous_cursor and page.rows and not order.is_draft:
            actions.mark_read(order=order, by=user, number=page.rows[0].number, mark=room.mark)
        return context


room = RoomPage.as_view()


def is_open(order) -> bool:
    return not order.is_draft and not (order.closed_at and timezone.now() > closes_at(order))


def room_news(request, pk):
    """What came after the newest line on the page; 204 where nothing did."""
    order = visible_order(request, pk)
    after = request.GET.get("after", "")
    after = int(after) if after.isdecimal() and len(after) < 10 else 0
    events = list(timeline.told(order).filter(number__gt=after).order_by("-number")[:MOST_NEW])
    if not events:
        return HttpResponse(status=204)
    room = Room(order, request.user)
    entries = room.entries(events)
    others = [entry for entry in entries if "post" in entry and entry["post"].author_id != request.user.pk]
    context = {"order": order, "entries": entries, "changed": changed(room, events, after), "count": len(others)}
    actions.mark_read(order=order, by=request.user, number=events[0].number, mark=room.mark)
    return render(request, "coordination/_room_news.html", context | {"newest": events[0].number})


def changed(room, events, after) -> list[dict]:
    """Posts on the page that look otherwise now: taken back, or their problem is solved."""
    numbers = {event.params.get("post") for event in events if event.verb == "room.take_back"}
    solved = {event.params.get("issue") for event in events if event.verb == "order.issue_solved"} - {None}
    if solved:
        numbers.update(Post.objects.filter(order=room.order, issue__in=solved).values_list("number", flat=True))
    numbers = {number for number in numbers if number and number <= after}
    if not numbers:
        return []
    return room.entries(timeline.events_of(room.order).filter(number__in=numbers, verb=SAID))


class TakeBack(OrderAct):
    form_class = TakeBackForm
    title = _("Take back")
    consequences = (_("The words are not shown any more; that something was taken back stays to be seen."),)

    def subject(self):
        super().subject()
        self.said = get_object_or_404(Post, pk=self.kwargs["post"], order=self.order)

    def about(self):
        return self.said.text

    def act(self, form):
        actions.take_back(post_id=self.said.pk, by=self.request.user)


# The list of rooms


def rooms(request):
    """What others said since one looked in, then every room by what was said last; or what a search finds."""
    form = SearchForm(request.GET)
    query = form.cleaned_data["q"].strip() if form.is_valid() else ""
    if query:
        return render(request, "coordination/rooms.html", {"query": query, "page": _found(request, query)})
    if "unread" in request.GET:
        page = paginate(_unread(request.user), ("-pk",), request.GET.get("after"), size=30)
        return render(request, "coordination/rooms.html", {"page": page, "is_unread": True})
    newest = _posts(request.user).newest_of_rooms()
    page = paginate(newest, ("-pk",), request.GET.get("after"), size=30)
    context = {"page": page, "unread": [], "is_first": not page.previous_cursor}
    if not page.previous_cursor:
        unread = list(_unread(request.user)[: UNREAD_FIRST + 1])
        context |= {"unread": unread[:UNREAD_FIRST], "has_more_unread": len(unread) > UNREAD_FIRST}
    shown = {post.pk for post in context["unread"]}
    context["rest"] = [post for post in page if post.pk not in shown]
    return render(request, "coordination/rooms.html", context)


def _posts(user):
    return Post.objects.without_index().seen_by(user).select_related("order__customer", "author__department")


def _unread(user):
    """Of the last weeks: older rooms that one never looked into are not one's concern."""
    since = timezone.now() - timedelta(days=UNREAD_DAYS)
    return _posts(user).newest_of_rooms().unread_by(user).filter(posted_at__gte=since).order_by("-pk")


def _found(request, query):
    return paginate(_posts(request.user).living().saying(query), ("-pk",), request.GET.get("after"), size=30)


def unread_number(user, order) -> int:
    """For the tab."""
    return Post.objects.filter(order=order).unread_by(user).count()

