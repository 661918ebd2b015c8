"""A work centre cannot work: recorded, ended earlier or later, or taken back. What was written stays."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, GateShut
from desk.text import moment
from production.master import STREAM, about, lock
from production.models import Downtime
from records.actions import record

SLOT = gettext_noop("slot {slot}")
ALL = gettext_noop("all slots")


@transaction.atomic
def record_downtime(*, work_centre, slot=None, starts_at, ends_at, reason, is_breakdown=False, by) -> Downtime:
    lock()
    reason = reason.strip()
    _check(work_centre, slot, starts_at, ends_at, reason)
    downtime = Downtime.objects.create(
        work_centre=work_centre, slot=slot, starts_at=starts_at, ends_at=ends_at, reason=reason,
        is_breakdown=is_breakdown, recorded_by=by,
    )
    _write("record", gettext_noop("Downtime of {code}, {slot}, {start} to {end}: {reason}"), downtime, by)
    return downtime


@transaction.atomic
def end_downtime(*, downtime, ends_at, by) -> Downtime:
    """It is over earlier, or lasts longer."""
    downtime = _living(downtime)
    if ends_at <= downtime.starts_at:
        raise BadInput(_("It ends after it starts."), field="ends_at",
                       because=_("Cancel it where the machine never stood still."))
    if ends_at == downtime.ends_at:
        raise BadInput(_("Nothing is different from before."), field="ends_at")
    old, downtime.ends_at = downtime.ends_at, ends_at
    downtime.save(update_fields=["ends_at"])
    _write("end", gettext_noop("Downtime of {code}, {slot}, now until {end} instead of {old}: {reason}"), downtime, by,
           old=moment(old))
    return downtime


@transaction.atomic
def cancel_downtime(*, downtime, by, now=None) -> Downtime:
    downtime = _living(downtime)
    downtime.cancelled_at, downtime.cancelled_by = now or timezone.now(), by
    downtime.save(update_fields=["cancelled_at", "cancelled_by"])
    _write("cancel", gettext_noop("Downtime of {code}, {slot}, {start} to {end}, cancelled: {reason}"), downtime, by)
    return downtime


def _check(work_centre, slot, starts_at, ends_at, reason):
    if not reason:
        raise BadInput(_("Say why the work centre cannot work."), field="reason")
    if ends_at <= starts_at:
        raise BadInput(_("It ends after it starts."), field="ends_at")
    if slot is not None and not 1 <= slot <= work_centre.slots:
        raise BadInput(
            _("%(centre)s has no slot %(slot)d.") % {"centre": work_centre.code, "slot": slot}, field="slot",
            because=_("Its slots are 1 to %(slots)d; empty means all of them.") % {"slots": work_centre.slots},
        )


def _living(downtime) -> Downtime:
    lock()
    downtime = Downtime.objects.select_related("work_centre").get(pk=downtime.pk)
    if downtime.cancelled_at:
        raise GateShut(_("This downtime was cancelled already."),
                       because=_("Record a new one where the machine stands still again."))
    return downtime


def _write(verb, text, downtime, by, **more):
    slot = {"msg": SLOT, "params": {"slot": downtime.slot}} if downtime.slot else {"msg": ALL}
    record(f"downtime.{verb}", text, by=by, stream=STREAM, params={
        "about": about(downtime), "code": downtime.work_centre.code, "slot": slot,
        "start": moment(downtime.starts_at), "end": moment(downtime.ends_at), "reason": downtime.reason, **more,
    })
