import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.images import pixels

pytestmark = pytest.mark.once
JPEG_START = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xe1\x00\x03x"


def png(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02"


def jpeg(width, height):
    return JPEG_START + b"\xff\xc2\x00\x0b\x08" + struct.pack(">HH", height, width)


def webp(kind, rest):
    return b"RIFF\0\0\0\0WEBP" + kind + rest


PICTURES = {
    "png": (png(60_000, 50_000), 3_000_000_000),
    "jpeg": (jpeg(40_000, 30_000), 1_200_000_000),
    "webp, extended": (webp(b"VP8X", b"\0" * 8 + b"\xff\xff\x00\xff\x00\x00\0\0"), 65_536 * 256),
    "webp, lossless": (webp(b"VP8L", b"\0" * 4 + b"\x2f" + struct.pack("<I", 99 | 49 << 14)), 5_000),
    "webp, lossy": (webp(b"VP8 ", b"\0" * 7 + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480)), 640 * 480),
    "cut short": (b"\xff\xd8\xff", 0),
    "no picture": (b"%PDF-1.7", 0),
}


@pytest.mark.parametrize("name", PICTURES)
def test_size_is_read_from_the_head(name):
    content, expected = PICTURES[name]
    assert pixels(io.BytesIO(content)) == expected


@given(st.binary(max_size=200).flatmap(lambda tail: st.sampled_from([tail, b"\xff\xd8" + tail, b"\x89PNG" + tail])))
def test_any_bytes_are_answered(content):
    assert pixels(io.BytesIO(content)) >= 0
