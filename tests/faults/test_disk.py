"""A disk that takes no more, by the kernel's own limit: refused in words, nothing half kept."""

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from desk.refusals import GateShut
from orders.models import UrgentOrder
from records.files import attach
from records.models import StoredFile
from tests.factories import orders as make
from tests.orders.form import identification

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MB = 1024 * 1024
ROOM = 8 * MB  # enough for the database's own file


@pytest.fixture
def full_disk(tmp_path, settings):
    """No file may grow beyond the room there is."""
    settings.MEDIA_ROOT = tmp_path

    @contextmanager
    def full():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
        try:
            yield tmp_path
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full


def large():
    return SimpleUploadedFile("图纸.pdf", b"%PDF-1.7\n" + bytes(ROOM + MB), "application/pdf")


def files_under(folder: Path) -> list:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_that_finds_no_room_leaves_neither_record_nor_half_a_file(full_disk, sales):
    with full_disk() as folder, pytest.raises(GateShut, match="disk of the desk is full"):
        attach(large(), subject="order:1", purpose="proof", by=sales)
    assert files_under(folder) == []
    assert not StoredFile.objects.exists()
    attach(large(), subject="order:1", purpose="proof", by=sales)  # there is room again
    assert len(files_under(folder)) == StoredFile.objects.count() == 1


@pytest.mark.slow
def test_the_form_comes_back_with_what_was_typed(full_disk, settings, people, client_of):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 3 * ROOM
    sent = identification(customer=make.make_customer(), product=make.make_product(), note="防盐雾")
    client = client_of(people.sales)
    with full_disk() as folder:
        answer = client.post("/orders/new/", sent | {"files": large()})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "disk of the desk is full" in page and "防盐雾" in page
    assert files_under(folder) == [] and not UrgentOrder.objects.submitted().exists()

    # A larger one is written while it arrives, before any form sees it.
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = MB
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    client.raise_request_exception = False
    with full_disk():
        answer = client.post("/orders/new/", sent | {"files": large()})
    assert answer.status_code == 507
    assert "disk of the desk is full" in answer.content.decode()
    assert files_under(folder) == [] and not UrgentOrder.objects.submitted().exists()
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 3 * ROOM
    assert client.post("/orders/new/", sent).status_code == 302  # the same form, without the file, once there is room
