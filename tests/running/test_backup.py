"""The whole desk in one file, and back; then the day after a restore."""

import os
import tarfile
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from notifications.models import Notification, Outbox
from orders.actions.form import next_number
from orders.models import NumberSeries
from people.models import User
from records.actions import record
from records.files import attach
from records.models import Event, StoredFile
from sla import actions
from sla.models import Escalation, Heartbeat
from tests.factories.people import UserFactory
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timezone.timedelta(hours=1)


@pytest.fixture
def folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "backups"


def keep(folder) -> Path:
    call_command("backup", folder)
    (made,) = folder.iterdir()
    return made


def paper(by, text=b"%PDF-1.7 one"):
    return attach(SimpleUploadedFile("a.pdf", text), subject="order:1", purpose="proof", by=by)


def test_everything_comes_back_and_stands_under_its_rules(folder, settings):
    user = UserFactory(username="kept")
    kept = paper(user)
    record("note", "Kept.", by=user, stream="order:1")
    made = keep(folder)
    assert made.stat().st_mode & 0o777 == 0o600

    UserFactory(username="lost")
    lost = paper(user, b"%PDF-1.7 two")
    record("note", "Lost.", by=user, stream="order:1")
    with pytest.raises(CommandError, match="something here already"):
        call_command("restore", made)
    assert User.objects.filter(username="lost").exists()

    call_command("restore", made, overwrite=True)
    assert not User.objects.filter(username="lost").exists()
    assert Path(StoredFile.objects.get().file.path).read_bytes() == b"%PDF-1.7 one"
    assert not Path(settings.MEDIA_ROOT, lost.file.name).exists()
    assert Path(settings.MEDIA_ROOT, kept.file.name).exists()
    assert list(Event.objects.order_by("at").values_list("verb", flat=True)) == ["note", "restore"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.all().delete()
    call_command("verify_audit")


def test_a_damaged_or_foreign_file_changes_nothing(folder, tmp_path, settings):
    user = UserFactory()
    paper(user)
    made = keep(folder)
    whole = made.read_bytes()
    made.write_bytes(whole.replace(b"%PDF-1.7 one", b"%PDF-1.7 two"))
    with pytest.raises(CommandError, match="damaged"):
        call_command("restore", made, overwrite=True)
    made.write_bytes(whole[:1000])
    with pytest.raises(CommandError, match="not a whole backup"):
        call_command("restore", made, overwrite=True)
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    made.write_bytes(whole)
    rewrite(made, tmp_path, f'"vendor": "{connection.vendor}"', f'"vendor": "{other}"')
    with pytest.raises(CommandError, match=f"is of {other}"):
        call_command("restore", made, overwrite=True)
    made.write_bytes(whole)
    settings.MIGRATION_MODULES = {}  # the run itself builds its tables without them
    rewrite(made, tmp_path, '"migrations": [', '"migrations": [["orders", "9999_from_the_future"],', comma=True)
    with pytest.raises(CommandError, match="newer release"):
        call_command("restore", made, overwrite=True)
    assert User.objects.get() == user


def rewrite(archive, folder, old, new, comma=False):
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "open", filter="data")
    manifest = folder / "open" / "manifest.json"
    text = manifest.read_text().replace(old, new)
    manifest.write_text(text.replace('"],]', '"]]') if comma else text)
    with tarfile.open(archive, "w") as tar:
        for name in ("manifest.json", "database", "files"):
            tar.add(folder / "open" / name, name)


def test_a_failed_backup_leaves_no_half_file(folder, settings, monkeypatch):
    if connection.vendor == "postgresql":
        monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    else:
        monkeypatch.setitem(connection.settings_dict, "NAME", str(folder / "none" / "at-all"))
    with pytest.raises(CommandError):
        call_command("backup", folder)
    assert list(folder.iterdir()) == []


def number():
    with transaction.atomic():
        return next_number(f"UO-{timezone.localtime():%y%m}")


def test_the_day_after_a_restore(folder, departments, clock_defaults, sales, client_of, mailoutbox):
    """Yesterday's copy: the clock catches up once, nobody gets a letter twice, no number is given a second time."""
    now = timezone.now()
    actions.sweep(now=now - 24 * HOUR)
    items = [open_item(departments["sales"], assignee=sales, source="order:1", now=now - 30 * HOUR,
                       due_at=now - 20 * HOUR + HOUR * n) for n in range(3)]  # fmt: skip
    actions.sweep(now=now - 24 * HOUR)
    last = number()
    made = keep(folder)

    given_out = [number() for _ in range(3)]
    lost = open_item(departments["sales"], assignee=sales, source="order:2")
    browser = client_of(sales)
    call_command("restore", made, overwrite=True)

    # Who signed in after the copy signs in again, and is not told of a broken page.
    assert browser.get("/").status_code == 302
    assert Client().get("/").status_code == 302
    # The clock: one letter for a person and an order, whatever number of clocks ran out meanwhile; then silence.
    assert Heartbeat.objects.get(name="sweep").ok_at < now - 23 * HOUR
    before = Outbox.objects.count()
    actions.sweep(now=now)
    fired = Outbox.objects.filter(event__contains=":behind:")
    assert fired.count() == fired.values("recipient").distinct().count() == Outbox.objects.count() - before
    assert Escalation.objects.filter(item__in=items, outcome="fired").count() >= 1
    after = Outbox.objects.count(), Notification.objects.count(), Escalation.objects.count()
    actions.sweep(now=now + timezone.timedelta(seconds=1))
    assert (Outbox.objects.count(), Notification.objects.count(), Escalation.objects.count()) == after
    # Numbers and addresses that are out in the world stay with what was lost.
    assert number() > max(given_out) > last
    assert open_item(departments["sales"], assignee=sales, source="order:3").pk > lost.pk
    assert NumberSeries.objects.count() == 1


def test_what_a_killed_restore_left_goes_with_the_next_one(folder, settings, tmp_path):
    made, settings.VAR_DIR = keep(folder), tmp_path
    killed, fresh, busy = (tmp_path / f"restoring-{name}" for name in ("killed", "fresh", "busy"))
    for place in (killed, fresh, busy):
        (place / "files").mkdir(parents=True)
        (place / "lock").touch()
    for place in (killed, busy):
        os.utime(place, (1, 1))
    with (busy / "lock").open() as lock:
        flock(lock, LOCK_EX)
        call_command("restore", made, overwrite=True)
    assert {path.name for path in tmp_path.glob("restoring-*")} == {"restoring-fresh", "restoring-busy"}
