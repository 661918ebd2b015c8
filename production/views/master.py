"""Master data: work centres, products with routing and bill, materials, qualifications."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import BillOfMaterialLine, Material, Product, Substitute
from desk.faces import TabFace
from desk.keyset import paginate
from orders.money import may_see
from people.models import Qualification
from people.roles import Right
from production import actions, forms_master, master
from production.actions.master import operation_version
from production.forms import NothingForm
from production.models import Downtime, ExtraShift, RoutingOperation, WorkCentre
from records.acts import ActView, require

SEES = (Right.PLAN_MAKE, Right.MASTER_CHANGE, Right.SEE_ALL)
TABS = (
    ("centres", gettext_lazy("Work centres"), "production:master"),
    ("products", gettext_lazy("Products"), "production:master_products"),
    ("materials", gettext_lazy("Materials"), "production:master_materials"),
    ("qualifications", gettext_lazy("Qualifications"), "production:master_qualifications"),
    ("import", gettext_lazy("Import from Excel"), "production:imports"),
)


def enter(request) -> None:
    if not any(request.user.may(right) for right in SEES):
        require(request.user, Right.PLAN_MAKE)


def page_context(request, tab) -> dict:
    user = request.user
    return {
        "tabs": [TabFace(code, label, reverse(name)) for code, label, name in TABS], "tab": tab,
        "may_change": user.may(Right.MASTER_CHANGE), "may_plan": user.may(Right.PLAN_MAKE),
        "sees_rates": may_see(user, "resource"), "sees_costs": may_see(user, "purchase"),
    }


def listed(request, tab, rows, ordering, **more):
    """A list of the tab, searched in numbers and names."""
    enter(request)
    words = request.GET.get("q", "").strip()
    page = paginate(master.found(rows, ordering[0], words), ordering, request.GET.get("after"))
    context = page_context(request, tab) | {"page": page, "words": words} | more
    return render(request, f"production/master/{tab}.html", context)


def centres(request):
    rows = master.centre_rows(timezone.now())
    return listed(request, "centres", rows, ("code", "pk"))


def centre(request, pk):
    enter(request)
    record = get_object_or_404(WorkCentre.objects.select_related("calendar", "foreman"), pk=pk)
    return render(request, "production/master/centre.html", page_context(request, "centres") | {
        "centre": record, "shifts": list(record.extra_shifts.all()), "now": timezone.now(),
        "downtimes": master.downtimes(record), "operations": master.operations_at(record),
        "events": master.history(record, request.user),
    })


def products(request):
    return listed(request, "products", master.product_rows(), ("number", "pk"))


def product(request, pk):
    enter(request)
    record = get_object_or_404(Product.objects.select_related("family"), pk=pk)
    ways = master.ways(record)
    way = request.GET.get("way", "")
    if way and way not in ways:
        raise Http404
    return render(request, "production/master/product.html", page_context(request, "products") | {
        "product": record, "ways": ways, "way": way, "routing": master.Routing.read(record, way),
        "bill": master.bill_rows(record), "events": master.history(record, request.user),
    })


def materials(request):
    return listed(request, "materials", Material.objects.prefetch_related("substitutes__substitute"), ("number", "pk"))


def material(request, pk):
    enter(request)
    record = get_object_or_404(Material, pk=pk)
    return render(request, "production/master/material.html", page_context(request, "materials") | {
        "material": record, "substitutes": record.substitutes.select_related("substitute"),
        "lines": BillOfMaterialLine.objects.filter(material=record).select_related("product")[:100],
        "events": master.history(record, request.user),
    })


def qualifications(request):
    rows = Qualification.objects.prefetch_related("certificates__person")
    return listed(request, "qualifications", rows, ("code", "pk"), today=timezone.localdate())


# Acts


class MasterAct(ActView):
    """An act on one record; `version` is what its page showed."""

    right = Right.MASTER_CHANGE
    submit_label = gettext_lazy("Save")

    @property
    def version_now(self) -> int | None:
        return master.fingerprint(self.record) if self.record.pk else None

    def act(self) -> dict:
        return {"by": self.request.user, "version": self.version}

    def context(self):
        return {"back_url": self.back_url, "back_label": self.back_label}

    @property
    def back_label(self):
        return _("Master data")


class RecordAct(MasterAct):
    """A record by itself: new without `pk`, else changed."""

    model = None
    new_title = ""
    part_key = "pk"

    def subject(self):
        self.record = self.model() if self.is_new else get_object_or_404(self.model, pk=self.kwargs["pk"])
        self.title = self.title_of()

    def form_kwargs(self):
        return {"instance": self.record, "user": self.request.user}

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.is_new = self.part_key not in kwargs

    def title_of(self):
        """As it is called before the form fills it."""
        return self.new_title if self.is_new else self.named()

    def named(self):
        return str(self.record)

    @property
    def back_url(self):
        return reverse(self.list_name) if self.is_new else self.page_of(self.record)

    def page_of(self, record):
        return reverse(self.detail_name, args=[record.pk])

    def perform(self, form):
        return self.page_of(actions.save(record=self.record, values=form.values, **self.act()))


class CentreAct(RecordAct):
    model = WorkCentre
    form_class = forms_master.CentreForm
    new_title = gettext_lazy("New work centre")
    list_name, detail_name = "production:master", "production:centre"


class ProductAct(RecordAct):
    model = Product
    form_class = forms_master.ProductForm
    new_title = gettext_lazy("New product")
    list_name, detail_name = "production:master_products", "production:master_product"


class MaterialAct(RecordAct):
    model = Material
    form_class = forms_master.MaterialForm
    new_title = gettext_lazy("New material")
    list_name, detail_name = "production:master_materials", "production:master_material"


class QualificationAct(RecordAct):
    model = Qualification
    form_class = forms_master.QualificationForm
    new_title = gettext_lazy("New qualification")
    list_name = "production:master_qualifications"

    def page_of(self, record):
        return reverse(self.list_name)


class PartAct(RecordAct):
    """A record that belongs to another one, whose page leads to it: `pk` is the owner's."""

    part_key = "part"

    def subject(self):
        self.owner = get_object_or_404(self.owner_model, pk=self.kwargs["pk"])
        own = {self.owner_field: self.owner}
        self.record = self.model(**own) if self.is_new else get_object_or_404(
            self.model, pk=self.kwargs["part"], **own)
        self.title = self.title_of()

    @property
    def back_url(self):
        return reverse(self.detail_name, args=[self.owner.pk])

    def page_of(self, record):
        return self.back_url

    @property
    def back_label(self):
        return str(self.owner)


class ShiftAct(PartAct):
    model, owner_model, owner_field = ExtraShift, WorkCentre, "work_centre"
    form_class = forms_master.ShiftForm
    new_title = gettext_lazy("New extra shift")
    detail_name = "production:centre"


class BillAct(PartAct):
    model, owner_model, owner_field = BillOfMaterialLine, Product, "product"
    form_class = forms_master.BillForm
    new_title = gettext_lazy("Another material")
    detail_name = "production:master_product"

    def named(self):
        return str(self.record.material)


class SubstituteAct(PartAct):
    model, owner_model, owner_field = Substitute, Material, "material"
    form_class = forms_master.SubstituteForm
    new_title = gettext_lazy("Another substitute material")
    detail_name = "production:master_material"


class Removal:
    """The same record, taken away."""

    form_class = NothingForm
    submit_label = gettext_lazy("Remove")

    def form_kwargs(self):
        return {}

    def context(self):
        return super().context() | {
            "submit_tone": "dan",
            "consequences": [_("It stays in the history. Plans that were released stay as they are.")],
        }

    def perform(self, form):
        actions.remove(record=self.record, **self.act())
        return self.back_url


class RemoveShift(Removal, ShiftAct):
    pass


class RemoveBill(Removal, BillAct):
    pass


class RemoveSubstitute(Removal, SubstituteAct):
    pass


# Routings


class OperationAct(PartAct):
    model, owner_model, owner_field = RoutingOperation, Product, "product"
    form_class = forms_master.OperationForm
    new_title = gettext_lazy("New operation")
    detail_name = "production:master_product"
    template_name = "production/master/operation.html"

    def subject(self):
        super().subject()
        if self.is_new:
            self.record.variant = self.request.GET.get("way", "").strip()[:40]
        self.way = self.record.variant
        self.routing = master.Routing.read(self.owner, self.way)

    @property
    def version_now(self):
        return None if self.is_new else operation_version(self.record)

    @property
    def back_url(self):
        return self.routing.url

    def form_kwargs(self):
        record, routing = self.record, self.routing
        others = [] if self.is_new else record.candidates.order_by("pk").values_list("work_centre", "time_percent")
        initial = {} if self.is_new else {
            "after": routing.links[record.number], "followed_by": routing.followers(record.number),
            "bill_lines": list(record.materials.values_list("bill_line", flat=True)),
        }  # fmt: skip
        if self.is_new:
            initial["number"] = max((row.number for row in routing.rows), default=0) // 10 * 10 + 10
        bill = BillOfMaterialLine.objects.filter(product=self.owner).select_related("material")
        return super().form_kwargs() | {
            "siblings": routing.rows, "others": list(others), "bill": bill, "initial": initial,
        }

    def context(self):
        return super().context() | {"routing": self.routing, "way": self.way}

    def perform(self, form):
        actions.save_operation(operation=self.record, values=form.values, **form.places, **self.act())
        return self.back_url


class RemoveOperation(Removal, OperationAct):
    template_name = "ui/act.html"

    def perform(self, form):
        actions.remove_operation(operation=self.record, **self.act())
        return self.back_url


# Downtime


class DowntimeAct(MasterAct):
    """Who plans records it too: the plan must know at once."""

    right = None
    back_url = property(lambda self: reverse("production:centre", args=[self.record.pk]) + "#downtime")
    back_label = property(lambda self: str(self.record))
    version_now = None

    def subject(self):
        if not self.request.user.may(Right.MASTER_CHANGE):
            require(self.request.user, Right.PLAN_MAKE)
        self.record = get_object_or_404(WorkCentre, pk=self.kwargs["pk"])
        if "part" in self.kwargs:
            living = Downtime.objects.select_related("work_centre")
            self.downtime = get_object_or_404(living, pk=self.kwargs["part"], work_centre=self.record)


class RecordDowntime(DowntimeAct):
    form_class = forms_master.DowntimeForm
    title = gettext_lazy("Record downtime")
    submit_label = gettext_lazy("Record downtime")

    def perform(self, form):
        actions.record_downtime(work_centre=self.record, by=self.request.user, **form.cleaned_data)
        return self.back_url


class EndDowntime(DowntimeAct):
    form_class = forms_master.DowntimeEndForm
    title = gettext_lazy("Downtime ends earlier or later")

    def form_kwargs(self):
        return {"initial": {"ends_at": timezone.localtime(self.downtime.ends_at)}}

    @property
    def lead(self):
        return self.downtime.reason

    def perform(self, form):
        actions.end_downtime(downtime=self.downtime, by=self.request.user, **form.cleaned_data)
        return self.back_url


class CancelDowntime(DowntimeAct):
    form_class = NothingForm
    title = gettext_lazy("Cancel the downtime")
    submit_label = gettext_lazy("Cancel the downtime")

    @property
    def lead(self):
        return self.downtime.reason

    def perform(self, form):
        actions.cancel_downtime(downtime=self.downtime, by=self.request.user)
        return self.back_url
