"""Group robots down to the wire: a real HTTPS server hears what is said, and answers as the messengers do."""

import logging
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk import cipher
from desk.refusals import BadInput, Changed, NotYours, TooMany
from notifications import addresses, robots
from notifications.actions import (
    add_robot,
    change_robot,
    dispatch,
    dispatching,
    switch_robot,
    tell,
    tell_all,
    try_robot,
    void_letters,
)
from notifications.actions.telling import Message
from notifications.mail import Postman
from notifications.models import Notification, Outbox, Robot
from records.models import Event
from tests.notifications.conftest import ADDRESSES, KEY
from tests.together import at_once
from tests.wire import Messengers

STATE = Outbox.State
TEXT = "Confirm {what}"
SLACK = "T1JJ3T3L2/B1BRTD4JD/TIiajkdnlazkcOXrIdevi7"


def say(number=1, **values):
    tell(**({"key": f"event:{number}", "recipients": [], "text": TEXT, "params": {"what": f"UO-{number}"},
             "url": f"/orders/{number}/", "channels": ("robot",)} | values))  # fmt: skip


def after(seconds):
    return timezone.now() + timedelta(seconds=seconds)


def only():
    return Outbox.objects.get()


# What an administrator pastes


def test_addresses_of_each_kind_are_understood():
    for kind, address in ADDRESSES.items():
        assert addresses.read(kind, f" {address} ").token.replace("/", "") in address.replace("/", "")
    for kind, address, token, secret in (
        ("wecom", f"wecombot://{KEY}", KEY, ""),
        ("dingtalk", "dingtalk://SEC1234567890abcdef@566cc69da782ec33/", "566cc69da782ec33", "SEC1234567890abcdef"),
        ("feishu", "feishu://7f0bd0f1-5f72-44ff/", "7f0bd0f1-5f72-44ff", ""),
        ("slack", f"slack://{SLACK}", SLACK, ""),
    ):
        assert (addresses.read(kind, address).token, addresses.read(kind, address).secret) == (token, secret)


REFUSED = (
    f"http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com:8443/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com.evil.example/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com@10.0.0.7/cgi-bin/webhook/send?key={KEY}",
    f"https://10.0.0.7\\@qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com\n.evil.example/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com/cgi-bin/../other/send?key={KEY}",
    f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}&debug=1",
    f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}#x",
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
    f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}/../../x",
    f"https://[::1/cgi-bin/webhook/send?key={KEY}",
    f"https://qyapi.weixin.qq.com:port/cgi-bin/webhook/send?key={KEY}",
    f"wecombot://{KEY}?verify=no", f"wecombot://user@{KEY}", f"wecombot://{KEY}:80", f"json://{KEY}", f"file:///{KEY}",
    KEY, "", ADDRESSES["slack"],
)  # fmt: skip
INSIDE = ("127.0.0.1", "localhost", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "0.0.0.0", "[::1]",
          "[fe80::1]", "[::ffff:10.0.0.1]", "2130706433", "0x7f000001", "127.1", "desk.local", "db",
          "100.64.0.1")  # fmt: skip


def test_anything_else_is_refused_by_field():
    for address in (*REFUSED, *(f"https://{host}/cgi-bin/webhook/send?key={KEY}" for host in INSIDE)):
        with pytest.raises(BadInput) as refused:
            addresses.read("wecom", address)
        assert refused.value.field == "address", address
        assert KEY not in f"{refused.value.what}{refused.value.because}"
    for host in INSIDE:
        with pytest.raises(BadInput, match="private network"):
            addresses.read("wecom", f"https://{host}/send?key={KEY}")
    for kind, secret in (("wecom", "SEC1234567890abcdef"), ("dingtalk", "1234567890abcdef")):
        with pytest.raises(BadInput) as refused:
            addresses.read(kind, ADDRESSES[kind], secret)
        assert refused.value.field == "secret"


# Keeping it


def test_an_address_lies_encrypted_and_is_shown_by_its_end(make_robot, settings):
    robot = make_robot("dingtalk", secret="SEC1234567890abcdef")
    token = ADDRESSES["dingtalk"].rpartition("=")[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_robot")
        kept = str(cursor.fetchall())
    told = str(list(Event.objects.values_list("text", "params")))
    for secret in (token, "SEC1234567890abcdef", token[:20]):
        assert secret not in kept and secret not in told and secret not in repr(robots.address_of(robot))
    assert robot.masked_address == "…6ee2" and "…6ee2" in told
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a newer key", [settings.SECRET_KEY]
    assert robots.address_of(robot).token == token
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(robots.NotHeard, match="cannot be read"):
        robots.address_of(robot)


def test_what_is_encrypted_for_one_purpose_is_not_opened_by_another(settings):
    with pytest.raises(cipher.InvalidToken):
        cipher.decrypt(cipher.encrypt("x", "robot"), "second factor")


def test_robots_are_the_administrators(make_robot, admin, sales, sales_head):
    robot = make_robot()
    for act in (
        lambda: add_robot(by=sales, name="x", kind="slack", address=ADDRESSES["slack"], language="en"),
        lambda: change_robot(robot_id=robot.pk, by=sales_head, name="x", language="en"),
        lambda: switch_robot(robot_id=robot.pk, by=sales_head, is_active=False),
        lambda: try_robot(robot_id=robot.pk, by=sales),
    ):
        with pytest.raises(NotYours) as refused:
            act()
        assert admin in refused.value.who
    for field, values in (("name", {"name": "wecom", "kind": "slack", "address": ADDRESSES["slack"]}),
                          ("name", {"name": " ", "kind": "slack", "address": ADDRESSES["slack"]}),
                          ("address", {"name": "again", "kind": "wecom", "address": f"wecombot://{KEY}"})):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            add_robot(by=admin, language="en", **values)
        assert refused.value.field == field
    with pytest.raises(Changed):
        change_robot(robot_id=robot.pk, by=admin, name="x", language="en", version=7)
    changed = change_robot(robot_id=robot.pk, by=admin, name="组", language="zh-hans", version=1)
    assert (changed.encrypted_address, changed.version) == (robot.encrypted_address, 2)
    assert Robot.objects.count() == 1


def test_the_database_keeps_what_a_letter_and_a_robot_are(make_robot, sales):
    robot = make_robot()
    say()
    letter = only()
    for values in ({"recipient": sales}, {"robot": None}, {"channel": "email"}, {"is_digest": True},
                   {"state": "given_up", "next_try_at": None}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Outbox.objects.filter(pk=letter.pk).update(**values)
    for values in ({"kind": "json"}, {"name": ""}, {"encrypted_address": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Robot.objects.filter(pk=robot.pk).update(**values)


# Who hears it


def test_a_departments_robots_hear_it_else_the_companys(make_robot, departments, django_assert_num_queries):
    make_robot("wecom", department=departments["sales"])
    make_robot("dingtalk", department=departments["sales"])
    make_robot("feishu")
    make_robot("slack", department=departments["quality"])
    Robot.objects.filter(name="dingtalk").update(is_active=False)
    said = [Message(key=f"e:{code}", recipients=[departments["sales"].head], text=TEXT, url="/", department=pk,
                    channels=("in_app", "email", "robot"))
            for code, pk in (("s", departments["sales"].pk), ("q", departments["quality"].pk),
                             ("p", departments["production"].pk), ("all", None))]  # fmt: skip
    with django_assert_num_queries(4):
        tell_all(said)
    heard = Outbox.objects.filter(robot__isnull=False).order_by("pk").values_list("event", "robot__name")
    assert list(heard) == [("e:s", "wecom"), ("e:q", "slack"), ("e:p", "feishu"), ("e:all", "feishu")]
    tell_all(said)
    assert Outbox.objects.filter(robot__isnull=False).count() == 4


def test_an_amount_is_not_said_to_a_group(make_robot, sales):
    make_robot()
    say(1, recipients=[sales], params={"what": "¥ 9,480"}, channels=("in_app", "robot"))
    assert not Outbox.objects.exists() and Notification.objects.count() == 1


# Down to the wire


def test_each_messenger_hears_in_its_own_form(make_robot, messengers):
    for kind in ADDRESSES:
        make_robot(kind, secret="SEC1234567890abcdef" if kind == "dingtalk" else "", language="zh-hans")
    say(params={"what": '<at user_id="all">& @all</at>'})
    assert dispatch().sent == 4
    paths = {request["host"]: request["path"] for request in messengers.heard}
    assert paths["hooks.slack.com"] == "/services/T1JJ3T3L2/B1BRTD4JD/TIiajkdnlazkcOXrIdevi7"
    assert paths["open.feishu.cn"].startswith("/open-apis/bot/v2/hook/7f0bd0f1-5f72-44ff-9c44-31d6a3fb21a9")
    queries = {request["host"]: request["query"] for request in messengers.heard}
    assert queries["qyapi.weixin.qq.com"] == {"key": KEY}
    assert {"access_token", "timestamp", "sign"} == set(queries["oapi.dingtalk.com"])
    for text in messengers.texts:
        assert text.startswith("紧急订单") and "http://127.0.0.1:8000/orders/1/" in text
        assert "<at" not in text and "@all" not in text
    assert set(Robot.objects.values_list("last_error", flat=True)) == {""}
    assert not Robot.objects.filter(last_ok_at=None).exists()


def test_what_is_due_for_one_robot_is_said_at_once_and_not_too_often(make_robot, messengers):
    make_robot()
    for number in range(1, 26):
        say(number)
    begin = timezone.now()
    sent = [dispatch(now=begin + timedelta(seconds=second)).sent for second in (0, 1, 2, 3, 4, 6, 7)]
    assert sent == [10, 0, 0, 10, 0, 5, 0]
    assert messengers.texts[0].startswith("Urgent Order Desk · 10 messages")
    assert "".join(messengers.texts).count("Confirm UO-") == 25
    assert set(Outbox.objects.values_list("state", "attempts")) == {(STATE.SENT, 1)}


def test_a_message_is_no_longer_than_the_messenger_takes(make_robot, messengers):
    make_robot()
    for number in range(4):
        say(number, params={"what": f"{number}" + "长" * 260})
    assert dispatch().sent == 2
    assert len(messengers.texts[0].encode()) <= 2000


def test_what_became_pointless_is_not_said(make_robot, messengers, admin):
    robot = make_robot()
    say(1, source="order:1")
    say(2)
    held = dispatching._take_lines(robot.pk, timezone.now())
    void_letters("order:1")
    held = dispatching._hold(held, timezone.now())
    dispatching._send(held, Postman(), None, dispatching.DispatchResult())
    assert "UO-2" in messengers.texts[0] and "UO-1" not in messengers.texts[0]
    assert dict(Outbox.objects.values_list("event", "state")) == {"event:1": STATE.VOID, "event:2": STATE.SENT}
    say(3)
    switch_robot(robot_id=robot.pk, by=admin, is_active=False)
    say(4)
    assert dispatch(now=after(10)).taken == 0
    assert not Outbox.objects.filter(event="event:4").exists()


def test_a_dispatcher_that_dies_after_speaking_doubles_once_at_most(make_robot, messengers):
    robot = make_robot()
    say(1)
    say(2)
    held = dispatching._hold(dispatching._take_lines(robot.pk, timezone.now()), timezone.now())
    dispatching._post(held, Postman())  # and here it dies
    assert dispatch(now=after(60)).taken == 0
    assert dispatch(now=after(95)).sent == 2
    assert dispatch(now=after(200)).taken == 0
    assert len(messengers.heard) == 2


def answer(status=200, text=b"", **headers):
    return status, text, {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(("kind", "said", "what"), [
    ("wecom", answer(404), "404"),
    ("wecom", answer(302, Location="https://10.0.0.7/"), "302"),
    ("wecom", answer(text=b'{"errcode": 93000, "errmsg": "invalid webhook url, key=' + KEY.encode() + b'"}'), "93000"),
    ("dingtalk", answer(text=b'{"errcode": 310000, "errmsg": "sign not match"}'), "sign not match"),
    ("feishu", answer(text=b'{"code": 19024, "msg": "Key Words Not Found"}'), "Key Words"),
    ("slack", answer(404, b"no_service"), "no_service"),
])  # fmt: skip
def test_a_no_is_final_and_the_head_is_told_instead(make_robot, messengers, departments, kind, said, what):
    make_robot(kind, department=departments["sales"])
    messengers.answers = [said]
    say(1, department=departments["sales"].pk)
    result = dispatch()
    assert (result.failed, result.dead, len(messengers.heard)) == (1, 1, 1)
    letter = only()
    assert letter.state == STATE.DEAD and what in letter.error and KEY not in letter.error
    assert what in Robot.objects.get().last_error
    assert Notification.objects.get().recipient == departments["sales"].head


@pytest.mark.parametrize(("kind", "said", "minutes", "is_busy"), [
    ("wecom", answer(500), 1, False),
    ("slack", answer(429, b"slow down", Retry_After="180"), 3, True),
    ("slack", answer(429, b"slow down", Retry_After="999999"), 60, True),
    ("dingtalk", answer(text=b'{"errcode": 130101, "errmsg": "send too fast"}'), 1, True),
    ("feishu", answer(400, b'{"code": 11232, "msg": "frequency limited"}'), 1, True),
])  # fmt: skip
def test_not_now_is_tried_again(make_robot, messengers, kind, said, minutes, is_busy):
    """Who asks to wait is left alone altogether; else the next message has its own try."""
    make_robot(kind)
    messengers.answers = [said, Messengers.YES]
    say()
    begin, again = timezone.now(), timedelta(minutes=minutes)
    assert dispatch(now=begin).failed == 1
    assert only().next_try_at == begin + again
    say(2)
    assert dispatch(now=begin + timedelta(seconds=40)).sent == (0 if is_busy else 1)
    assert dispatch(now=begin + again).sent == (2 if is_busy else 1)


def test_five_times_in_vain_and_it_is_given_up(make_robot, messengers, general_manager):
    make_robot()
    messengers.answers = [answer(503)]
    say()
    moment, waits = timezone.now(), []
    while (found := only()).state == STATE.WAITING:
        waits.append(round((found.next_try_at - moment) / timedelta(minutes=1)))
        moment = max(moment, found.next_try_at)
        dispatch(now=moment)
    assert waits == [0, 1, 5, 15, 60]
    assert (found.state, found.attempts, len(messengers.heard)) == (STATE.DEAD, 5, 5)
    assert Notification.objects.get().recipient == general_manager


def test_silence_costs_no_more_than_the_limit_and_names_no_key(make_robot, messengers, monkeypatch, caplog):
    make_robot()
    messengers.answers = [messengers.SILENCE]
    say()
    monkeypatch.setattr(robots, "READ_SECONDS", 0.3)
    with caplog.at_level(logging.DEBUG):
        assert dispatch().failed == 1
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        assert dispatch(now=after(70)).failed == 1
        assert "no connection" in only().error
    assert (only().state, only().attempts) == (STATE.WAITING, 2)
    assert KEY not in f"{caplog.text} {only().error} {Robot.objects.get().last_error}"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_once_keep_the_robots_pace(make_robot, messengers):
    make_robot()
    for number in range(25):
        say(number)
    now = timezone.now()
    assert sorted(at_once(*[lambda: dispatch(now=now).sent] * 4)) == [0, 0, 0, 10]
    assert len(messengers.heard) == 1 and messengers.texts[0].count("Confirm UO-") == 10


# The test button


def test_a_test_says_its_outcome_and_is_recorded(make_robot, messengers, admin):
    robot = make_robot()
    messengers.answers = [messengers.YES, answer(text=b'{"errcode": 93000, "errmsg": "gone"}')]
    assert try_robot(robot_id=robot.pk, by=admin) == ""
    with pytest.raises(TooMany):
        try_robot(robot_id=robot.pk, by=admin)
    assert "gone" in try_robot(robot_id=robot.pk, by=admin, now=after(5))
    robot.refresh_from_db()
    assert robot.last_ok_at and "gone" in robot.last_error
    assert "test" in messengers.texts[0] and len(messengers.heard) == 2
    assert Event.objects.filter(verb="robot.test").count() == 2
