"""A paper of this company for this person: what stands in the head and the foot of each."""

from desk.paper import Paper
from records.models import CompanySettings


def paper_for(user, title, **fields) -> Paper:
    """`fields` as `desk.paper.Paper` has them."""
    company = CompanySettings.current().company_name
    return Paper(title, company=company, printed_by=user.get_full_name(), **fields)
