"""A meeting as a calendar file: one UID for ever, and a number that grows with each change."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from notifications.mail import absolute


def calendar_of(meeting) -> str:
    method = "CANCEL" if meeting.is_cancelled else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", "-//Urgent Order Desk//Coordination//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_event(meeting))
    return calendar.to_ical().decode()


def uid_of(meeting) -> str:
    return f"meeting-{meeting.pk}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}"


def _event(meeting) -> Event:
    event = Event()
    event.add("uid", uid_of(meeting))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.cancelled_at or meeting.created_at)
    event.add("dtstart", meeting.starts_at)
    event.add("dtend", meeting.ends_at)
    event.add("summary", _("Coordination meeting, week %(number)s") % {"number": meeting.week.number})
    event.add("status", "CANCELLED" if meeting.is_cancelled else "CONFIRMED")
    event.add("url", absolute(meeting.get_absolute_url()))
    if place := ", ".join(filter(None, [meeting.place, meeting.link])):
        event.add("location", place)
    event["organizer"] = _address(meeting.chair)
    for seat in meeting.attendances.select_related("person"):
        event.add("attendee", _address(seat.person), encode=0)
    return event


def _address(person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}" if person.email else f"urn:person:{person.pk}")
    address.params["cn"] = vText(person.get_full_name())
    return address
