"""One line typed in a meeting: `/action @name Wed 12:00 what is to be done #0042`, in three languages.

The command may be left out where the text is plain: then it is a decision. Nothing here asks the database.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from coordination.models import Outcome
from desk.refusals import BadInput

Kind = Outcome.Kind
COMMANDS = {
    "action": Kind.ACTION, "行动": Kind.ACTION, "行動": Kind.ACTION,
    "decision": Kind.DECISION, "决议": Kind.DECISION, "決議": Kind.DECISION,
    "problem": Kind.PROBLEM, "问题": Kind.PROBLEM, "問題": Kind.PROBLEM,
}
COMMAND = re.compile(r"[/／]\s*(\w+)[\s:：]*")
ORDER = re.compile(r"[#＃]\s*([A-Za-z0-9-]+)|\b(UO-[0-9-]+)", re.IGNORECASE)
CLOCK = re.compile(r"\s*(\d{1,2})[:：](\d{2})\b", re.ASCII)
ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHINESE = "一二三四五六日"
WEEKDAY = re.compile(
    r"(?P<next>next\s+|下)?(?:\b(?P<en>mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|(?:周|週|星期|礼拜|禮拜)(?P<zh>[一二三四五六日天]))",
    re.IGNORECASE,
)
NEAR = re.compile(r"\b(today|tomorrow)\b|(今天|今日|明天|明日|后天|後天)", re.IGNORECASE)
NEAR_DAYS = {"today": 0, "今天": 0, "今日": 0, "tomorrow": 1, "明天": 1, "明日": 1, "后天": 2, "後天": 2}
DATE = re.compile(r"(?:(?P<year>20\d\d)[-/年])?(?P<month>\d{1,2})[-/月](?P<day>\d{1,2})日?(?![\d-])", re.ASCII)
END_OF_DAY = time(18)
LIKELY = 12  # characters behind @ that may still be the name


@dataclass(frozen=True)
class Line:
    kind: str
    text: str
    person: object = None
    due_at: datetime | None = None
    order: str = ""  # as typed


def read(typed: str, people, now) -> Line:
    """`people`: whom an @ can mean. Raises BadInput that says which part is not understood."""
    text = " ".join(typed.split())
    kind, text = _kind(text)
    order, text = _order(text)
    if kind != Kind.ACTION:
        return Line(kind, text, order=order)
    person, text = _person(text, people)
    due_at, text = _due(text, now)
    return Line(kind, text, person, due_at, order)


def _kind(text) -> tuple[str, str]:
    found = COMMAND.match(text)
    if found is None:
        raise BadInput(_("Begin with /action, /decision or /problem."), field="line")
    word = found[1].casefold()
    # Chinese is written without a blank: /决议采用方案 B
    name = next((name for name in sorted(COMMANDS, key=len, reverse=True) if _begins(word, name)), None)
    if name is None:
        raise BadInput(_("“/%(word)s” is none of /action, /decision, /problem.") % {"word": found[1]}, field="line")
    return COMMANDS[name], text[found.start(1) + len(name):].lstrip(" :：")


def _begins(word, name) -> bool:
    return word == name if name.isascii() else word.startswith(name)


def _order(text) -> tuple[str, str]:
    found = ORDER.search(text)
    return ((found[1] or found[2]), _without(text, found)) if found else ("", text)


def _person(text, people):
    place = max(text.find("@"), text.find("＠"))
    if place < 0:
        raise BadInput(_("Say who does it: @ and the name."), field="line")
    said = text[place + 1:]
    named = [(name, person) for person in people for name in _names(person) if said.casefold().startswith(name)]
    longest = max((len(name) for name, _person in named), default=0)
    found = list({person.pk: person for name, person in named if len(name) == longest}.values())
    if len(found) != 1:
        pattern = _("There are several “%(name)s”: use the full name.") if found else _("Nobody is called “%(name)s”.")
        raise BadInput(pattern % {"name": said.split(" ")[0][:LIKELY]}, field="line")
    return found[0], f"{text[:place]}{said[longest:]}".strip()


def _names(person) -> list[str]:
    names = (person.name, person.latin_name, person.username, person.latin_name.split(" ")[0])
    return [name.casefold() for name in names if name]


def _due(text, now) -> tuple[datetime, str]:
    for pattern, day_of in ((DATE, _dated), (WEEKDAY, _weekday), (NEAR, _near)):
        if (found := pattern.search(text)) and (day := day_of(found, timezone.localdate(now))):
            return _moment(text, found, day, now)
    raise BadInput(_("Say until when: a day such as Wed, tomorrow or 11-25, with a time if you like."), field="line")


def _moment(text, found, day, now):
    clock = CLOCK.match(text, found.end())
    try:
        at = time(int(clock[1]), int(clock[2])) if clock else END_OF_DAY
    except ValueError:
        raise BadInput(_("“%(text)s” is no time of day.") % {"text": clock[0].strip()}, field="line") from None
    due_at = timezone.make_aware(datetime.combine(day, at))
    if due_at <= now and found.re is WEEKDAY:
        due_at += timedelta(weeks=1)
    return due_at, f"{text[:found.start()]}{text[(clock or found).end():]}".strip(" ,，、:：")


def _dated(found, today) -> date | None:
    try:
        day = date(int(found["year"] or today.year), int(found["month"]), int(found["day"]))
    except ValueError:
        raise BadInput(_("%(text)s does not exist.") % {"text": found[0]}, field="line") from None
    return day.replace(year=day.year + 1) if not found["year"] and (today - day).days > 180 else day


def _weekday(found, today) -> date:
    names, name = (ENGLISH, found["en"].casefold()) if found["en"] else (CHINESE, found["zh"].replace("天", "日"))
    number = names.index(name)
    monday = today - timedelta(days=today.weekday())
    if found["next"]:
        return monday + timedelta(weeks=1, days=number)
    return today + timedelta(days=(number - today.weekday()) % 7)


def _near(found, today) -> date:
    return today + timedelta(days=NEAR_DAYS[found[0].casefold()])


def _without(text, found) -> str:
    return " ".join(f"{text[:found.start()]} {text[found.end():]}".split())
