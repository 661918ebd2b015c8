"""Sentences that are stored once and read in three languages.

A record keeps the English source (marked with `gettext_noop` where it is written, so that it
stands in the catalogs) and its parameters as JSON; the reader's language is applied at the end.
A parameter is a plain value, {"msg": source} for a word that is translated too (with "params": a whole sentence),
or {"time": iso} for a moment shown in the company's time zone.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.translation import get_language, gettext, override, pgettext

# Not from Django's formats: its Chinese ones write the weekday out (星期三) and the year always.
ENGLISH_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ENGLISH_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEKDAYS = {
    "zh-hans": ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    "zh-hant": ["週一", "週二", "週三", "週四", "週五", "週六", "週日"],
}


def word(source, context: str = "") -> dict:
    """A parameter that is translated when it is read; of a lazy text its English source is kept."""
    with override(None):
        return {"msg": str(source)} | ({"context": context} if context else {})


def sentence(source, params: dict | None) -> dict:
    """A parameter that is a stored sentence itself."""
    return {"msg": str(source), "params": params or {}}


def moment(value: datetime) -> dict:
    """A parameter that is a point in time."""
    return {"time": value.isoformat()}


def shown(value):
    """A parameter in the active language: a stored sentence, a moment, a word, a list of them, or plain text."""
    if isinstance(value, list):
        return gettext(", ").join(map(str, map(shown, value)))
    if isinstance(value, dict) and "params" in value:
        return render(value["msg"], value["params"])
    if isinstance(value, dict) and "context" in value:
        return pgettext(value["context"], value["msg"])
    if isinstance(value, dict) and "msg" in value:
        return gettext(value["msg"])
    if isinstance(value, dict) and "time" in value:
        return when(datetime.fromisoformat(value["time"]))
    return value


def render(source: str, params: dict | None = None) -> str:
    """The sentence in the active language; a missing parameter shows its name instead of failing."""
    if not source:
        return ""
    values = _Lenient({key: shown(value) for key, value in (params or {}).items()})
    return gettext(source).format_map(values)


def when(value: datetime) -> str:
    """`Wed 25 Nov 18:00`, `11-25 周三 18:00`; the year only when it is not this one."""
    local = timezone.localtime(value)
    return f"{day(local)} {local:%H:%M}"


def day(value: date) -> str:
    """`Wed 25 Nov`, `11-25 周三`."""
    local = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    is_this_year = local.year == timezone.localtime().year
    if (language := get_language() or "en") in WEEKDAYS:
        return f"{local:{'%m-%d' if is_this_year else '%Y-%m-%d'}} {WEEKDAYS[language][local.weekday()]}"
    return f"{ENGLISH_DAYS[local.weekday()]} {local.day} {ENGLISH_MONTHS[local.month - 1]}" + (
        "" if is_this_year else f" {local.year}"
    )


def duration(seconds: float) -> str:
    """`0:43` under ten hours, `20 h 20 m` or `18 h` under two days, then `2 d 7 h`; the sign is the caller's to say."""
    minutes = int(abs(seconds)) // 60
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours}:{minutes:02}"
    if hours < 48 and not minutes:
        return gettext("%(hours)d h") % {"hours": hours}
    if hours < 48:
        return gettext("%(hours)d h %(minutes)d m") % {"hours": hours, "minutes": minutes}
    return gettext("%(days)d d %(hours)d h") % {"days": hours // 24, "hours": hours % 24}


def money(amount) -> str:
    """`¥ 9,480`, `−¥ 4,600.50`: the cents only where there are some."""
    if amount is None or amount == "":
        return "–"
    amount = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    text = f"{abs(amount):,.2f}".removesuffix(".00")
    return f"{'−' if amount < 0 else ''}¥ {text}"


class _Lenient(dict):
    def __missing__(self, key):
        return "{" + key + "}"
