"""Pages of a change, a short-close, a silence, a proposal, and of a form that is entered twice."""

import pytest

from orders import actions
from orders.models import ChangeRequest, DeclineProposal, Silence, UrgentOrder
from tests.factories import orders as make
from tests.orders.form import identification, typed

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


def text_of(answer):
    return answer.content.decode()


def test_change_page_names_what_is_done_again_before_the_click(people, client_of, stranger):
    order = make.at_procurement(people)
    url, sales, line = f"/orders/{order.pk}/change/", client_of(people.sales), order.lines.get()
    assert {client_of(person).get(url).status_code for person in (stranger, people.buyer)} == {403}
    page = text_of(sales.get(url))
    assert "What is done again" in page and "Production capacity, Material needs, Production plan" in page
    sent = {"contact": "Gao", "how": "call", "reason": "two more", "required_at": typed(order.required_at),
            "place": order.place, f"quantity_{line.pk}": "0", f"specification_{line.pk}": "", "once": "c1",
            "version": fresh(order).version}
    assert sales.post(url, sent).status_code == 422
    sent |= {f"quantity_{line.pk}": "12"}
    assert sales.post(url, sent).status_code == 302
    assert sales.post(url, sent).status_code == 302  # pressed twice, changed once
    assert sales.post(url, sent | {"once": "c2", f"quantity_{line.pk}": "14"}).status_code == 409
    assert (ChangeRequest.objects.get().facts, fresh(order).stage) == (["quantity_up"], "review")
    assert "10 → 12 pieces" in text_of(sales.get(order.get_absolute_url()))


def test_short_close_page_asks_for_the_consent(people, client_of):
    order = make.at_qc(people)
    url, sales, line = f"/orders/{order.pk}/change/short/", client_of(people.sales), order.lines.get()
    page = text_of(sales.get(url))
    assert "Passed: 0, shipped: 0 of 10" in page
    answer = sales.post(url, {"contact": "", "how": "mail", "reason": "enough", f"quantity_{line.pk}": "4"})
    assert answer.status_code == 422
    assert url in text_of(sales.get(order.get_absolute_url()))


def test_silence_page_counts_attempts_and_leads_to_cancel_or_renew(people, client_of, sales_head):
    order = make.submitted(people)
    url, sales = f"/orders/{order.pk}/confirmation/silence/", client_of(people.sales)
    talk = {"contact": "Gao", "how": "call", "was_reached": "no", "text": "no answer"}
    assert "0 of 2" in text_of(sales.get(url))
    for once in ("t1", "t2"):
        sales.post(f"/orders/{order.pk}/confirmation/talk/", talk | {"once": once})
    page = sales.get(url)
    until = page.context["form"]["until"].value().strftime("%Y-%m-%dT%H:%M")
    assert "2 of 2" in text_of(page)
    assert sales.post(url, {"note_text": "calling on", "until": until, "once": "s1"}).status_code == 302
    actions.ask_about_silences(now=Silence.objects.get().until)
    page = text_of(client_of(sales_head).get(url))
    assert "Renew" in page and f"/orders/{order.pk}/cancel/" in page


def test_proposal_is_made_and_answered_by_pages(people, client_of, sales_head):
    order, other = make.submitted(people), make.submitted(people)
    url, buyer, head = f"/orders/{order.pk}/decline/propose/", client_of(people.buyer), client_of(sales_head)
    sent = {"reason_code": "duplicate_of", "reason": "told twice", "once": "p1"}
    assert buyer.post(url, sent | {"duplicate_of": "UO-0000"}).status_code == 422
    assert buyer.post(url, sent | {"duplicate_of": other.number}).status_code == 302
    proposal = DeclineProposal.objects.get()
    page = text_of(head.get(proposal.item.url))
    assert "told twice" in page and str(other) in page
    page = head.get(f"/orders/{order.pk}/decline/")
    assert page.context["form"].initial["duplicate_of"] == str(other)
    assert head.post(proposal.item.url, {"reason": "another berth", "once": "p2"}).status_code == 302
    proposal.refresh_from_db()
    assert proposal.answer == "kept"
    assert buyer.get(f"/orders/{order.pk}/decline/answer/").status_code == 403


def test_form_entered_twice_shows_its_three_ways(people, client_of):
    first = make.at_review(people)
    line, sales = first.lines.select_related("product").get(), client_of(people.sales)
    draft = actions.save_draft(by=people.sales, values=make.form_values(customer=first.customer),
                               lines=[{"product": line.product, "quantity": 3}])
    sent = identification(customer=first.customer, product=line.product) | {"draft": draft.pk}
    answer = sales.post(f"/orders/{draft.pk}/form/", sent)
    page, add = text_of(answer), f"/orders/{first.pk}/change/?draft={draft.pk}"
    assert answer.status_code == 409
    assert add in page and f"/orders/{draft.pk}/decline/propose/?duplicate_of={first}" in page
    assert 'name="duplicate_reason"' in page
    assert sales.get(add).context["form"].initial[f"quantity_{line.pk}"] == 13
    added = {"contact": "Gao", "how": "call", "reason": "three more", "required_at": typed(first.required_at),
             "place": first.place, f"quantity_{line.pk}": "13", f"specification_{line.pk}": "", "once": "d1"}
    assert sales.post(add, added).status_code == 302
    assert (fresh(draft).stage, fresh(draft).duplicate_of) == ("declined", first)
    again = identification(customer=first.customer, product=line.product, duplicate_reason="second berth")
    assert sales.post("/orders/new/", again).status_code == 302
