from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from desk import guards
from desk.refusals import GateShut
from desk.text import moment, word
from records import actions, audit
from records.actions import record
from records.models import AccessLink, Event, Stream
from tests.factories.records import AccessLinkFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def unguarded():
    """A database administrator at work: past the guards, only the chain can tell."""
    guards.drop(connection)
    yield
    guards.install(connection)


def three_events(stream="order:1"):
    return [record("test", "It is {n}", by=None, stream=stream, params={"n": n}) for n in range(3)]


def test_event_names_who_when_and_what(sales):
    at = datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC)
    record("submit", "Submitted {code}", by=sales, stream="order:7", params={"code": "A"}, money="sales", at=at)
    event = Event.objects.get()
    assert (event.stream_id, event.number, event.verb) == ("order:7", 1, "submit")
    assert (event.actor, event.actor_name, event.at, event.money) == (sales, "林晓雯", at, "sales")
    assert event.hash == event.digest()


def test_events_follow_each_other_in_their_stream():
    first, second, third = three_events()
    three_events("order:2")
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert Stream.objects.get(name="order:1").head == third.hash


def test_recording_costs_three_statements(django_assert_num_queries):
    three_events()
    with django_assert_num_queries(3):
        record("test", "Again", by=None, stream="order:1")


def test_params_read_back_as_they_were_hashed():
    record("test", "Odd", by=None, stream="order:1", params={
        "float": 1e5, "amount": Decimal("1.50"), "list": [1, (2.50, None)], "big": 2**60, 3: True,
        "lazy": _("Sales"), "word": word("Sales"), "han": "启明",
        "at": moment(timezone.now()), "when": timezone.now(),
    })
    assert Event.objects.get().params["amount"] == "1.50"
    assert list(audit.breaks()) == []


def test_source_is_stored_in_english_whatever_language_is_active():
    with translation.override("zh-hans"):
        record("test", _("Delete"), by=None, stream="order:1", params={"what": _("Yes")})
    event = Event.objects.get()
    assert (event.text, event.params) == ("Delete", {"what": "Yes"})


def test_verify_audit_passes_an_honest_log(capsys):
    three_events()
    call_command("verify_audit")
    assert "3 events stand" in capsys.readouterr().out


def verdict():
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit")
    assert caught.value.returncode == 1
    return str(caught.value)


@pytest.mark.parametrize("change", [
    {"text": "It is not"}, {"params": {"n": 9}}, {"actor_name": "somebody"}, {"verb": "other"}, {"money": "sales"},
    {"at": datetime(2020, 1, 1, tzinfo=UTC)}, {"hash": "0" * 64},
])
def test_verify_audit_names_the_changed_event(unguarded, change):
    three_events("order:1")
    three_events("order:2")
    Event.objects.filter(stream="order:2", number=2).update(**change)
    assert "order:2 #2: was changed" in verdict()
    assert "order:1" not in verdict()


def test_verify_audit_finds_a_rehashed_event_by_its_successor(unguarded):
    __, second, __ = three_events()
    second.text = "It is not"
    second.hash = second.digest()
    second.save()
    assert "order:1 #3: does not follow" in verdict()


@pytest.mark.parametrize(("number", "says"), [
    (1, "#1: is missing, #2 follows"), (2, "#2: is missing, #3 follows"), (3, "#3: is missing, the stream has 3"),
])
def test_verify_audit_finds_a_removed_event(unguarded, number, says):
    three_events()
    Event.objects.filter(number=number).delete()
    assert f"order:1 {says}" in verdict()


def test_verify_audit_finds_a_forged_last_event(unguarded):
    last = three_events()[-1]
    last.text = "It is not"
    last.hash = last.digest()
    last.save()
    assert "order:1 #4: is beyond the end" in verdict()


def test_seal_shows_a_chain_that_was_rewritten_as_a_whole(unguarded):
    three_events()
    before = audit.seal()
    Event.objects.all().delete()
    Stream.objects.all().delete()
    three_events()
    assert list(audit.breaks()) == []
    assert audit.seal() != before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_events_recorded_at_once_stand_in_one_chain():
    def write(n):
        try:
            record("test", "At once", by=None, stream="order:1", params={"n": n})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(24)))
    assert Stream.objects.get().length == 24
    assert list(audit.breaks()) == []


# Links


def test_link_opens_with_its_token_alone(sales):
    link, token = actions.issue_link(subject="order:1", purpose="tracking", by=sales)
    assert len(token) == 43
    assert not AccessLink.objects.filter(token_sha256=token).exists()
    assert actions.open_link(token, purpose="tracking") == link
    assert AccessLink.objects.get().last_used_at is not None


def test_ended_revoked_foreign_and_unknown_links_are_refused_alike(sales):
    now = timezone.now()
    __, old = actions.issue_link(subject="order:1", purpose="tracking", by=sales, days=1, now=now - timedelta(days=2))
    revoked, taken_back = actions.issue_link(subject="order:1", purpose="tracking", by=sales)
    actions.revoke_link(revoked, by=sales)
    __, foreign = actions.issue_link(subject="order:1", purpose="supplier", by=sales)
    for token in (old, taken_back, foreign, "unknown", ""):
        with pytest.raises(GateShut, match="This link has ended"):
            actions.open_link(token, purpose="tracking")


def test_link_is_revoked_once_and_keeps_who_did_it(sales, sales_head):
    link = AccessLinkFactory(issued_by=sales)
    actions.revoke_link(link, by=sales)
    actions.revoke_link(link, by=sales_head)
    link.refresh_from_db()
    assert link.revoked_by == sales
