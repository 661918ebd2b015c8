"""A workbook of master data: looked at first, then put in as it was shown, whole or not at all."""

from collections import defaultdict
from functools import cache
from hashlib import sha256

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from catalog.models import Material, Product, ProductFamily
from desk.refusals import Changed, GateShut, NotYours, Remedy
from desk.text import sentence, word
from people.models import Qualification, User
from production.actions.master import ADDED, CHANGED, check_right
from production.master import CHANGED_FIELD, MONEY, STREAM, hidden_fields, lock, shown
from production.models import ImportRow, MasterImport, OperationMaterial, RoutingOperation, WorkCentre
from production.workbook import comparing
from production.workbook.comparing import NEW, SAME, Standing, compare
from production.workbook.reading import check_file, read
from production.workbook.sheets import SHEETS
from records.actions import append, written
from records.files import attach
from sla.models import WorkCalendar

SUBJECT = "master"
BATCH = 500
MOST_FAULTS, MOST_NAMED = 500, 5
# The tables whose codes stand in the workbook.
CODES = {
    "qualifications": (Qualification, "code"), "centres": (WorkCentre, "code"), "products": (Product, "number"),
    "materials": (Material, "number"), "calendars": (WorkCalendar, "code"), "people": (User, "username"),
    "families": (ProductFamily, "name"),
}  # fmt: skip
ABOUT = {"centres": "workcentre", "shifts": "workcentre", "materials": "material", "substitutes": "material",
         "qualifications": "qualification"}  # fmt: skip


@transaction.atomic
def upload(*, file, by) -> MasterImport:
    """Kept with its hash, and compared with what stands; nothing is changed yet."""
    check_right(by)
    check_file(file)
    standing = Standing()
    found = compare(read(file, hidden=hidden_fields(by), units=standing.units), standing)
    stored = attach(file, subject=SUBJECT, purpose="import", by=by)
    made = MasterImport.objects.create(file=stored, uploaded_by=by)
    _keep(made, found)
    return made


@transaction.atomic
def look_again(*, master_import, by) -> MasterImport:
    """The same file against what stands now."""
    check_right(by)
    made = _open(master_import, by)
    made.rows.all().delete()
    _keep(made, _compare(made))
    return made


@transaction.atomic
def put_in(*, master_import, by, now=None) -> MasterImport:
    """As it was shown. Raises Changed where master data changed since, GateShut where a row is at fault."""
    check_right(by)
    lock()
    made = _open(master_import, by)
    found = _compare(made)
    _check_shown(made, found)
    changes = [change for change in found.changes if change.state != SAME]
    if found.faults or not changes:
        raise GateShut(
            _("There is nothing to import.") if not found.faults else _("Nothing was imported: rows are at fault."),
            because=_("Everything in the workbook stands already.") if not found.faults else "",
        )
    append(STREAM, [*_apply(changes, by), _said(made, changes, by)])
    made.imported_at, made.imported_by = now or timezone.now(), by
    made.save(update_fields=["imported_at", "imported_by"])
    return made


def _open(master_import, by) -> MasterImport:
    made = MasterImport.objects.select_for_update(of=("self",)).select_related("uploaded_by", "file").get(
        pk=master_import.pk)
    if made.imported_at:
        raise GateShut(_("This workbook was imported already."), because=_("A workbook is imported once."))
    if made.uploaded_by_id != by.pk:
        raise NotYours(_("Who uploaded a workbook imports it."), who=[made.uploaded_by],
                       because=_("Upload it yourself to see what it changes."))
    return made


def _compare(made) -> comparing.Comparison:
    """The very file that was uploaded."""
    with made.file.file.open("rb") as file:
        if sha256(file.read()).hexdigest() != made.file.sha256:
            raise GateShut(_("The stored file is not the one that was uploaded."), because=_("Its hash differs."),
                           missing=[_("The workbook, uploaded once more")])
        standing = Standing()
        return compare(read(file, hidden=hidden_fields(made.uploaded_by), units=standing.units), standing)


def _keep(made, found) -> None:
    faults = [
        ImportRow(master_import=made, sheet=fault.sheet[:40], number=fault.row, state=ImportRow.State.FAULT,
                  column=fault.column[:80], text=fault.text, way_out=fault.way_out, params=fault.params)
        for fault in found.faults[:MOST_FAULTS]
    ]
    if len(found.faults) > MOST_FAULTS:
        faults.append(ImportRow(master_import=made, sheet="", number=0, state=ImportRow.State.FAULT,
                                text=gettext_noop("And {count} more."),
                                params={"count": len(found.faults) - MOST_FAULTS}))  # fmt: skip
    rows = [
        ImportRow(master_import=made, sheet=change.row.sheet.code, number=change.row.number, state=change.state,
                  name=_name(change)[:200], changes=change.stored)
        for change in found.changes
    ]
    ImportRow.objects.bulk_create([*faults, *rows], batch_size=BATCH)


def _name(change) -> str:
    return " ".join(str(part) for part in change.row.key if part != "")


def _check_shown(made, found) -> None:
    """What would be done is what was shown, row by row."""
    was = {(row.sheet, row.number): (row.state, row.changes, row.name)
           for row in made.rows.exclude(state=ImportRow.State.FAULT)}
    now = {(change.row.sheet.code, change.row.number): (change.state, change.stored, _name(change)[:200])
           for change in found.changes}
    other = sorted(place for place in was.keys() | now.keys() if was.get(place) != now.get(place))
    is_new_fault = bool(found.faults) and not made.rows.filter(state=ImportRow.State.FAULT).exists()
    if not other and not is_new_fault:
        return
    named = [_difference(place, was.get(place), now.get(place)) for place in other[:MOST_NAMED]]
    if len(other) > MOST_NAMED:
        named.append(_("And %(count)d more.") % {"count": len(other) - MOST_NAMED})
    raise Changed(
        _("Master data changed after this was shown. Nothing was imported."), missing=named,
        because=_("Another person changed what the workbook is about."),
        remedy=Remedy(gettext_lazy("Look again"), reverse("production:import_again", args=[made.pk])),
    )


def _difference(place, was, now) -> str:
    sheet, number = place
    label = next(known.label for known in SHEETS if known.code == sheet)
    name = (was or now)[2]
    old = {column: value for column, value, _new in (was[1] if was else [])}
    stands = [f"{column}: {value if value not in (None, '') else '–'}"
              for column, value, _new in (now[1] if now else []) if old.get(column, "") != value]
    return _("%(sheet)s, row %(row)d, %(name)s: now %(stands)s") % {
        "sheet": label, "row": number, "name": name, "stands": ", ".join(stands) or _("as in the workbook"),
    }


# Putting in


def _apply(changes, by) -> list:
    """Sheet by sheet, what others name first; the events of all of it."""
    by_sheet, ids, events = defaultdict(list), _Ids(), []
    for change in changes:
        by_sheet[change.row.sheet.code].append(change)
    for sheet in SHEETS:
        if rows := by_sheet[sheet.code]:
            _create(sheet, [change for change in rows if change.state == NEW], ids)
            _update(sheet, [change for change in rows if change.state != NEW], ids)
            ids.forget(sheet.code)
            events += [event for change in rows for event in _events(change, ids, by)]
    _gate(by_sheet["bill"], ids)
    return events


class _Ids:
    """{code: pk} of each table, read when it is first asked for."""

    def __init__(self):
        self.tables = {}

    def of(self, table) -> dict:
        if table not in self.tables:
            self.tables[table] = _operations() if table == "routings" else _codes(*CODES[table])
        return self.tables[table]

    def forget(self, table):
        self.tables.pop(table, None)


def _codes(model, name) -> dict:
    return dict(model.objects.values_list(name, "pk"))


def _operations() -> dict:
    rows = RoutingOperation.objects.values_list("product__number", "variant", "number", "pk")
    return {(product, variant, number): pk for product, variant, number, pk in rows}


def _fields(sheet, values, ids) -> dict:
    """The model's own fields for what a row says."""
    if sheet.code in ("links", "candidates") and "product" in values:
        way = (values["product"], values.get("variant") or "")
        found = {"operation_id": ids.of("routings")[*way, values["number"]]}
        if "after" in values:
            return found | {"after_id": ids.of("routings")[*way, values["after"]]}
        values = {name: value for name, value in values.items() if name not in ("product", "variant", "number")}
        return found | _fields(sheet, values, ids)
    found = {}
    for name, value in values.items():
        column = sheet.column(name)
        field = column.source.split("__")[0]
        if column.ref:
            found[f"{field}_id"] = ids.of(column.ref)[value] if value not in (None, "") else None
        elif column.source != "-":
            found[field] = value
    return found


def _create(sheet, changes, ids) -> None:
    made = [sheet.model(**_fields(sheet, change.row.values, ids)) for change in changes]
    for change, record in zip(changes, sheet.model.objects.bulk_create(made, batch_size=BATCH), strict=True):
        change.pk = record.pk


def _update(sheet, changes, ids) -> None:
    records = sheet.model.objects.in_bulk([change.pk for change in changes])
    touched = set()
    for change in changes:
        fields = _fields(sheet, change.new, ids)
        touched |= fields.keys()
        for name, value in fields.items():
            setattr(records[change.pk], name, value)
    if touched:
        names = [name.removesuffix("_id") for name in touched]
        sheet.model.objects.bulk_update(records.values(), names, batch_size=BATCH)


def _gate(changes, ids) -> None:
    """Which operation needs a line of the bill."""
    gates = {change.pk: change for change in changes if "operation" in change.new}
    OperationMaterial.objects.filter(bill_line__in=gates).delete()
    OperationMaterial.objects.bulk_create(
        (OperationMaterial(bill_line_id=pk,
                           operation_id=ids.of("routings")[change.row.values["product"], "", change.new["operation"]])
         for pk, change in gates.items() if change.new["operation"] is not None), batch_size=BATCH,
    )  # fmt: skip


# What is recorded


def _events(change, ids, by) -> list:
    sheet, told = change.row.sheet, defaultdict(list)
    for name, value in change.new.items():
        if value not in (None, "") or change.old.get(name) not in (None, ""):
            told[MONEY.get(name, "")].append(sentence(CHANGED_FIELD, {
                "field": _field_name(sheet, name), "old": shown(change.old.get(name)), "new": shown(value)}))
    kind = ABOUT.get(sheet.code, "product")
    table = {"workcentre": "centres"}.get(kind, f"{kind}s")
    params = {"about": f"{kind}:{ids.of(table)[change.row.key[0]]}", "kind": _kind(sheet),
              "name": _name(change)}  # fmt: skip
    is_new = change.state == NEW
    verb = f"{sheet.model._meta.model_name}.{'add' if is_new else 'change'}"
    return [written(verb, ADDED if is_new else CHANGED, by=by, money=money, params=params | {"changes": told[money]})
            for money in sorted(told)]


@cache
def _kind(sheet) -> dict:
    return word(sheet.model._meta.verbose_name)


@cache
def _field_name(sheet, name) -> dict:
    field = sheet.column(name).source.split("__")[0]
    return word(sheet.model._meta.get_field(field).verbose_name if field != "-" else gettext_noop("operation"))


def _said(made, changes, by):
    new = sum(change.state == NEW for change in changes)
    return written(
        "master.import", gettext_noop("{file} was imported: {new} new, {changed} changed (SHA-256 {sha256})"), by=by,
        params={"about": f"import:{made.pk}", "file": made.file.name, "sha256": made.file.sha256, "new": new,
                "changed": len(changes) - new},
    )  # fmt: skip
