"""What is said in the rooms, said again in the groups of messengers that want it: over real HTTPS."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from coordination import actions
from coordination.actions.rooms import public
from notifications.actions import change_robot, dispatch
from notifications.models import Outbox, Robot
from people.models import Department
from tests.coordination.test_room import say
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("5.1")]


@pytest.fixture
def order(people):
    return make.submitted(people, contact_name="高远", contact_phone="139 1234 5678")


def heard(messengers, seconds=11) -> list:
    dispatch(now=timezone.now() + timedelta(seconds=seconds))
    return messengers.heard


def test_a_group_hears_after_the_seconds_of_taking_back(order, people, make_robot, messengers):
    make_robot(rooms="all", language="zh-hans")
    say(order, people.buyer, "板料今晚发车，高远 13912345678 收货，运费 ¥9,480 或 3 万元，mail a@b.cn")
    assert not heard(messengers, seconds=5)
    text = str(heard(messengers))
    assert len(messengers.heard) == 1
    assert "板料今晚发车" in text and str(order) in text and people.buyer.name in text
    for private in ("高远", "1391234", "9,480", "3 万", "a@b", "a＠b"):
        assert private not in text


def test_what_was_taken_back_or_stays_in_the_house_is_never_said(order, people, make_robot, messengers):
    make_robot(rooms="all")
    said = say(order, people.buyer)
    actions.take_back(post_id=said.pk, by=people.buyer)
    say(order, people.buyer, "成本", is_confidential=True)
    assert not heard(messengers)
    assert Outbox.objects.get(robot__isnull=False).state == "void"


def test_each_robot_hears_what_it_wants_of_orders_its_department_sees(order, people, make_robot):
    hr = Department.objects.get(code="hr")
    for kind, rooms, department in (("wecom", "progress", None), ("dingtalk", "issues", people.buyer.department),
                                    ("feishu", "all", hr), ("slack", "none", None)):  # fmt: skip
        make_robot(kind, rooms=rooms, department=department)
    say(order, people.buyer)
    said = say(order, people.buyer, kind="problem", issue_kind="supply", severity="minor")
    say(order, people.buyer, kind="solution", issue=said.issue)
    lines = Outbox.objects.filter(event__endswith=":mirror").order_by("pk").values_list("robot__kind", flat=True)
    assert list(lines) == ["wecom", "dingtalk", "dingtalk"]


def test_a_robot_hears_nothing_from_rooms_until_somebody_wants_it(order, people, make_robot, admin):
    robot = make_robot()
    say(order, people.buyer)
    assert not Outbox.objects.filter(event__endswith=":mirror").exists()
    change_robot(robot_id=robot.pk, by=admin, name=robot.name, language="en", rooms="all")
    say(order, people.buyer)
    assert Outbox.objects.filter(event__endswith=":mirror").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Robot.objects.update(rooms="sometimes")


@pytest.mark.parametrize("text", ["120 件 11-25 18:00", "工序 30 · F-118", "40mm 板料 18 张", "CNC-3, 50 %"])
def test_what_is_no_secret_stays_as_it_is(order, text):
    assert public(text, order) == text
