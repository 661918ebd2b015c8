"""A workbook of master data: read, shown, and put in whole or not at all."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from openpyxl import Workbook, load_workbook

from catalog.models import BillOfMaterialLine, Material, Product, ProductFamily, Substitute
from desk.refusals import BadInput, Changed, GateShut, NotYours
from people.models import Qualification
from production.actions import imports as actions
from production.master import STREAM, hidden_fields, history
from production.models import (
    CandidateCentre,
    ExtraShift,
    ImportRow,
    MasterImport,
    OperationMaterial,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
from production.workbook import writing
from production.workbook.sheets import BY_CODE
from records import audit
from records.models import Event
from tests.factories import production as make
from tests.factories.orders import make_material, make_product

pytestmark = pytest.mark.django_db
ROUTING = ("Product", "Alternative routing", "Operation", "Name", "Work centre", "Minutes per piece")
WHOLE = {
    "Qualifications": [("Code", "Name"), ("WELD", "焊工")],
    "Work centres": [("Code", "Name", "Working calendar", "Parallel slots", "Machine rate per hour"),
                     ("CNC-9", "加工中心", "factory", "２", 150.5), ("WELD-9", "焊接", "factory", None, "80")],
    "Extra shifts": [("Work centre", "Name", "Weekdays", "Hours"), ("CNC-9", "夜班", 12345, "22:00-06:00")],
    "Products": [("Number", "Name", "Family", "Unit"), ("P-9", "门框", "支架", "件")],
    "Materials": [("Number", "Name", "Unit", "Critical material"), ("M-8", "板", "公斤", "是"),
                  (4711, "板 2", "kg", "no")],
    "Substitutes": [("Material", "Substitute", "Units for one unit"), ("M-8", "4711", 1.1)],
    "Routings": [(*ROUTING, "Starts freely", "Qualification", "Set-up minutes"),
                 ("P-9", "", 10, "下料", "CNC-9", "1.5", "no", "", 20),
                 ("P-9", "", 20, "车环", "CNC-9", 2, "yes", "", 0),
                 ("P-9", "", 30, "焊接", "WELD-9", 9, None, "WELD", None)],
    "Links": [("Product", "Operation", "Comes after"), ("P-9", 30, 10), ("P-9", 30, 20)],
    "Candidates": [("Product", "Operation", "Work centre", "Time, % of the usual"), ("P-9", 10, "WELD-9", "120%")],
    "Bill of material": [("Product", "Material", "Quantity per piece", "Scrap factor", "Needed by operation"),
                         ("P-9", "M-8", 4.2, "5%", 30)],
}  # fmt: skip


@pytest.fixture
def head(production_head, clock_defaults):
    ProductFamily.objects.create(name="支架", normal_lead_time_hours=100)
    return production_head


def packed(book, name="数据.xlsx") -> SimpleUploadedFile:
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile(name, file.getvalue())


def filled(sheets) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    return book


def upload(by, sheets) -> MasterImport:
    return actions.upload(file=packed(filled(sheets)), by=by)


def export(user) -> SimpleUploadedFile:
    return SimpleUploadedFile("master.xlsx", writing.write(hidden_fields(user)).read())


def states(made) -> dict:
    rows = made.rows.values_list("state", flat=True)
    return {state: list(rows).count(state) for state in set(rows)}


def faults(made) -> list[tuple]:
    rows = made.rows.filter(state="fault")
    return [(row.sheet, row.number, BY_CODE[row.sheet].label_of(row.column) if row.sheet in BY_CODE else row.column,
             row.said) for row in rows]  # fmt: skip


def rework(upload, change) -> SimpleUploadedFile:
    """The same workbook, as somebody changes it in a spreadsheet."""
    upload.seek(0)
    book = load_workbook(upload)
    change(book)
    return packed(book)


def test_a_whole_workbook_is_put_in_once_as_it_was_shown(head):
    made = upload(head, WHOLE)
    assert states(made) == {"new": 15} and not faults(made)
    assert not WorkCentre.objects.filter(code="CNC-9").exists()
    actions.put_in(master_import=made, by=head)
    centre = WorkCentre.objects.get(code="CNC-9")
    assert (centre.slots, centre.hourly_rate_amount, centre.is_active) == (2, Decimal("150.5"), True)
    assert ExtraShift.objects.get().weekdays == "12345" and Product.objects.get(number="P-9").unit == "pcs"
    assert Material.objects.get(number="M-8").is_key and Substitute.objects.get().substitute.number == "4711"
    welding = RoutingOperation.objects.get(number=30)
    assert welding.qualification == Qualification.objects.get() and welding.setup_minutes == 0
    assert sorted(welding.links.values_list("after__number", flat=True)) == [10, 20]
    assert CandidateCentre.objects.get().time_percent == 120
    assert BillOfMaterialLine.objects.get().scrap_factor == Decimal("0.05")
    assert OperationMaterial.objects.get().operation == welding
    assert "hourly_rate" not in str(made.rows.filter(sheet="products").get().changes)
    with pytest.raises(GateShut, match="already"):
        actions.put_in(master_import=made, by=head)
    assert not list(audit.breaks()) and Event.objects.filter(stream=STREAM, verb="master.import").count() == 1
    assert "minutes per piece" in str([event.params for event in history(Product.objects.get(number="P-9"), head)])


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_an_export_imported_unchanged_changes_nothing(head, language):
    actions.put_in(master_import=upload(head, WHOLE), by=head)
    product = make_product(name="=1+1", specification=" 两行\n规格 ")
    make.usual_routing(product)
    RoutingOperation.objects.create(product=product, variant="五轴", number=5, name="一次", run_minutes_per_unit="0.25",
                                    work_centre=make.work_centre("CNC"))  # fmt: skip
    make.bill(product, make_material(unit="扎"), before=20)
    with translation.override(language):
        made = actions.upload(file=export(head), by=head)
        assert faults(made) == [] and states(made).keys() == {"same"}
    with pytest.raises(GateShut, match="nothing to import"):
        actions.put_in(master_import=made, by=head)
    cells = [cell for page in load_workbook(export(head)) for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert next(cell for cell in cells if cell.value == "=1+1").quotePrefix


def test_changed_rows_show_old_and_new_and_only_they_are_written(head):
    make.usual_routing(make_product())
    centre = WorkCentre.objects.get(code="CNC")
    made = upload(head, {"工作中心": [("代码", "并行机位", "责任人"), ("ＣＮＣ", 3, head.username)],
                         "Extra shifts": [("Work centre", "Name", "Weekdays", "Hours")]})  # fmt: skip
    row = made.rows.get()
    assert (row.state, row.number) == ("changed", 2)
    assert row.changes == [["slots", 1, 3], ["foreman", None, head.username]]
    actions.put_in(master_import=made, by=head)
    changed = WorkCentre.objects.get(code="CNC")
    assert (changed.slots, changed.foreman, changed.name) == (3, head, centre.name)


WRONG = [  # sheet, row, column, what is said
    ("Routings", ("P-9", "", "ten", "x", "CNC-9", 1), "Operation", "“ten” is not a number"),
    ("Routings", ("P-9", "", 40, "x", "CNC-9", -1), "Minutes per piece", "-1 is not between 0"),
    ("Routings", ("P-9", "", 40, "x", "CNC-9", "a few"), "Minutes per piece", "“a few” is not a number"),
    ("Routings", ("P-9", "", 40, "x", "CNC-9", "1,5"), "Minutes per piece", "“1,5” is not a number"),
    ("Routings", ("P-9", "", 40, "x", "CNC-9", 1.234), "Minutes per piece", "too many decimal places"),
    ("Routings", ("P-9", "", 40, "x", "CNC-9", "=1+1"), "Minutes per piece", "holds a formula"),
    ("Routings", ("P-9", "", 40, date(2026, 3, 5), "CNC-9", 1), "Name", "made a date or a time"),
    ("Routings", ("P-9", "", 40, "x" * 121, "CNC-9", 1), "Name", "121 characters"),
    ("Routings", ("P-9", "", 40, "x", "", 1), "Work centre", "Nothing stands here"),
    ("Routings", ("P-9", "", 40, "x", "NONE", 1), "Work centre", "“NONE” is not known in Work centres"),
    ("Routings", ("P-9", "", 40, "x", "OLD", 1), "Operation", "No work centre in use may do operation 40"),
    ("Routings", ("P-9", "", 30, "x", "CNC-9", 1), "Operation", "The same is said in row 4 already"),
    ("Links", ("P-9", 10, 30), "Comes after", "wait for each other: 10 → 30 → 10"),
    ("Links", ("P-9", 30, 99), "Comes after", "P-9 has no operation 99"),
    ("Links", ("P-9", 20, 10), "Comes after", "starts freely and comes after"),
    ("Materials", ("M-7", "板", "", "no"), "Unit", "Nothing stands here"),
    ("Materials", ("M-7", "板", "斗", "no"), "Unit", "“斗” is not a known unit"),
    ("Materials", ("M-7", "板", "kg", "maybe"), "Critical material", "neither yes nor no"),
    ("Work centres", ("C", "x", "nowhere", 1, 0), "Working calendar", "not known in the working calendars"),
    ("Work centres", ("C", "x", "unborn", 1, 0), "Working calendar", "has no working time"),
    ("Work centres", ("C", "x", "factory", 0, 0), "Parallel slots", "0 is not between 1"),
    ("Work centres", ("C", "x", "factory", 1, "#REF!"), "Machine rate per hour", "an error of the spreadsheet"),
    ("Extra shifts", ("CNC-9", "x", 8, "08:00-12:00"), "Weekdays", "“8” are no weekdays"),
    ("Extra shifts", ("CNC-9", "x", 6, "12:00-08:00, 09:00-10:00"), "Hours", "are no working hours"),
    ("Substitutes", ("M-8", "M-8", 1), "Substitute", "does not replace itself"),
    ("Candidates", ("P-9", 20, "CNC-9", 100), "Work centre", "usual work centre"),
    ("Bill of material", ("P-9", "P-9", 1, 0, None), "Material", "A product is not made of itself"),
    ("Bill of material", ("P-9", 4711, 1, 0, 70), "Needed by operation", "P-9 has no operation 70"),
]  # fmt: skip


def test_each_faulty_cell_is_named_with_the_way_out_and_nothing_is_put_in(head):
    make.work_centre("OLD", is_active=False)
    Material.objects.create(number="P-9", name="itself", unit="kg")
    make.WorkCalendar.objects.create(code="unborn", name="unborn", week=["08:00-12:00"] * 7)
    for title, row, column, said in WRONG:
        made = upload(head, WHOLE | {title: [*WHOLE[title], row]})
        number = len(WHOLE[title]) + 1
        found = [fault for fault in faults(made) if fault[1:3] == (number, column) and said in fault[3]]
        assert found, (title, row, faults(made))
        rows = made.rows.filter(state="fault")
        assert all(row.said_way_out and "{" not in row.said + row.said_way_out for row in rows)
    with pytest.raises(GateShut, match="rows are at fault"):
        actions.put_in(master_import=made, by=head)
    assert not RoutingOperation.objects.exists() and not WorkCentre.objects.filter(code="CNC-9").exists()


def test_a_broken_cell_makes_no_others_seem_wrong(head):
    made = upload(head, WHOLE | {"Work centres": [*WHOLE["Work centres"][:2], ("WELD-9", "焊接", "factory", "two", 1)]})
    assert [fault[:3] for fault in faults(made)] == [("centres", 3, "Parallel slots")]


def test_the_form_of_the_workbook_is_looked_at(head):
    wrong = {"Remarks": [("a",)], "Links": [("Product", "Operation"), ("P", 1)],
             "Qualifications": [("Code", "Name", "Colour", "Name"), ("W", "x", "red", "y")]}  # fmt: skip
    found = {fault[0]: fault[2:] for fault in faults(upload(head, wrong))}
    assert found["Remarks"] == ("", "A sheet of this name is not known.")
    assert found["links"] == ("Comes after", "This column is missing.")
    said = {fault[3] for fault in faults(upload(head, wrong))}
    assert {"This heading is not known.", "This heading stands twice."} <= said
    book = filled({"Qualifications": [("Code", "Name"), ("A", "x"), ("B", None)]})
    book["Qualifications"].merge_cells("B2:B3")
    found = faults(actions.upload(file=packed(book), by=head))
    assert ("qualifications", 2, "", "The cells B2:B3 are merged.") in found
    assert "no row in it" in faults(actions.upload(file=packed(Workbook()), by=head))[0][3]


def zipped(parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_what_is_no_plain_workbook_is_refused_before_it_is_unpacked(head):
    whole = packed(filled(WHOLE)).read()
    parts = {info.filename: zipfile.ZipFile(io.BytesIO(whole)).read(info) for info in
             zipfile.ZipFile(io.BytesIO(whole)).infolist()}  # fmt: skip
    page = next(name for name in parts if "worksheets/" in name)
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    for content, said in (
        (b"\xd0\xcf\x11\xe0 old", "no Excel workbook"), (b"x" * (5 * 1024 * 1024 + 1), "at most"),
        (zipped(parts | {"xl/vbaProject.bin": b"x"}), "macros"), (zipped(parts | {page: entity}), "declares types"),
        (zipped(parts | {page: entity.decode().encode("utf-16")}), "declares types"),
        (zipped(parts | {"xl/media/bomb": b"\0" * (61 * 1024 * 1024)}), "Unpacked"),
        (zipped(parts | {page: b"<worksheet><sheetData><row"}), "broken inside"),
        (whole[: len(whole) // 2], "no Excel workbook"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            actions.upload(file=SimpleUploadedFile("a.xlsx", content), by=head)
        assert said in refused.value.because and refused.value.field == "files"
    assert not MasterImport.objects.exists()


def test_what_changed_meanwhile_is_told_and_nothing_is_put_in(head, admin):
    make.usual_routing(make_product())
    made = upload(head, WHOLE | {"Work centres": [*WHOLE["Work centres"], ("CNC", "新名", "factory", 2, 120)]})
    WorkCentre.objects.filter(code="CNC").update(slots=4)
    with pytest.raises(Changed) as refused:
        actions.put_in(master_import=made, by=head)
    assert "Work centres, row 4, CNC: now slots: 4" in str(refused.value.missing[0].text)
    assert not Product.objects.filter(number="P-9").exists()
    with pytest.raises(NotYours):
        actions.put_in(master_import=made, by=admin)
    actions.look_again(master_import=made, by=head)
    actions.put_in(master_import=made, by=head)
    assert WorkCentre.objects.get(code="CNC").slots == 2


def test_a_work_centre_that_alone_may_do_an_operation_is_not_taken_out_by_a_workbook(head):
    product = make_product()
    make.usual_routing(product)
    made = upload(head, {"Work centres": [("Code", "In use"), ("SAW", "no")]})
    assert faults(made) == [("centres", 2, "In use", f"{product.number}: No work centre in use may do operation 10.")]


def test_amounts_that_one_may_not_see_are_neither_read_nor_written(head, admin):
    made = upload(admin, {"Work centres": WHOLE["Work centres"]})
    assert ("centres", 1, "Machine rate per hour", "You may not see these amounts.") in faults(made)
    headings = {cell.value for page in load_workbook(export(admin)) for cell in page[1]}
    assert "Working calendar" in headings and not any("rate" in word or "cost" in word for word in headings)


def test_many_rows_take_as_many_statements_as_a_few(head):
    def statements(letter, count):
        numbers = [("Number", "Name", "Unit"), *((f"{letter}-{n}", f"板 {n}", "kg") for n in range(count))]
        bill = [("Product", "Material", "Quantity per piece"), *(("P-9", f"{letter}-{n}", 1.5) for n in range(count))]
        sheets = {"Products": WHOLE["Products"], "Materials": numbers, "Bill of material": bill}
        with CaptureQueriesContext(connection) as seen:
            actions.put_in(master_import=upload(head, sheets), by=head)
        return len(seen)

    statements("A", 1)
    assert statements("B", 3) == statements("C", 60)
    assert BillOfMaterialLine.objects.count() == 64


def test_the_database_keeps_what_was_shown_and_imported(head):
    done, open_ = upload(head, {"Qualifications": WHOLE["Qualifications"]}), upload(head, WHOLE)
    actions.put_in(master_import=done, by=head)
    for statement in (
        "UPDATE production_masterimport SET imported_at = NULL, imported_by_id = NULL WHERE id = {done}",
        "UPDATE production_masterimport SET uploaded_by_id = NULL WHERE id = {open}",
        "UPDATE production_masterimport SET imported_at = uploaded_at WHERE id = {open}",
        "DELETE FROM production_masterimport WHERE id = {open}",
        "UPDATE production_importrow SET name = 'x' WHERE master_import_id = {open}",
        "DELETE FROM production_importrow WHERE master_import_id = {done}",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(done=done.pk, open=open_.pk))
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportRow.objects.bulk_create([ImportRow(master_import=done, sheet="links", number=9, state="new")])


def test_a_changed_stored_file_is_not_imported(head):
    made = upload(head, WHOLE)
    with made.file.file.storage.open(made.file.file.name, "wb") as file:
        file.write(packed(filled({"Qualifications": [("Code", "Name"), ("X", "x")]})).read())
    with pytest.raises(GateShut, match="not the one that was uploaded"):
        actions.put_in(master_import=made, by=head)
    assert not RoutingLink.objects.exists()


def test_the_pages_lead_from_the_workbook_to_the_import(head, client_of, planner, admin):
    client = client_of(head)
    book = client.get(reverse("production:master_workbook"))
    assert book["Content-Disposition"].endswith('.xlsx"')
    b"".join(book.streaming_content)
    url = reverse("production:import_new")
    wrong = client.post(url, {"files": SimpleUploadedFile("a.xlsx", b"PK no")})
    assert wrong.status_code == 422 and "cannot be read" in wrong.content.decode()
    bad = WHOLE | {"Links": [*WHOLE["Links"], ("P-9", 10, 30)]}
    shown = client.get(client.post(url, {"files": packed(filled(bad))}).url).content.decode()
    assert "10 → 30 → 10" in shown and "Take one of these links away" in shown and "/do/" not in shown
    answer = client.post(url, {"files": packed(filled(WHOLE)), "once": "k"})
    assert client.post(url, {"files": packed(filled(WHOLE)), "once": "k"}).url == answer.url
    made = MasterImport.objects.get(rows__state="new", pk=MasterImport.objects.order_by("-pk").first().pk,
                                    rows__sheet="bill")  # fmt: skip
    shown = client.get(answer.url).content.decode()
    assert "Machine rate per hour" in shown and "/do/" in shown
    assert "Machine rate per hour" not in client_of(admin).get(answer.url).content.decode()
    do = reverse("production:import_do", args=[made.pk])
    assert client_of(planner).get(answer.url).status_code == client_of(planner).post(do).status_code == 403
    assert client_of(planner).get(reverse("production:imports")).status_code == 200
    assert client_of(admin).post(do).status_code == 403
    Qualification.objects.create(code="WELD", name="other")
    late = client.post(do)
    assert late.status_code == 409 and "Qualifications, row 2, WELD" in late.content.decode()
    assert client.post(reverse("production:import_again", args=[made.pk])).url == answer.url
    assert client.post(do).url == answer.url
    assert "It was imported as shown here" in client.get(answer.url).content.decode()
    assert client.post(do).status_code == 409
    assert "imported" in client.get(reverse("production:imports")).content.decode()
