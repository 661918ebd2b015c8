"""Files people attach: which kinds, how large, and how they are handed out again."""

import hashlib
import re
import unicodedata
from datetime import date, timedelta
from pathlib import PurePosixPath
from uuid import uuid4
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from django.db import transaction
from django.http import FileResponse, Http404
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk import disk
from desk.refusals import BadInput, GateShut
from records.images import pixels
from records.models import CompanySettings, StoredFile

TAKEN_BACK = "taken_back"  # the purpose of a file that went with its words: nobody is shown it any more
HEAD_BYTES = 4096
ZIP_PARTS, ZIP_BYTES = 5_000, 300 * 1024 * 1024  # unpacked
PIXELS = 210_000_000  # the largest cameras of phones; more would stop the browser that shows it
DXF_START = re.compile(rb"AutoCAD Binary DXF|\s*(999[^\n]*\n[^\n]*\n\s*)*0\s+SECTION")  # 999 is a comment


def _starts(*signatures):
    return lambda file, head: head.startswith(signatures)


def _is_webp(file, head):
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_heic(file, head):
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1")


def _office(folder):
    """A zip that holds an Office document of that sort, no macro, and no more than a document would."""
    def is_office(file, head):
        try:
            parts = ZipFile(file).infolist()
        except (BadZipFile, ValueError, OSError, NotImplementedError):
            return False
        names = [part.filename for part in parts]
        if len(parts) > ZIP_PARTS or sum(part.file_size for part in parts) > ZIP_BYTES:
            return False
        has_macro = any(name.lower().endswith("vbaproject.bin") for name in names)
        return "[Content_Types].xml" in names and any(n.startswith(folder) for n in names) and not has_macro
    return is_office


def _is_text(file, head):
    """In one of the encodings that people's spreadsheets write; the head may end within a character."""
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return any(_reads(head, encoding) for encoding in ("utf-8-sig", "utf-16", "gb18030", "big5"))


def _reads(head, encoding):
    for cut in range(4):
        try:
            head[: len(head) - cut].decode(encoding)
            return True
        except UnicodeError:
            continue
    return False


def _is_dxf(file, head):
    return DXF_START.match(head) is not None


# The extension chooses the kind, the content must agree: (content type, test of the content).
KINDS = {
    "pdf": ("application/pdf", _starts(b"%PDF-")),
    "png": ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "webp": ("image/webp", _is_webp),
    "heic": ("image/heic", _is_heic),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _office("xl/")),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _office("word/")),
    "csv": ("text/csv", _is_text),
    "txt": ("text/plain", _is_text),
    "dwg": ("image/vnd.dwg", _starts(b"AC10")),
    "dxf": ("image/vnd.dxf", _is_dxf),
    "step": ("model/step", _starts(b"ISO-10303-21")),
    "stp": ("model/step", _starts(b"ISO-10303-21")),
}
ACCEPT = ",".join(f".{extension}" for extension in KINDS)


def size_limit() -> int:
    return min(settings.FILE_SIZE_LIMIT, CompanySettings.current().file_size_limit_mb * 1024 * 1024)


@transaction.atomic
def attach(upload, *, subject, purpose, by) -> StoredFile:
    """Keep an uploaded file. A rollback takes the row back; the file then lies there unnamed and harmless."""
    limit = size_limit()
    name = clean_name(upload.name)
    if not 0 < upload.size <= limit:
        raise _refused(name, limit, _("It is %(size)s.") % {"size": filesizeformat(upload.size)})
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    content_type, is_kind = KINDS.get(extension, ("", None))
    if is_kind is None:
        raise _refused(name, limit, _("This kind of file is not taken."))
    upload.seek(0)
    if not is_kind(upload, upload.read(HEAD_BYTES)):
        raise _refused(name, limit, _("What is in it is not what its name says."))
    if pixels(upload) > PIXELS:
        raise _refused(name, limit, _("The picture is too large once it is opened."))
    return _kept(upload, extension, subject=subject, purpose=purpose, name=name, content_type=content_type, by=by)


def _kept(upload, extension, *, by, **fields) -> StoredFile:
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    stored = StoredFile(size=upload.size, sha256=digest.hexdigest(), uploaded_by=by, **fields)
    _write(stored, f"{date.today():%Y/%m}/{uuid4().hex}.{extension}", upload)
    stored.save(force_insert=True)
    return stored


def _write(stored, path, upload) -> None:
    """Whole or not at all, also on a disk that has no room for it."""
    try:
        stored.file.save(path, upload, save=False)
    except OSError as problem:
        stored.file.storage.delete(stored.file.field.generate_filename(stored, path))
        if not disk.is_full(problem):
            raise
        raise GateShut(
            _("%(name)s cannot be kept: the disk of the desk is full.") % {"name": stored.name},
            because=_("Nothing was changed, and no part of the file was kept."),
            missing=[_("Room on the disk, which the administrator makes")],
        ) from problem


def remove_orphans(now=None) -> int:
    """Files that no row names, left by a rollback or a process that ended; a day old, so none in the making."""
    storage, before = StoredFile._meta.get_field("file").storage, (now or timezone.now()) - timedelta(days=1)
    removed = 0
    for folder in _folders(storage):
        there = {f"{folder}/{name}" for name in storage.listdir(folder)[1]}
        named = set(StoredFile.objects.filter(file__startswith=f"{folder}/").values_list("file", flat=True))
        for name in there - named:
            if storage.get_modified_time(name) < before:
                storage.delete(name)
                removed += 1
    return removed


def _folders(storage):
    """The months: only what lies where `attach` puts it is ours to remove."""
    if not storage.exists(""):
        return  # nobody attached anything yet
    for year in storage.listdir("")[0]:
        if year.isdecimal():
            yield from (f"{year}/{month}" for month in storage.listdir(year)[0] if month.isdecimal())


def _refused(name, limit, because) -> BadInput:
    return BadInput(
        _("%(name)s cannot be attached.") % {"name": name},
        because=because,
        missing=[
            _("One of these kinds: %(kinds)s") % {"kinds": ", ".join(KINDS)},
            _("At most %(size)s, and not empty") % {"size": filesizeformat(limit)},
        ],
        field="files",
    )


def clean_name(name: str) -> str:
    """The name as data: no folders, no control or direction characters, at most 200 with its extension."""
    base = re.split(r"[\\/]", name or "")[-1]
    base = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c)[0] != "C")
    base = re.sub(r'[<>:"|?*]', "_", base).strip(" .")
    path = PurePosixPath(base or "file")
    return path.stem[: 200 - len(path.suffix)] + path.suffix if len(path.suffix) < 20 else str(path)[:200]


def serve(stored: StoredFile) -> FileResponse:
    """Images and PDF in the browser, the rest as a download, none of it able to run anything here."""
    try:
        content = stored.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(
        content, as_attachment=not stored.is_shown_inline, filename=stored.name, content_type=stored.content_type
    )
    # A browser's own PDF viewer does not open in a sandbox.
    sandbox = "" if stored.content_type == "application/pdf" else "; sandbox"
    response["Content-Security-Policy"] = f"default-src 'none'; frame-ancestors 'none'{sandbox}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
