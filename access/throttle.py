"""So often and no more: counted in the database, so that all processes count together."""

import hashlib
import time
from datetime import UTC, datetime
from math import ceil

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from access.models import Attempts
from desk.refusals import TooMany


def hit(scope, *who, times=1) -> int:
    """Count a try, outside the transaction of what is tried; refuse the one too many. How many are left."""
    limit, seconds = settings.THROTTLES[scope]
    row = _row(scope, who, seconds)
    if not _add(row, times):
        ends_at = datetime.fromtimestamp((row["window"] + 1) * seconds, UTC)
        Attempts.objects.bulk_create([Attempts(ends_at=ends_at, **row)], ignore_conflicts=True)
        _add(row, times)
    left = limit - _count(row)
    if left < 0:
        raise too_many(seconds)
    return left


def refuse_more(scope, *who) -> None:
    """Refuse where the limit is reached, without counting: for what only failures are counted of."""
    limit, seconds = settings.THROTTLES[scope]
    if _count(_row(scope, who, seconds)) >= limit:
        raise too_many(seconds)


def note(scope, *who) -> None:
    """Count, and leave the refusing to the next try."""
    try:
        hit(scope, *who)
    except TooMany:
        return


def forget(scope, *who) -> None:
    _, seconds = settings.THROTTLES[scope]
    Attempts.objects.filter(**_row(scope, who, seconds)).delete()


def _row(scope, who, seconds) -> dict:
    key = hashlib.sha256("\n".join(map(str, who)).encode()).hexdigest()
    return {"scope": scope, "key": key, "window": int(time.time()) // seconds}


def _add(row, times) -> int:
    return Attempts.objects.filter(**row).update(count=F("count") + times)


def _count(row) -> int:
    return Attempts.objects.filter(**row).values_list("count", flat=True).first() or 0


def too_many(seconds) -> TooMany:
    minutes = ceil((seconds - time.time() % seconds) / 60)
    return TooMany(
        _("This was tried too often."),
        because=_("It is open again in %(minutes)s minutes.") % {"minutes": minutes},
    )
