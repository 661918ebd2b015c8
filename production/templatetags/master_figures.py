"""Figures of master data as people write them."""

from django import template

from catalog import actions

register = template.Library()


@register.filter
def plain(quantity):
    """12.5000 → 12.5"""
    return "–" if quantity is None else actions.plain(quantity)


@register.filter
def percent(share):
    """0.0500 → 5"""
    return actions.plain(share * 100)
