"""The whole desk in one file, and back: the database of either vendor, the files people attached, a manifest.

The database is copied first: files are written once and never changed, so every file that the copy names is there.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from desk import guards
from desk.text import moment
from orders.models import NumberSeries
from records import audit
from records.actions import record
from records.models import Event

WORKPLACE = "restoring-"
MANIFEST = "manifest.json"
FORMAT = 1
BLOCK = 1024 * 1024
# What was numbered between the copy and the loss is out in the world: those numbers are not given a second time.
NUMBERS_LEFT_OUT = 100
KEYS_LEFT_OUT = 10_000


class Refused(Exception):
    """Nothing was changed; why."""


@dataclass(frozen=True)
class Manifest:
    made_at: datetime
    vendor: str
    migrations: frozenset
    seal: str
    files: dict  # name in the archive -> sha256

    def as_json(self) -> str:
        return json.dumps({
            "format": FORMAT, "made_at": self.made_at.isoformat(), "vendor": self.vendor,
            "django": django.get_version(), "seal": self.seal, "migrations": sorted(self.migrations),
            "files": self.files,
        }, indent=1)  # fmt: skip

    @classmethod
    def read(cls, text) -> "Manifest":
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise Refused("This backup was written by another release of the desk.")
        return cls(datetime.fromisoformat(data["made_at"]), data["vendor"],
                   frozenset(map(tuple, data["migrations"])), data["seal"], data["files"])  # fmt: skip


# Writing


def write(folder: Path) -> Path:
    """One file, whole or not at all: its name appears when everything is in it."""
    made_at = timezone.now()
    target = folder / f"desk-{made_at:%Y%m%dT%H%M%SZ}.tar"
    part, database = target.with_suffix(".part"), target.with_suffix(".database")
    try:
        seal, applied = dump(database)
        names = {"database": database} | {f"files/{path.relative_to(settings.MEDIA_ROOT)}": path for path in media()}
        sums = {name: sha256(path) for name, path in names.items()}
        pack(part, names, Manifest(made_at, connection.vendor, applied, seal, sums))
        part.rename(target)
    finally:
        database.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return target


def pack(path: Path, names: dict, manifest: Manifest) -> None:
    text = manifest.as_json().encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size, entry.mtime = len(text), int(manifest.made_at.timestamp())
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(text))
            for name, source in names.items():
                archive.add(source, name)
        file.flush()
        os.fsync(file.fileno())


def media() -> list[Path]:
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


@transaction.atomic
def dump(target: Path) -> tuple:
    """A copy at one moment, with the audit log's seal and the migrations of that very moment."""
    if connection.vendor == "sqlite":
        here, copy = sqlite3.connect(connection.settings_dict["NAME"]), sqlite3.connect(target)
        with closing(here), closing(copy):
            here.backup(copy)
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # pg_dump works, not this connection
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
        run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}")
    return audit.seal(), frozenset(MigrationRecorder(connection).applied_migrations())


def run(program, *arguments) -> None:
    """A program of PostgreSQL's own; who connects is said in the environment, where no list of processes shows it."""
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    values = {name: str(connection.settings_dict[key]) for name, key in names.items()}
    done = subprocess.run([binary(program), *arguments], env=os.environ | {k: v for k, v in values.items() if v},
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        raise Refused(f"{program}: {done.stderr.strip()}")


def binary(name) -> str:
    folders = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))
    if not found:
        raise Refused(f"{name} is not installed: apt install postgresql-client")
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Reading


def read(archive_path: Path, *, is_overwriting=False) -> Manifest:
    """Everything is looked at before anything is changed."""
    with workplace() as folder:
        manifest = unpack(archive_path, folder)
        refuse_other(manifest)
        if not is_overwriting:
            refuse_taken()
        load(folder / "database")
        bring_files(folder / "files")
    call_command("migrate", verbosity=0)
    if audit.seal() != manifest.seal:
        raise Refused("The audit log that came back is not the one that was kept.")
    leave_gaps(manifest)
    return manifest


@contextmanager
def workplace():
    """A folder of its own, held by a lock as long as this process lives; those nobody holds any more go first."""
    for folder in Path(settings.VAR_DIR).glob(f"{WORKPLACE}*"):
        if is_left_behind(folder):
            shutil.rmtree(folder, ignore_errors=True)
    with TemporaryDirectory(prefix=WORKPLACE, dir=settings.VAR_DIR) as name, (Path(name) / "lock").open("w") as lock:
        flock(lock, LOCK_EX | LOCK_NB)
        yield Path(name)


def is_left_behind(folder: Path) -> bool:
    """Not one that was made this very minute: its lock may be on the way."""
    try:
        if time.time() - folder.stat().st_mtime < 60:
            return False
        with (folder / "lock").open() as lock:
            flock(lock, LOCK_EX | LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def unpack(archive_path: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(archive_path) as archive:
            archive.extractall(folder, filter="data")
        manifest = Manifest.read((folder / MANIFEST).read_text())
    except (tarfile.TarError, FileNotFoundError, ValueError, KeyError) as error:
        raise Refused(f"{archive_path} is not a whole backup of the desk: {error}") from error
    damaged = [name for name, expected in manifest.files.items()
               if not (folder / name).is_file() or sha256(folder / name) != expected]  # fmt: skip
    if damaged:
        raise Refused(f"The backup is damaged: {', '.join(damaged[:5])}")
    return manifest


def refuse_other(manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise Refused(f"The backup is of {manifest.vendor}, this database is {connection.vendor}.")
    known = MigrationLoader(None).disk_migrations
    ours = {app for app, _name in known}
    if newer := [f"{app}.{name}" for app, name in manifest.migrations if app in ours and (app, name) not in known]:
        raise Refused(f"The backup is of a newer release, which knows {', '.join(sorted(newer)[:3])}. Update first.")


def refuse_taken() -> None:
    if connection.introspection.table_names() or media():
        raise Refused("There is something here already. --overwrite replaces the database and the files.")


def load(database: Path) -> None:
    if connection.vendor == "sqlite":
        connection.close()
        copy, here = sqlite3.connect(database), sqlite3.connect(connection.settings_dict["NAME"])
        with closing(copy), closing(here):
            copy.backup(here)
        return
    aside = "before_the_restore"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        cursor.execute(f'DROP SCHEMA IF EXISTS {aside} CASCADE')
        cursor.execute(f'ALTER SCHEMA "{schema}" RENAME TO {aside}')
        cursor.execute(f'CREATE SCHEMA "{schema}"')
        try:
            run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--schema={schema}",
                f"--dbname={connection.settings_dict['NAME']}", str(database))  # fmt: skip
        except Refused:
            cursor.execute(f'DROP SCHEMA "{schema}" CASCADE')
            cursor.execute(f'ALTER SCHEMA {aside} RENAME TO "{schema}"')
            raise
        cursor.execute(f"DROP SCHEMA {aside} CASCADE")
    connection.close()


def bring_files(folder: Path) -> None:
    """Those of the backup; what else lies there belongs to no record any more and is put aside."""
    root = Path(settings.MEDIA_ROOT)
    if media():
        root.rename(root.with_name(f"{root.name}-before-{timezone.now():%Y%m%dT%H%M%SZ}"))
    root.mkdir(parents=True, exist_ok=True)
    if folder.is_dir():
        shutil.copytree(folder, root, dirs_exist_ok=True)


@transaction.atomic
def leave_gaps(manifest) -> None:
    """Numbers and keys that may be on paper, in letters or in another system stay with what was lost."""
    before, now = (f"{timezone.localtime(at):%y%m}" for at in (manifest.made_at, timezone.now()))
    NumberSeries.objects.update(last=F("last") + NUMBERS_LEFT_OUT)
    if before != now:
        NumberSeries.objects.bulk_create(
            [NumberSeries(prefix=row.prefix.replace(before, now), last=NUMBERS_LEFT_OUT)
             for row in NumberSeries.objects.filter(prefix__contains=before)], ignore_conflicts=True,
        )  # fmt: skip
    advance_keys()
    text = gettext_noop("The desk was restored to {moment}. What was done after it is lost and to be done again.")
    record("restore", text, by=None, stream="desk", params={"moment": moment(manifest.made_at)})


def advance_keys() -> None:
    """An order's address in an old letter or code leads to nothing rather than to another order."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s", [KEYS_LEFT_OUT])
            return
        cursor.execute(
            "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, last_value + %s) FROM pg_sequences"
            " WHERE last_value IS NOT NULL AND schemaname = current_schema()", [KEYS_LEFT_OUT],
        )  # fmt: skip


# After


def faults(manifest: Manifest) -> list[str]:
    """What does not stand as it should: rules, the audit chain, files named and not there."""
    found = [f"The database guard {name} is missing." for name in sorted(guards.missing(connection))]
    found += [f"The audit log is broken: {broken}" for broken in audit.breaks()]
    expected = {name.removeprefix("files/") for name in manifest.files if name.startswith("files/")}
    there = {str(path.relative_to(settings.MEDIA_ROOT)) for path in media()}
    return found + [f"The file {name} is missing." for name in sorted(expected - there)]


def event_count() -> int:
    return Event.objects.count()
