from datetime import UTC, datetime

import pytest

from records.models import CompanySettings, SoleDecision

pytestmark = pytest.mark.django_db


def test_decisions_of_one_person_stand_in_the_report_of_their_month(client_of, sales_head, sales):
    CompanySettings.objects.update_or_create(pk=1, defaults={"has_sole_authority": True})
    for number, at in enumerate((datetime(2026, 10, 31, 15, tzinfo=UTC), datetime(2026, 10, 31, 17, tzinfo=UTC))):
        SoleDecision.objects.create(
            subject=f"order:{number}", act="approve", text="{step}", params={"step": f"Case {number}"}, url="/",
            reason="Nobody else", decided_at=at, decided_by=sales_head,
        )
    page = client_of(sales_head).get("/figures/alone/?month=2026-10")
    assert "Case 0" in page.text
    assert "Case 1" not in page.text, "there it is November already"
    assert "Case 1" in client_of(sales_head).get("/figures/alone/?month=2026-11").text
    assert client_of(sales_head).get("/figures/alone/?month=nonsense").status_code == 200
    assert client_of(sales).get("/figures/alone/").status_code == 403
