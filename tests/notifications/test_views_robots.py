from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Session
from notifications.actions import tell
from notifications.models import Outbox, Robot
from records.models import Event
from tests.notifications.conftest import ADDRESSES, KEY

DINGTALK_END = ADDRESSES["dingtalk"][-4:]


def robots_url(name="robots", *args):
    return reverse(f"notifications:{name}", args=args)


def test_robots_are_for_administrators(sales, make_robot, client_of):
    robot, client = make_robot(), client_of(sales)
    for name, args in (("robots", ()), ("robot_new", ()), ("robot", [robot.pk]), ("robot_switch", [robot.pk])):
        assert client.get(robots_url(name, *args)).status_code == 403
    assert client.post(robots_url("robot_test", robot.pk)).status_code == 403


def test_an_administrator_adds_changes_and_switches_a_robot(admin, departments, client_of):
    client = client_of(admin)
    form = {"name": "急单群", "kind": "dingtalk", "address": ADDRESSES["dingtalk"], "secret": "SEC1234567890abcdef",
            "department": departments["sales"].pk, "language": "zh-hans"}  # fmt: skip
    assert client.post(robots_url("robot_new"), form | {"once": "a"}).status_code == 302
    assert client.post(robots_url("robot_new"), form | {"once": "a"}).status_code == 302
    robot = Robot.objects.get()
    page = client.get(robots_url()).content.decode()
    assert f"…{DINGTALK_END}" in page and ADDRESSES["dingtalk"][-12:] not in page
    page = client.get(robots_url("robot", robot.pk)).content.decode()
    assert ADDRESSES["dingtalk"][-12:] not in page and "SEC1234567890abcdef" not in page
    changed = {"name": "销售群", "language": "en", "version": 1}
    assert client.post(robots_url("robot", robot.pk), changed).status_code == 302
    stale = client.post(robots_url("robot", robot.pk), changed | {"name": "我的群"})
    assert stale.status_code == 409 and "我的群" in stale.content.decode()
    tell(key="e:1", recipients=[], text="Confirm", url="/", channels=("robot",))
    assert client.post(robots_url("robot_switch", robot.pk), {"version": 2}).status_code == 302
    assert client.post(robots_url("robot_switch", robot.pk), {"version": 2}).status_code == 409
    robot.refresh_from_db()
    assert (robot.name, robot.is_active, robot.department) == ("销售群", False, None)
    assert set(Outbox.objects.values_list("state", flat=True)) <= {"void"}
    assert list(Event.objects.order_by("number").values_list("verb", flat=True)) == [
        "robot.add", "robot.change", "robot.switch"
    ]
    assert client.get(robots_url("robot", 999)).status_code == 404


def test_a_wrong_robot_is_refused_by_field_and_what_was_typed_stays(admin, make_robot, client_of):
    make_robot("slack", name="groups")
    client = client_of(admin)
    good = {"name": "x", "kind": "wecom", "address": ADDRESSES["wecom"], "language": "en"}
    for field, wrong in (
        ("name", {"name": ""}), ("name", {"name": "groups"}), ("kind", {"kind": "json"}), ("address", {"address": ""}),
        ("address", {"address": f"https://192.168.1.9/send?key={KEY}"}),
        ("address", {"address": f"https://qyapi.weixin.qq.com@10.0.0.1/?key={KEY}"}),
        ("address", {"kind": "slack", "address": ADDRESSES["slack"]}), ("secret", {"secret": "abc"}),
        ("department", {"department": "77"}), ("language", {"language": "fr"}),
    ):  # fmt: skip
        response = client.post(robots_url("robot_new"), good | wrong)
        assert response.status_code == 422, wrong
        assert field in response.context["form"].errors, wrong
    assert Robot.objects.count() == 1


def test_the_test_button_shows_what_became_of_it(admin, make_robot, messengers, client_of):
    robot, client = make_robot(), client_of(admin)
    answered = client.post(robots_url("robot_test", robot.pk), follow=True).content.decode()
    assert "was heard" in answered and "Last heard" in answered
    again = client.post(robots_url("robot_test", robot.pk), follow=True).content.decode()
    assert "just spoken" in again
    Robot.objects.update(free_from=timezone.now() - timedelta(seconds=1))
    messengers.answers = [(404, b"gone", {})]
    assert "was not heard" in client.post(robots_url("robot_test", robot.pk), follow=True).content.decode()
    assert len(messengers.heard) == 2
    assert client.get(robots_url("robot_test", robot.pk)).status_code == 405


def test_the_list_costs_the_same_for_more_robots(admin, make_robot, client_of):
    client = client_of(admin)

    def statements():
        with CaptureQueriesContext(connection) as caught:
            client.get(robots_url())
        return len(caught)

    make_robot("wecom")
    one = statements()
    make_robot("slack", department=admin.department)
    make_robot("feishu")
    assert statements() == one


def test_who_changes_robots_says_again_who_it_is(admin, make_robot, client_of):
    robot, client = make_robot(), client_of(admin)
    Session.objects.update(begun_at=timezone.now() - timedelta(minutes=11))
    for name, args in (("robot_new", ()), ("robot", [robot.pk]), ("robot_switch", [robot.pk])):
        response = client.post(robots_url(name, *args), {"name": "x"})
        assert response.status_code == 403 and "confirm_password" in response.content.decode()
