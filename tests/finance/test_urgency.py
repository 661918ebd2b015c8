"""What an order costs more because it is urgent, the charge that the rule suggests, and what sales makes of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Session
from desk.refusals import BadInput, Changed, GateShut, NotYours
from finance import actions as money
from finance.charging import change_charge_rule, set_rush_charge
from finance.models import ChargeDecision, ChargeRule
from finance.urgency import harms_of, price_of_urgency, rounded_up, suggest_charge, value_of
from orders import actions
from orders.models import Consent, UrgentOrder
from records.models import Event
from tests.factories import finance as make_money
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def harm(order, other, people, hours, before=0, **values):
    """The other one's salesperson agreed to come so late for this one; `before`: how late it was anyway."""
    promised = other.promises.first().promised_at
    return Consent.objects.create(
        order=order, harmed=other, plan_version=1, plan_text="1", reason="停线", promised_at=promised,
        finish_before_at=promised + before * HOUR, finish_after_at=promised + hours * HOUR, asked_at=timezone.now(),
        asked_by=people.planners[1], decided_at=timezone.now(), decided_by=people.sales, answer="可以", **values,
    )


def freight(order, by, amount, source="f"):
    actions.add_cost(
        order=order, by=by, kind="transport", amount=amount, is_planned=False, cause="urgency", source=source
    )


def refused(kind, act, **values):
    with pytest.raises(kind) as refusal, transaction.atomic():
        act(**values)
    return refusal.value


def broken(sql, *params):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def changed(admin, **values):
    known = ChargeRule.current()
    return change_charge_rule(
        by=admin, reason="试行", values={name: getattr(known, name) for name in ChargeRule.VALUES} | values
    )


@pytest.mark.clause("1.3.4", "4.6.1")
def test_the_price_of_urgency_adds_up_what_its_causes_cost(people, finance, admin):
    order, other = make.at_procurement(people), make.at_settlement(people)
    make_money.plan_cost(order, finance, amount=100000)  # as it would cost anyway
    assert price_of_urgency(order).parts == []
    changed(admin, late_hour_amount=Decimal(60))
    urgent = {"order": order, "by": people.planners[1], "cause": "urgency"}
    actions.add_cost(**urgent, kind="changeover", amount=80, is_planned=True, source="plan:1:changeover:1")
    actions.add_cost(**urgent, kind="transport", amount=450, is_planned=False, source="shipment:7:freight")
    ask = {"order_id": order.pk, "by": people.planners[1]}
    overtime = actions.request_expense(**ask, kind="overtime", amount=300, reason="周三加班")
    outside = actions.request_expense(**ask, kind="outside", amount=500, reason="外协铣削", cause="urgency")
    actions.request_expense(**ask, kind="outside", amount=70, reason="平常的外协")
    nothing = actions.request_expense(**ask, kind="expedite", amount=99, reason="不要了")
    money.decide_expense(expense_id=nothing.pk, is_approved=False, by=people.finance, reason="不用")
    money.decide_expense(expense_id=outside.pk, is_approved=True, by=finance)
    agreed = harm(order, other, people, 5, before=2, state="yes")  # three hours of five are this order's
    harm(order, make.at_procurement(people), people, 9, state="no")

    with CaptureQueriesContext(connection) as seen:
        price = price_of_urgency(order)
    assert len(seen) == 4
    sums = {part.code: (part.planned, part.actual) for part in price.parts}
    assert sums == {"overtime": (300, 0), "transport": (0, 450), "changeover": (80, 0), "outside": (500, 500),
                    "lateness": (180, 0)}  # delivered in time after all
    assert (price.planned, price.actual, price.expected) == (1060, 950, 300 + 450 + 80 + 500 + 180)
    pages = {piece.text: piece.url for part in price.parts for piece in part.pieces}
    assert pages["周三加班"] == reverse("finance:expense_decide", args=[overtime.pk])
    lateness = next(part for part in price.parts if part.code == "lateness")
    assert lateness.pieces[0].url == other.get_absolute_url() and other.number in lateness.pieces[0].text
    UrgentOrder.objects.get(pk=other.pk).runs.filter(entered_step="deliver").update(
        entered_at=agreed.promised_at + 2 * HOUR
    )
    assert harms_of(order)[0].late_seconds == 2 * 3600
    money.reverse_cost(entry_id=order.costs.get(source="shipment:7:freight").pk, reason="记错", by=people.finance)
    assert price_of_urgency(order).actual == 500 + 120


@pytest.mark.clause("1.3.4")
def test_the_rule_suggests_and_sales_decides(people, admin, finance):
    order = make.at_procurement(people, quantity=10)
    order.lines.update(unit_price_amount=Decimal("123.45"))
    UrgentOrder.objects.filter(pk=order.pk).update(urgency_class="B")
    order = UrgentOrder.objects.get(pk=order.pk)
    freight(order, finance, 333)
    rule = changed(admin, b_percent=Decimal("12.5"), cost_share_percent=Decimal(50))
    found = suggest_charge(order)
    assert value_of(order) == Decimal("1234.50")
    assert (found.of_value, found.of_cost) == (Decimal("154.31"), Decimal("166.50"))
    assert (found.amount, found.is_minimum) == (330, False)  # 320.81, to full tens
    assert rounded_up(Decimal("320.00"), Decimal(10)) == 320
    assert order.rush_charge_amount is None  # never by itself

    act = {"order_id": order.pk, "by": people.sales}
    assert refused(NotYours, set_rush_charge, order_id=order.pk, by=people.planners[1], amount=330).who
    assert refused(BadInput, set_rush_charge, **act, amount=Decimal(200)).field == "reason"
    assert refused(BadInput, set_rush_charge, **act, amount=Decimal(-1), reason="x").field == "amount"
    taken = set_rush_charge(**act, amount=Decimal(330), suggested=Decimal(330))
    assert (taken.is_suggested, taken.rule, taken.computation["of_cost"]) == (True, rule, "166.50")
    changed(admin, minimum_amount=Decimal(401))
    assert refused(Changed, set_rush_charge, **act, amount=Decimal(330), suggested=Decimal(330)).what
    assert (suggest_charge(order).amount, suggest_charge(order).is_minimum) == (410, True)
    other = set_rush_charge(**act, amount=Decimal(200), reason="老客户")
    order.refresh_from_db()
    assert (order.rush_charge_amount, other.before_amount, other.suggested_amount) == (200, 330, 410)
    told = Event.objects.filter(stream=order.stream, verb="order.rush_charge_set").last()
    assert (told.money, told.params["reason"]) == ("sales", "老客户")

    broken("UPDATE finance_chargedecision SET amount = 1")
    broken("DELETE FROM finance_chargedecision")
    broken("UPDATE finance_chargerule SET a_percent = 1")
    broken("DELETE FROM finance_chargerule")
    with pytest.raises(IntegrityError), transaction.atomic():
        ChargeDecision.objects.create(order=order, rule=rule, suggested_amount=1, amount=2, decided_by=people.sales,
                                      decided_at=timezone.now())
    gone = make.closed(people)
    assert refused(GateShut, set_rush_charge, order_id=gone.pk, by=people.sales, amount=Decimal(1), reason="x").what
    with pytest.raises(IntegrityError), transaction.atomic():
        ChargeDecision.objects.create(order=gone, rule=rule, suggested_amount=1, amount=1, decided_by=people.sales,
                                      decided_at=timezone.now())


def test_the_tab_shows_each_person_the_money_of_their_class(people, client_of, finance, buyer, sales_head, hr):
    order = make.at_procurement(people)
    order.lines.update(unit_price_amount=1000)
    tab, charge = (reverse(f"finance:{name}", args=[order.pk]) for name in ("order_tab", "rush_charge"))
    freight(order, finance, Decimal("377.25"))
    seen = {
        name: client_of(person).get(tab).content.decode()
        for name, person in (("sales", people.sales), ("head", sales_head), ("planner", people.planners[1]))
    }
    assert "377.25" in seen["head"] and "377.25" in seen["planner"] and "377.25" not in seen["sales"]
    assert "The rule suggests" in seen["sales"] and "The rule suggests" not in seen["planner"]
    assert "a share of what urgency costs" in seen["sales"] and charge in seen["sales"]
    assert "order's value of" in seen["head"] and "order's value of" not in seen["sales"]
    assert charge not in client_of(finance).get(tab).content.decode()
    assert client_of(buyer).get(tab).status_code == 404 and client_of(hr).get(tab).status_code == 404
    assert client_of(people.planners[1]).get(charge).status_code == 403
    sales, amount = client_of(people.sales), str(suggest_charge(order).amount)
    assert "377.25" not in sales.get(charge).content.decode()
    given = {"amount": "5", "suggested": amount, "reason": ""}
    assert sales.post(charge, given).status_code == 422
    assert sales.post(charge, given | {"reason": "说好了", "suggested": "1"}).status_code == 409
    assert sales.post(charge, given | {"reason": "说好了"}).status_code == 302
    assert sales.post(charge, {"amount": amount, "suggested": amount, "version": "1"}).status_code == 409
    assert "说好了" in sales.get(tab).content.decode()

    def statements():
        with CaptureQueriesContext(connection) as caught:
            assert client_of(sales_head).get(tab).status_code == 200
        return len(caught)

    one = statements()
    for place in range(2):
        harm(order, make.at_procurement(people), people, 5, state="yes")
        freight(order, finance, 7, source=f"f{place}")
    assert statements() == one


def test_an_administrator_changes_the_rule_by_versions(people, client_of, admin, finance):
    url = reverse("finance:charge_rule")
    assert client_of(finance).get(url).status_code == 403
    client = client_of(admin)
    page = client.get(url)
    kept = {name: str(getattr(ChargeRule.current(), name)) for name in ChargeRule.VALUES}
    given = kept | {"reason": "旺季试行", "version": str(page.context["version"]), "a_percent": "18"}
    assert client.post(url, given | {"rounding_amount": "0"}).status_code == 422
    assert client.post(url, given | {"a_percent": "-1"}).status_code == 422
    assert client.post(url, given).status_code == 302
    assert client.post(url, given | {"a_percent": "19"}).status_code == 409  # from what stood there before
    assert (ChargeRule.current().version, ChargeRule.current().a_percent, ChargeRule.objects.count()) == (2, 18, 2)
    assert "旺季试行" in client.get(url).content.decode()
    Session.objects.update(begun_at=timezone.now() - timedelta(minutes=11))
    stale = client.post(url, given)
    assert stale.status_code == 403 and "confirm_password" in stale.content.decode()
