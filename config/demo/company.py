"""The demo company's master data: a small machine-parts factory near Suzhou."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog.actions import receive_stock
from catalog.models import BillOfMaterialLine, Customer, Material, Product, ProductFamily, Project, Substitute
from logistics.models import Carrier
from people.models import Certificate, Qualification, User
from procurement.models import Supplier, SupplierMaterial
from production.models import (
    CandidateCentre,
    Downtime,
    ExtraShift,
    OperationMaterial,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
from records.models import CompanySettings
from sla.models import WorkCalendar

NAME = "恒达精密机械有限公司"
CUSTOMERS = (  # code, name, latin, key, contact, phone, place
    ("QMW", "启明风电装备有限公司", "Qiming Wind", True, "高远", "138 0611 2207", "盐城市大丰港 7 号泊位"),
    ("HCP", "海川泵业有限公司", "Haichuan Pumps", False, "沈洁", "139 1520 4410", "无锡市新吴区锡士路 18 号 3 号门"),
    ("DSR", "鼎盛轨道交通有限公司", "Dingsheng Rail", True, "韩冰", "136 5177 9032", "常州市戚墅堰延陵东路 358 号"),
    ("BYM", "博远医疗器械有限公司", "Boyuan Medical", False, "陆瑶", "137 7603 5518", "苏州工业园区星湖街 218 号"),
    ("ZXE", "智行电动科技有限公司", "Zhixing EV", False, "贺勇", "135 8428 6671", "昆山市玉山镇元丰路 66 号"),
    ("XGA", "新港自动化有限公司", "Xingang Automation", False, "丁一鸣", "138 6273 9915", "张家港市新泾中路 9 号"),
    ("HYM", "华远电机有限公司", "Huayuan Motors", False, "谢琳", "139 6210 4482", "嘉兴市南湖区亚太路 705 号"),
    ("KRT", "凯瑞机床有限公司", "Kairui Machine Tools", False, "方舟", "137 0625 8170", "南通市崇川区通盛大道 188 号"),
)
PROJECTS = (("QMW", "大丰海上风电二期", True), ("DSR", "常州地铁 5 号线", True), ("ZXE", "X9 试制", False))
FAMILIES = (("支架", "Brackets", 108), ("泵件", "Pump parts", 90), ("壳体", "Housings", 144), ("轴类", "Shafts", 72))
PRODUCTS = (  # number, name, latin, family, drawing, revision, specification, price
    ("QM-BRK-118", "变桨轴承支架", "Pitch bearing bracket", "支架", "QM-BRK-118", "C", "6061-T6 · 硬质氧化", 2025),
    ("HC-IMP-060", "叶轮组件", "Impeller set", "泵件", "HC-IMP-060", "B", "CF8M · 动平衡 G2.5", 860),
    ("ZX-HSG-021", "电机端盖", "Motor end cover", "壳体", "ZX-HSG-021", "A", "ADC12 · 精加工", 320),
    ("BY-RAC-007", "分析仪支座", "Analyser base", "支架", "BY-RAC-007", "D", "304 · 拉丝", 540),
    ("QM-FLG-220", "偏航法兰", "Yaw flange", "壳体", "QM-FLG-220", "B", "Q355 · 喷砂", 1180),
    ("QM-PIN-041", "定位销轴", "Locating pin", "轴类", "QM-PIN-041", "A", "40Cr · 调质", 96),
    ("HC-SHF-035", "泵轴", "Pump shaft", "轴类", "HC-SHF-035", "C", "40Cr · 磨削 Ra0.8", 410),
    ("DS-BKT-305", "受电弓支座", "Pantograph bracket", "支架", "DS-BKT-305", "B", "6061-T6 · 阳极氧化", 1360),
    ("DS-CLP-112", "导管夹", "Conduit clamp", "支架", "DS-CLP-112", "A", "304 · 钝化", 58),
    ("BY-PLT-019", "光学平板", "Optical plate", "壳体", "BY-PLT-019", "B", "6061-T6 · 平面度 0.02", 720),
    ("ZX-CLR-008", "水冷板", "Cooling plate", "壳体", "ZX-CLR-008", "A", "6061-T6 · 气密", 650),
    ("XG-GDM-400", "直线导轨座", "Linear guide mount", "支架", "XG-GDM-400", "C", "Q355 · 精铣", 275),
    ("QM-TWR-330", "塔筒门框", "Tower door frame", "壳体", "QM-TWR-330", "A", "Q355 · 焊接 · 喷砂", 2680),
)
MATERIALS = (  # number, name, latin, unit, key, cost, lead hours, on hand
    ("AL6061-40", "6061-T6 板材 40 mm", "6061-T6 plate 40 mm", "kg", True, "28.5", 24, 900),
    ("CF8M-CAST", "CF8M 铸件毛坯", "CF8M casting blank", "pcs", True, "310", 72, 10),
    ("ADC12-BLK", "ADC12 压铸毛坯", "ADC12 die-cast blank", "pcs", False, "62", 48, 400),
    ("SS304-20", "304 板材 20 mm", "304 plate 20 mm", "kg", False, "24", 24, 350),
    ("Q355-30", "Q355 板材 30 mm", "Q355 plate 30 mm", "kg", False, "6.8", 24, 2600),
    ("40CR-50", "40Cr 圆钢 Ø50", "40Cr bar Ø50", "kg", False, "7.5", 24, 1800),
    ("HARD-ANOD", "硬质氧化处理", "Hard anodising", "pcs", False, "18", 24, 0),
    ("PKG-STD", "防潮包装套件", "Moisture-proof packing kit", "set", False, "6", 8, 800),
    ("AL6082-40", "6082-T6 板材 40 mm", "6082-T6 plate 40 mm", "kg", False, "29.6", 36, 500),
    ("BLAST-OUT", "外协喷砂", "Sand blasting outside", "pcs", False, "36", 24, 0),
    ("ER50-6", "焊丝 ER50-6", "Welding wire ER50-6", "kg", False, "11", 24, 120),
)
BILLS = (  # product, material, per piece, scrap
    ("QM-BRK-118", "AL6061-40", "4.2", "0.05"), ("QM-BRK-118", "PKG-STD", "0.25", "0"),
    ("HC-IMP-060", "CF8M-CAST", "1", "0.02"), ("HC-IMP-060", "PKG-STD", "0.5", "0"),
    ("ZX-HSG-021", "ADC12-BLK", "1", "0.03"), ("ZX-HSG-021", "PKG-STD", "0.1", "0"),
    ("BY-RAC-007", "SS304-20", "2.8", "0.05"), ("BY-RAC-007", "PKG-STD", "0.2", "0"),
    ("QM-FLG-220", "Q355-30", "6.5", "0.05"), ("QM-PIN-041", "40CR-50", "0.8", "0.03"),
    ("HC-SHF-035", "40CR-50", "3.2", "0.04"), ("DS-BKT-305", "AL6061-40", "3.6", "0.05"),
    ("DS-CLP-112", "SS304-20", "0.3", "0.05"), ("BY-PLT-019", "AL6061-40", "2.1", "0.05"),
    ("ZX-CLR-008", "AL6061-40", "1.9", "0.05"), ("XG-GDM-400", "Q355-30", "2.4", "0.05"),
    ("QM-TWR-330", "Q355-30", "18", "0.05"), ("QM-TWR-330", "ER50-6", "0.6", "0.1"),
)
SUBSTITUTES = (("AL6061-40", "AL6082-40", "1.05"),)  # material, what may be used instead, units for one unit
WORK_CENTRES = (  # code, name, latin, slots, machine rate, labour rate
    ("SAW-1", "锯床", "Saw", 1, 60, 45), ("CNC-3", "五轴加工中心", "Five-axis centre", 1, 220, 60),
    ("CNC-5", "立式加工中心", "Vertical centre", 2, 150, 60), ("LATHE-2", "数控车床", "CNC lathe", 2, 120, 55),
    ("GRIND-1", "磨床", "Grinder", 2, 110, 55),
    ("BENCH", "钳工台", "Fitting bench", 3, 15, 50), ("WELD-1", "焊接间", "Welding booth", 1, 45, 65),
    ("CRANE-10", "10 吨行车", "10 t crane", 1, 30, 0),
)
EXTRA_SHIFTS = (  # centre, name, latin, weekdays, hours, extra pay %
    ("CNC-3", "夜班", "Night shift", "12345", "22:00-06:00", 100),
    ("CNC-3", "周六班", "Saturday shift", "6", "08:00-12:00, 13:00-17:00", 100),
)
MAINTENANCE = ("GRIND-1", 2, "主轴年度保养")  # centre, slot, reason: planned for the next week
QUALIFICATIONS = (  # code, name, latin, who has it
    ("WELD-MAG", "MAG 焊工证", "MAG welder", ("hegang", "liuyang")),
    ("5AX", "五轴编程操作", "Five-axis operator", ("chenwei", "liuyang")),
)
ROUTINGS = {  # product: number, name, latin, centre, set-up, minutes a piece, inspected, first article
    "QM-BRK-118": ((10, "下料", "Cutting", "SAW-1", 15, "1.5", False, False),
                   (20, "粗铣", "Rough milling", "CNC-5", 30, "4", False, False),
                   (30, "精铣", "Finish milling", "CNC-3", 45, "5", True, True),
                   (40, "去毛刺", "Deburring", "BENCH", 5, "2", False, False)),
    "HC-IMP-060": ((10, "车外圆", "Turning", "LATHE-2", 30, "6", False, True),
                   (20, "铣叶片", "Blade milling", "CNC-3", 40, "8", True, False),
                   (30, "动平衡", "Balancing", "BENCH", 10, "3", False, False)),
    "ZX-HSG-021": ((10, "粗加工", "Roughing", "CNC-5", 20, "2", False, False),
                   (20, "精加工", "Finishing", "CNC-5", 25, "2.5", False, False)),
    "BY-RAC-007": ((10, "下料", "Cutting", "SAW-1", 10, "1", False, False),
                   (20, "铣面", "Face milling", "CNC-5", 25, "3", False, False),
                   (30, "拉丝", "Brushing", "BENCH", 5, "2.5", False, False)),
    "QM-FLG-220": ((10, "车法兰面", "Turning", "LATHE-2", 25, "7", False, True),
                   (20, "钻孔", "Drilling", "CNC-5", 20, "4", True, False)),
    "QM-PIN-041": ((10, "车削", "Turning", "LATHE-2", 20, "2", False, False),
                   (20, "磨外圆", "Grinding", "GRIND-1", 20, "1.5", True, False)),
    "HC-SHF-035": ((10, "车削", "Turning", "LATHE-2", 30, "6", False, True),
                   (20, "磨外圆", "Grinding", "GRIND-1", 25, "4", True, False)),
    "DS-BKT-305": ((10, "下料", "Cutting", "SAW-1", 15, "1.5", False, False),
                   (20, "铣削", "Milling", "CNC-5", 30, "5", True, False),
                   (30, "去毛刺", "Deburring", "BENCH", 5, "2", False, False)),
    "DS-CLP-112": ((10, "冲裁", "Blanking", "SAW-1", 15, "0.5", False, False),
                   (20, "钳工", "Fitting", "BENCH", 10, "1", False, False)),
    "BY-PLT-019": ((10, "粗铣", "Rough milling", "CNC-5", 20, "3", False, False),
                   (20, "平面磨", "Surface grinding", "GRIND-1", 25, "4", True, True)),
    "ZX-CLR-008": ((10, "铣流道", "Channel milling", "CNC-5", 35, "5", False, True),
                   (20, "气密试验", "Leak test", "BENCH", 10, "2", True, False)),
    "XG-GDM-400": ((10, "粗铣", "Rough milling", "CNC-5", 20, "2.5", False, False),
                   (20, "精铣", "Finish milling", "CNC-3", 30, "3", True, False)),
    "QM-TWR-330": ((10, "下料", "Cutting", "SAW-1", 20, "4", False, False),
                   (20, "车法兰环", "Turning the ring", "LATHE-2", 30, "9", False, True),
                   (30, "铣门框", "Milling the frame", "CNC-5", 35, "11", False, False),
                   (40, "焊接", "Welding", "WELD-1", 25, "18", True, False),
                   (50, "喷砂", "Sand blasting", "BENCH", 10, "6", False, False)),
}
ALTERNATIVE = ("QM-BRK-118", "五轴一次装夹", (  # one clamping instead of two
    (10, "下料", "Cutting", "SAW-1", 15, "1.5", False, False),
    (20, "五轴整体加工", "Five-axis milling", "CNC-3", 60, "8", True, True),
    (30, "去毛刺", "Deburring", "BENCH", 5, "2", False, False),
))
STARTS_FREELY = ("QM-TWR-330", 20)  # the ring is turned while the frame is cut and milled
LINKS = (("QM-TWR-330", 30, 10), ("QM-TWR-330", 40, 20), ("QM-TWR-330", 40, 30))  # product, operation, after
CANDIDATES = (  # product, operation, another centre that may do it, % of the time
    ("QM-BRK-118", 20, "CNC-3", 90), ("XG-GDM-400", 20, "CNC-5", 140), ("ZX-HSG-021", 20, "CNC-3", 90),
    ("QM-TWR-330", 30, "CNC-3", 90),
)
WELDING = ("QM-TWR-330", 40, "CRANE-10", "WELD-MAG")  # held by the crane, by a welder with a certificate
OUTSIDE = ("QM-TWR-330", 50, "BLAST-OUT", 24)  # may be bought as, hours
NEEDED_AT = (("QM-TWR-330", "ER50-6", 40),)  # product, material, operation
SUPPLIERS = (  # name, latin, contact, offers (material, price, lead hours)
    ("佛山铝业有限公司", "Foshan Aluminium", "梁先生", (("AL6061-40", "28.5", 24), ("SS304-20", "25", 36))),
    ("沙钢贸易有限公司", "Shagang Trading", "吴经理", (("Q355-30", "6.8", 20), ("40CR-50", "7.5", 20))),
    ("江阴精铸有限公司", "Jiangyin Casting", "徐小姐", (("CF8M-CAST", "310", 72), ("ADC12-BLK", "62", 48))),
    ("苏州通用包装有限公司", "Suzhou Packing", "周先生", (("PKG-STD", "6", 8),)),
)
CARRIERS = (("顺丰重货", "95338", True), ("德邦物流", "95353", False), ("自有车队", "0512 6688 1020", True))


@transaction.atomic
def seed() -> None:
    """Adds what is missing by number or name; what somebody changed stays as it is."""
    CompanySettings.current()
    CompanySettings.objects.filter(company_name="").update(company_name=NAME)
    _customers()
    _products()
    _materials()
    _qualifications()
    WorkCalendar.objects.filter(code="factory", name="Factory").update(name="工厂日历")
    _shop()
    _suppliers()
    for name, phone, is_priority in CARRIERS:
        Carrier.objects.get_or_create(name=name, defaults={"phone": phone, "is_priority": is_priority})


def _customers():
    salesperson = User.objects.filter(username="lin").first()
    for code, name, latin, is_key, contact, phone, place in CUSTOMERS:
        Customer.objects.get_or_create(code=code, defaults={
            "name": name, "latin_name": latin, "is_key": is_key, "contact_name": contact, "contact_phone": phone,
            "delivery_place": place, "salesperson": salesperson,
        })
    for code, name, is_major in PROJECTS:
        Project.objects.get_or_create(
            customer=Customer.objects.get(code=code), name=name, defaults={"is_major": is_major}
        )


def _products():
    for name, latin, hours in FAMILIES:
        ProductFamily.objects.get_or_create(name=name, defaults={"latin_name": latin, "normal_lead_time_hours": hours})
    for number, name, latin, family, drawing, revision, specification, price in PRODUCTS:
        Product.objects.get_or_create(number=number, defaults={
            "name": name, "latin_name": latin, "family": ProductFamily.objects.get(name=family),
            "drawing_number": drawing, "revision": revision, "specification": specification, "price_amount": price,
        })


def _materials():
    for number, name, latin, unit, is_key, cost, hours, on_hand in MATERIALS:
        material, is_new = Material.objects.get_or_create(number=number, defaults={
            "name": name, "latin_name": latin, "unit": unit, "is_key": is_key, "standard_cost_amount": Decimal(cost),
            "lead_time_hours": hours,
        })
        if is_new and on_hand:
            receive_stock(material=material, quantity=Decimal(on_hand), source=f"opening:{number}", by=None)
    for product, material, quantity, scrap in BILLS:
        BillOfMaterialLine.objects.get_or_create(
            product=Product.objects.get(number=product), material=Material.objects.get(number=material),
            defaults={"quantity_per": Decimal(quantity), "scrap_factor": Decimal(scrap)},
        )
    for number, other, factor in SUBSTITUTES:
        Substitute.objects.get_or_create(
            material=Material.objects.get(number=number), substitute=Material.objects.get(number=other),
            defaults={"factor": Decimal(factor)},
        )


def _shop():
    calendar, foreman = WorkCalendar.objects.get(code="factory"), User.objects.filter(username="chenwei").first()
    for code, name, latin, slots, machine, labour in WORK_CENTRES:
        WorkCentre.objects.get_or_create(code=code, defaults={
            "name": name, "latin_name": latin, "slots": slots, "calendar": calendar, "foreman": foreman,
            "hourly_rate_amount": machine, "labour_rate_amount": labour,
        })
    for code, name, latin, weekdays, hours, percent in EXTRA_SHIFTS:
        ExtraShift.objects.get_or_create(work_centre=WorkCentre.objects.get(code=code), name=name, defaults={
            "latin_name": latin, "weekdays": weekdays, "hours": hours, "extra_percent": percent,
        })
    for product, operations in ROUTINGS.items():
        _operations(product, "", operations)
    _operations(*ALTERNATIVE)
    _graph()
    _maintenance()


def _operations(product, variant, operations):
    product = Product.objects.get(number=product)
    for number, name, latin, centre, setup, minutes, is_inspected, first_article in operations:
        RoutingOperation.objects.get_or_create(
            product=product, variant=variant, number=number,
            defaults={
                "name": name, "latin_name": latin, "work_centre": WorkCentre.objects.get(code=centre),
                "setup_minutes": setup, "run_minutes_per_unit": Decimal(minutes), "is_inspected": is_inspected,
                "needs_first_article": first_article, "starts_freely": (product.number, number) == STARTS_FREELY,
            },
        )


def _graph():
    def operation(product, number):
        return RoutingOperation.objects.get(product__number=product, variant="", number=number)

    for product, number, after in LINKS:
        RoutingLink.objects.get_or_create(operation=operation(product, number), after=operation(product, after))
    for product, number, code, percent in CANDIDATES:
        CandidateCentre.objects.get_or_create(
            operation=operation(product, number), work_centre=WorkCentre.objects.get(code=code),
            defaults={"time_percent": percent},
        )
    for product, material, number in NEEDED_AT:
        line = BillOfMaterialLine.objects.get(product__number=product, material__number=material)
        OperationMaterial.objects.get_or_create(bill_line=line, defaults={"operation": operation(product, number)})
    product, number, crane, code = WELDING
    RoutingOperation.objects.filter(pk=operation(product, number).pk, also_needs__isnull=True).update(
        also_needs=WorkCentre.objects.get(code=crane), qualification=Qualification.objects.get(code=code)
    )
    product, number, service, hours = OUTSIDE
    RoutingOperation.objects.filter(pk=operation(product, number).pk, subcontract_service__isnull=True).update(
        subcontract_service=Material.objects.get(number=service), subcontract_hours=hours
    )


def _maintenance():
    """On an afternoon of next week, once."""
    code, slot, reason = MAINTENANCE
    today = timezone.localtime().replace(hour=13, minute=0, second=0, microsecond=0)
    starts_at = today + timedelta(days=9 - today.isoweekday())  # a Tuesday
    planner = User.objects.filter(username="zhou").first()
    if planner:
        Downtime.objects.get_or_create(
            work_centre=WorkCentre.objects.get(code=code), reason=reason,
            defaults={"slot": slot, "starts_at": starts_at, "ends_at": starts_at + timedelta(hours=4),
                      "recorded_by": planner},
        )


def _qualifications():
    since = timezone.localdate() - timedelta(days=400)
    for code, name, latin, holders in QUALIFICATIONS:
        qualification, _is_new = Qualification.objects.get_or_create(
            code=code, defaults={"name": name, "latin_name": latin}
        )
        for person in User.objects.filter(username__in=holders):
            Certificate.objects.get_or_create(
                person=person, qualification=qualification,
                defaults={"valid_from": since, "valid_until": since + timedelta(days=3 * 365)},
            )


def _suppliers():
    proposer, approver = User.objects.get(username="wang"), User.objects.get(username="sun")
    said = {"proposed_by": proposer, "approved_by": approver,
            "proposed_at": timezone.now(), "approved_at": timezone.now()}
    for name, latin, contact, offers in SUPPLIERS:
        supplier, _is_new = Supplier.objects.get_or_create(
            name=name, defaults={"latin_name": latin, "contact_name": contact, **said}
        )
        for material, price, hours in offers:
            SupplierMaterial.objects.get_or_create(
                supplier=supplier, material=Material.objects.get(number=material),
                defaults={"price_amount": Decimal(price), "lead_time_hours": hours, **said},
            )
