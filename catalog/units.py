"""Units of products and materials: one word for each, whichever of its names is written."""

import unicodedata

UNITS = {  # the word that is kept: its other names
    "pcs": ("pc", "piece", "pieces", "ea", "each", "unit", "件", "个", "個", "只", "支", "根", "块", "片"),
    "set": ("sets", "kit", "套", "组", "組"), "pair": ("pairs", "对", "對", "双"),
    "kg": ("kgs", "kilogram", "千克", "公斤"), "g": ("gram", "克"), "t": ("ton", "tonne", "吨", "噸"),
    "m": ("metre", "meter", "米"), "mm": ("毫米",), "cm": ("厘米",),
    "m2": ("m²", "㎡", "平方米", "平米"), "m3": ("m³", "立方米"),
    "l": ("litre", "liter", "升"), "ml": ("毫升",),
    "sheet": ("sheets", "张", "張"), "roll": ("rolls", "卷"), "box": ("boxes", "盒", "箱"), "bag": ("袋",),
    "bar": ("bars", "棒"), "h": ("hour", "hours", "小时", "小時"),
}  # fmt: skip
NAMES = {name: unit for unit, others in UNITS.items() for name in (unit, *others)}


def read_unit(text: str) -> str | None:
    """The unit of this name, full-width letters and all; None for one that is not known."""
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    return NAMES.get(text.strip()) or NAMES.get(name)
