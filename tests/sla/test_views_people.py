"""The pages of who stands in: everybody's own, the head's department, nobody else's."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from people.models import Absence, Delegation, DutyDay
from people.roles import Right, Role
from sla import delegations
from tests.factories.people import AbsenceFactory, UserFactory
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def other(departments):
    return UserFactory(name="李娜", role=Role.SALES, department=departments["sales"])


def days(**values):
    today = timezone.localdate()
    return {"from_day": today.isoformat(), "until": (today + 2 * DAY).isoformat(), "once": "a"} | values


def test_an_absence_from_the_page_to_my_work_and_back(client_of, company, sales, sales_head, other, planner):
    item = open_item(company["sales"], assignee=sales)
    client = client_of(sales)
    data = days(person=sales.pk, delegate=other.pk)
    assert client.get(reverse("sla:absence_new")).status_code == 200
    assert client.post(reverse("sla:absence_new"), data).status_code == 302
    assert client.post(reverse("sla:absence_new"), data).status_code == 302
    absence = Absence.objects.get()
    item.refresh_from_db()
    assert item.assignee == other
    assert "Delegate: 李娜 until" in client.get("/").text
    assert "Delegate: 李娜 until" in client.get(reverse("people:profile")).text
    assert client.post(reverse("sla:absence_new"), days(person=other.pk)).status_code == 422
    assert client_of(planner).get(reverse("sla:absence_end", args=[absence.pk])).status_code == 404
    assert client_of(other).get(reverse("sla:absence_end", args=[absence.pk])).status_code == 403
    head = client_of(sales_head)
    assert "李娜" in head.get(reverse("sla:absences")).text
    assert head.post(reverse("sla:absence_end", args=[absence.pk])).status_code == 302
    assert "ended early" in head.get(reverse("sla:absences")).text
    assert "Delegate: 李娜" not in client.get("/").text


def test_delegating_and_taking_back(client_of, sales, sales_head, other, planner):
    client = client_of(sales_head)
    assert client.get(reverse("sla:delegation_new")).status_code == 200
    data = days(to=other.pk, rights=[Right.ORDER_DECIDE, Right.SEE_RESULT])
    assert client.post(reverse("sla:delegation_new"), data).status_code == 302
    given = Delegation.objects.get()
    page = client_of(other).get(reverse("sla:delegations"))
    assert "decline or cancel an order" in page.text
    assert reverse("sla:delegation_revoke", args=[given.pk]) not in page.text
    assert "decline or cancel" in client_of(other).get(reverse("people:profile")).text
    assert client_of(other).get(reverse("sla:delegation_revoke", args=[given.pk])).status_code == 403
    assert client_of(planner).get(reverse("sla:delegation_revoke", args=[given.pk])).status_code == 404
    further = client_of(other).post(reverse("sla:delegation_new"), days(to=sales.pk, rights=[Right.ORDER_DECIDE]))
    assert further.status_code == 422, "the form offers only one's own rights"
    assert client.post(reverse("sla:delegation_revoke", args=[given.pk])).status_code == 302
    assert "taken back" in client.get(reverse("sla:delegations")).text


def test_the_duty_table_is_the_heads_to_change_and_the_departments_to_read(client_of, sales, sales_head, other, admin):
    url = reverse("sla:duty") + "?week=2026-11-25"
    data = {f"2026-11-{day}": "" for day in range(23, 30)} | {"2026-11-24": other.pk, "default": sales.pk, "once": "d"}
    AbsenceFactory(person=sales, delegate=other, starts_at=timezone.make_aware(timezone.datetime(2026, 11, 26)),
                   ends_at=timezone.make_aware(timezone.datetime(2026, 11, 27)))
    assert client_of(sales).post(url, data).status_code == 403
    head = client_of(sales_head)
    assert head.post(url, data).status_code == 302
    assert DutyDay.objects.get().person == other
    page = head.get(url)
    assert page.text.count("<select") >= 8
    assert page.text.count("→") == 1
    assert "<select" not in client_of(sales).get(url).text
    assert client_of(sales).get(reverse("sla:duty") + "?week=nonsense").status_code == 200
    assert client_of(admin).get(url).status_code == 404


@pytest.mark.parametrize("name", ["absences", "delegations"])
def test_lists_ask_the_same_for_one_row_and_three(
    client_of, sales_head, sales, other, name, django_assert_max_num_queries
):
    now = timezone.now()

    def add(number):
        start = now + number * 5 * DAY
        AbsenceFactory(person=sales, delegate=other, starts_at=start, ends_at=start + DAY)
        delegations.delegate(by=sales_head, to=other, rights=[Right.SEE_RESULT], starts_at=start, ends_at=start + DAY)

    client, counts = client_of(sales_head), []
    for rows in ([1], [2, 3]):
        for number in rows:
            add(number)
        with django_assert_max_num_queries(60) as asked:
            client.get(reverse(f"sla:{name}"))
        counts.append(len(asked))
    assert counts[0] == counts[1]
