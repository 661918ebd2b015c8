"""Paper: one model of a document for all departments, set as an A4 PDF by typst.

A `Paper` holds `blocks` from top to bottom. Every text in it is data: it reaches typst as JSON and is never read as
markup, so nobody's words can become a command. `pdf` and `certificate_pdf` write in the active language (a
Simplified or a Traditional font); the first one of a process opens the fonts, which it keeps. They need no database:
call them outside any transaction.

Units: widths are shares of the page's width (0: as wide as the content), sizes millimetres. Values may be str, numbers,
dates (shown in the company's time zone, `2026-11-25 18:00`), None (–) or, in a cell, a `Qr`. Money comes as text, by
`desk.text.money`, after `orders.money.may_see`. A character that no font has is written as its number, `[U+1F600]`,
never as an empty box. Errors: `typst.TypstError` only where the template itself is wrong.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from struct import iter_unpack, unpack_from
from unicodedata import category, normalize

import typst
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont

from desk.qr import svg

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "desk"
SIMPLIFIED, TRADITIONAL = "Noto Sans SC", "Noto Sans TC"
OTHERS = ["Noto Sans JP", "Noto Sans KR"]  # names of people and firms from there
FORMAT_12 = b"\x00\x0c"  # the table of a font that lists all its characters, the rare ones too
UNBROKEN = re.compile(r"([^\s\u2e80-\U0003ffff-]{24})(?=[^\s\u2e80-\U0003ffff])")
BREAK_HERE = "\u200b"
DASH = "–"


# The model


@dataclass(frozen=True)
class Heading:
    text: str
    note: str = ""  # small, at the right edge


@dataclass(frozen=True)
class Text:
    text: str
    tone: str = ""  # "", "strong", "muted", "warn" (framed)


@dataclass(frozen=True)
class Ticks:
    """Boxes in a frame: [(is_ticked, text)]; also the value of a fact."""

    items: Sequence[tuple]
    label: str = ""


@dataclass(frozen=True)
class Facts:
    """Labels with their values, two pairs in a row or one. A pair with a third element, True, has its row alone."""

    rows: Sequence[tuple]  # (label, value)
    columns: int = 2


@dataclass(frozen=True)
class Table:
    """Its header is repeated on each page. `widths` one number a column; `numeric` the columns set to the right."""

    header: Sequence
    rows: Iterable[Sequence]
    widths: Sequence[float] = ()
    numeric: Sequence[int] = ()
    caption: str = ""
    empty: str = ""  # instead of the rows where there are none
    totals: int = 0  # so many rows at the end are sums


@dataclass(frozen=True)
class Signatures:
    """An empty field for each of (label, …); a label may be (label, what stands in it already)."""

    names: Sequence
    height_mm: float = 14


@dataclass(frozen=True)
class Qr:
    text: str
    label: str = ""
    size_mm: float = 22  # with the quiet zone


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    unit: str = ""
    target: str = ""  # a whole text: "target ≥ 95 %"
    tone: str = ""  # "", "ok", "warn", "bad"; said by a mark too
    trend: Sequence[float] = ()  # earlier values, the oldest first, drawn as bars


@dataclass(frozen=True)
class Figures:
    items: Sequence[Figure]
    columns: int = 4


@dataclass(frozen=True)
class PageBreak:
    pass


@dataclass(frozen=True)
class Paper:
    title: str
    subtitle: str = ""
    facts: Sequence[tuple] = ()  # in the head, beneath the title: (label, value)
    blocks: Sequence = field(default=(), compare=False)
    landscape: bool = False
    stamp: str = ""  # urgent_stamp(), or another one of two lines
    number: str = ""
    check_code: str = ""
    qr: str = ""  # what the code in the head says
    company: str = ""
    printed_by: str = ""
    is_dense: bool = False  # smaller letters and fields: a form that must stay on one page


def urgent_stamp() -> str:
    return pgettext("stamp", "紧急") + "\n" + pgettext("stamp", "订单")


# From the model to PDF


def pdf(*papers: Paper) -> bytes:
    """One file; each paper begins on a page of its own."""
    return compiled("paper.typ", {"papers": [_paper(paper) for paper in papers]})


def pdf_response(papers, filename) -> HttpResponse:
    """Opens in the browser. `papers` is a Paper or several; `filename` without its extension, in any script."""
    papers = [papers] if isinstance(papers, Paper) else papers
    return file_response(pdf(*papers), filename)


def certificate_pdf(
    *, title, name, text, day, company, signatures=(), number="", check_code="", qr="", honour=""
) -> bytes:
    """A certificate of honour, A4 landscape. `text` its words (paragraphs parted by a line break), `honour` a large
    line between them, `day` a date, `signatures` [(office, name)], `qr` an address where it can be checked."""
    content = {
        "title": title, "name": name, "text": text, "day": day, "company": company, "signatures": signatures,
        "number": number, "check_code": check_code, "honour": honour, "qr": _drawn(Qr(qr, size_mm=18)) if qr else None,
    }  # fmt: skip
    return compiled("certificate.typ", {"certificate": content})


def file_response(content: bytes, filename) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(False, f"{filename}.pdf")
    # No sandbox: a browser's own PDF viewer does not open in one.
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def compiled(template, content, form="pdf"):
    """`form` "png" gives a list of pictures, one a page, to look at."""
    data = _plain(content | {"words": _words(), "locale": _locale()})
    compiler = typst.Compiler(
        (TEMPLATES / template).read_bytes(), root=TEMPLATES, font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )  # fmt: skip
    return compiler.compile(format=form, timestamp=int(timezone.now().timestamp()))


def _locale() -> dict:
    is_traditional = get_language() == "zh-hant"
    families = [TRADITIONAL, SIMPLIFIED] if is_traditional else [SIMPLIFIED, TRADITIONAL]
    is_chinese = (get_language() or "en").startswith("zh")
    region = "tw" if is_traditional else "cn" if is_chinese else "gb"
    return {"lang": "zh" if is_chinese else "en", "region": region, "fonts": families + OTHERS}


def _words() -> dict:
    return {
        "page": _("Page {page} of {pages}"), "number": pgettext("document", "No."), "check_code": _("Check code"),
        "printed": _("Printed"), "prevails": _("The system's record prevails over this print."),
    }  # fmt: skip


def _paper(paper) -> dict:
    shown = {name: getattr(paper, name) for name in Paper.__dataclass_fields__ if name not in ("blocks", "qr")}
    printed = f"{paper.printed_by} {_value(timezone.now())}".strip()
    qr = _drawn(Qr(paper.qr)) if paper.qr else None
    return shown | {"printed": printed, "qr": qr, "blocks": [_block(block) for block in paper.blocks]}


def _block(block) -> dict:
    if isinstance(block, Qr):
        return {"kind": "qr"} | _drawn(block)
    content = {name: getattr(block, name) for name in type(block).__dataclass_fields__}
    if isinstance(block, Figures):
        content["items"] = [asdict(item) for item in block.items]
    if isinstance(block, Facts):
        content["rows"] = list(_in_rows(block))
    if isinstance(block, Signatures):
        content["names"] = [name if isinstance(name, tuple) else (name, "") for name in block.names]
    return {"kind": type(block).__name__.lower()} | content


def _in_rows(facts):
    """Two pairs that share a row, or one that has it alone."""
    waiting = []
    for label, value, *is_wide in facts.rows:
        waiting.append((label, value))
        if is_wide and len(waiting) == 2:
            yield waiting[:1]
        if is_wide or len(waiting) == facts.columns:
            yield waiting[-1:] if is_wide else waiting
            waiting = []
    if waiting:
        yield waiting


def _drawn(code) -> dict:
    return {"svg": str(svg(code.text, code.size_mm)), "label": code.label, "size_mm": code.size_mm}


def _plain(value):
    """What JSON knows; every text set so that it can be printed."""
    if isinstance(value, Qr):
        return _plain(_drawn(value))
    if isinstance(value, Ticks):
        return {"ticks": _plain(value.items)}
    if isinstance(value, dict):
        return {key: item if key == "svg" else _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, date, Promise)) or not isinstance(value, Iterable):
        return printable(_value(value))
    return [_plain(item) for item in value]


def _value(value) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%Y-%m-%d %H:%M}"
    return str(value)


def short(moment) -> str:
    """Day and time for a narrow column, without the year: `11-25 18:00`."""
    return f"{timezone.localtime(moment):%m-%d %H:%M}" if moment else ""


def printable(text: str) -> str:
    """Without what cannot be seen or turns the line round; breakable where it has no blank for long."""
    text = normalize("NFC", text).replace("\r\n", "\n").replace("\t", " ")
    odd = set(text) - _characters()
    if odd:
        text = text.translate({ord(character): _instead(character) for character in odd})
    return UNBROKEN.sub(rf"\1{BREAK_HERE}", text)


def _instead(character) -> str:
    kind = category(character)
    if character in "\n\u2028\u2029":
        return "\n"
    if kind == "Zs":
        return " "
    if kind in ("Cc", "Cf") or "\ufe00" <= character <= "\ufe0f":
        return ""
    return f"[U+{ord(character):04X}]"


# Fonts


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=_folders())


def _folders() -> list[Path]:
    found = files("justmytype_intl_cjk") / "fonts" / "ofl"
    return [Path(str(found / name)) for name in ("notosanssc", "notosanstc", "notosansjp", "notosanskr")]


@cache
def _characters() -> frozenset:
    """All that can be printed."""
    found = {character for folder in _folders() for file in folder.glob("*.ttf") for character in _drawn_by(file)}
    return frozenset(character for character in found if category(character) not in ("Cc", "Cf"))


def _drawn_by(font: Path):
    """Read here: fontTools would name each of the 100,000 glyphs first, which takes a second."""
    with TTFont(font, lazy=True) as opened:
        table = opened.reader["cmap"]
    (count,) = unpack_from(">H", table, 2)
    offset = next(at for _system, _code, at in iter_unpack(">HHI", table[4 : 4 + 8 * count])
                  if table[at : at + 2] == FORMAT_12)  # fmt: skip
    (count,) = unpack_from(">I", table, offset + 12)
    for first, last, _glyph in iter_unpack(">III", table[offset + 16 : offset + 16 + 12 * count]):
        yield from map(chr, range(first, last + 1))
