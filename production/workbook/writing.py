"""What stands, as a workbook that can be changed and imported again."""

from decimal import Decimal

from desk.export import xlsx_book
from production.workbook.comparing import Standing
from production.workbook.sheets import SHEETS, columns_for
from production.workbook.values import YesNo


def write(hidden=()):
    """In the reader's language; amounts that are not for this person are left out."""
    tables = Standing().tables
    return xlsx_book(_sheet(sheet, tables[sheet.code].values(), columns_for(sheet, hidden)) for sheet in SHEETS)


def _sheet(sheet, rows, columns) -> tuple:
    header = [column.label for column in columns]
    return sheet.label, header, [[_cell(column, row[column.name]) for column in columns] for _pk, row in rows]


def _cell(column, value):
    if isinstance(column.kind, YesNo):
        return "yes" if value else "no"
    return float(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value
