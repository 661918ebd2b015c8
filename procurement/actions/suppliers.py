"""Who may be bought from: one person proposes, another approves."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours, OwnRequest
from orders.actions.door import who_may
from people.duty import hands_of
from people.models import Department
from people.roles import Right
from procurement.models import Supplier, SupplierMaterial
from records.actions import record
from sla import actions as sla
from sla.models import WorkItem


@transaction.atomic
def propose_supplier(*, by, name, latin_name="", contact_name="", contact_phone="", contact_email="") -> Supplier:
    """A supplier nobody buys from until a second person approves it."""
    _check_buyer(by)
    if Supplier.objects.filter(name=name).exists():
        raise BadInput(_("“%(name)s” is a supplier already.") % {"name": name}, field="name")
    supplier = Supplier.objects.create(
        name=name, latin_name=latin_name, contact_name=contact_name, contact_phone=contact_phone,
        contact_email=contact_email, proposed_at=timezone.now(), proposed_by=by,
    )
    _record(supplier, "proposed", gettext_noop("Supplier {name} proposed"), by)
    _ask_for_approval(supplier, by)
    return supplier


def _ask_for_approval(supplier, by):
    department = Department.objects.select_related("head").get(code="procurement")
    others = [person for person in who_may(Right.SUPPLIER_APPROVE) if person.natural_id not in by.hands]
    sla.open_item(
        kind="supplier", source=f"supplier:{supplier.pk}", subject=gettext_noop("Approve the new supplier {name}"),
        params={"name": str(supplier)}, department=department, by=by,
        assignee=department.head if department.head in others else next(iter(others), None),
        url=reverse("procurement:supplier_detail", args=[supplier.pk]),
    )


@transaction.atomic
def approve_supplier(*, supplier_id, by) -> Supplier:
    """Head of procurement or general management; never who proposed it."""
    supplier = Supplier.objects.select_for_update(of=("self",)).select_related("proposed_by", "approved_by").get(
        pk=supplier_id
    )
    _check_approver(supplier, by)
    supplier.approved_at, supplier.approved_by = timezone.now(), by
    supplier.save(update_fields=["approved_at", "approved_by"])
    for item in WorkItem.objects.living().of(f"supplier:{supplier.pk}"):
        sla.finish(item, by=by)
    _record(supplier, "approved", gettext_noop("Supplier {name} approved"), by)
    return supplier


@transaction.atomic
def offer_material(*, supplier_id, material, price, lead_time_hours, by) -> SupplierMaterial:
    """What a supplier asks for a material. A new source waits for approval; an approved one gets its new price."""
    _check_buyer(by)
    if price < 0:
        raise BadInput(_("A price cannot be less than 0."), field="price")
    if lead_time_hours < 1:
        raise BadInput(_("The lead time is one hour at least."), field="lead_time_hours")
    supplier = Supplier.objects.get(pk=supplier_id)
    source, _is_new = SupplierMaterial.objects.update_or_create(
        supplier=supplier, material=material,
        defaults={"price_amount": price, "lead_time_hours": lead_time_hours},
        create_defaults={
            "price_amount": price, "lead_time_hours": lead_time_hours, "proposed_at": timezone.now(),
            "proposed_by": by,
        },
    )
    _record(
        supplier, "offer", gettext_noop("{name} offers {material} for {price_amount} per {unit}"), by, money="purchase",
        material=str(material), price_amount=str(price), unit=material.unit,
    )
    return source


@transaction.atomic
def approve_source(*, source_id, by) -> SupplierMaterial:
    """From now on an existing supplier of this material; never by who proposed it."""
    source = SupplierMaterial.objects.select_for_update(of=("self",)).select_related(
        "supplier", "material", "proposed_by", "approved_by"
    ).get(pk=source_id)
    _check_approver(source, by)
    source.approved_at, source.approved_by = timezone.now(), by
    source.save(update_fields=["approved_at", "approved_by"])
    _record(source.supplier, "source_approved", gettext_noop("{name} approved as a source of {material}"), by,
            material=str(source.material))
    return source


def _check_buyer(by):
    if not by.use(Right.SUPPLY_BUY):
        raise NotYours(_("Only Procurement keeps the suppliers."), who=who_may(Right.SUPPLY_BUY))


def _check_approver(proposed, by):
    if not by.use(Right.SUPPLIER_APPROVE):
        raise NotYours(
            _("The head of procurement or general management approves this."), who=who_may(Right.SUPPLIER_APPROVE)
        )
    if proposed.approved_at:
        raise Changed(_("%(who)s has approved this already.") % {"who": proposed.approved_by})
    proposers = hands_of([(proposed.proposed_by, proposed.proposed_at)], Right.SUPPLY_BUY)
    if by.hands & proposers:
        raise OwnRequest(
            _("You proposed this, so somebody else approves it."),
            who=[person for person in who_may(Right.SUPPLIER_APPROVE) if person.natural_id not in proposers],
        )


def _record(supplier, verb, text, by, money="", **params):
    record(
        f"supplier.{verb}", text, by=by, stream=f"supplier:{supplier.pk}", money=money,
        params={"name": str(supplier)} | params,
    )
