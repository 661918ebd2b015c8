"""What somebody types to get somewhere: orders, pages of the rail, and acts on an order, such as "return 0042"."""

import re

from django.shortcuts import render
from django.utils.translation import override

from config.navigation import pages
from desk.folding import HAN, IS_HAN, fold, spelled, words
from orders.models import OrderLine, UrgentOrder
from orders.pages import ACTS, acts, title_of

MOST_LETTERS = 80
MOST_WORDS = 8
MOST_ORDERS = 6
PARTS = re.compile(f"[{HAN}]+|[^{HAN}\\s]+")


def search(request):
    """As a page, or while somebody types as the part with what was found."""
    typed = request.GET.get("q", "")[:MOST_LETTERS].strip()
    found = _found(request.user, typed) if typed else {}
    count = sum(len(found[group]) for group in found.keys() & {"actions", "orders", "pages"})
    context = found | {"q": typed, "count": count}
    return render(request, "search/_found.html" if request.htmx else "search/found.html", context)


def _found(user, typed) -> dict:
    parts = PARTS.findall(fold(typed))[:MOST_WORDS]
    known = [_sayings(label) for _name, label, _right, _is_now in ACTS]
    verbs = [part for part in parts if any(_says(saying, part) for saying in known)]
    rest = [part for part in parts if part not in verbs]
    asked = words(typed)[:MOST_WORDS]
    orders = _orders(user, asked)
    if not orders and verbs and rest:
        asked, orders = rest, _orders(user, rest)
    return {
        "asked": " ".join(asked),
        "actions": _actions(user, orders, verbs) if verbs and rest else [],
        "orders": orders,
        "pages": [page for page in pages(user) if all(_says(_sayings(page["label"]), part) for part in parts)],
    }


def _orders(user, asked) -> list:
    """The newest ones that say all of it, each with its title."""
    orders = UrgentOrder.objects.submitted().visible_to(user).saying(" ".join(asked))
    orders = list(orders.select_related("customer").order_by("-submitted_at", "-pk")[:MOST_ORDERS])
    lines = OrderLine.objects.filter(order__in=orders).select_related("product").order_by("position")
    of_order = {order.pk: [] for order in orders}
    for line in lines:
        of_order[line.order_id].append(line)
    for order in orders:
        order.title = title_of(order, of_order[order.pk])
    return orders


def _actions(user, orders, verbs) -> list[dict]:
    """What this person may do now with the orders found, as far as the words name it."""
    return [
        act | {"order": order}
        for order in orders
        for act in acts(user, order)
        if all(_says(_sayings(act["label"]), verb) for verb in verbs)
    ]


def _sayings(label) -> str:
    """A label as people may type it: in English, in Chinese of either script, on a Latin keyboard."""
    with override("en"):
        english = fold(label)
    with override("zh-hans"):
        chinese = fold(label)
    return f" {english} {chinese} {spelled(chinese)}"


def _says(sayings, part) -> bool:
    """Chinese anywhere, other words from their beginning."""
    return (part if IS_HAN.match(part) else f" {part}") in sayings
