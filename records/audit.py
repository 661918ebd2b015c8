"""Reads the chains again from the first event: who changed the past past the guards is found here."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from records.models import Event, Stream


@dataclass(frozen=True)
class Break:
    stream: str
    number: int
    why: str

    def __str__(self):
        return f"{self.stream} #{self.number}: {self.why}"


def breaks() -> Iterator[Break]:
    """The first broken event of each stream."""
    ends = {}
    broken = set()
    for event in Event.objects.order_by("stream_id", "number").iterator(chunk_size=2000):
        if event.stream_id in broken:
            continue
        length, head = ends.get(event.stream_id, (0, ""))
        if why := _fault(event, length, head):
            broken.add(event.stream_id)
            yield Break(event.stream_id, length + 1, why)
        ends[event.stream_id] = (event.number, event.hash)
    yield from _wrong_ends(ends, broken)


def _fault(event, length, head) -> str:
    if event.number != length + 1:
        return f"is missing, #{event.number} follows"
    if event.previous_hash != head:
        return "does not follow from the event before it"
    if event.hash != event.digest():
        return "was changed"
    return ""


def _wrong_ends(ends, broken) -> Iterator[Break]:
    for stream in Stream.objects.order_by("name").iterator(chunk_size=2000):
        length, head = ends.pop(stream.name, (0, ""))
        if stream.name in broken:
            continue
        if length < stream.length:
            yield Break(stream.name, length + 1, f"is missing, the stream has {stream.length} events")
        elif (length, head) != (stream.length, stream.head):
            yield Break(stream.name, stream.length + 1, "is beyond the end of its stream")
    yield from (Break(name, 1, "has no stream") for name in sorted(ends) if name not in broken)


def seal() -> str:
    """One hash over the ends of all streams. Kept outside the database, it shows a rewritten chain, too."""
    digest = hashlib.sha256()
    for name, length, head in Stream.objects.order_by("name").values_list("name", "length", "head").iterator():
        digest.update(f"{name}\t{length}\t{head}\n".encode())
    return digest.hexdigest()
