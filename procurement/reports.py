from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Max, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from procurement.models import QUANTITY, PurchaseLine, PurchasePromise, Supplier, SupplierMaterial, SupplierRefusal
from procurement.ranking import Ranked, Record, rank

RECORD_DAYS = 365


@dataclass(frozen=True)
class Candidate:
    """One row of the list of whom to ask: supplier, place, and whether it may be chosen."""

    supplier: Supplier
    ranked: Ranked
    source: SupplierMaterial | None
    is_existing: bool
    refusal: SupplierRefusal | None


def supplier_cases(supplier_ids, now=None) -> dict[int, list]:
    """Deliveries of the last year by supplier: (first promise, last receipt, received, rejected)."""
    since = (now or timezone.now()) - timedelta(days=RECORD_DAYS)
    first_promise = PurchasePromise.objects.filter(purchase_line=OuterRef("pk")).order_by("pk").values("promised_at")
    rows = PurchaseLine.objects.filter(
        supplier__in=supplier_ids, ordered_at__gte=since, deliveries__isnull=False
    ).annotate(
        first=Subquery(first_promise[:1]), last=Max("deliveries__receipt__received_at"),
        received=Sum("deliveries__receipt__quantity"),
        rejected=Coalesce(Sum("deliveries__receipt__rejected_quantity"), Decimal(0), output_field=QUANTITY),
    ).values_list("supplier_id", "first", "last", "received", "rejected")
    cases = defaultdict(list)
    for supplier_id, first, last, received, rejected in rows:
        cases[supplier_id].append((first, last, received, rejected))
    return cases


def record_of(supplier_id, cases, source=None) -> Record:
    return Record(
        supplier_id=supplier_id,
        cases=len(cases),
        on_time=sum(bool(first and last <= first) for first, last, _received, _rejected in cases),
        received_quantity=sum((case[2] for case in cases), Decimal(0)),
        rejected_quantity=sum((case[3] for case in cases), Decimal(0)),
        lead_time_hours=source.lead_time_hours if source else None,
        price_amount=source.price_amount if source else None,
    )


def candidates(material_line) -> list[Candidate]:
    """Every approved supplier for a line: existing sources first, ranked by record, then the others."""
    suppliers = {supplier.pk: supplier for supplier in Supplier.objects.approved()}
    sources = {
        source.supplier_id: source
        for source in SupplierMaterial.objects.filter(material=material_line.material_id, supplier__in=suppliers)
    }
    refusals = {row.supplier_id: row for row in SupplierRefusal.objects.filter(material_line=material_line)}
    cases = supplier_cases(suppliers)
    existing = {pk for pk, source in sources.items() if source.is_approved}
    found = []
    for is_existing, keys in ((True, existing), (False, set(suppliers) - existing)):
        records = [record_of(pk, cases.get(pk, []), sources.get(pk)) for pk in keys]
        found += [
            Candidate(suppliers[ranked.record.supplier_id], ranked, sources.get(ranked.record.supplier_id), is_existing,
                      refusals.get(ranked.record.supplier_id))
            for ranked in rank(records)
        ]
    return found
