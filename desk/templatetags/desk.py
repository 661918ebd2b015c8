"""The parts every page is made of (built in: no `load`; the page /styles/ shows them all).

Tags
  {% icon "check" %} {% icon "clock" "s" %}          sizes s l xl; names: static/desk/icons.svg
  {% seal "production" on=True size="md" %}          xs md lg; write the department's name beside it
  {% person user %} {% person user note size="md" %} round mark and name; nothing for None
  {% chip "Late" "warn" "triangle" %}                tones ok warn crit over info violet line
  {% fuse face %} {% fuse face size="lg" %}          a ClockFace
  {% stepper stages %}                               StageFaces; on a phone a bar and one line
  {% tabs tabs current %}                            TabFaces (code label url count is_waiting)
  {% tasks items %}                                  TaskFaces
  {% timeline events %}                              anything with text, params, at, actor_name
  {% meter percent tone %}  {{ 64|p }} → p-65        a bar; class of a width in 5 % steps
  {% field form.place span=6 hint="…" %}             label, widget, hint, error; radios become chips,
       also label= placeholder= stack=True tiles=True autofocus=True mark=False
  {% error_summary form formset … %}                 once, on top of the form
  {% refusal_box refusal %}                          nothing when there is none
  {% act_inputs %}                                   csrf, once-key, version
  {% empty_state title text seal= icon= url= action= %}
  {% pager page %} {% pager page "after_lists" title %} "Next" and "Previous" of a keyset page
  {% moment dt %} <time>; {% sentence source params %} a stored sentence in the reader's language
  {% qr text 20 %}                                   QR code, millimetres
  {% gantt chart %} {% spark values "ok" %}          desk.charts.Gantt with its table; a small line of numbers

Filters: dt|when, dt|day, dt|hm, seconds|duration, amount|money, text|han (marks Chinese in an English page)

Classes: .pad (page) .hd (head with h1) .body > .col + .rail (side) .g > .c-3 .c-6 … (12 columns)
  .cols-2…5 .sec .foot (sticky buttons) .card .card__h .card__b .btn --pri --ok --dan --ghost --sm --lg
  .tbl in .framed (add .rows-phone and td data-label for phones) .num .kv (dl) .facts --3 --4 --big > div
  .note --warn --over --ok .chip --… .seg .pick .tl .ev .bub .comp .muted .faint .small .mono .t-ok .t-over
"""

import time
from functools import cache, lru_cache
from uuid import uuid4

from django import forms, template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext

from desk import charts, text
from desk.qr import svg

register = template.Library()

SEALS = {
    "sales": "销銷", "production": "产產", "procurement": "采採", "logistics": "流流",
    "quality": "质質", "finance": "财財", "hr": "人人", "management": "总總", "customer": "客客",
}
FUSE_ICONS = {"ok": "clock", "warn": "clock", "crit": "triangle", "over": "octagon", "pause": "pause", "done": "check"}
STEP_ICONS = {"done": "check", "late": "check", "now": "play", "todo": "clock"}
LANGUAGE_TAGS = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


# Small marks


@register.simple_tag
@lru_cache(512)
def icon(name, size=""):
    classes = f"ic ic-{size}" if size else "ic"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("desk/icons.svg"), name
    )


@register.simple_tag
def seal(department, on=False, size=""):
    return _seal(str(department), bool(on), size, get_language() == "zh-hant")


@lru_cache(512)
def _seal(department, on, size, is_traditional):
    classes = " ".join(filter(None, ["seal", f"seal--{size}" if size else "", "seal--on" if on else ""]))
    glyphs = SEALS.get(department, "··")
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, glyphs[1 if is_traditional else 0])


@register.simple_tag
def nav_mark(name):
    """The mark of a rail entry: a department's seal, or an icon."""
    return seal(name, size="xs") if name in SEALS else icon(name)


@register.simple_tag
def chip(label, tone="", icon_name=""):
    mark = icon(icon_name, "s") if icon_name else ""
    return format_html('<span class="chip{}">{}{}</span>', f" chip--{tone}" if tone else "", mark, label)


@register.inclusion_tag("ui/person.html")
def person(user, note="", size=""):
    tone = (getattr(user, "pk", None) or 0) % 4 + 1
    return {"user": user, "note": note, "size": size, "tone": tone}


@register.simple_tag
def language_tag():
    """The active language as HTML's `lang` writes it."""
    return LANGUAGE_TAGS.get(get_language(), "en")


@register.simple_tag
def moment(value):
    if not value:
        return "–"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text.when(value))


@register.simple_tag
def sentence(source, params=None):
    return text.render(source, params)


@register.filter
def when(value):
    return text.when(value) if value else "–"


@register.filter
def day(value):
    return text.day(value) if value else "–"


@register.filter
def hm(value):
    """The time of the day."""
    return f"{text.timezone.localtime(value):%H:%M}" if value else "–"


@register.filter
def duration(seconds):
    return "–" if seconds is None or seconds == "" else text.duration(seconds)


@register.filter
def money(amount):
    return text.money(amount)


@register.filter
def han(value):
    """Names and words in Chinese say so on a page in English: the right glyphs, the right voice."""
    is_han = any("\u4e00" <= character <= "\u9fff" for character in str(value))
    if is_han and not (get_language() or "en").startswith("zh"):
        return format_html('<span lang="zh-Hans">{}</span>', value)
    return value


@register.filter
def p(percent):
    """The class of a width: no style attributes under the content security policy."""
    return f"p-{max(0, min(100, round(float(percent or 0) / 5) * 5))}"


@register.simple_tag
def meter(percent, tone=""):
    return format_html('<span class="meter{} {}"><i></i></span>', f" meter--{tone}" if tone else "", p(percent))


# Clocks and stages


def _words(face):
    """The number and the word of a fuse."""
    span = text.duration(face.seconds_left)
    if face.state == "pause":
        return gettext("Paused"), span
    if face.state == "done":
        return gettext("Done"), ""
    return span, gettext("over") if face.state == "over" else gettext("left")


def _spoken(face, value, word):
    parts = [str(face.label), f"{value} {word}".strip()]
    if face.limit_seconds:
        parts.append(gettext("limit %(limit)s") % {"limit": text.duration(face.limit_seconds)})
    if face.due_at and face.state not in ("pause", "done"):
        parts.append(gettext("due %(time)s") % {"time": text.when(face.due_at)})
    return ", ".join(part for part in parts if part)


@register.simple_tag
def fuse(face, size=""):
    """Made by hand, not by a template: a list draws fifty of them."""
    if face is None:
        return ""
    value, word = _words(face)
    left, moment = int(face.seconds_left), int(time.time())
    return format_html(
        '<span class="fuse{} {}" data-s="{}" role="img" aria-label="{}" data-left="{}" data-at="{}" data-run="{}"{}{}>'
        '<span class="fuse__v">{}<span data-value>{}</span>{}</span>{}</span>',
        f" fuse--{size}" if size else "", p(face.percent), face.state, _spoken(face, value, word), left, moment,
        int(face.is_running), format_html(' data-due="{}"', face.due_at.isoformat()) if face.due_at else "",
        format_html(' data-run-until="{}"', int(face.run_until.timestamp())) if face.run_until else "",
        icon(FUSE_ICONS[face.state]), value, format_html("<small data-word>{}</small>", word) if word else "",
        _burning(tuple(face.notches)) if face.state != "done" else "",
    )  # fmt: skip


@cache
def _burning(notches):
    marks = format_html_join("", '<i class="{}"></i>', ((p(notch),) for notch in notches))
    return format_html('<span class="fuse__b">{}</span>', marks)


@register.inclusion_tag("ui/stepper.html")
def stepper(stages):
    stages = list(stages)
    places = [place for place, stage in enumerate(stages, 1) if stage.state == "now"]
    here = places[0] if places else len([stage for stage in stages if stage.state in ("done", "late")])
    return {
        "stages": [(stage, STEP_ICONS[stage.state]) for stage in stages], "total": len(stages), "here": here,
        "current": stages[here - 1] if here else None, "following": stages[here] if here < len(stages) else None,
    }


@register.inclusion_tag("ui/tabs.html")
def tabs(tabs, current, label=""):
    return {"tabs": tabs, "current": current, "label": label}


@register.inclusion_tag("ui/tasks.html")
def tasks(items):
    return {"items": items}


@register.inclusion_tag("ui/timeline.html")
def timeline(events):
    return {"events": events}


# Forms


def _kind(widget):
    if isinstance(widget, forms.CheckboxInput):
        return "tick"
    if isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
        return "pick"
    return "input"


def _prepare(widget):
    """HTML's own pickers, whose value has one fixed form in every language."""
    if type(widget) is forms.DateTimeInput:
        widget.input_type, widget.format = "datetime-local", "%Y-%m-%dT%H:%M"
    elif type(widget) is forms.DateInput:
        widget.input_type, widget.format = "date", "%Y-%m-%d"
    elif type(widget) is forms.TimeInput:
        widget.input_type, widget.format = "time", "%H:%M"


def _anchor(bound, kind):
    """A group of radios has no input of its own to point to, so its fieldset is the place."""
    return bound.auto_id or bound.html_name if kind == "pick" else bound.id_for_label


def _described_by(bound, anchor, hint):
    notes = (("hint", hint), ("error", bound.errors))
    return " ".join(f"{anchor}_{part}" for part, is_there in notes if is_there)


def _drawn(bound, kind, described_by, placeholder, autofocus):
    if kind == "pick":
        return ""
    _prepare(bound.field.widget)
    attributes = {
        "class": f"{bound.field.widget.attrs.get('class', '')} inp".strip() if kind == "input" else "",
        "aria-describedby": described_by,
        "aria-invalid": "true" if bound.errors else "",
        "placeholder": placeholder,
        "autofocus": autofocus,
    }
    return bound.as_widget(attrs={name: value for name, value in attributes.items() if value})


@register.inclusion_tag("ui/field.html")
def field(bound, span="", hint=None, label="", placeholder="", stack=False, tiles=False, autofocus=False, mark=True):
    kind = "hidden" if bound.is_hidden else _kind(bound.field.widget)
    hint = bound.help_text if hint is None else hint
    anchor = _anchor(bound, kind)
    described_by = _described_by(bound, anchor, hint)
    return {
        "field": bound, "kind": kind, "span": span, "hint": hint, "label": label or bound.label, "id": anchor,
        "described_by": described_by, "widget": _drawn(bound, kind, described_by, placeholder, autofocus),
        "shape": "pick--stack" if stack else "tiles" if tiles else "", "is_marked": mark,
    }


def _problems(form):
    """Each answer at fault, with the place to go to."""
    if not form.is_bound:
        return
    for name, errors in form.errors.items():
        bound = form[name] if name in form.fields else None
        for error in errors:
            yield {"text": error, "target": _target(bound) if bound else ""}


def _target(bound):
    return f"{bound.auto_id}_0" if _kind(bound.field.widget) == "pick" else bound.id_for_label


def _forms(subjects):
    for subject in subjects:
        if isinstance(subject, forms.BaseFormSet):
            yield from subject.forms
        elif subject:
            yield subject


@register.inclusion_tag("ui/error_summary.html")
def error_summary(*subjects):
    problems = [problem for form in _forms(subjects) for problem in _problems(form)]
    for subject in subjects:
        if isinstance(subject, forms.BaseFormSet) and subject.is_bound:
            problems += [{"text": error, "target": ""} for error in subject.non_form_errors()]
    return {"problems": problems}


@register.inclusion_tag("ui/act_inputs.html", takes_context=True)
def act_inputs(context):
    return {
        "csrf_token": context.get("csrf_token"), "once": uuid4().hex, "version": context.get("version"),
        "next": context.get("next_url") or _came_from(context.get("request")),
    }


def _came_from(request) -> str:
    """The list that the act was opened from: there one goes on (records.acts checks the address)."""
    return (request.POST.get("next") or request.GET.get("next", "")) if request else ""


@register.inclusion_tag("ui/_refusal.html")
def refusal_box(refusal):
    return {"refusal": refusal}


# Lists and documents


@register.inclusion_tag("ui/gantt.html")
def gantt(chart):
    return {"chart": chart, "at": charts.layout(chart)}


@register.inclusion_tag("ui/spark.html")
def spark(values, tone="info"):
    return {"points": charts.points(values), "tone": tone}


@register.simple_tag
def qr(content, size_mm=20):
    return svg(str(content), size_mm)


@register.inclusion_tag("ui/empty.html")
def empty_state(title, text="", seal="", url="", action="", icon="check"):
    return {"title": title, "text": text, "seal_code": seal, "url": url, "action": action, "icon_name": icon}


@register.inclusion_tag("ui/pager.html", takes_context=True)
def pager(context, page, name="after", title=""):
    """Where a page shows several lists: `name` is the parameter with this one's cursor and the id of its section."""
    query = context["request"].GET.copy()
    is_first = name not in query
    query.pop(name, None)
    first_query = query.urlencode()
    queries = {}
    for way in ("next", "previous"):
        query[name] = getattr(page, f"{way}_cursor") or ""
        queries[f"{way}_query"] = query.urlencode()
    place = f"#{name}" if title else ""
    return {"page": page, "is_first": is_first, "first_query": first_query, "place": place, "title": title} | queries
