"""Sessions that end: after a while without use, after a working day in any case, and when somebody says so."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from access.models import Session

BADGE = "badge"  # the key of the badge that opened it


class SessionStore(db.SessionStore):
    row = None  # as it was loaded
    address = None
    device = ""

    @classmethod
    def get_model_class(cls):
        return Session

    def _get_session_from_db(self):
        self.row = super()._get_session_from_db()
        return self.row

    def create(self):
        """A new key is a new session: signing in, and one's own password change, start it afresh."""
        before, self.row = self.row, None
        super().create()
        self.row = Session(begun_at=timezone.now())
        if before:
            self.address, self.device = self.address or before.address, self.device or before.device

    @property
    def begun_at(self):
        return self.row.begun_at if self.row else timezone.now()

    def get_expiry_date(self, **kwargs):
        last = self.begun_at + timedelta(hours=settings.SESSION_HOURS)
        minutes = settings.BADGE_IDLE_MINUTES if self.is_badge else settings.SESSION_IDLE_MINUTES
        return min(timezone.now() + timedelta(minutes=minutes), last)

    @property
    def is_badge(self) -> bool:
        """Opened by a badge, on a phone that several people share."""
        return BADGE in self

    def get_expiry_age(self, **kwargs):
        """For the cookie: the row ends an unused session, so that the cookie need not be sent with each page."""
        end = self.begun_at + timedelta(hours=settings.SESSION_HOURS)
        return max(0, int((end - timezone.now()).total_seconds()))

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        row.user_id = data.get(SESSION_KEY)
        row.badge_id = data.get(BADGE)
        row.begun_at = self.begun_at
        row.address, row.device = self.address, self.device
        if self.row:
            row.public_id = self.row.public_id
            row.address, row.device = self.address or self.row.address, self.device or self.row.device
        return row

    def note_use(self, now=None):
        """Prolongs the session, at most once a minute; a shared phone's each time: five minutes are five."""
        now = now or timezone.now()
        if self.row and (self.is_badge or now - self.row.seen_at > timedelta(minutes=1)):
            Session.objects.filter(pk=self.session_key).update(seen_at=now, expire_date=self.get_expiry_date())


def of(user):
    return Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")


def end_badge(user) -> int:
    """End those that a badge of this person opened."""
    return Session.objects.filter(user=user, badge__isnull=False).delete()[0]


def end(user, *, but=None) -> int:
    """End somebody's sessions everywhere, save the one with that key."""
    return Session.objects.filter(user=user).exclude(pk=but or "").delete()[0]
