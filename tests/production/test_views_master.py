"""Pages of master data: who may enter and change, what is refused there, equal numbers of statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Material, Product, Substitute
from people.models import Certificate, Qualification
from production.models import Downtime, ExtraShift, RoutingOperation, WorkCentre
from sla.models import WorkCalendar
from tests.factories import production as make
from tests.factories.orders import make_material, make_product

pytestmark = pytest.mark.django_db
LISTS = ("master", "master_products", "master_materials", "master_qualifications")


@pytest.fixture
def product(clock_defaults):
    product = make_product()
    make.usual_routing(product)
    make.bill(product, before=20)
    return product


@pytest.fixture
def head(client_of, production_head):
    return client_of(production_head)


def page(client, name, *args, query=""):
    answer = client.get(reverse(f"production:{name}", args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client, address, /, *args, **data):
    """As the form was shown: every field with its value, what is different in `data`."""
    url = reverse(f"production:{address}", args=args)
    shown = client.get(url)
    assert shown.status_code == 200
    form, values = shown.context["form"], {"version": shown.context["version"]}
    for field in form:
        value = field.value()
        if value is True:
            values[field.name] = "on"
        elif value is not None and value is not False:
            values[field.name] = f"{value:%Y-%m-%dT%H:%M}" if hasattr(value, "hour") else value
    answer = client.post(url, {name: value for name, value in (values | data).items() if value is not None})
    return answer


def fill(count):
    """That many of everything, each with what stands beside it."""
    for _ in range(count):
        product = make_product()
        make.usual_routing(product)
        line = make.bill(product)
        Substitute.objects.create(material=line.material, substitute=make_material())
        number = Qualification.objects.count()
        centre = make.work_centre(f"X{number}")
        ExtraShift.objects.create(work_centre=centre, name="夜班", hours="22:00-06:00")
        Qualification.objects.create(code=f"Q{number}", name="焊工")


def test_lists_ask_the_same_for_one_and_three(head, product, operator):
    def statements():
        found = []
        for name in LISTS:
            with CaptureQueriesContext(connection) as seen:
                page(head, name)
            found.append(sum('"access_session"' not in query["sql"] for query in seen.captured_queries))
        return found

    fill(1)
    Certificate.objects.create(person=operator, qualification=Qualification.objects.get())
    statements()
    before = statements()
    fill(3)
    for row in Qualification.objects.exclude(certificates__person=operator):
        Certificate.objects.create(person=operator, qualification=row)
    assert statements() == before
    assert "夜班" not in page(head, "master") and "No number or name" in page(head, "master", query="?q=zzz")


def test_planners_look_the_head_and_administrators_change_others_do_not_enter(
    head, product, client_of, planner, admin, buyer, manager
):
    centre = WorkCentre.objects.get(code="CNC")
    acts = (("centre_change", centre.pk), ("product_change", product.pk), ("routing_new", product.pk),
            ("bill_new", product.pk), ("material_new",), ("shift_new", centre.pk))  # fmt: skip
    for person, looks, changes in (
        (planner, 200, 403), (admin, 200, 200), (buyer, 403, 403), (manager, 200, 403)
    ):
        client = client_of(person)
        assert {client.get(reverse(f"production:{name}")).status_code for name in LISTS} == {looks}
        assert {client.get(reverse(f"production:{name}", args=args)).status_code for name, *args in acts} == {changes}
        assert client.get(reverse("production:master_product", args=[product.pk])).status_code == looks
    assert "Machine per hour" in page(head, "centre", centre.pk)
    assert "per hour" not in page(client_of(admin), "centre", centre.pk)
    form = client_of(admin).get(reverse("production:centre_change", args=[centre.pk])).context["form"]
    assert "hourly_rate_amount" not in form.fields and "overtime_percent" not in form.fields


def test_a_work_centre_is_made_and_changed_by_forms(head, clock_defaults):
    calendar = WorkCalendar.objects.get(code="factory").pk
    values = {"code": "CNC-9", "name": "加工中心", "calendar": calendar, "hourly_rate_amount": "150"}
    assert press(head, "centre_new", **values | {"slots": 0}).status_code == 422
    assert press(head, "centre_new", **values | {"hourly_rate_amount": "-1"}).status_code == 422
    answer = press(head, "centre_new", **values)
    centre = WorkCentre.objects.get(code="CNC-9")
    assert answer.url == reverse("production:centre", args=[centre.pk])
    assert "already exists" in press(head, "centre_new", **values).content.decode()
    assert press(head, "centre_change", centre.pk, slots=2).status_code == 302
    stale = press(head, "centre_change", centre.pk, slots=3, name="另一个", version=1)
    assert stale.status_code == 409 and "另一个" in stale.content.decode()
    assert "slots: 1 → 2" in page(head, "centre", centre.pk)
    shift = {"name": "夜班", "hours": "22:00-06:00", "extra_percent": 80}
    assert press(head, "shift_new", centre.pk, **shift | {"hours": "25:00"}).status_code == 422
    assert press(head, "shift_new", centre.pk, **shift).status_code == 302
    assert press(head, "shift_new", centre.pk, **shift).status_code == 422
    row = ExtraShift.objects.get()
    assert press(head, "shift_change", centre.pk, row.pk, weekdays="67").status_code == 302
    assert "22:00-06:00" in page(head, "centre", centre.pk)
    assert press(head, "shift_remove", centre.pk, row.pk).status_code == 302 and not ExtraShift.objects.exists()


def test_a_planner_records_ends_and_cancels_downtime(head, client_of, planner, clock_defaults):
    centre, client, now = make.work_centre("CNC"), client_of(planner), timezone.localtime()
    times = {"starts_at": f"{now:%Y-%m-%dT%H:%M}", "ends_at": f"{now + timedelta(hours=3):%Y-%m-%dT%H:%M}"}
    wrong = press(client, "downtime_record", centre.pk, reason="主轴", slot=2, **times)
    assert wrong.status_code == 422 and "has no slot 2" in wrong.content.decode()
    assert press(client, "downtime_record", centre.pk, reason="主轴", is_breakdown="on", **times).status_code == 302
    row = Downtime.objects.get()
    assert "stands still" in page(client, "master") and "breakdown" in page(client, "centre", centre.pk)
    later = f"{now + timedelta(hours=9):%Y-%m-%dT%H:%M}"
    assert press(client, "downtime_end", centre.pk, row.pk, ends_at=later).status_code == 302
    assert press(client, "downtime_cancel", centre.pk, row.pk).status_code == 302
    assert press(client, "downtime_cancel", centre.pk, row.pk).status_code == 409
    assert client.get(reverse("production:downtime_end", args=[make.work_centre("X").pk, row.pk])).status_code == 404


def test_a_routing_is_drawn_and_its_operations_are_changed_by_forms(head, product):
    first, second, third = RoutingOperation.objects.filter(product=product)
    shown = page(head, "master_product", product.pk)
    assert "<svg" in shown and "Comes after" in shown and "style=" not in shown.split("<main")[1]
    wrong = press(head, "routing_change", product.pk, first.pk, after=[30], name="锯")
    assert wrong.status_code == 422 and "10 → 20 → 30 → 10" in wrong.content.decode() and "锯" in wrong.content.decode()
    values = {"name": "车环", "work_centre": second.work_centre_id, "run_minutes_per_unit": "2.5", "number": 15}
    line = product.materials.get()
    answer = press(head, "routing_new", product.pk, **values, starts_freely="on", followed_by=[30], other_1=(
        make.work_centre("CNC-2").pk), percent_1=120, bill_lines=[line.pk])  # fmt: skip
    assert answer.status_code == 302
    new = RoutingOperation.objects.get(product=product, number=15)
    assert sorted(third.links.values_list("after__number", flat=True)) == [15, 20]
    assert "120 % of the time" in page(head, "master_product", product.pk)
    assert press(head, "routing_change", product.pk, new.pk).status_code == 422  # nothing is different
    twice = press(head, "routing_change", product.pk, new.pk, other_2=second.work_centre_id)
    assert "named twice" in twice.content.decode()
    minus = press(head, "routing_change", product.pk, new.pk, setup_minutes=-1, subcontract_service=line.material_id)
    assert minus.status_code == 422 and "hours it takes outside" in minus.content.decode()
    assert press(head, "routing_remove", product.pk, third.pk).status_code == 422  # two ends would be left
    assert press(head, "routing_remove", product.pk, new.pk).status_code == 302


def test_another_way_to_make_it_is_shown_beside_the_normal_one(head, product):
    url = reverse("production:routing_new", args=[product.pk]) + "?way=五轴"
    centre = make.work_centre("CNC")
    head.post(url, {"number": 10, "name": "一次装夹", "work_centre": centre.pk, "run_minutes_per_unit": 8,
                    "setup_minutes": 0})  # fmt: skip
    assert RoutingOperation.objects.get(variant="五轴").name == "一次装夹"
    assert "一次装夹" in page(head, "master_product", product.pk, query="?way=五轴")
    assert "一次装夹" not in page(head, "master_product", product.pk).split("<aside")[0]
    assert head.get(reverse("production:master_product", args=[product.pk]) + "?way=x").status_code == 404


def test_products_materials_and_bills_are_changed_by_forms(head, product, client_of, procurement_head):
    material = product.materials.get().material
    no_unit = press(head, "material_change", material.pk, unit="")
    wrong = press(head, "material_change", material.pk, unit="斗")
    assert no_unit.status_code == 422 and "not a known unit" in wrong.content.decode()
    assert press(head, "material_change", material.pk, unit="公斤", lead_time_hours=12).status_code == 302
    material.refresh_from_db()
    assert (material.unit, material.lead_time_hours) == ("kg", 12)
    assert "standard_cost_amount" not in head.get(
        reverse("production:material_change", args=[material.pk])).context["form"].fields
    assert press(head, "material_new", number="M-9", name="板", unit="kg").status_code == 302
    other = Material.objects.get(number="M-9")
    assert press(head, "substitute_new", material.pk, substitute=material.pk).status_code == 422
    assert press(head, "substitute_new", material.pk, substitute=other.pk, factor="1.1").status_code == 302
    assert press(head, "bill_new", product.pk, material=other.pk, quantity_per="0").status_code == 422
    assert press(head, "bill_new", product.pk, material=other.pk, quantity_per="1.5").status_code == 302
    assert press(head, "bill_new", product.pk, material=other.pk, quantity_per="1.5").status_code == 422
    line = product.materials.get(material=other)
    assert press(head, "bill_change", product.pk, line.pk, scrap_factor="0.05").status_code == 302
    shown = page(head, "master_product", product.pk)
    assert "M-9 × 1.1" in shown and "5 %" in shown
    assert press(head, "bill_remove", product.pk, line.pk).status_code == 302
    assert press(head, "substitute_remove", material.pk, Substitute.objects.get().pk).status_code == 302
    assert "No bill names it" in page(head, "master_material", other.pk)
    family = product.family_id
    assert press(head, "product_new", number="P-9", name="门框", family=family, unit="套").status_code == 302
    assert Product.objects.get(number="P-9").unit == "set"
    assert press(head, "qualification_new", code="W", name="焊工").status_code == 302
