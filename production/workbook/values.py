"""What people write in a cell, as a value; what cannot be meant is refused with the way out."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from catalog.units import UNITS, read_unit
from sla.models import check_spans

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
YES = {"yes", "y", "true", "1", "x", "是", "对", "對", "✓", "√"}
NO = {"no", "n", "false", "0", "否", "不", "-"}
NOISE = Decimal("1e-9")  # what a spreadsheet's binary numbers leave behind


@dataclass(frozen=True)
class Cell:
    value: object
    kind: str = "n"  # as the workbook says: n s b d f e
    number_format: str = "General"


@dataclass
class Wrong(Exception):
    """What is wrong with a cell, and what to do; English source with parameters."""

    text: str
    way_out: str = ""
    params: dict = field(default_factory=dict)


def plain(text: str) -> str:
    """Full-width digits and signs as usual ones."""
    return unicodedata.normalize("NFKC", text).strip()


def fold(text: str) -> str:
    return plain(text).casefold()


def text_of(cell: Cell) -> str:
    """A number that stands where a text is meant is what it looks like."""
    value = cell.value
    if cell.kind == "f":
        raise Wrong(gettext_noop("This cell holds a formula."), gettext_noop("Paste its value instead."))
    if cell.kind == "e":
        raise Wrong(gettext_noop("This cell holds an error of the spreadsheet: {value}."),
                    gettext_noop("Correct the formula it came from, and paste the value."), {"value": str(value)})
    if isinstance(value, (date, datetime, time)):
        raise Wrong(gettext_noop("The spreadsheet has made a date or a time of this cell: {value}."),
                    gettext_noop("Give the column the format “Text”, and type it again."), {"value": str(value)})
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


@dataclass(frozen=True)
class Text:
    longest: int

    def read(self, cell):
        text = text_of(cell)
        if len(text) > self.longest:
            raise Wrong(gettext_noop("It has {length} characters; at most {longest} fit."),
                        gettext_noop("Shorten it."), {"length": len(text), "longest": self.longest})
        return text


@dataclass(frozen=True)
class Number:
    """`places` behind the point. With `whole` it may be written as a percentage: 50 % is half of it."""

    places: int = 0
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(32767)
    whole: int = 0  # what 100 % is

    def read(self, cell):
        text = plain(text_of(cell))
        if not text:
            return None
        number = self._number(text, cell)
        rounded = round(number, self.places)
        if abs(rounded - number) > NOISE:
            raise Wrong(gettext_noop("“{value}” has too many decimal places; {places} are kept."),
                        gettext_noop("Round it."), {"value": text, "places": self.places})
        if not self.least <= rounded <= self.most:
            raise Wrong(gettext_noop("{value} is not between {least} and {most}."),
                        gettext_noop("Write a number in between."),
                        {"value": text, "least": f"{self.least:f}", "most": f"{self.most:f}"})
        return rounded if self.places else int(rounded)

    def _number(self, text, cell) -> Decimal:
        is_share = bool(self.whole) and text.endswith("%")
        digits = text[:-1].strip() if is_share else text
        if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool):
            is_share = bool(self.whole) and cell.number_format.endswith("%")
            return Decimal(str(cell.value)) * (self.whole if is_share else 1)
        if not NUMBER.fullmatch(digits):
            raise Wrong(gettext_noop("“{value}” is not a number."),
                        gettext_noop("Write digits, with a point for decimals: 1500 or 2.5."), {"value": text})
        return Decimal(digits) * self.whole / 100 if is_share else Decimal(digits)


@dataclass(frozen=True)
class YesNo:
    def read(self, cell):
        text = plain(text_of(cell)).casefold()
        if not text:
            return None
        if text not in YES | NO:
            raise Wrong(gettext_noop("“{value}” is neither yes nor no."), gettext_noop("Write yes or no."),
                        {"value": text})
        return text in YES


@dataclass(frozen=True)
class Unit:
    """A unit that stands already stays as it is written: `known`."""

    def read(self, cell, known=()):
        text = text_of(cell)
        unit = text if text in known else read_unit(text)
        if text and unit is None:
            raise Wrong(gettext_noop("“{value}” is not a known unit."), gettext_noop("Write one of: {units}"),
                        {"value": text, "units": ", ".join(UNITS)})
        return unit or ""


@dataclass(frozen=True)
class Hours:
    longest: int = 60

    def read(self, cell):
        text = plain(Text(self.longest).read(cell)).replace("–", "-").replace("、", ",")
        try:
            check_spans(text)
        except ValidationError:
            raise Wrong(gettext_noop("“{value}” are no working hours."),
                        gettext_noop("Write hours that do not overlap, such as 08:00-12:00, 13:00-18:00."),
                        {"value": text}) from None
        return text


@dataclass(frozen=True)
class Weekdays:
    def read(self, cell):
        text = plain(text_of(cell))
        if text and not re.fullmatch("[1-7]{1,7}", text):
            raise Wrong(gettext_noop("“{value}” are no weekdays."), gettext_noop("Write 12345 for Monday to Friday."),
                        {"value": text})
        return "".join(sorted(set(text)))
