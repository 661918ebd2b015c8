"""A workbook as rows of values, with every cell at fault. Nothing in it is ever computed or run."""

import re
import zlib
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from openpyxl import load_workbook

from desk.refusals import BadInput
from production.workbook.sheets import SHEETS, Column, Sheet, columns_for
from production.workbook.values import Cell, Unit, Wrong, fold

MOST_BYTES, MOST_UNPACKED, MOST_PARTS = 5 * 1024 * 1024, 60 * 1024 * 1024, 500
MOST_ROWS, MOST_COLUMNS, MOST_BLANK_ROWS = 20_000, 100, 2_000
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+\d+)"')
DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
BROKEN = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, BadZipFile, ParseError,
          NotImplementedError, zlib.error)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What is wrong where, and the way out: English source with parameters."""

    sheet: str  # its code, or its title where it is none of ours
    row: int
    column: str  # its name, or the heading where it is none of ours
    text: str
    way_out: str = ""
    params: dict = field(default_factory=dict)


@dataclass
class Row:
    sheet: Sheet
    number: int  # as the spreadsheet counts
    values: dict  # {column name: value} of the columns that are there

    @property
    def key(self) -> tuple:
        return tuple(self.values.get(column.name, column.empty) for column in self.sheet.keys)


@dataclass
class Read:
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def check_file(upload) -> None:
    """Before anything of it is unpacked: no old or coded workbook, no macros, no bomb, no declarations."""
    if upload.size > MOST_BYTES:
        raise _refused(_("It is %(size)s; at most %(most)s are read.") % {
            "size": filesizeformat(upload.size), "most": filesizeformat(MOST_BYTES)})
    upload.seek(0)
    try:
        with ZipFile(upload) as parts:
            _check_parts(parts)
    except BROKEN as problem:
        raise _refused(_("It is no Excel workbook (.xlsx), or it is protected by a password.")) from problem
    finally:
        upload.seek(0)


def _check_parts(parts) -> None:
    infos = parts.infolist()
    if len(infos) > MOST_PARTS or sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise _refused(_("Unpacked it is larger than any workbook of master data."))
    if any("vbaproject" in info.filename.lower() for info in infos):
        raise _refused(_("It contains macros."))
    for info in infos:
        if info.filename.lower().endswith((".xml", ".rels")):
            with parts.open(info) as part:
                if DECLARED.search(part.read(4096).replace(b"\0", b"")):
                    raise _refused(_("Its content declares types of its own, which no spreadsheet program writes."))


def _refused(because) -> BadInput:
    return BadInput(
        _("This file cannot be read."), because=because, field="files",
        missing=[_("A workbook saved as .xlsx, without macros and password"),
                 _("At most %(size)s and %(rows)d rows") % {"size": filesizeformat(MOST_BYTES), "rows": MOST_ROWS}],
    )  # fmt: skip


def read(file, *, hidden=(), units=()) -> Read:
    """`hidden`: columns that are not for who uploads; `units`: those in use beside the usual ones."""
    found = Read()
    try:
        file.seek(0)
        merged = _merged(file)
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        for page in book.worksheets:
            _read_page(found, page, merged.get(page._worksheet_path.lstrip("/"), ()), hidden, units)
    except BROKEN as problem:
        raise _refused(_("It is broken inside.")) from problem
    if not found.rows and not found.faults:
        found.faults.append(Fault("", 0, "", gettext_noop("There is no row in it."),
                                  gettext_noop("Download the workbook, fill it in, and upload that.")))
    return found


def _merged(file) -> dict:
    """{part: [(row, range)]}; openpyxl does not say when it only reads."""
    with ZipFile(file) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        found = {name: MERGED.findall(parts.read(name)) for name in names}
    return {name: [(int(row), f"{first.decode()}{row.decode()}:{last.decode()}") for first, row, last in ranges]
            for name, ranges in found.items()}


def _read_page(found, page, merged, hidden, units) -> None:
    sheet = _sheet_of(page.title)
    page.reset_dimensions()  # what a file says of its size may be anything
    lines = _lines(page)
    first = next(lines, None)
    if first is None:
        return
    if sheet is None:
        names = ", ".join(known.label for known in SHEETS)
        found.faults.append(Fault(page.title, 0, "", gettext_noop("A sheet of this name is not known."),
                                  gettext_noop("Call it one of these, or delete it: {names}"), {"names": names}))
        return
    for row, cells in merged:
        found.faults.append(Fault(sheet.code, row, "", gettext_noop("The cells {cells} are merged."),
                                  gettext_noop("Unmerge them, and fill in each one."), {"cells": cells}))
    columns = _columns(found, sheet, first, hidden)
    if not columns:
        return  # none of its rows can be told from another
    for number, cells in lines:
        if len(found.rows) >= MOST_ROWS:
            text = gettext_noop("More than {most} rows are not read at once.")
            found.faults.append(Fault(sheet.code, number, "", text, gettext_noop("Divide the workbook."),
                                      {"most": MOST_ROWS}))  # fmt: skip
            return
        _read_row(found, sheet, number, cells, columns, units)


def _lines(page):
    """(number, cells) of the rows with something in them; after many without, the rest is blank too."""
    blank = 0
    for number, cells in enumerate(page.iter_rows(max_col=MOST_COLUMNS), 1):
        if any(cell.value not in (None, "") for cell in cells):
            blank = 0
            yield number, cells
        elif (blank := blank + 1) > MOST_BLANK_ROWS:
            return


def _sheet_of(title) -> Sheet | None:
    word = fold(title)
    return next((sheet for sheet in SHEETS if word in map(fold, sheet.names)), None)


def _columns(found, sheet, first, hidden) -> dict[int, Column]:
    number, cells = first
    columns, allowed = {}, columns_for(sheet, hidden)
    for place, cell in enumerate(cells):
        word = fold(str(cell.value or ""))
        if not word:
            continue
        column = next((column for column in sheet.columns if word in map(fold, column.names)), None)
        fault = _fault_of_heading(column, columns, allowed)
        if fault:
            found.faults.append(Fault(sheet.code, number, str(cell.value)[:60], *fault,
                                      {"names": ", ".join(column.label for column in allowed)}))
        else:
            columns[place] = column
    there = {column.name for column in columns.values()}
    missing = [column for column in sheet.keys if column.is_needed and column.name not in there]
    for column in missing:
        found.faults.append(Fault(sheet.code, number, column.name, gettext_noop("This column is missing."),
                                  gettext_noop("Add it: it says which row is meant.")))
    return {} if missing else columns


def _fault_of_heading(column, columns, allowed) -> tuple | None:
    if column is None:
        return gettext_noop("This heading is not known."), gettext_noop("Use one of these, or delete it: {names}")
    if column in columns.values():
        return gettext_noop("This heading stands twice."), gettext_noop("Delete one of the two.")
    if column not in allowed:
        return gettext_noop("You may not see these amounts."), gettext_noop("Delete the column.")
    return None


def _read_row(found, sheet, number, cells, columns, units) -> None:
    values, is_right = {}, True
    for place, column in columns.items():
        cell = cells[place] if place < len(cells) else None
        try:
            values[column.name] = _value(column, cell, units)
        except Wrong as wrong:
            is_right = False
            found.faults.append(Fault(sheet.code, number, column.name, wrong.text, wrong.way_out, wrong.params))
    if is_right:
        found.rows.append(Row(sheet, number, values))


def _value(column, cell, units):
    cell = Cell(None) if cell is None or cell.value is None else Cell(
        cell.value, cell.data_type, getattr(cell, "number_format", None) or "General")
    value = column.kind.read(cell, units) if isinstance(column.kind, Unit) else column.kind.read(cell)
    if value not in (None, ""):
        return value
    if column.is_needed:
        raise Wrong(gettext_noop("Nothing stands here."), gettext_noop("Fill it in, or delete the row."))
    return column.empty
