"""The sheets of the workbook and their columns: what each is called in three languages, and where it is kept."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language

from catalog.models import BillOfMaterialLine, Material, Product, Substitute
from people.models import Qualification
from production.master import MONEY
from production.models import CandidateCentre, ExtraShift, RoutingLink, RoutingOperation, WorkCentre
from production.workbook.values import Hours, Number, Text, Unit, Weekdays, YesNo

LANGUAGES = ("en", "zh-hans", "zh-hant")
LARGE = Decimal("99999999.99")
MINUTES = Decimal(100_000)


def in_language(names) -> str:
    language = (get_language() or "en").lower()
    return names[LANGUAGES.index(language) if language in LANGUAGES else 0]


@dataclass(frozen=True)
class Column:
    """`path`: where it is read in the database; `names`: English, 简体, 繁體, then other words that are understood."""

    name: str
    names: tuple[str, ...]
    kind: object
    path: str = ""
    is_key: bool = False
    is_needed: bool = False
    ref: str = ""  # the sheet, or another table, whose code stands here
    empty: object = ""  # what an empty cell means

    @property
    def label(self) -> str:
        return in_language(self.names)

    @property
    def source(self) -> str:
        return self.path or self.name

    @property
    def money(self) -> str:
        return MONEY.get(self.name, "")


@dataclass(frozen=True)
class Sheet:
    code: str
    names: tuple[str, ...]
    model: type
    columns: tuple[Column, ...]

    @property
    def label(self) -> str:
        return in_language(self.names)

    @property
    def keys(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_key)

    def column(self, name) -> Column:
        return next(column for column in self.columns if column.name == name)

    def label_of(self, name) -> str:
        """In the reader's language; a heading that is none of ours as it stands."""
        return next((column.label for column in self.columns if column.name == name), name)


def key(name, names, kind, path="", ref="", is_needed=True) -> Column:
    return Column(name, names, kind, path, is_key=True, is_needed=is_needed, ref=ref)


CODE, NUMBER, NAME = Text(20), Text(40), Text(120)
OPERATION = Number(least=Decimal(1))
PERCENT = Number(least=Decimal(0), whole=100)


def name_columns():
    return (
        Column("name", ("Name", "名称", "名稱"), NAME, is_needed=True),
        Column("latin_name", ("Name in Latin letters", "拉丁字母名称", "拉丁字母名稱", "latin name"), NAME),
    )


def in_use() -> Column:
    return Column("is_active", ("In use", "在用", "在用", "active", "启用"), YesNo(), empty=True)


def yes_no(name, *names) -> Column:
    return Column(name, names, YesNo(), empty=False)


def of_operation(prefix="operation__") -> tuple[Column, ...]:
    return (
        key("product", ("Product", "产品", "產品"), NUMBER, f"{prefix}product__number", "products"),
        key("variant", ("Alternative routing", "替代工艺路线", "替代工藝路線", "variant"), NUMBER, f"{prefix}variant",
            is_needed=False),
        key("number", ("Operation", "工序", "工序", "operation no.", "no.", "工序号", "序号"), OPERATION,
            f"{prefix}number"),
    )  # fmt: skip


def centre_column(path="work_centre__code", **options) -> Column:
    names = ("Work centre", "工作中心", "工作中心", "work center", "machine")
    return Column("work_centre", names, CODE, path, ref="centres", is_needed=True, **options)


SHEETS = (
    Sheet("qualifications", ("Qualifications", "资格", "資格"), Qualification, (
        key("code", ("Code", "代码", "代碼"), CODE), *name_columns(),
    )),
    Sheet("centres", ("Work centres", "工作中心", "工作中心", "work centers"), WorkCentre, (
        key("code", ("Code", "代码", "代碼"), CODE), *name_columns(),
        Column("slots", ("Parallel slots", "并行机位", "並行機位", "slots"), Number(least=Decimal(1)), empty=1),
        Column("calendar", ("Working calendar", "工作日历", "工作日曆", "calendar", "日历"), Text(80), "calendar__code",
               ref="calendars", is_needed=True),
        Column("foreman", ("Person responsible", "责任人", "責任人", "foreman"), Text(150), "foreman__username",
               ref="people", empty=None),
        Column("overtime_hours", ("Overtime hours", "加班时段", "加班時段", "overtime"), Hours()),
        Column("overtime_percent", ("Extra pay for overtime, %", "加班附加 %", "加班附加 %"), PERCENT, empty=0),
        Column("hourly_rate_amount", ("Machine rate per hour", "机器每小时费率", "機器每小時費率"),
               Number(2, most=LARGE), empty=Decimal(0)),
        Column("labour_rate_amount", ("Labour rate per hour", "人工每小时费率", "人工每小時費率"),
               Number(2, most=LARGE), empty=Decimal(0)),
        in_use(),
    )),
    Sheet("shifts", ("Extra shifts", "加班班次", "加班班次"), ExtraShift, (
        centre_column(is_key=True), key("name", ("Name", "名称", "名稱"), NAME), name_columns()[1],
        Column("weekdays", ("Weekdays", "星期", "星期"), Weekdays(), is_needed=True),
        Column("hours", ("Hours", "时段", "時段"), Hours(), is_needed=True),
        Column("extra_percent", ("Extra pay, %", "附加 %", "附加 %"), PERCENT, empty=100), in_use(),
    )),
    Sheet("products", ("Products", "产品", "產品"), Product, (
        key("number", ("Number", "编号", "編號", "product"), NUMBER), *name_columns(),
        Column("family", ("Family", "产品族", "產品族"), NAME, "family__name", ref="families", is_needed=True),
        Column("unit", ("Unit", "单位", "單位"), Unit(), is_needed=True),
        Column("drawing_number", ("Drawing number", "图号", "圖號"), Text(60)),
        Column("revision", ("Revision", "版本", "版本"), CODE),
        Column("specification", ("Specification", "规格要求", "規格要求"), Text(2000)),
        Column("price_amount", ("Usual price", "通常价格", "通常價格"), Number(2, most=Decimal("999999999999.99")),
               empty=None),
        in_use(),
    )),
    Sheet("materials", ("Materials", "物料", "物料"), Material, (
        key("number", ("Number", "编号", "編號", "material"), NUMBER), *name_columns(),
        Column("unit", ("Unit", "单位", "單位"), Unit(), is_needed=True),
        yes_no("is_key", "Critical material", "关键物料", "關鍵物料"),
        Column("lead_time_hours", ("Lead time in hours", "交期（小时）", "交期（小時）"), Number(most=MINUTES),
               empty=72),
        Column("standard_cost_amount", ("Standard cost per unit", "单位标准成本", "單位標準成本"),
               Number(4, most=Decimal("9999999999.9999")), empty=Decimal(0)),
        in_use(),
    )),
    Sheet("substitutes", ("Substitutes", "替代物料", "替代物料"), Substitute, (
        key("material", ("Material", "物料", "物料"), NUMBER, "material__number", "materials"),
        key("substitute", ("Substitute", "替代", "替代"), NUMBER, "substitute__number", "materials"),
        Column("factor", ("Units for one unit", "替代一单位所需量", "替代一單位所需量", "factor"),
               Number(4, Decimal("0.0001"), Decimal("9999.9999")), empty=Decimal(1)),
    )),
    Sheet("routings", ("Routings", "工艺路线", "工藝路線"), RoutingOperation, (
        *of_operation(""), *name_columns(), centre_column(),
        Column("setup_minutes", ("Set-up minutes", "准备分钟", "準備分鐘", "setup minutes"), Number(most=MINUTES),
               empty=0),
        Column("run_minutes_per_unit", ("Minutes per piece", "每件分钟", "每件分鐘"), Number(2, most=MINUTES),
               is_needed=True),
        yes_no("starts_freely", "Starts freely", "可直接开始", "可直接開始"),
        Column("transfer_lot", ("Transfer lot", "转移批", "轉移批"), Number(least=Decimal(1), most=MINUTES),
               empty=None),
        yes_no("is_inspected", "Inspected", "检验", "檢驗"),
        yes_no("needs_first_article", "First article", "首件", "首件"),
        Column("qualification", ("Qualification", "资格", "資格"), CODE, "qualification__code", ref="qualifications",
               empty=None),
        Column("also_needs", ("Needs at the same time", "同时占用", "同時佔用"), CODE, "also_needs__code",
               ref="centres", empty=None),
        yes_no("is_external", "Outside work", "外协", "外協"),
        Column("service", ("Bought as", "外购为", "外購為"), NUMBER, "service__number", ref="materials", empty=None),
        Column("subcontract_service", ("May be bought outside as", "可外协为", "可外協為"), NUMBER,
               "subcontract_service__number", ref="materials", empty=None),
        Column("subcontract_hours", ("Hours outside", "外协小时", "外協小時"), Number(least=Decimal(1), most=MINUTES),
               empty=None),
    )),
    Sheet("links", ("Links", "工序关系", "工序關係"), RoutingLink, (
        *of_operation(),
        key("after", ("Comes after", "排在其后", "排在其後", "after"), OPERATION, "after__number"),
    )),
    Sheet("candidates", ("Candidates", "备选工作中心", "備選工作中心"), CandidateCentre, (
        *of_operation(), centre_column(is_key=True),
        Column("time_percent", ("Time, % of the usual", "用时 %", "用時 %"), Number(least=Decimal(1), whole=100),
               empty=100),
    )),
    Sheet("bill", ("Bill of material", "物料清单", "物料清單"), BillOfMaterialLine, (
        key("product", ("Product", "产品", "產品"), NUMBER, "product__number", "products"),
        key("material", ("Material", "物料", "物料"), NUMBER, "material__number", "materials"),
        Column("quantity_per", ("Quantity per piece", "每件用量", "每件用量"),
               Number(4, Decimal("0.0001"), Decimal("9999999999.9999")), is_needed=True),
        Column("scrap_factor", ("Scrap factor", "损耗率", "損耗率"), Number(4, most=Decimal("9.9999"), whole=1),
               empty=Decimal(0)),
        Column("operation", ("Needed by operation", "所需工序", "所需工序"), OPERATION, "-", empty=None),
    )),
)  # fmt: skip
BY_CODE = {sheet.code: sheet for sheet in SHEETS}


def columns_for(sheet, hidden) -> tuple[Column, ...]:
    """Without the amounts that are not for this person."""
    return tuple(column for column in sheet.columns if column.name not in hidden)


