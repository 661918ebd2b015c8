"""Tables for spreadsheets: whatever people typed stays text there and never becomes a formula.

`rows` are sequences of str, numbers, dates, None; a generator is fine, nothing is held in memory for CSV.
"""

import csv
import re
from datetime import datetime
from decimal import Decimal
from io import BytesIO

from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = "\ufeff"  # Excel reads Chinese as UTF-8 only behind it
# Spreadsheets look past blanks and marks nobody sees; Chinese ones read the full-width signs too.
FORMULA_START = re.compile(r"[\s\x00-\x20\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL = 32_767


def text_cell(text: str) -> str:
    """For CSV, which knows no types: an apostrophe makes a spreadsheet take the cell as text."""
    return f"'{text}" if FORMULA_START.match(text) else text


def plain(value):
    """A number, a date without a time zone (a spreadsheet knows none: the company's), or text."""
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
    if value is None or isinstance(value, (int, float, Decimal)) or hasattr(value, "isoformat"):
        return value
    return str(value)


def _csv_cell(value):
    value = plain(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return text_cell(value) if isinstance(value, str) else value


class _Line:
    """What csv writes to: hands each line on."""

    def write(self, line):
        return line


def csv_lines(header, rows):
    write = csv.writer(_Line(), quoting=csv.QUOTE_NONNUMERIC).writerow
    yield BOM + write([_csv_cell(value) for value in header])
    for row in rows:
        yield write([_csv_cell(value) for value in row])


def _xlsx_cell(sheet, value):
    value = plain(value)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, UNWRITABLE.sub("", value)[:LONGEST_CELL])
    cell.data_type = "s"  # openpyxl would take "=…" for a formula
    cell.quotePrefix = bool(FORMULA_START.match(value))  # stays text when somebody edits the cell
    return cell


def xlsx_book(sheets):
    """Several (title, header, rows) in one file, the headers always in sight."""
    book = Workbook(write_only=True)
    for title, header, rows in sheets:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\']", " ", str(title))[:31] or None)
        sheet.freeze_panes = "A2"
        for row in (header, *rows):
            sheet.append([_xlsx_cell(sheet, value) for value in row])
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file


def xlsx_file(header, rows, title=""):
    return xlsx_book([(title, header, rows)])


def csv_response(name, header, rows) -> StreamingHttpResponse:
    """`name` without its extension."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.csv")
    response["Cache-Control"] = "private, no-store"
    return response


def xlsx_response(name, header, rows, title="") -> FileResponse:
    return book_response(name, xlsx_file(header, rows, title or name))


def book_response(name, file) -> FileResponse:
    response = FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    response["Cache-Control"] = "private, no-store"
    return response
