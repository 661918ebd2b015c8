"""The pack before the meeting and the minutes after it, as documents (`desk.paper`)."""

from django.utils import timezone
from django.utils.translation import gettext as _

from coordination.forms.meeting import seat_text
from desk import paper
from desk.paper import Facts, Figures, Heading, Signatures, Table, Text
from desk.text import day, duration, money, when
from notifications.mail import absolute
from records.paper import paper_for

TONES = {"ok": "ok", "over": "bad"}


def pack_paper(user, meeting, seen) -> paper.Paper:
    """Cover, agenda, figures, orders at risk one line each, time lost, open actions; outcomes once there are some."""
    board = seen["board"]
    return _paper(user, meeting, _("Weekly coordination meeting, week %(number)s"), [
        Heading(_("Agenda"), _("%(minutes)s minutes") % {"minutes": meeting.length_minutes}),
        Table([_("Item"), _("Minutes")], [(row.label, row.minutes) for row in seen["agenda"]], [6, 1], [1]),
        Heading(_("Figures of last week"), _("as of %(when)s") % {"when": when(board.at)}), _figures(board),
        *_risks(board), *_lost(board), *_week(board), *_actions(seen["before"]), *_outcomes(seen),
    ], seen)


def minutes_paper(user, meeting, seen) -> paper.Paper:
    title = _("Minutes of the weekly meeting, week %(number)s")
    state = [] if meeting.is_confirmed else [Text(_("Draft: the heads have not all confirmed yet."), "warn")]
    seats = [(seat.department, seat_text(seat).partition(" · ")[2], _("present") if seat.is_present else "–")
             for seat in seen["seats"]]
    return _paper(user, meeting, title, [
        *state, Heading(_("Attendance")), Table([_("Department"), _("Person"), _("Present")], seats, [2, 4, 1]),
        *_outcomes(seen), *_actions(seen["before"]),
        Heading(_("Figures of last week"), _("as of %(when)s") % {"when": when(seen["board"].at)}),
        _figures(seen["board"]), *_risks(seen["board"]), *_lost(seen["board"]), *_answers(seen),
    ], seen)


def _paper(user, meeting, title, blocks, seen) -> paper.Paper:
    return paper_for(
        user, title % {"number": meeting.week.number}, subtitle=when(meeting.starts_at), blocks=blocks,
        facts=[(_("Chair"), str(meeting.chair)), (_("Place"), meeting.place or meeting.link or "–"),
               (_("Present"), f"{seen['present']} / {len(seen['seats'])}"),
               (_("State"), meeting.get_state_display())],
        number=str(meeting), qr=absolute(meeting.get_absolute_url()),
    )  # fmt: skip


def _figures(board) -> Figures:
    return Figures([
        paper.Figure(
            str(row.kind.label), "–" if row.last.value is None else f"{row.last.value:.{row.kind.decimals}f}",
            str(row.kind.unit), _("target %(value)s") % {"value": row.target_text} if row.target is not None else "",
            TONES.get(row.tone, ""), row.line,
        ) for row in board.figures
    ], columns=5)  # fmt: skip


def _risks(board) -> list:
    rows = [(row.number, f"{row.what} {row.customer}", row.why_text, row.stage_label, _clock(row.face))
            for row in board.risks if row.is_open]
    return [
        Heading(_("Orders that need a decision"), _("%(count)d in all") % {"count": board.said["risk_count"]}),
        Table([_("Order"), _("What"), _("Problem"), _("Stage"), _("Clock")], rows, [3, 4, 5, 2, 2],
              empty=_("No order needs a decision this week.")),
    ]  # fmt: skip


def _clock(face) -> str:
    if face is None:
        return "–"
    pattern = _("%(time)s over") if face.seconds_left < 0 else _("%(time)s left")
    return pattern % {"time": duration(face.seconds_left)}


def _lost(board) -> list:
    rows = [(row.label, duration(row.seconds)) for row in board.lost]
    total = _("%(time)s in all") % {"time": duration(board.said["lost_seconds"])}
    return [Heading(_("Time lost last week"), total),
            Table([_("Cause"), _("Time")], rows, [6, 1], [1], empty=_("Nothing stood still."))]


def _week(board) -> list:
    with_money = board.money is not None
    header = [_("Week"), _("New"), _("Finished"), _("Late"), *([_("Cost of urgency")] if with_money else [])]
    rows = [(row.label, row.new, row.finished, row.late, *([money(row.amount)] if with_money else []))
            for row in board.rows]
    return [Heading(_("Last week and this week")), Table(header, rows, numeric=[1, 2, 3, 4][: len(header) - 1])]


def _actions(before) -> list:
    rows = [(row.text, row.holder, day(row.due_at), row.carried, _result(row)) for row in before]
    return [Heading(_("Last week's actions")),
            Table([_("Action"), _("Responsible"), _("Due"), _("Carried over"), _("Result")], rows, [5, 2, 2, 1, 4],
                  [3], empty=_("No action was open."))]


def _result(row) -> str:
    return row.result or row.drop_reason or (_("overdue") if row.due_at < timezone.now() else _("open"))


def _outcomes(seen) -> list:
    if not seen["meeting"].started_at:
        return []
    rows = [(row.get_kind_display(), row.text, row.order or "", row.person or "", row.due_at and when(row.due_at))
            for row in seen["outcomes"]]
    return [Heading(_("Decisions and actions")),
            Table([_("Kind"), _("What"), _("Order"), _("Responsible"), _("Due")], rows, [2, 6, 3, 2, 3],
                  empty=_("Nothing was decided."))]


def _answers(seen) -> list:
    rows = [(f"{row.department}: {row.get_state_display()}", _words(row)) for row in seen["answers"]]
    return [Heading(_("Confirmation of the minutes")), Facts(rows, columns=1)] if rows else [
        Signatures([str(seat.department) for seat in seen["seats"]])]


def _words(row) -> str:
    said = (row.answered_by and f"{row.answered_by}, {when(row.answered_at)}") or str(row.person)
    return f"{said}: {row.objection}" if row.objection else said
