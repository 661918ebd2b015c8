"""How large a picture would be once opened, read from its head: nothing is decoded here."""

import struct

STARTS_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
NO_LENGTH = {0x01, *range(0xD0, 0xDA)}


def pixels(file) -> int:
    """Width × height; 0 where the head does not say."""
    file.seek(0)
    head = file.read(32)
    try:
        if head.startswith(b"\x89PNG"):
            width, height = struct.unpack(">II", head[16:24])
        elif head.startswith(b"\xff\xd8"):
            width, height = _jpeg(file)
        elif head[8:12] == b"WEBP":
            width, height = _webp(head)
        else:
            return 0
    except (struct.error, ValueError):
        return 0
    return width * height


def _jpeg(file) -> tuple[int, int]:
    file.seek(2)
    while True:
        mark, kind = struct.unpack(">BB", file.read(2))
        if mark != 0xFF:
            raise ValueError("not at a marker")
        if kind == 0xFF:  # filling
            file.seek(-1, 1)
        elif kind not in NO_LENGTH:
            length = struct.unpack(">H", file.read(2))[0]
            if kind in STARTS_OF_FRAME:
                height, width = struct.unpack(">xHH", file.read(5))
                return width, height
            file.seek(max(length - 2, 0), 1)


def _webp(head) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        return _three_bytes(head[24:27]) + 1, _three_bytes(head[27:30]) + 1
    if kind == b"VP8L":
        bits = struct.unpack("<I", head[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _three_bytes(value) -> int:
    return int.from_bytes(value, "little")
