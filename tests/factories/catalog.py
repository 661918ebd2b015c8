import factory


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.Customer"

    code = factory.Sequence(lambda n: f"C{n:03}")
    name = "启明风电装备有限公司"
    latin_name = "Qiming Wind"
    delivery_place = "江苏省盐城市大丰区"


class ProjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.Project"

    customer = factory.SubFactory(CustomerFactory)
    name = factory.Sequence(lambda n: f"Project {n}")


class ProductFamilyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.ProductFamily"

    name = factory.Sequence(lambda n: f"法兰 {n}")
    latin_name = "Flange"
    normal_lead_time_hours = 160


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.Product"

    number = factory.Sequence(lambda n: f"P{n:04}")
    name = "轴承法兰"
    latin_name = "Bearing flange"
    family = factory.SubFactory(ProductFamilyFactory)


class MaterialFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.Material"

    number = factory.Sequence(lambda n: f"M{n:04}")
    name = "圆钢 42CrMo"
    unit = "kg"


class BillOfMaterialLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "catalog.BillOfMaterialLine"

    product = factory.SubFactory(ProductFactory)
    material = factory.SubFactory(MaterialFactory)
    quantity_per = 2
