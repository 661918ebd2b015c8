"""Text as search compares it: one width, one case, one script, and the pieces that an index can hold.

Every function works character by character, so whatever a text contains, its folded form contains folded.
"""

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

HAN = "\u3400-\u4db5\u4e00-\u9fa5"
RUNS = re.compile(f"[{HAN}]+|[a-z0-9]+")
IS_HAN = re.compile(f"[{HAN}]")
CODE_POINTS = (*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2A6E0))


@cache
def _simplified() -> dict[int, str]:
    """Sign by sign: OpenCC's phrases would fold a word otherwise than the sentence around it."""
    convert = OpenCC("t2s").convert
    table = {code: convert(chr(code)) for code in CODE_POINTS}
    return {code: sign for code, sign in table.items() if sign != chr(code)} | {0: ""}


def fold(text) -> str:
    return unicodedata.normalize("NFKC", str(text)).translate(_simplified()).casefold()


@lru_cache(4096)
def spelled(name) -> str:
    """How a Chinese name is typed on a Latin keyboard: in full and by initials; nothing for other names."""
    if not IS_HAN.search(name := fold(name)):
        return ""
    full = lazy_pinyin(name, style=Style.NORMAL)
    initials = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return f"{''.join(full)} {''.join(initials)}"


def words(query) -> list[str]:
    return fold(query).split()


def grams(text: str) -> set[str]:
    """Of folded text: each Chinese sign, each pair of them, each three letters or digits in a row."""
    found = set()
    for run in RUNS.findall(text):
        if IS_HAN.match(run):
            found.update(run)
            found.update(run[place : place + 2] for place in range(len(run) - 1))
        else:
            found.update(run[place : place + 3] for place in range(len(run) - 2))
    return found
