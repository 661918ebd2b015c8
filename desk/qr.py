from functools import lru_cache

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE_MODULES = 4


@lru_cache(maxsize=256)
def svg(text: str, size_mm: float = 20) -> SafeString:
    """A QR code of that size on paper, its quiet zone included: black on white in every theme."""
    code = segno.make_qr(text, error="m")
    scale = size_mm / code.symbol_size(border=QUIET_ZONE_MODULES)[0]
    markup = code.svg_inline(scale=scale, unit="mm", border=QUIET_ZONE_MODULES, dark="#000", light="#fff")
    return mark_safe(markup)
