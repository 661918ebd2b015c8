"""What the database refuses by itself, whoever writes."""

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from desk import guards
from people.models import Department
from records.actions import record
from records.models import Event, Stream

pytestmark = pytest.mark.django_db
GUARDS = guards.append_only("of_an_app_not_migrated_yet", may_update=["note"])


@pytest.fixture
def event():
    return record("test", "It happened", by=None, stream="order:1", params={"n": 1})


def refused(act):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    return str(caught.value)


def sql(statement, *args):
    with connection.cursor() as cursor:
        cursor.execute(statement, args)


def test_raw_update_of_an_event_is_refused(event):
    says = refused(lambda: sql("UPDATE records_event SET text = 'It never happened'"))
    assert "records_event is append-only" in says
    assert Event.objects.get().text == "It happened"


def test_raw_delete_of_an_event_is_refused(event):
    refused(lambda: sql("DELETE FROM records_event"))
    assert Event.objects.count() == 1


def test_bulk_update_and_queryset_delete_are_refused(event):
    refused(lambda: Event.objects.update(actor_name="somebody"))
    refused(lambda: Event.objects.bulk_update([event], ["verb"]))
    refused(lambda: Event.objects.filter(pk=event.pk).delete())
    refused(lambda: Event.objects.all()._raw_delete(Event.objects.db))
    refused(event.delete)
    refused(event.save)


def test_upsert_of_an_event_is_refused(event):
    event.text = "Something else"
    refused(lambda: Event.objects.bulk_create(
        [event], update_conflicts=True, unique_fields=["id"], update_fields=["text"]))


def test_replacing_an_event_on_sqlite_is_refused(event):
    if connection.vendor == "sqlite":
        columns = "id, stream, number, verb, text, params, money, actor_name, at, previous_hash, hash"
        refused(lambda: sql(f"REPLACE INTO records_event ({columns}) SELECT {columns} FROM records_event"))
    assert Event.objects.get().text == "It happened"


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["records_event", "records_stream", "records_event, records_stream"])
def test_truncate_is_refused(event, table):
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # else the foreign keys of the new rows refuse it first
    refused(lambda: sql(f"TRUNCATE {table} CASCADE"))
    assert Event.objects.count() == 1


def test_stream_may_only_grow(event):
    refused(lambda: Stream.objects.update(length=0))
    refused(lambda: Stream.objects.update(head=""))
    refused(lambda: Stream.objects.update(name="order:2"))
    refused(lambda: sql("DELETE FROM records_stream"))
    Stream.objects.update(length=2, head="f" * 64)


def test_may_update_names_the_columns_that_stay_free(departments):
    """Every column but the one named is refused, on both databases."""
    columns = ["id", "code", "head_id", "duty_person_id", "group_id"]
    with transaction.atomic(), connection.cursor() as cursor:
        for guard in guards.append_only("people_department", may_update=["duty_person_id"]):
            for statement in guard.statements(connection.vendor, columns):
                cursor.execute(statement)
    head = departments["sales"].head
    Department.objects.update(duty_person=head)
    assert "save duty_person_id" in refused(lambda: Department.objects.update(head=head))
    refused(lambda: Department.objects.filter(code="sales").update(code="nobody", duty_person=None))


def test_what_a_guard_says_survives_quotes_and_percent_signs():
    guard = guards.refuse("people_absence", "odd", on="INSERT", says="it's 100 % closed")
    with connection.cursor() as cursor:
        for statement in guard.statements(connection.vendor, []):
            cursor.execute(statement)
    insert = ("INSERT INTO people_absence (person_id, starts_at, ends_at, note)"
              " VALUES (1, '2026-01-01', '2026-01-02', '')")
    assert "it's 100 % closed" in refused(lambda: sql(insert))


def test_a_guard_under_a_foreign_name_is_refused():
    sql = "CREATE TRIGGER stray BEFORE UPDATE ON people_absence"
    stray = guards.Guard("guard_stray", "people_absence", postgresql=(), sqlite=sql)
    with pytest.raises(ValueError, match="must start with guard_"):
        stray.statements("sqlite", [])


def test_install_may_run_twice():
    guards.install(connection)
    guards.install(connection)
    assert guards.missing(connection) == set()
    assert guards.unknown(connection) == set()


def test_check_names_the_guard_that_is_missing():
    assert run_checks(tags=[Tags.database], databases=["default"]) == []
    guards.drop(connection)
    found = {error.msg for error in run_checks(tags=[Tags.database], databases=["default"])}
    assert "The database guard guard_records_event_update is missing." in found


def test_check_names_a_guard_that_nobody_declared():
    stray = guards.refuse("people_absence", "stray", on="UPDATE", says="no")
    with connection.cursor() as cursor:
        for statement in stray.statements(connection.vendor, []):
            cursor.execute(statement)
    assert [error.id for error in run_checks(tags=[Tags.database], databases=["default"])] == ["desk.E002"]


@pytest.mark.postgres
def test_check_names_a_guard_that_somebody_disabled():
    sql("ALTER TABLE records_event DISABLE TRIGGER guard_records_event_delete")
    assert guards.missing(connection) == {"guard_records_event_delete"}


def test_migrate_puts_the_guards_back(event):
    guards.drop(connection)
    call_command("migrate", verbosity=0)
    assert guards.missing(connection) == set()
    refused(lambda: Event.objects.update(text=""))


def test_migrate_plan_touches_nothing(capsys):
    guards.drop(connection)
    call_command("migrate", plan=True, verbosity=0)
    assert "guard_records_event_update" in guards.missing(connection)


@pytest.mark.django_db(transaction=True)
def test_migrate_of_a_part_leaves_the_guards_on(event, settings):
    settings.MIGRATION_MODULES = {}  # also where the tests' database was made without migrations
    call_command("migrate", fake=True, verbosity=0)
    call_command("migrate", "sessions", "zero", verbosity=0)
    assert guards.missing(connection) == set()
    refused(lambda: Event.objects.update(text=""))
    call_command("migrate", "sessions", verbosity=0)
    assert guards.missing(connection) == set()


def test_a_table_that_is_not_there_yet_needs_no_guard(settings, event):
    settings.DATABASE_GUARDS = ["records.guards", __name__]
    guards.install(connection)
    assert guards.missing(connection) == guards.unknown(connection) == set()
    refused(lambda: sql("DELETE FROM records_stream WHERE id = (SELECT min(id) FROM records_stream)"))


@pytest.mark.django_db(transaction=True)
def test_guards_are_back_when_a_migrate_fails(event):
    with pytest.raises(Exception, match="nowhere"):
        call_command("migrate", "nowhere", verbosity=0)
    assert guards.missing(connection) == set()
