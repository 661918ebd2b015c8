"""What a workbook would change: each row new, changed or as it is, and what it may not be."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext_noop

from catalog.models import ProductFamily
from people.models import User
from production import routing
from production.models import OperationMaterial
from production.workbook.reading import Fault, Row
from production.workbook.sheets import BY_CODE, SHEETS, Sheet
from production.workbook.values import plain
from sla.models import WorkCalendar

UNKNOWN = gettext_noop("“{value}” is not known in {table}.")
ADD_IT = gettext_noop("Correct it, or add it there.")
TABLES = {  # what stands outside the workbook
    "calendars": gettext_noop("the working calendars"), "people": gettext_noop("the people"),
    "families": gettext_noop("the product families"),
}  # fmt: skip
KEY_OF = {"qualifications": "code", "centres": "code", "products": "number", "materials": "number"}
NEW, CHANGED, SAME = "new", "changed", "same"


@dataclass
class Change:
    row: Row
    state: str
    pk: int | None
    old: dict
    new: dict  # only what differs

    @property
    def stored(self) -> list:
        return [[name, shown(self.old.get(name)), shown(value)] for name, value in self.new.items()]


@dataclass
class Comparison:
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def shown(value):
    """As JSON keeps it."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Standing:
    """What stands in the database, read once: a statement or two for each sheet."""

    def __init__(self):
        self.tables = {sheet.code: self._table(sheet) for sheet in SHEETS}
        self._needed_at()

    def _table(self, sheet) -> dict:
        """{key: (pk, values)}"""
        stored = [column for column in sheet.columns if column.source != "-"]
        rows = sheet.model.objects.order_by("pk").values_list("pk", *(column.source for column in stored))
        found = {}
        for pk, *values in rows:
            row = {column.name: value for column, value in zip(stored, values, strict=True)}
            found[tuple(row[column.name] for column in sheet.keys)] = (pk, row)
        return found

    def _needed_at(self):
        """Which operation of the normal routing needs a line of the bill."""
        gates = OperationMaterial.objects.filter(operation__variant="")
        needed = dict(gates.values_list("bill_line", "operation__number"))
        for pk, row in self.tables["bill"].values():
            row["operation"] = needed.get(pk)

    @cached_property
    def outside(self) -> dict:
        """{table: {what people may write, folded: the code}}"""
        calendars = list(WorkCalendar.objects.values_list("code", "name", "week", "edition"))
        return {
            "calendars": {plain(word): code for code, name, *_rest in calendars for word in (name, code)},
            "people": {plain(name): name for name in User.objects.filter(is_active=True).values_list(
                "username", flat=True)},
            "families": {plain(name): name for name in ProductFamily.objects.values_list("name", flat=True)},
            "idle": {code for code, _name, week, edition in calendars if not any(week) or edition is None},
        }

    @property
    def units(self) -> set[str]:
        return {row["unit"] for code in ("products", "materials") for _pk, row in self.tables[code].values()}


def compare(read, standing: Standing) -> Comparison:
    return _Comparing(read, standing).run()


class _Comparing:
    def __init__(self, read, standing):
        self.standing, self.found = standing, Comparison(faults=list(read.faults))
        self.rows = defaultdict(list)
        for row in read.rows:
            self.rows[row.sheet.code].append(row)
        self.codes = {}  # {sheet: {folded code: code}}, what stands and what the file adds
        self.merged = {}  # {sheet: {key: values}} as it would stand
        self.at = {}  # {sheet: {key: row}} of the file
        self.changed = set()  # (sheet, key)
        self.blind = {fault.sheet for fault in read.faults}  # where rows are missing, so that others seem wrong

    def run(self) -> Comparison:
        for sheet in SHEETS:
            self._codes(sheet)
        for sheet in SHEETS:
            self._sheet(sheet)
        self._check_routings()
        self.found.faults.sort(key=lambda fault: (_place(fault.sheet), fault.row))
        return self.found

    def fault(self, row, name, text, way_out="", **params):
        self.found.faults.append(Fault(row.sheet.code, row.number, name, text, way_out, params))

    # Codes

    def _codes(self, sheet):
        if sheet.code not in KEY_OF:
            return
        known = {plain(key[0]): key[0] for key in self.standing.tables[sheet.code]}
        name = KEY_OF[sheet.code]
        for row in self.rows[sheet.code]:
            row.values[name] = known.setdefault(plain(row.values[name]), row.values[name])
        self.codes[sheet.code] = known

    def _resolve(self, row) -> bool:
        """Codes of other tables as they are written there; False where one is not known."""
        is_known = True
        for column in row.sheet.columns:
            value = row.values.get(column.name)
            if not column.ref or value in (None, ""):
                continue
            outside = column.ref in self.standing.outside
            known = self.standing.outside[column.ref] if outside else self.codes[column.ref]
            code = known.get(plain(value))
            if code is None:
                is_known = False
                if column.ref in self.blind:
                    continue
                table = {"msg": TABLES[column.ref]} if outside else {"msg": BY_CODE[column.ref].names[0]}
                self.fault(row, column.name, UNKNOWN, ADD_IT, value=value, table=table)
            else:
                row.values[column.name] = code
        return is_known

    # Rows

    def _sheet(self, sheet: Sheet):
        stands = self.standing.tables[sheet.code]
        self.merged[sheet.code] = {key: values for key, (_pk, values) in stands.items()}
        at = self.at[sheet.code] = {}
        for row in self.rows[sheet.code]:
            if not self._resolve(row):
                self.blind.add(sheet.code)
                continue
            if row.key in at:
                self.fault(row, sheet.keys[-1].name, gettext_noop("The same is said in row {other} already."),
                           gettext_noop("Delete one of the two rows."), other=at[row.key].number)
                continue
            at[row.key] = row
            self._compare(row, *stands.get(row.key, (None, {})))

    def _compare(self, row, pk, old):
        """What stands already and stays is not looked at again."""
        change = _change(row, pk, old)
        values = self.merged[row.sheet.code][row.key] = old | row.values
        if change.state != SAME:
            self.changed.add((row.sheet.code, row.key))
            self._check(row, values, is_new=change.state == NEW)
        self.found.changes.append(change)

    def _check(self, row, values, is_new):
        missing = [column for column in row.sheet.columns if column.is_needed and column.name not in values]
        for column in missing if is_new else ():
            self.fault(row, column.name, gettext_noop("It is new, and this column is missing."),
                       gettext_noop("Add the column."))
        check = getattr(self, f"_check_{row.sheet.code}_row", None)
        if check and not missing:
            check(row, values)

    def _check_centres_row(self, row, values):
        if row.values.get("calendar") in self.standing.outside["idle"]:
            self.fault(row, "calendar", gettext_noop("“{value}” has no working time."),
                       gettext_noop("Give the calendar hours, or choose another one."), value=values["calendar"])

    def _check_substitutes_row(self, row, values):
        if values["material"] == values["substitute"]:
            self.fault(row, "substitute", gettext_noop("A material does not replace itself."),
                       gettext_noop("Name another one, or delete the row."))

    def _check_bill_row(self, row, values):
        if values["material"] == values["product"]:
            self.fault(row, "material", gettext_noop("A product is not made of itself."),
                       gettext_noop("Name another material, or delete the row."))
        number = values.get("operation")
        if number is None or "operation" not in row.values:
            return
        operation = (values["product"], "", number)
        if operation not in self.merged_routings():
            self._no_operation(row, "operation", operation)

    def merged_routings(self) -> dict:
        return self.merged["routings"]

    def _no_operation(self, row, name, operation):
        if "routings" in self.blind:
            return
        product, variant, number = operation
        self.fault(row, name, gettext_noop("{way} has no operation {number}."),
                   gettext_noop("Correct the number, or add the operation to the sheet of routings."),
                   way=f"{product} {variant}".strip(), number=number)

    def _check_routings_row(self, row, values):
        if values.get("subcontract_service") and not values.get("subcontract_hours"):
            self.fault(row, "subcontract_hours", gettext_noop("It takes no time outside."),
                       gettext_noop("Say how many hours it takes outside."))

    def _check_links_row(self, row, values):
        for name in ("number", "after"):
            operation = (values["product"], values.get("variant") or "", values[name])
            if operation not in self.merged_routings():
                self._no_operation(row, name, operation)

    def _check_candidates_row(self, row, values):
        operation = (values["product"], values.get("variant") or "", values["number"])
        usual = self.merged_routings().get(operation)
        if usual is None:
            self._no_operation(row, "number", operation)
        elif usual.get("work_centre") == values["work_centre"]:
            self.fault(row, "work_centre", gettext_noop("It is the usual work centre of this operation."),
                       gettext_noop("Name another one, or delete the row."))

    # Routings as a whole

    def _check_routings(self):
        if "routings" in self.blind:
            return
        links, others = defaultdict(set), defaultdict(set)
        for product, variant, number, after in self.merged["links"]:
            links[product, variant].add((number, after))
        for product, variant, number, centre in self.merged["candidates"]:
            others[product, variant, number].add(centre)
        routings = defaultdict(dict)
        for (product, variant, number), values in self.merged_routings().items():
            routings[product, variant][number] = values
        for way in sorted(self._touched(routings)):
            nodes = [routing.Node(number, bool(values.get("starts_freely")),
                                  self._has_centre(values["work_centre"], others[*way, number]))
                     for number, values in routings[way].items() if "work_centre" in values]
            for fault in routing.check(nodes, links[way]):
                if fault.kind != routing.UNKNOWN:  # told at its row
                    self._tell(way, fault)

    def _touched(self, routings) -> set:
        """Ways to make a product that the file changes, and those that need a work centre which leaves."""
        ways = {key[:2] for code, key in self.changed if code in ("routings", "links", "candidates")}
        left = {key[0] for code, key in self.changed
                if code == "centres" and not self.merged["centres"][key].get("is_active", True)}
        return ways | {way for way, rows in routings.items()
                       if any(values.get("work_centre") in left for values in rows.values())}

    def _has_centre(self, usual, others) -> bool:
        return any(self.merged["centres"].get((code,), {}).get("is_active", True) for code in {usual, *others}
                   if (code,) in self.merged["centres"])

    def _tell(self, way, fault):
        """At the link that is to blame, else at the operation, else at the work centre that leaves."""
        text, way_out = routing.SAYS[fault.kind]
        pairs = {*zip(fault.numbers, fault.numbers[1:], strict=False), *zip(fault.numbers[1:], fault.numbers,
                                                                            strict=False)}  # fmt: skip
        places = [("links", (*way, *pair), "after") for pair in sorted(pairs)]
        places += [("links", key, "after") for key in self.at["links"] if key[:2] == way and key[2] in fault.numbers]
        places += [("routings", (*way, number), "number") for number in fault.numbers]
        centre = self.merged_routings().get((*way, fault.numbers[0]), {}).get("work_centre")
        places += [("centres", (centre,), "is_active")] if fault.kind == routing.NO_CENTRE else []
        places += [(code, key, code_name) for code, code_name in (("routings", "number"), ("links", "number"),
                   ("candidates", "number")) for key in self.at[code] if key[:2] == way]
        found = [(self.at[code][key], name) for code, key, name in places if key in self.at[code]]
        if not found:
            return  # wrong already, and not by this file
        self.fault(*found[0], ROUTING_SAYS, way_out, way=" ".join(way).strip(),
                   fault={"msg": text, "params": fault.params}, **fault.params)


ROUTING_SAYS = gettext_noop("{way}: {fault}")


def _change(row, pk, old) -> Change:
    if pk is None:
        return Change(row, NEW, None, {}, dict(row.values))
    new = {name: value for name, value in row.values.items() if not _is_same(value, old.get(name))}
    return Change(row, CHANGED if new else SAME, pk, old, new)


def _is_same(new, old) -> bool:
    if isinstance(new, str):
        return new == (old or "").strip()
    return new == old or (new in (None, "") and old in (None, ""))


def _place(code) -> int:
    codes = list(BY_CODE)
    return codes.index(code) if code in codes else len(codes)
