"""What an order can be found by: numbers, names, drawing, place, notes, reason, problems. Never an amount."""

from itertools import islice

from django.db.models import F, Q
from django.utils import timezone

from desk.folding import fold, grams, spelled
from orders.models import SearchText, UrgentOrder

NAMES = ("customer__name", "project__name", "lines__product__name")
TEXTS = (
    "number", "form_number", "customer__latin_name", "customer__code", "contact_name", "place", "note", "reason_text",
    "ground_text", "asked_by", "lines__product__number", "lines__product__latin_name",
    "lines__product__drawing_number", "lines__specification", "lines__revision", "issues__text", "issues__solution",
)  # fmt: skip
BATCH = 500


def index(*keys) -> int:
    """Write the rows of these orders anew, in two statements; drafts have none."""
    facts = _facts(keys)
    rows = [_row(key, version, texts, names) for key, (version, texts, names) in facts.items()]
    columns = ["text", "grams", "order_version", "checked_at"]
    SearchText.objects.bulk_create(
        rows, update_conflicts=True, update_fields=columns, unique_fields=["order"], batch_size=BATCH
    )
    return len(rows)


def _facts(keys) -> dict:
    """Each order's version, texts and names, from one statement with a row for each line and problem of it."""
    facts = {}
    orders = UrgentOrder.objects.submitted().filter(pk__in=keys).order_by()
    for key, version, *values in orders.values_list("pk", "version", *NAMES, *TEXTS):
        _, texts, names = facts.setdefault(key, (version, {}, {}))
        names.update(dict.fromkeys(filter(None, values[: len(NAMES)])))
        texts.update(dict.fromkeys(filter(None, values)))
    return facts


def _row(key, version, texts, names) -> SearchText:
    text = "\n".join([*map(fold, texts), *filter(None, map(spelled, names))])
    return SearchText(
        order_id=key, text=text, grams=" ".join(sorted(grams(text))), order_version=version, checked_at=timezone.now()
    )


def reindex() -> int:
    """All of them, some hundred at a time."""
    keys = iter(UrgentOrder.objects.submitted().order_by("pk").values_list("pk", flat=True).iterator(BATCH))
    count = 0
    while batch := list(islice(keys, BATCH)):
        count += index(*batch)
    return count


def repair(limit=2000) -> int:
    """Orders without a row or changed since, and those looked at longest ago: a customer's new name tells nobody."""
    stale = UrgentOrder.objects.submitted().filter(
        Q(search_text__isnull=True) | ~Q(search_text__order_version=F("version"))
    )
    keys = set(stale.order_by().values_list("pk", flat=True)[:limit])
    keys.update(SearchText.objects.order_by("checked_at").values_list("pk", flat=True)[:limit])
    for place in range(0, len(keys), BATCH):
        index(*sorted(keys)[place : place + BATCH])
    return len(keys)

