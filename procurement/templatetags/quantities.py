from django import template

from orders.supply import plain

register = template.Library()


@register.filter
def amount_of(quantity):
    """12.5000 → 12.5"""
    return "–" if quantity is None else plain(quantity)
