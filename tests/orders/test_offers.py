"""The options on the customer's own link: who may answer, what is recorded, what the answer becomes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from notifications.models import Notification
from orders import actions
from orders.actions.offers import find_offer_link
from orders.models import Negotiation, NegotiationOption, OfferAnswer, OfferLink, OptionPart, UrgentOrder
from records.models import AccessLink, Event
from sla.models import WorkItem
from tests.factories import orders as make
from tests.together import at_once

pytestmark = pytest.mark.django_db
LINK = {"recipient": "高远", "contact_phone": "0515-1", "language": "en"}


def in_hours(hours):
    return (timezone.now() + timedelta(hours=hours)).replace(microsecond=0)


def parts(first=7, second=3):
    return {"kind": "parts", "description": "分两批", "finish_at": in_hours(100),
            "parts": [{"quantity": first, "at": in_hours(90)}, {"quantity": second, "at": in_hours(120)}]}


def later(hours=130, **values):
    return {"kind": "date", "description": "夹具要等，晚一天", "finish_at": in_hours(hours),
            "required_at": in_hours(hours), "extra_cost_amount": 9480} | values


def negotiated(order, people, *options):
    return actions.open_negotiation(
        order_id=order.pk, by=people.planners[1], reason="夹具", options=list(options or (later(), parts()))
    )


def sent(negotiation, people, **values):
    return actions.issue_offer_link(negotiation_id=negotiation.pk, by=people.sales, **LINK | values)


def answer(link, option, once="k1", **values):
    return actions.answer_offer(
        link_id=link.pk, option_id=option and option.pk, once=once, contact="高远", **values
    )


def refused(kind, act, **values):
    with pytest.raises(kind) as refusal, transaction.atomic():
        act(**values)
    return refusal.value


def broken(sql, *params):
    """The database itself says no."""
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.clause("3.2.3", "4.1.3")
def test_the_first_answer_on_the_link_is_recorded_told_and_confirmed_in_one_step(people):
    order = make.at_review(people)
    talk = negotiated(order, people)
    date, split = talk.options.all()
    assert refused(NotYours, actions.issue_offer_link, negotiation_id=talk.pk, by=people.planners[1], **LINK).who
    link, token = sent(talk, people, charges={date.pk: 0, split.pk: 1200})
    assert link.access.expires_at == min(date.valid_until, split.valid_until)
    assert not AccessLink.objects.filter(token_sha256=token).exists() and find_offer_link(token) == link
    assert refused(Changed, sent, negotiation=talk, people=people, charges={split.pk: 1}).what
    second_link, _token = sent(talk, people)

    said = answer(link, split, comment="第一批很急")
    assert answer(link, split) == said == answer(link, date)  # the same press, whatever it says now
    assert "answered already" in refused(Changed, answer, link=link, option=date, once="k2").what
    assert "answered already" in refused(Changed, answer, link=second_link, option=date).what
    assert refused(Changed, sent, negotiation=talk, people=people).what
    order.refresh_from_db()
    talk.refresh_from_db()
    assert (talk.state, order.parts_option, OfferAnswer.objects.count()) == ("open", None, 1)  # nobody took a step yet
    item = WorkItem.objects.get(pk=talk.item_id)
    assert item.is_living and item.assignee == people.sales and f"/negotiation/{talk.pk}/confirm/" in item.url
    assert WorkItem.objects.living().filter(source=order.stream, kind="negotiation").count() == 1
    told = Event.objects.get(stream=order.stream, verb="order.offer_answered")
    assert (told.actor, told.params["contact"], told.params["comment"]) == (None, "高远", "第一批很急")
    assert Notification.objects.filter(recipient=people.sales, url=item.url).exists()

    refused(Changed, actions.withdraw_negotiation, negotiation_id=talk.pk, by=people.planners[1])
    refused(NotYours, actions.confirm_answer, negotiation_id=talk.pk, by=people.planners[1])
    otherwise = {"negotiation_id": talk.pk, "by": people.sales, "contact": "Gao", "how": "call"}
    assert refused(BadInput, actions.accept_option, option_id=date.pk, **otherwise).field == "answer"
    actions.confirm_answer(negotiation_id=talk.pk, by=people.sales, now=split.valid_until + timedelta(hours=1))
    talk.refresh_from_db()
    order = UrgentOrder.objects.get(pk=order.pk)
    assert (talk.state, talk.accepted_option, talk.contact, talk.answer) == ("accepted", split, "高远", "第一批很急")
    assert (order.parts_option, order.is_partial_allowed, order.rush_charge_amount) == (split, True, 1200)
    assert order.required_at == split.parts.last().promised_at and talk.required_before < order.required_at
    assert [row["quantity"] for row in order.sheets.first().content["parts"]] == [7, 3]
    assert refused(Changed, actions.confirm_answer, negotiation_id=talk.pk, by=people.sales).what


@pytest.mark.clause("3.2.3")
def test_a_wrong_ended_or_foreign_answer_is_refused_by_act_and_database(people):
    order, other = make.at_review(people), make.at_review(people)
    talk, foreign = negotiated(order, people), negotiated(other, people)
    link, _token = sent(talk, people)
    option, theirs = talk.options.first(), foreign.options.first()
    assert refused(BadInput, answer, link=link, option=theirs).field == "option"
    assert refused(BadInput, answer, link=link, option=None).field == "comment"
    late = {"now": option.valid_until + timedelta(seconds=1)}
    assert refused(GateShut, answer, link=link, option=option, **late).what == "This link has ended."
    assert refused(GateShut, actions.confirm_answer, negotiation_id=talk.pk, by=people.sales).what

    row = "INSERT INTO orders_offeranswer (negotiation_id, link_id, option_id, contact, comment, once, answered_at)" \
          " VALUES (%s, %s, %s, %s, '', 'x', %s)"
    now = timezone.now()
    broken(row, talk.pk, link.pk, theirs.pk, "x", now)
    broken(row, foreign.pk, link.pk, theirs.pk, "x", now)
    broken(row, talk.pk, link.pk, option.pk, "", now)
    broken(row, talk.pk, link.pk, option.pk, "x", option.valid_until)
    broken("UPDATE orders_negotiationoption SET required_at = %s WHERE id = %s", now, option.pk)
    broken("UPDATE orders_negotiationoption SET surcharge_amount = 1 WHERE id = %s", option.pk)  # seen on the link
    broken("DELETE FROM orders_optionpart")
    broken("UPDATE orders_optionpart SET quantity = 1")
    broken("UPDATE orders_urgentorder SET parts_option_id = %s WHERE id = %s", option.pk, order.pk)
    broken("UPDATE orders_negotiation SET state = 'accepted', accepted_option_id = %s WHERE id = %s",
           theirs.pk, talk.pk)

    actions.revoke_offer_link(link_id=link.pk, by=people.sales)
    refused(Changed, actions.revoke_offer_link, link_id=link.pk, by=people.sales)
    refused(GateShut, answer, link=link, option=option)
    broken(row, talk.pk, link.pk, option.pk, "x", now)
    link, _token = sent(talk, people)
    said = answer(link, option)
    broken("UPDATE orders_offeranswer SET option_id = NULL WHERE id = %s", said.pk)
    broken("DELETE FROM orders_offeranswer WHERE id = %s", said.pk)
    refused(Changed, sent, negotiation=talk, people=people)
    actions.confirm_answer(negotiation_id=talk.pk, by=people.sales)
    broken("UPDATE orders_negotiation SET state = 'refused', accepted_option_id = NULL WHERE id = %s", talk.pk)
    link, _token = sent(foreign, people)
    actions.withdraw_negotiation(negotiation_id=foreign.pk, by=people.planners[1])
    assert refused(GateShut, answer, link=link, option=theirs).what == "This offer has ended."
    refused(Changed, sent, negotiation=foreign, people=people)


@pytest.mark.clause("3.2.3")
def test_parts_are_whole_in_the_future_and_end_with_a_new_agreement(people):
    order = make.at_production(people)
    bad = (
        parts(7, 2), parts(7, 4), parts() | {"parts": []}, parts() | {"parts": parts()["parts"][:1]},
        parts(10, 0), parts() | {"agreed_quantity": 9},
        parts() | {"parts": [{"quantity": 7, "at": in_hours(-1)}, {"quantity": 3, "at": in_hours(9)}]},
        parts() | {"parts": [{"quantity": 7, "at": in_hours(9)}, {"quantity": 3, "at": in_hours(9)}]},
    )
    for option in bad:
        with pytest.raises(BadInput) as refusal, transaction.atomic():
            negotiated(order, people, option)
        assert refusal.value.field == "parts", option
    assert not Negotiation.objects.exists()

    talk = negotiated(order, people, parts(8, 4) | {"agreed_quantity": 12, "means": {"overtime": ["CNC"]}})
    split = talk.options.get()
    assert split.means == {"overtime": ["CNC"]} and split.required_at == split.parts.last().promised_at
    raw = NegotiationOption.objects.create(
        negotiation=talk, kind="parts", description="x", finish_at=in_hours(9), valid_until=in_hours(3)
    )
    OptionPart.objects.create(option=raw, line=order.lines.get(), quantity=11, promised_at=in_hours(8))
    with pytest.raises(IntegrityError), transaction.atomic():  # 11 of 10: not even past the act
        actions.accept_option(negotiation_id=talk.pk, option_id=raw.pk, by=people.sales, contact="Gao", how="call")
    actions.accept_option(negotiation_id=talk.pk, option_id=split.pk, by=people.sales, contact="Gao", how="call")
    order = UrgentOrder.objects.get(pk=order.pk)
    assert (order.stage, order.parts_option, order.lines.get().agreed_quantity) == ("review", split, 12)
    actions.request_change(order_id=order.pk, by=people.sales, reason="再晚一天", contact="Gao", how="call",
                           required_at=in_hours(150))
    assert UrgentOrder.objects.get(pk=order.pk).parts_option is None


@pytest.mark.clause("3.2.3")
def test_none_accepted_on_the_link_leads_to_the_cancellation_with_that_reason(people, sales_head, client_of):
    order = make.at_review(people)
    talk = negotiated(order, people)
    link, _token = sent(talk, people)
    answer(link, None, comment="我们向别家买")
    actions.confirm_answer(negotiation_id=talk.pk, by=people.sales)
    head = client_of(sales_head)
    page = f"/orders/{order.pk}/negotiation/"
    assert Notification.objects.filter(recipient=sales_head, url=page).exists()
    cancel = f"/orders/{order.pk}/cancel/"
    assert cancel in head.get(page).content.decode()
    assert cancel not in client_of(people.sales).get(page).content.decode()
    form = head.get(cancel)
    given = {name: form.context["form"][name].value() for name in ("reason", "contact", "how")}
    assert given == {"reason": "我们向别家买", "contact": "高远", "how": "message"}
    assert head.post(cancel, given).status_code == 422  # the customer is told first
    assert head.post(cancel, given | {"was_customer_told": "on"}).status_code == 302
    order = UrgentOrder.objects.get(pk=order.pk)
    assert (order.outcome, order.runs.last().reason) == ("cancelled", "我们向别家买")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_the_same_moment_leave_one(people):
    order = make.at_review(people)
    talk = negotiated(order, people)
    links = [sent(talk, people)[0] for _ in range(2)]
    date, split = talk.options.all()
    results = at_once(lambda: answer(links[0], date, "a"), lambda: answer(links[1], split, "b"))
    assert sorted(type(result).__name__ for result in results) == ["Changed", "OfferAnswer"]
    assert OfferAnswer.objects.count() == 1 and OfferLink.objects.count() == 2
