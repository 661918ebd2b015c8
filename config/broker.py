"""The broker in folders, for one machine. A message is there whole or not at all.

kombu writes it where the worker reads, who may find half a message and end; here it is renamed into its place.
"""

import time
from pathlib import Path
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **options):
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        draft = folder / f".{name}"  # kombu looks for names that end in the queue's after the first dot
        try:
            draft.write_text(dumps(payload), encoding="utf-8")
            draft.replace(folder / name)
        except OSError as error:
            raise ChannelError(f"The message could not be kept in {folder}: {error}") from error


class Transport(filesystem.Transport):
    Channel = Channel
