"""The broker in folders: what a worker finds there is whole."""

from queue import Empty
from threading import Thread

import pytest
from kombu import Connection

pytestmark = pytest.mark.once


def test_a_worker_never_finds_half_a_message(tmp_path):
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path / "c")}
    connection = Connection("filesystem://", transport="config.broker:Transport", transport_options=folders)
    sender, worker = connection.channel(), connection.channel()
    message, got = {"text": "急" * 200_000}, []
    thread = Thread(target=lambda: [sender._put("celery", message) for _ in range(60)])
    thread.start()
    while thread.is_alive() or len(got) < 60:
        try:
            got.append(worker._get("celery") == message)
        except Empty:
            continue
    assert got == [True] * 60
    assert not list(tmp_path.glob("*.msg"))
