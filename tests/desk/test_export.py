import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from desk.export import csv_lines, csv_response, text_cell, xlsx_file, xlsx_response

pytestmark = pytest.mark.once
SIGNS = "=+-@\t\r\n＝＋－＠"
ATTACKS = [
    "=1+1", "+1", "-1+cmd|'/C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", "\u200b=1", "\ufeff@A1", "\n=1"
]  # fmt: skip
# Half of the texts begin as an attack does.
typed = st.text(max_size=30) | st.builds("{}{}{}".format, st.sampled_from(["", " ", "\ufeff", "\u2063"]),
                                         st.sampled_from(SIGNS), st.text(max_size=10))  # fmt: skip


def from_csv(rows):
    text = "".join(csv_lines(["a", "b"], rows))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))[1:]


def from_xlsx(rows):
    return list(load_workbook(xlsx_file(["a", "b"], rows)).active.iter_rows(min_row=2))


@given(typed)
@example("-5")
def test_a_csv_cell_never_starts_a_formula_and_keeps_what_was_typed(text):
    ((cell, _),) = from_csv([[text, 1]])
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.startswith(("\t", "\r", "\n"))
    assert not cell.strip().lstrip("\ufeff\u200b\u2063\x00").startswith(tuple("=+-@＝＋－＠"))


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_are_quoted(text):
    assert text_cell(text) == f"'{text}"


@settings(max_examples=20)
@given(st.lists(typed, min_size=1, max_size=20))
def test_an_xlsx_cell_is_text_or_empty_never_a_formula(texts):
    for (cell, _), text in zip(from_xlsx([[text, 1] for text in texts]), texts, strict=True):
        assert cell.data_type in ("s", "inlineStr", "n") and (cell.value is None or isinstance(cell.value, str))
        assert not text.startswith(("=", "-")) or cell.quotePrefix


def test_numbers_and_dates_stay_numbers_and_dates(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    at = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    row = [Decimal("-9480.50"), -5, None, date(2026, 11, 22), at, gettext_lazy("Sales")]
    assert from_csv([row]) == [["-9480.50", "-5", "", "2026-11-22", "2026-11-22 09:30", "Sales"]]
    (cells,) = from_xlsx([row])
    assert [cell.value for cell in cells] == [
        Decimal("-9480.5"), -5, None, datetime(2026, 11, 22), datetime(2026, 11, 22, 9, 30), "Sales"
    ]  # fmt: skip


def test_the_answers_are_downloads_kept_by_nobody():
    answers = csv_response("急单", ["订单"], iter([["=1"]])), xlsx_response("急单", ["订单"], [["a"]], title="a/b[c]")
    for answer, end in zip(answers, (".csv", ".xlsx"), strict=True):
        assert answer["Content-Disposition"].startswith("attachment") and answer["Content-Disposition"].endswith(end)
        assert answer["Cache-Control"] == "private, no-store"
    assert b"".join(answers[0].streaming_content).decode() == '\ufeff"订单"\r\n"\'=1"\r\n'


def test_lines_come_one_by_one():
    def rows():
        yield ["first", 1]
        raise AssertionError("not asked for yet")

    lines = csv_lines(["a"], rows())
    assert [next(lines), next(lines)][1] == '"first",1\r\n'
