"""An order from its form to its end in one paper, for a dispute or an auditor: what this person may see of it."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from desk.paper import Facts, Heading, PageBreak, Table, Text, short
from desk.text import duration, render
from finance.models import Settlement
from finance.papers import statement_blocks
from logistics.papers import packages, pieces
from logistics.reports import lists_of
from orders import papers
from orders.models import Complaint, Issue, StageRun
from orders.money import may_see, visible_params
from orders.sheets import order_url
from orders.views.documents import visible_files
from people.roles import Right
from procurement.board import order_rows
from procurement.papers import materials, purchases
from quality.papers import inspections, nonconformances
from records.models import Event
from records.paper import paper_for

MOST_EVENTS = 1_000
NEGOTIATES = (Right.ORDER_NEGOTIATE, Right.REVIEW_ASSESS, Right.SUPPLY_BUY, Right.SEE_ALL)  # as the order's tab


def dossier(user, order):
    facts = [(_("Customer"), order.customer), (_("Stage"), order.get_stage_display())]
    newest = Event.objects.filter(stream_id=order.stream).order_by("-number").first()
    blocks = [block for part in PARTS for block in part(user, order)]
    return paper_for(
        user, _("The whole order"), subtitle=_("For an auditor or a dispute; it shows what its reader may see."),
        number=order.number, facts=facts, blocks=blocks, landscape=True, is_dense=True, qr=order_url(order),
        check_code=newest.hash[:8].upper() if newest else "",
    )  # fmt: skip


def _form(user, order) -> list:
    return papers.form_blocks(user, order)


def _promises(user, order) -> list:
    rows = [
        [promise.promised_at, promise.requested_at, promise.get_cause_display(), promise.reason and _(promise.reason),
         promise.approved_by, promise.recorded_at]
        for promise in order.promises.select_related("approved_by")
    ]  # fmt: skip
    header = [_("Promised"), _("Required"), _("Cause"), _("Reason"), _("Approved by"), _("Recorded")]
    return [Heading(_("Promises")), _table(header, rows, (0, 0, 0, 1, 0, 0))]


def _negotiations(user, order) -> list:
    """What was offered and answered; what it would cost stands on the order's page."""
    if not any(map(user.may, NEGOTIATES)):
        return []
    rows = [
        [row.opened_at, row.reason, "\n".join(f"{option.get_kind_display()}: {option.description}"
                                              for option in row.options.all()),
         row.get_state_display(), f"{row.contact} {row.answer}".strip(), row.answered_at]
        for row in order.negotiations.order_by("opened_at").prefetch_related("options")
    ]  # fmt: skip
    header = [_("When"), _("What stands in the way"), _("Solutions"), _("State"), _("Answer"),
              pgettext("time", "Answered")]  # fmt: skip
    return [Heading(_("Negotiation")), _table(header, rows, (0, 3, 4, 1, 3, 0))] if rows else []


def _stages(user, order) -> list:
    runs = StageRun.objects.filter(order=order).select_related("entered_by", "left_by")
    rows = [
        [run.number, run.get_stage_display(), run.entered_at, run.entered_by, run.left_at, run.left_by,
         _span(run.limit_seconds), _span(run.used_seconds), run.reason]
        for run in runs
    ]  # fmt: skip
    header = [_("No."), _("Stage"), _("Entered"), _("by"), pgettext("stage", "Left"), _("by"),
              _("Limit"), _("Used"), _("Reason")]  # fmt: skip
    return [Heading(pgettext("order", "Stages")), _table(header, rows, (0, 1.4, 0, 1, 0, 1, 0, 0, 3))]


def _span(seconds) -> str:
    return "" if seconds is None else duration(seconds)


def _problems(user, order) -> list:
    issues = Issue.objects.filter(order=order).order_by("raised_at").select_related("raised_by", "owner", "solved_by")
    issues = issues.prefetch_related("actions__owner", "decisions__deciders__person")
    rows = [
        [f"{short(issue.raised_at)}\n{issue.raised_by}", f"{issue.get_kind_display()}\n{issue.get_severity_display()}",
         issue.said, issue.owner, "\n".join(_answers(issue)), f"{short(issue.solved_at)}\n{issue.solved_by or ''}"]
        for issue in issues
    ]  # fmt: skip
    header = [_("Reported"), _("Kind"), _("What happened"), _("Owner"), _("Actions, decisions, solution"), _("Solved")]
    return [Heading(_("Problems")), _table(header, rows, (1.3, 1.3, 4, 1.2, 5, 1.3))]


def _answers(issue):
    for action in issue.actions.all():
        done = action.result or action.cancel_reason or _("not done yet")
        yield _("Action: %(text)s (%(person)s, due %(due)s): %(result)s") % {
            "text": action.text, "person": action.owner, "due": short(action.due_at), "result": done,
        }  # fmt: skip
    for decision in issue.decisions.all():
        people = _(", ").join(str(row.person) for row in decision.deciders.all())
        yield _("Decision of %(people)s: %(text)s") % {"people": people, "text": decision.text}
    if issue.solution:
        yield _("Solution: %(text)s") % {"text": issue.solved_by_what}


def _supply(user, order) -> list:
    rows = order_rows(order)
    return [*materials(rows), *purchases(rows, may_see(user, "purchase"))] if rows else []


def _quality(user, order) -> list:
    return [*inspections(order), *nonconformances(order)]


def _deliveries(user, order) -> list:
    blocks = [Heading(_("Deliveries"))]
    for found in lists_of(order):
        blocks += [Facts(_delivery(found)), *pieces(found), *packages(found)]
    return blocks if len(blocks) > 1 else [*blocks, Text(_("Nothing was delivered yet."), "muted")]


def _delivery(found) -> list:
    shipment = getattr(found, "shipment", None)
    proof = getattr(shipment, "proof", None)
    rows = [(_("Delivery list"), f"{found.number} / {found.version}"), (_("Carrier"), found.carrier)]
    if shipment:
        rows += [(_("Dispatched"), shipment.dispatched_at), (_("Vehicle or waybill"), shipment.vehicle)]
    if proof:
        rows += [(_("Delivered at"), proof.delivered_at), (_("Signed by (at the customer)"), proof.signed_by_name),
                 (_("Condition"), f"{proof.get_condition_display()} {proof.note}".strip(), True)]  # fmt: skip
    return rows


def _complaints(user, order) -> list:
    rows = [
        [row.number, row.raised_at, row.quantity, row.text, row.get_answer_display(), row.decision_reason,
         row.decided_by]
        for row in Complaint.objects.filter(order=order).order_by("pk").select_related("decided_by")
    ]  # fmt: skip
    header = [pgettext("document", "No."), _("When"), _("Pieces"), _("What is wrong"), _("Answer"), _("Reason"),
              _("Decided by")]  # fmt: skip
    return [Heading(_("Complaints")), _table(header, rows, (0, 0, 0, 4, 1.2, 4, 1.2))] if rows else []


def _settlement(user, order) -> list:
    settlement = Settlement.objects.filter(order=order).first() if may_see(user, "result") else None
    if settlement is None:
        return []
    return [Heading(_("Settlement statement"), f"{settlement.number} / {settlement.version}"),
            *statement_blocks(settlement)]  # fmt: skip


def _files(user, order) -> list:
    rows = [
        [file.name, file.uploaded_at, file.uploaded_by, file.sha256]
        for file in visible_files(user, order).order_by("pk").select_related("uploaded_by")
    ]
    header = [pgettext("file", "Name"), _("Added"), _("by"), _("Fingerprint")]
    return [Heading(_("Files")), _table(header, rows, (3, 0, 1, 4))]


def _log(user, order) -> list:
    """The events in their order; the fingerprints let anybody compare them with the desk."""
    events = Event.objects.filter(stream_id=order.stream).select_related("actor").order_by("-number")
    found = list(events[:MOST_EVENTS])
    rows = [
        [event.number, event.at, event.who or _("The system"), render(event.text, visible_params(event, user)),
         event.hash[:10]]
        for event in reversed(found)
    ]  # fmt: skip
    header = [_("No."), _("When"), _("Who"), _("What"), _("Fingerprint")]
    blocks = [PageBreak(), Heading(_("Audit log"))]
    if found and found[0].number > len(found):
        text = _("The log has %(count)d lines; the last %(shown)d stand here.")
        blocks.append(Text(text % {"count": found[0].number, "shown": len(found)}, "warn"))
    return [*blocks, _table(header, rows, (0, 0, 1, 5, 0))]


def _table(header, rows, widths) -> Table:
    return Table(header, rows, widths=widths, empty=_("None."))


PARTS = (_form, _promises, _negotiations, _stages, _problems, _supply, _quality, _deliveries, _complaints, _settlement,
         _files, _log)  # fmt: skip
