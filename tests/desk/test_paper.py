"""What stands on paper is read back from the PDF: every text as it was given, in the three languages."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from desk.paper import (
    Facts,
    Figure,
    Figures,
    Heading,
    PageBreak,
    Paper,
    Qr,
    Signatures,
    Table,
    Text,
    Ticks,
    certificate_pdf,
    pdf,
    pdf_response,
    printable,
    urgent_stamp,
)

pytestmark = pytest.mark.once
lazily = translation.gettext_lazy
HOSTILE = '#panic() *bold* _it_ $x^2$ \\ " \' #{sys.inputs} `code` <label> @ref // /* ] } = + - ~ 𠮷 한국 é'
LANGUAGES = {"en": "Delivery list", "zh-hans": "产品交付清单", "zh-hant": "產品交付清單"}


def pages(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def read(content):
    """Without blanks: a line's end is none of the text's business."""
    return "".join("".join(pages(content)).replace("\u200b", "").split())


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_stands_on_the_paper_as_it_was_given(language):
    title, long = LANGUAGES[language], "直门骨 門骨 long words " * 200
    blocks = [
        Heading("1. " + title, "note"), Facts([("Customer", HOSTILE), ("Due", datetime(2026, 11, 25, 10, tzinfo=UTC))]),
        Facts([("Alone", 7)], columns=1), Ticks([(True, lazily("ticked")), (False, "open")], "Case"),
        Text(long, "warn"),
        Table(["A", "B"], [[HOSTILE, 12], ["x" * 90, None], ["Sum", 12]], numeric=(1,), totals=1, caption="Caption"),
        Table(["C"], [], empty="Nothing"), Signatures(["Driver", ("Received", "李四")]), Qr("https://x/1", "AB-12"),
        Table(["Code"], [[Qr("https://x/2", "CD-34", 14.5)]]), PageBreak(),
        Figures([Figure("On time", "96.2", "%", "target ≥ 95 %", "ok", (90, 0, 96)), Figure("Late", "4", tone="bad")]),
    ]  # fmt: skip
    with translation.override(language):
        paper = Paper(title, number="UO-1/S", facts=[("Version", 3)], blocks=blocks, company="海川精密", qr="https://x",
                      printed_by="陈伟", check_code="AB12", stamp=urgent_stamp())  # fmt: skip
        text = read(pdf(paper))
        footer = squeezed(translation.gettext("The system's record prevails over this print."))
    wanted = [title, "UO-1/S", "海川精密", "陈伟", "AB12", HOSTILE, long, "x" * 90, "Caption", "Nothing", "Driver",
              "李四", "CD-34", "ticked", "96.2", "target≥95%", footer, "2026-11-2518:00"]  # fmt: skip
    assert [part for part in wanted if squeezed(part) not in text] == []


def test_a_long_table_repeats_its_header_and_counts_its_pages():
    rows = [[number, f"row {number}", "x" * 40] for number in range(400)]
    table = Table(["No.", "Header of the table", "Text"], rows, widths=(0, 1, 1), numeric=(0,))
    found = pages(pdf(Paper("Long", blocks=[table])))
    assert 7 <= len(found) <= 12
    assert all("Header of the table" in text for text in found)
    assert f"Page {len(found)} of {len(found)}" in found[-1]
    assert all(f"row {number}" in "".join(found) for number in (0, 199, 399))


def test_a_cell_longer_than_a_page_flows_on():
    text = "很长的说明。" * 1500
    found = pdf(Paper("Long", blocks=[Table(["A", "B"], [["1", text]], widths=(1, 6))]))
    assert read(found).count("很长的说明。") == 1500


def test_what_no_font_draws_is_written_as_its_number():
    assert printable("😀 ع") == "[U+1F600] [U+0639]"
    assert "[U+1F600]" in read(pdf(Paper("Names", blocks=[Text("a😀b")])))


def test_what_cannot_be_seen_does_not_stand_on_paper():
    assert printable("invoice\u202egpj.exe\u200b\x07\ufe0f\ud800") == "invoicegpj.exe[U+D800]"
    assert printable("a\u2028b\r\nc\u3000d\u00a0e\tf") == "a\nb\nc\u3000d\u00a0e f"


@given(st.text(max_size=60))
@settings(max_examples=25)
def test_no_text_breaks_the_paper(text):
    paper = Paper(text or "-", facts=[(text, text)], blocks=[Text(text), Table([text], [[text]])])
    assert pdf(paper).startswith(b"%PDF")


def test_the_language_chooses_the_font():
    fonts = {}
    for language in LANGUAGES:
        with translation.override(language):
            page = PdfReader(io.BytesIO(pdf(Paper("直", blocks=[Text("门")])))).pages[0]
        fonts[language] = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert all("NotoSansSC" in name for name in fonts["en"] | fonts["zh-hans"])
    assert all("NotoSansTC" in name for name in fonts["zh-hant"])


def test_several_papers_are_one_file_and_landscape_lies():
    papers = [Paper("One"), replace(Paper("Two"), landscape=True)]
    boxes = [page.mediabox for page in PdfReader(io.BytesIO(pdf(*papers))).pages]
    assert [round(box.width) for box in boxes] == [595, 842]


def test_the_answer_names_the_file_and_nothing_keeps_it():
    response = pdf_response(Paper("一"), "处理单 UO-1")
    assert response["Content-Disposition"] == (
        "inline; filename*=utf-8''%E5%A4%84%E7%90%86%E5%8D%95%20UO-1.pdf"
    )
    assert response["Content-Type"] == "application/pdf" and response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("length", (1, 330))
def test_a_certificate_stays_on_one_page(language, length):
    with translation.override(language):
        content = certificate_pdf(
            title="荣誉证书", name=HOSTILE, text="特发此证\n" + "以资鼓励。" * length, day=date(2026, 11, 30),
            company="海川", signatures=[("General manager", "赵总"), ("HR", "李人")], number="H-1", check_code="AB12", qr="https://x",
        )  # fmt: skip
    (page,) = PdfReader(io.BytesIO(content)).pages
    assert page.mediabox.width > page.mediabox.height
    text = squeezed(page.extract_text().replace("\u200b", ""))
    wanted = ("荣誉证书", squeezed(HOSTILE), "特发此证", "2026-11-30", "赵总", "H-1")
    assert [part for part in wanted if part not in text] == []
