"""The list of rewards and penalties as a workbook, and the certificate of honour."""

from django.utils import timezone
from django.utils.translation import gettext as _

from desk.export import xlsx_response
from desk.keyset import walk
from desk.paper import certificate_pdf, file_response
from records.models import CompanySettings


def sheet(rows):
    header = [_("number"), _("month"), _("kind"), _("Form"), _("department"), _("person"), _("clause of the policy"),
              _("Reason"), _("amount"), _("state"), _("Proposed"), _("Decided"), _("Decided by"),
              _("Reason of the decision")]  # fmt: skip
    return xlsx_response(_("Rewards and penalties"), header, map(_row, walk(rows, ("-proposed_at", "-pk"))))


def _row(one) -> list:
    return [
        one.number, str(one.run), one.get_kind_display(), one.get_form_display(), str(one.department),
        str(one.person or ""), one.clause, one.reason_text, one.amount, one.get_state_display(), one.proposed_at,
        one.decided_at, str(one.decided_by or ""), one.decision_reason,
    ]


def certificate(incentive):
    office = _("General manager")
    content = certificate_pdf(
        title=_("Certificate of honour"), name=str(incentive.subject), honour=str(incentive.run),
        text=_("For outstanding work on urgent orders.") + "\n" + incentive.reason_text,
        day=timezone.localtime(incentive.decided_at).date(), company=CompanySettings.current().company_name,
        signatures=[(office, str(incentive.decided_by))], number=incentive.certificate_number,
    )  # fmt: skip
    return file_response(content, f"{_('Certificate of honour')} {incentive.certificate_number}")
