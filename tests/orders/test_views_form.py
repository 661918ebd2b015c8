from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from catalog.models import Project
from orders import actions
from orders.models import UrgentOrder
from records.models import StoredFile
from tests.factories import orders as make
from tests.orders.form import identification, typed

pytestmark = pytest.mark.django_db
NEW = "/orders/new/"


@pytest.fixture
def customer():
    return make.make_customer(delivery_place="盐城大丰港 7 号泊位", contact_name="高远")


@pytest.fixture
def product():
    return make.make_product(specification="6061-T6", revision="C", price_amount=2025)


@pytest.fixture
def desk(people, client_of):
    return client_of(people.sales)


@pytest.mark.clause("2.2.1", "2.2.2", "4.1.1")
def test_one_submission_is_one_numbered_order(desk, people, customer, product):
    answer = desk.post(NEW, identification(customer=customer, product=product))
    order = UrgentOrder.objects.get()
    assert answer.url == reverse("orders:detail", args=[order.pk])
    assert (order.stage, order.created_by) == ("confirmation", people.sales)
    assert order.form_number == order.number.replace("UO", "IF")
    assert (order.asked_by, order.asked_how, order.asked_at is None) == ("高远", "call", False)
    line = order.lines.get()
    assert (line.product, line.agreed_quantity, line.specification, line.revision) == (product, 120, "6061-T6", "C")
    assert "Confirmation due" in desk.get(answer.url).content.decode()


def test_double_click_enters_one_order(desk, customer, product):
    sent = identification(customer=customer, product=product)
    first, second = desk.post(NEW, sent), desk.post(NEW, sent)
    assert first.url == second.url
    assert UrgentOrder.objects.count() == 1


@pytest.mark.clause("4.1.1")
def test_only_sales_enters_and_the_page_says_who(client_of, people, sales_head):
    answer = client_of(people.buyer).get(NEW)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Only Sales" in page
    assert people.sales.name in page
    assert client_of(people.buyer).post("/orders/new/draft/", {}).status_code == 403
    assert client_of(people.buyer).post("/orders/new/hints/", {}).status_code == 403


@pytest.mark.parametrize(
    ("field", "says"),
    [("customer", "Which customer"), ("reason", "Choose the reason"), ("required_at", "When must it"),
     ("place", "A driver needs"),
     ("asked_by", "Who at the customer asked?"), ("line-0-product", "Which product is it?")],
)  # fmt: skip
def test_incomplete_form_keeps_what_was_typed(desk, customer, product, field, says):
    answer = desk.post(NEW, identification(customer=customer, product=product, note="防盐雾") | {field: ""})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert "防盐雾" in page
    assert "There is a problem" in page
    assert not UrgentOrder.objects.exists()


def test_required_time_in_the_past_is_refused(desk, customer, product):
    past = typed(timezone.now() - timedelta(hours=1))
    answer = desk.post(NEW, identification(customer=customer, product=product, required_at=past))
    assert answer.status_code == 422
    assert "already passed" in answer.content.decode()


def test_customer_that_is_not_in_the_list_is_refused(desk, customer, product):
    answer = desk.post(NEW, identification(customer=customer, product=product) | {"customer": "无此公司"})
    assert answer.status_code == 422
    assert "Choose one from the list" in answer.content.decode()


@pytest.mark.parametrize("text", ["{0.code} {0.name}", "{0.name}", "{0.latin_name}", "{0.code}"])
def test_customer_is_found_by_code_and_name(desk, customer, product, text):
    desk.post(NEW, identification(customer=customer, product=product) | {"customer": text.format(customer)})
    assert UrgentOrder.objects.get().customer == customer


@pytest.mark.clause("2.2.3")
def test_key_customer_proposes_itself_without_a_script(desk, product):
    key = make.make_customer(is_key=True)
    sent = identification(customer=key, product=product, ground="", asked_by="", asked_how="")
    answer = desk.post(NEW, sent | {"do": "draft"})
    order = UrgentOrder.objects.get()
    assert order.ground == "key_customer"
    page = desk.get(answer.url).content.decode()
    assert "Key customer" in page
    answer = desk.post(NEW, sent)
    assert answer.status_code == 422
    assert "say why it is urgent" in answer.content.decode()


@pytest.mark.clause("2.2.3")
def test_major_project_with_its_judgement_is_urgent(desk, people, customer, product):
    project = Project.objects.create(customer=customer, name="风电一期", is_major=True)
    sent = identification(customer=customer, product=product, ground="", asked_by="", asked_how="", project=project.pk)
    desk.post(NEW, sent | {"ground_text": "并网节点前移"})
    order = UrgentOrder.objects.get()
    assert (order.ground, order.ground_text, order.submitted_by) == ("major_project", "并网节点前移", people.sales)


def test_key_customer_is_not_claimed_for_another(desk, customer, product):
    sent = identification(customer=customer, product=product, ground="key_customer", ground_text="x")
    answer = desk.post(NEW, sent)
    assert answer.status_code == 422
    assert "not marked as a key customer" in answer.content.decode()


@pytest.mark.clause("2.1", "2.2.3")
def test_hints_compare_lead_times_and_propose_the_case(desk, product):
    key = make.make_customer(is_key=True)
    sent = identification(customer=key, product=product, ground="", asked_by="")
    page = desk.post("/orders/new/hints/", sent, headers={"HX-Request": "true"}).content.decode()
    assert "108 working hours" in page
    assert "% of the normal lead time" in page
    assert "very urgent" in page or "extremely urgent" in page
    assert "Proposed: Key customer." in page
    assert "You confirm with the customer" in page
    assert "<html" not in page


def test_hints_show_a_like_order(desk, people, customer, product):
    first = actions.save_draft(
        by=people.sales, values=make.form_values(customer=customer), lines=[{"product": product, "quantity": 60}]
    )
    actions.submit(order_id=first.pk, by=people.sales)
    page = desk.post("/orders/new/hints/", identification(customer=customer, product=product)).content.decode()
    assert str(UrgentOrder.objects.get()) in page
    other = desk.post("/orders/new/hints/", identification(customer=make.make_customer(), product=product))
    assert "Same customer and product" not in other.content.decode()


@pytest.mark.clause("2.2.2")
def test_draft_is_kept_while_typing_and_submitted_from_the_same_page(desk, customer, product):
    sent = identification(customer=customer, product=product, place="", do="")
    first = desk.post("/orders/new/draft/", sent).json()
    second = desk.post("/orders/new/draft/", sent | {"note": "第二次"}).json()
    assert second["id"] == first["id"]
    assert second["version"] > first["version"]
    draft = UrgentOrder.objects.get()
    assert (draft.note, draft.is_draft, draft.lines.get().product) == ("第二次", True, product)
    desk.post(NEW, sent | {"do": "submit", "place": "7 号泊位"})
    assert UrgentOrder.objects.get().stage == "confirmation"


def test_page_of_a_refused_form_goes_on_with_its_draft(desk, customer, product):
    sent = identification(customer=customer, product=product, place="", do="")
    draft = desk.post("/orders/new/draft/", sent).json()
    refused = desk.post(NEW, sent | {"do": "submit"})
    assert f'name="draft" value="{draft["id"]}"' in refused.content.decode()
    again = sent | {"once": "of the next page", "draft": draft["id"], "version": refused.context["version"]}
    assert desk.post("/orders/new/draft/", again).json()["id"] == draft["id"]
    desk.post(NEW, again | {"do": "submit", "place": "7 号泊位"})
    assert UrgentOrder.objects.get().pk == draft["id"]


def test_autosave_keeps_what_can_be_read(desk, customer, product):
    sent = identification(customer=customer, product=product, required_at="nonsense", reason_text="吊装船")
    assert desk.post("/orders/new/draft/", sent | {"line-0-quantity": "x"}).status_code == 200
    draft = UrgentOrder.objects.get()
    assert (draft.reason_text, draft.required_at, draft.lines.count()) == ("吊装船", None, 0)


def test_save_draft_fills_in_what_is_usual_and_adds_a_row(desk, customer, product):
    sent = identification(customer=customer, product=product, place="", contact_name="", do="add_row")
    answer = desk.post(NEW, sent)
    draft = UrgentOrder.objects.get()
    assert (draft.place, draft.is_draft) == (customer.delivery_place, True)
    page = desk.get(answer.url.split("#")[0]).content.decode()
    assert "line-3-product" in page


def test_stale_form_is_refused_and_keeps_the_text(desk, people, sales_head, client_of):
    draft = make.draft(people.sales)
    page = reverse("orders:edit", args=[draft.pk])
    stale = draft.version
    actions.save_draft(by=sales_head, values={"note": "改过"}, order_id=draft.pk)
    sent = identification(customer=draft.customer, product=draft.lines.get().product, note="我的", do="draft")
    answer = desk.post(page, sent | {"version": stale})
    assert answer.status_code == 409
    assert "我的" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.note == "改过"
    once_more = answer.context["version"]
    assert desk.post(page, sent | {"version": once_more, "once": "second"}).status_code == 302


def test_files_come_with_the_form(desk, customer, product):
    pdf = SimpleUploadedFile("图纸 C.pdf", b"%PDF-1.4 drawing")
    desk.post(NEW, identification(customer=customer, product=product) | {"files": [pdf]})
    order = UrgentOrder.objects.get()
    stored = StoredFile.objects.get(subject=order.stream)
    assert (stored.name, stored.purpose) == ("图纸 C.pdf", "form")


@pytest.mark.parametrize("name", ["virus.exe", "picture.png"])
def test_wrong_kind_of_file_enters_nothing(desk, customer, product, name):
    bad = SimpleUploadedFile(name, b"MZ not what it says")
    answer = desk.post(NEW, identification(customer=customer, product=product) | {"files": [bad]})
    assert answer.status_code == 422
    assert f"{name} cannot be attached" in answer.content.decode()
    assert not UrgentOrder.objects.exists()


def test_file_above_the_limit_enters_nothing(desk, customer, product, settings):
    settings.FILE_SIZE_LIMIT = 10
    big = SimpleUploadedFile("a.pdf", b"%PDF-1.4 " + b"0" * 20)
    assert desk.post(NEW, identification(customer=customer, product=product) | {"files": [big]}).status_code == 422
    assert not UrgentOrder.objects.exists()


def test_drafts_are_listed_and_deleted_by_their_author(desk, people, client_of, manager):
    draft = make.draft(people.sales)
    assert reverse("orders:edit", args=[draft.pk]) in desk.get("/orders/drafts/").content.decode()
    delete = reverse("orders:draft_delete", args=[draft.pk])
    assert client_of(manager).post(delete, {"once": "x"}).status_code == 404
    assert desk.post(delete, {"once": "y"}).url == "/orders/drafts/"
    assert not UrgentOrder.objects.exists()


def test_submitted_order_is_no_draft_any_more(desk, people):
    order = make.submitted(people)
    assert desk.get(reverse("orders:draft_delete", args=[order.pk])).status_code == 404
    assert desk.get(reverse("orders:edit", args=[order.pk])).status_code == 409
    assert desk.post(reverse("orders:draft_save", args=[order.pk]), {}).status_code == 409


def test_pages_ask_the_same_for_one_draft_and_for_three(desk, people, django_assert_max_num_queries):
    make.draft(people.sales)
    one = asked(desk, "/orders/drafts/", django_assert_max_num_queries)
    make.draft(people.sales), make.draft(people.sales, lines=2)
    assert asked(desk, "/orders/drafts/", django_assert_max_num_queries) == one


def asked(client, url, counting):
    with counting(60) as seen:
        assert client.get(url).status_code == 200
    return len(seen)
