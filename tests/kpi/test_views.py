from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kpi import defaults
from kpi.behind import BEHIND
from kpi.models import Target
from kpi.weekly import KINDS, Figure, Point
from kpi.weeks import Week
from orders.models import CostEntry, StageRun, UrgentOrder
from people.models import User
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
WEEKLY = "kpi:weekly"


@pytest.mark.parametrize(("name", "status"), [
    ("sales_head", 200), ("production_head", 200), ("procurement_head", 200), ("quality_head", 200),
    ("logistics_head", 200), ("finance_head", 200), ("manager", 200), ("general_manager", 200),
    ("sales", 403), ("planner", 403), ("operator", 403), ("finance", 403), ("stranger", 403),
])
def test_figures_are_for_heads_and_management(name, status, request, client_of):
    client = client_of(request.getfixturevalue(name))
    assert client.get(reverse(WEEKLY)).status_code == status
    assert client.get(reverse("kpi:orders", args=["due"])).status_code == status


@pytest.mark.parametrize("week", ["", "2026-W47", "2026-11-18", "nonsense", "2026-W54", "2026-13-45", "9999-12-31"])
def test_any_week_is_a_page(week, sales_head, client_of):
    response = client_of(sales_head).get(reverse(WEEKLY), {"week": week})
    assert response.status_code == 200
    assert timezone.localtime(response.context["week"].start).weekday() == 0


def test_a_week_runs_from_monday_midnight_of_the_company():
    week = Week.read("2026-W47")
    assert (timezone.localtime(week.start).isoformat(), str(week)) == ("2026-11-16T00:00:00+08:00", "2026-W47")
    assert Week.read("2026-11-22") == week == Week.read("2026-W48") - 1
    assert (str(Week.read("2026-W53") + 1), str(Week.read("nothing"))) == ("2027-W01", str(Week.now()))


@pytest.fixture
def loaded(people):
    defaults.seed()
    call_command("seed_load", orders=120, stdout=StringIO())
    return Week.now()


@pytest.mark.clause("1.3.1")
@pytest.mark.clause("5.2")
def test_the_week_and_every_number_behind_it(loaded, people, client_of, django_assert_max_num_queries):
    client = client_of(User.objects.get(username="gao"))
    with django_assert_max_num_queries(40):
        page = client.get(reverse(WEEKLY))
    assert [figure.last.value is not None for figure in page.context["figures"]] == [True, True, True, True, False]
    assert "no answers yet" in page.text
    assert page.context["risk_count"] >= len(page.context["risks"]) > 0
    for figure, behind in BEHIND.items():
        for of in behind.choices or [""]:
            address = reverse("kpi:orders_of", args=[figure, of]) if of else reverse("kpi:orders", args=[figure])
            listed = client.get(address, {"week": str(loaded - 1)})
            expected = set(map(pk_of, behind.keys(loaded - 1, timezone.now(), of)))
            assert {order.pk for order in listed.context["page"]} == expected, address
    numbers_stand_on_the_page(page, client, loaded)
    past = client.get(reverse(WEEKLY), {"week": str(loaded - 4)})
    assert "Risks are shown for the running week only" in past.text


def pk_of(key) -> int:
    return key if isinstance(key, int) else next(iter(key.values()))


def numbers_stand_on_the_page(page, client, week):
    (last, flow), (this, _flow) = page.context["flows"]
    assert (last, this) == (week - 1, week)
    behind = client.get(reverse("kpi:orders", args=["new"]), {"week": str(last)})
    assert flow.new == len(behind.context["page"].rows) == UrgentOrder.objects.filter(
        submitted_at__gte=last.start, submitted_at__lt=last.end).count() > 0  # fmt: skip


def test_money_is_for_those_who_may_see_it(people, client_of, procurement_head, finance_head):
    order = make.at_review(people)
    CostEntry.objects.create(
        order=order, kind="overtime", cause="urgency", is_planned=False, amount=Decimal("1234.5"), source="test",
        recorded_at=timezone.now(), recorded_by=people.finance,
    )
    urgency = reverse("kpi:orders", args=["urgency"])
    for person, sees in ((finance_head, True), (procurement_head, False)):
        client = client_of(person)
        assert ("1,234" in client.get(reverse(WEEKLY)).text) is sees
        assert client.get(urgency).status_code == (200 if sees else 404)


def test_a_list_shows_only_orders_open_to_the_person(people, client_of, sales_head, hr):
    make.at_review(people)
    hr.department.head = hr
    hr.department.save(update_fields=["head"])
    new = reverse("kpi:orders", args=["new"])
    assert len(client_of(sales_head).get(new).context["page"]) == 1
    assert len(client_of(User.objects.get(pk=hr.pk)).get(new).context["page"]) == 0


@pytest.mark.parametrize("address", [
    ("kpi:orders", "nothing"), ("kpi:orders", "late"), ("kpi:orders_of", "late", "closed"),
    ("kpi:orders_of", "due", "x"),
])  # fmt: skip
def test_there_are_no_other_lists(address, sales_head, client_of):
    assert client_of(sales_head).get(reverse(address[0], args=address[1:])).status_code == 404


def test_same_statements_for_one_and_three_rows(people, sales_head, client_of):



    client, counts = client_of(sales_head), []
    for more in (1, 2):
        for _number in range(more):
            order = make.at_review(people)
            past = timezone.now() - timedelta(days=8)
            StageRun.objects.filter(order=order, stage="confirmation").update(left_at=past, entered_at=past)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(WEEKLY))
            client.get(reverse("kpi:orders", args=["new"]))
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("code", "last", "tone"), [
    ("on_time", 91.0, "ok"), ("on_time", 90.0, "ok"), ("on_time", 89.9, "over"), ("overruns", 0, "ok"),
    ("overruns", 1, "over"), ("processing", 72, "ok"), ("processing", 73, "over"), ("on_time", None, "none"),
])  # fmt: skip
def test_a_figure_is_green_when_its_target_is_reached(code, last, tone):
    target = float(defaults.TARGETS[Target.Figure(code)])
    assert Figure(code, KINDS[code], [Point(1, ""), Point(last, "")], target, []).tone == tone
