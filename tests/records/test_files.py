import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from desk.refusals import BadInput
from records import files
from records.models import CompanySettings, StoredFile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def office(folder, *extra):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("[Content_Types].xml", f"{folder}/document.xml", *extra):
            archive.writestr(name, "<xml/>")
    return content.getvalue()


GOOD = {
    "pdf": b"%PDF-1.7\n", "png": b"\x89PNG\r\n\x1a\n....", "jpg": b"\xff\xd8\xff\xe0", "JPEG": b"\xff\xd8\xff\xe1",
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ", "heic": b"\x00\x00\x00\x18ftypheic", "xlsx": office("xl"),
    "docx": office("word"), "csv": "编号,数量\n".encode("gb18030"), "txt": "启明".encode(), "dwg": b"AC1032....",
    "dxf": b"  0\nSECTION\n  2\nHEADER\n", "step": b"ISO-10303-21;\nHEADER;", "stp": b"ISO-10303-21;\r\nHEADER;",
}
BAD = {
    "a.exe": b"MZ", "a.html": b"<script>", "a.svg": b"<svg onload=alert(1)>", "a": b"text", "a.pdf": b"MZ\x90",
    "a.png": b"<html>", "a.jpg": GOOD["png"], "a.webp": b"RIFF\x00\x00\x00\x00WAVE", "a.xlsx": b"PK\x03\x04broken",
    "a.docx": office("xl"), "b.xlsx": office("xl", "xl/vbaProject.bin"), "a.csv": b"a\0b", "a.dxf": b"MZ",
    "a.pdf.exe": b"%PDF-1.7", "a.step": b"solid", "empty.txt": b"", "a.zip": office("xl"),
}


def upload(name, content):
    return SimpleUploadedFile(name, content, content_type="text/html")


def attach(name, content, by):
    return files.attach(upload(name, content), subject="order:1", purpose="drawing", by=by)


@pytest.mark.parametrize("extension", GOOD)
def test_good_files_are_kept_with_their_own_kind(sales, extension):
    stored = attach(f"图纸 1.{extension}", GOOD[extension], sales)
    assert stored.name == f"图纸 1.{extension}"
    assert stored.content_type == files.KINDS[extension.lower()][0]
    assert stored.sha256 == hashlib.sha256(GOOD[extension]).hexdigest()
    assert Path(stored.file.path).read_bytes() == GOOD[extension]
    assert "图纸" not in stored.file.name


@pytest.mark.parametrize("name", BAD)
def test_other_files_are_refused_saying_what_is_taken(sales, name):
    with pytest.raises(BadInput) as caught:
        attach(name, BAD[name], sales)
    assert caught.value.field == "files"
    said = " ".join(str(condition.text) for condition in caught.value.missing)
    assert "pdf" in said
    assert "20.0\xa0MB" in said
    assert not StoredFile.objects.exists()


def test_limit_is_the_administrators_and_never_above_the_servers(sales, settings):
    CompanySettings.objects.create(pk=1, file_size_limit_mb=1)
    attach("a.txt", b"x" * 1024 * 1024, sales)
    with pytest.raises(BadInput, match=r"a\.txt cannot be attached"):
        attach("a.txt", b"x" * (1024 * 1024 + 1), sales)
    settings.FILE_SIZE_LIMIT = 10
    with pytest.raises(BadInput):
        attach("a.txt", b"x" * 11, sales)


def test_a_large_upload_on_disk_is_kept_whole(sales):
    with TemporaryUploadedFile("big.txt", "text/plain", 300_000, "utf-8") as big:
        big.write(b"0123456789" * 30_000)
        big.seek(0)
        stored = files.attach(big, subject="order:1", purpose="", by=sales)
    assert Path(stored.file.path).stat().st_size == 300_000


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd.txt", "passwd.txt"), ("C:\\photos\\a.jpg", "a.jpg"), ("a\u202egpj.exe", "agpj.exe"),
    ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"), ("", "file"), ("...", "file"),
    ("x" * 300 + ".pdf", "x" * 196 + ".pdf"), ("报价 2.pdf", "报价 2.pdf"),
])
def test_name_is_data_only(given, kept):
    assert files.clean_name(given) == kept


def test_rollback_leaves_no_row(sales):
    with pytest.raises(RuntimeError), transaction.atomic():
        attach("a.txt", b"text", sales)
        raise RuntimeError
    assert not StoredFile.objects.exists()


def body(response):
    content = b"".join(response.streaming_content)
    response.close()
    return content


def test_image_is_shown_in_a_sandbox(sales):
    response = files.serve(attach("a.png", GOOD["png"], sales))
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Security-Policy"].endswith("; sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert body(response) == GOOD["png"]


def test_other_kinds_are_downloads(sales):
    response = files.serve(attach("a.txt", b"<script>alert(1)</script>", sales))
    assert response["Content-Disposition"] == 'attachment; filename="a.txt"'
    body(response)


def test_a_file_gone_from_the_disk_is_not_found(sales):
    stored = attach("a.txt", b"text", sales)
    Path(stored.file.path).unlink()
    with pytest.raises(Http404):
        files.serve(stored)


# Bombs and leftovers


def test_a_picture_that_would_fill_the_memory_is_refused(sales):
    with pytest.raises(BadInput) as refused:
        attach("bomb.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x00\x00\xff\xff" * 2, sales)
    assert "too large once it is opened" in str(refused.value.because)


def test_a_document_that_unpacks_without_end_is_refused(sales):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/sheet.xml"):
            archive.writestr(name, "<xml/>")
        for number in range(files.ZIP_PARTS):
            archive.writestr(f"xl/{number}", "")
    with pytest.raises(BadInput):
        attach("bomb.xlsx", content.getvalue(), sales)
    declared = bytearray(office("xl"))
    at = declared.rindex(b"PK\x01\x02")
    declared[at + 24 : at + 28] = (4_000_000_000).to_bytes(4, "little")
    with pytest.raises(BadInput):
        attach("bomb.xlsx", bytes(declared), sales)


def test_files_that_no_row_names_are_removed_after_a_day(sales, tmp_path):
    kept = attach("a.txt", b"text", sales)
    folder = Path(kept.file.path).parent
    (folder / "orphan.pdf").write_bytes(b"%PDF")
    (tmp_path / "note.txt").write_text("not ours")
    assert files.remove_orphans() == 0
    assert files.remove_orphans(now=timezone.now() + timedelta(days=2)) == 1
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {Path(kept.file.name).name, "note.txt"}
