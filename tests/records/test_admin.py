import pytest
from django.contrib import admin as django_admin
from django.urls import reverse

from catalog.models import Material
from people.models import Department, User
from records.models import CompanySettings, Event
from tests.factories.catalog import BillOfMaterialLineFactory, CustomerFactory, MaterialFactory, ProductFactory
from tests.factories.people import AbsenceFactory, UserFactory

pytestmark = pytest.mark.django_db
OURS = {"people", "records", "catalog"}


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def configurator(departments):
    """An administrator who is no superuser."""
    return UserFactory(username="conf", name="配置员", role="administrator")


@pytest.fixture
def desk(client_of, configurator):
    return client_of(configurator)


def url(model, page, *args):
    return reverse(f"admin:{model.replace('.', '_')}_{page}", args=args)


def form_of(client, address):
    """What the page would post back unchanged."""
    context = client.get(address).context
    forms = [context["adminform"].form, *[f for s in context["inline_admin_formsets"] for f in s.formset.forms]]
    managements = [s.formset.management_form for s in context["inline_admin_formsets"]]
    data = {}
    for form in forms + managements:
        for bound in form:
            value = bound.value()
            if value is True:
                data[bound.html_name] = "on"
            elif value is not None and value is not False:
                data[bound.html_name] = value
    return data


def post(client, address, **changes):
    data = {name: value for name, value in (form_of(client, address) | changes).items() if value is not None}
    response = client.post(address, data)
    errors = response.context["adminform"].form.errors if response.context else None
    assert response.status_code == 302, errors
    return response


# Who gets in


@pytest.mark.parametrize("who", ["sales", "production_head", "general_manager", "stranger"])
def test_others_are_told_who_can_configure(request, client_of, configurator, who):
    client = client_of(request.getfixturevalue(who))
    for address in (reverse("admin:index"), url("people.user", "changelist"), reverse("admin:login")):
        response = client.get(address, follow=True)
        assert response.status_code == 403
        assert "配置员" in response.content.decode()


def test_nobody_signed_in_is_asked_to_sign_in(client):
    listing = url("people.user", "changelist")
    assert client.get(listing).url == f"{reverse('access:sign_in')}?next={listing}"


def test_administrator_and_superuser_get_in(desk, client_of):
    assert desk.get(reverse("admin:index")).status_code == 200
    root = UserFactory(is_superuser=True)
    assert client_of(root).get(reverse("admin:index")).status_code == 200


def test_administrator_who_left_is_out(desk):
    User.objects.update(is_active=False)
    assert desk.get(reverse("admin:index")).status_code == 302


def test_administration_has_a_policy_of_its_own_and_the_desk_stays_strict(desk):
    assert "'unsafe-eval'" in desk.get(reverse("admin:index"))["Content-Security-Policy"]
    strict = desk.get(reverse("people:profile"))["Content-Security-Policy"]
    assert "unsafe" not in strict


# What can be done there


def our_pages():
    return [(model, page) for model, page in django_admin.site._registry.items() if model._meta.app_label in OURS]


@pytest.mark.parametrize("model", [model._meta.label_lower for model, __ in our_pages()])
def test_every_list_opens_and_finds(desk, model):
    listing = url(model, "changelist")
    assert desk.get(listing).status_code == 200
    assert desk.get(listing, {"q": "x"}).status_code == 200


@pytest.mark.parametrize("model", [model._meta.label_lower for model, page in our_pages()])
def test_every_add_page_opens_where_adding_is_allowed(desk, model):
    expected = 403 if model in ("people.department", "records.event", "catalog.stockentry") else 200
    assert desk.get(url(model, "add")).status_code == expected


def test_only_absences_are_deleted(desk, rf, configurator):
    request = rf.get("/")
    request.user = configurator
    deletable = {model._meta.label_lower for model, page in our_pages() if page.has_delete_permission(request)}
    assert deletable == {"people.absence"}
    sales = Department.objects.get(code="sales")
    assert desk.post(url("people.department", "delete", sales.pk), {"post": "yes"}).status_code == 403


def test_superuser_deletes_no_department_and_no_event(client_of, departments, admin):
    client = client_of(admin)
    post(client, url("people.user", "change", UserFactory().pk), name="Other")
    event = Event.objects.get()
    for model, kept in (("people.department", departments["sales"]), ("records.event", event)):
        assert client.post(url(model, "delete", kept.pk), {"post": "yes"}).status_code == 403
    assert client.post(url("records.event", "change", event.pk), {"actor_name": "x"}).status_code == 403


def belongs_to_an_order(model):
    related = {field.related_model._meta.app_label for field in model._meta.get_fields() if field.many_to_one}
    return "orders" in {model._meta.app_label, *related}


def test_no_page_writes_what_belongs_to_an_order(rf, admin):
    request = rf.get("/")
    request.user = admin
    for model, page in django_admin.site._registry.items():
        if belongs_to_an_order(model):
            assert not page.has_change_permission(request), model
            assert not page.has_add_permission(request), model
            assert not page.has_delete_permission(request), model


# The trail


def last():
    return Event.objects.filter(stream="configuration").latest("number")


def test_change_stands_in_the_log_with_old_and_new_value(desk, configurator):
    customer = CustomerFactory(contact_name="Wang")
    post(desk, url("catalog.customer", "change", customer.pk), contact_name="Li", is_key="on")
    event = last()
    assert (event.verb, event.actor) == ("catalog.customer.change", configurator)
    assert "Contact: Wang → Li" in event.params["changes"]
    assert "Key customer: False → True" in event.params["changes"]
    page = desk.get(url("records.event", "changelist")).content.decode()
    assert "Contact: Wang → Li" in page


def test_head_and_deputies_are_named_in_the_log(desk, sales, sales_head):
    department = sales.department
    post(desk, url("people.department", "change", department.pk), duty_person=sales.pk, deputies=[sales.pk])
    assert "Duty person of the day: – → 林晓雯" in last().params["changes"]
    assert "Deputies: – → 林晓雯" in last().params["changes"]


def test_log_is_written_in_english_for_every_reader(desk, configurator):
    User.objects.filter(pk=configurator.pk).update(language="zh-hans")
    material = MaterialFactory(unit="kg")
    post(desk, url("catalog.material", "change", material.pk), unit="t")
    assert last().params["kind"] == {"msg": "material"}
    assert last().params["changes"] == "Unit: kg → t"


def test_inline_rows_are_in_the_log(desk):
    line = BillOfMaterialLineFactory(quantity_per=2)
    post(desk, url("catalog.product", "change", line.product_id), **{"materials-0-quantity_per": "3"})
    assert "Quantity per piece: 2.0000 → 3" in last().params["changes"]


def test_a_save_that_changes_nothing_writes_nothing(desk):
    product = ProductFactory()
    post(desk, url("catalog.product", "change", product.pk))
    assert not Event.objects.exists()


def test_new_person_is_logged_without_the_password(desk, departments):
    secret = "a very long phrase"
    new = {
        "username": "new", "name": "新人", "email": "new@example.com", "department": departments["sales"].pk,
        "role": "sales", "password1": secret, "password2": secret, "usable_password": "true",
    }
    response = desk.post(url("people.user", "add"), new)
    assert response.status_code == 302, response.context["adminform"].form.errors
    person = User.objects.get(username="new")
    assert person.check_password(secret)
    assert secret not in str(last().params)
    assert last().verb == "people.user.add"


def test_password_set_by_an_administrator_is_logged_hidden(desk, sales):
    secret = "a very long phrase"
    address = reverse("admin:auth_user_password_change", args=[sales.pk])
    assert desk.get(address).status_code == 200
    desk.post(address, {"password1": secret, "password2": secret, "usable_password": "true"})
    assert User.objects.get(pk=sales.pk).check_password(secret)
    assert "•••" in last().params["changes"]
    assert secret not in str(last().params)


def test_deleted_absence_stays_in_the_log(desk, sales):
    absence = AbsenceFactory(person=sales, starts_at="2026-11-22T00:00Z", ends_at="2026-11-23T00:00Z")
    desk.post(url("people.absence", "delete", absence.pk), {"post": "yes"})
    assert last().verb == "people.absence.delete"


# Ranks


def test_nobody_raises_their_own_rank(desk, configurator):
    address = url("people.user", "change", configurator.pk)
    post(desk, address, role="general_manager", is_active="", name="Other")
    configurator.refresh_from_db()
    assert (configurator.role, configurator.is_active, configurator.name) == ("administrator", True, "Other")


def test_administrator_makes_and_changes_no_superuser(desk, sales, admin):
    post(desk, url("people.user", "change", sales.pk), is_superuser="on", is_staff="on")
    assert not User.objects.get(pk=sales.pk).is_superuser
    assert desk.post(url("people.user", "change", admin.pk), {"name": "x"}).status_code == 403
    assert desk.post(reverse("admin:auth_user_password_change", args=[admin.pk]), {}).status_code == 403


def test_a_locked_name_is_let_in_again(desk, client, sales, settings):
    sign_in = {"username": sales.username, "password": "wrong"}
    while client.post(reverse("access:sign_in"), sign_in).status_code != 429:
        pass
    desk.post(url("people.user", "changelist"), {"action": "let_in_again", "_selected_action": [sales.pk]})
    assert client.post(reverse("access:sign_in"), sign_in).status_code == 200
    assert "locked" in last().params["changes"]


# Company settings and stock


def test_company_settings_are_one_row(desk):
    CompanySettings.current()
    assert desk.get(url("records.companysettings", "add")).status_code == 403
    post(desk, url("records.companysettings", "change", 1), silent_customer_days=5)
    assert CompanySettings.current().silent_customer_days == 5


def test_class_b_reaches_beyond_class_a(desk):
    CompanySettings.current()
    address = url("records.companysettings", "change", 1)
    response = desk.post(address, form_of(desk, address) | {"class_b_max_ratio": "0.20"})
    assert "Class B must reach beyond class A." in response.content.decode()


def test_balances_are_not_typed(desk):
    material = MaterialFactory()
    post(desk, url("catalog.material", "change", material.pk), on_hand="500", reserved="1")
    assert Material.objects.get(pk=material.pk).on_hand == 0


@pytest.mark.parametrize("model", ["catalog.customer", "people.user", "catalog.product"])
def test_lists_cost_the_same_for_one_and_three_rows(desk, model, django_assert_max_num_queries):
    factories = {"catalog.customer": CustomerFactory, "people.user": UserFactory, "catalog.product": ProductFactory}
    counts = []
    for rows in (1, 2):
        factories[model].create_batch(rows)
        with django_assert_max_num_queries(30) as captured:
            desk.get(url(model, "changelist"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
