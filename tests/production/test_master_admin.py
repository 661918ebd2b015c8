"""Master data in the administration: the same checks as on its own pages."""

import pytest

from production.models import Downtime, ExtraShift, RoutingLink, RoutingOperation, WorkCentre
from sla.models import WorkCalendar
from tests.factories import production as make
from tests.factories.orders import make_product
from tests.records.test_admin import form_of, post, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client_of, admin, clock_defaults):
    return client_of(admin)


def test_a_routing_that_cannot_be_made_is_refused_and_taken_back(desk):
    first, second, third = make.usual_routing(make_product())
    page = url("production.routingoperation", "change", third.pk)
    post(desk, page, **{"links-TOTAL_FORMS": 1, "links-0-after": second.pk, "name": "去锐边"})
    assert RoutingLink.objects.get().after == second
    page = url("production.routingoperation", "change", second.pk)
    wrong = desk.post(page, form_of(desk, page) | {"starts_freely": "on"})
    assert wrong.status_code == 422 and "ends in several operations: 10, 30" in wrong.content.decode()
    assert not RoutingOperation.objects.filter(starts_freely=True).exists()
    gone = desk.post(url("production.routingoperation", "delete", third.pk), {"post": "yes"})
    assert gone.status_code == 302 and RoutingOperation.objects.filter(product=first.product).count() == 2


def test_a_work_centre_has_its_extra_shifts_and_shows_its_downtime(desk, admin):
    first, *_others = make.usual_routing(make_product())
    centre = first.work_centre
    at, until = make.monday(9), make.monday(12)
    Downtime.objects.create(work_centre=centre, starts_at=at, ends_at=until, reason="主轴", recorded_by=admin)
    page = url("production.workcentre", "change", centre.pk)
    assert "主轴" in desk.get(page).content.decode()
    shift = {"extra_shifts-0-name": "夜班", "extra_shifts-0-weekdays": "12345", "extra_shifts-0-hours": "22:00-06:00",
             "extra_shifts-0-extra_percent": 80, "extra_shifts-0-is_active": "on"}  # fmt: skip
    post(desk, page, **shift, **{"extra_shifts-TOTAL_FORMS": 1})
    assert ExtraShift.objects.get().work_centre == centre
    unborn = WorkCalendar.objects.create(code="unborn", name="未发布", week=["08:00-12:00"] * 7)
    for wrong, said in (({"calendar": unborn.pk}, "has no working time"), ({"is_active": None}, "out of use")):
        data = {name: value for name, value in (form_of(desk, page) | wrong).items() if value is not None}
        answer = desk.post(page, data)
        assert answer.status_code in (409, 422) and said in answer.content.decode()
    assert WorkCentre.objects.get(pk=centre.pk).is_active
