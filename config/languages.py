"""The catalogs without gettext: what the source says, what is translated, what the server reads."""

import ast
import os
import re
from pathlib import Path

import polib
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parent.parent
LOCALE_DIR = BASE_DIR / "locale"
LANGUAGES = ("zh_Hans", "zh_Hant")
# Where the message, its plural and its context stand among the arguments of a call.
PLACES = {
    "gettext": (0, None, None),
    "ngettext": (0, 1, None),
    "pgettext": (1, None, 0),
    "npgettext": (1, 2, 0),
}
IN_TEMPLATE = re.compile(r"\b(_|n?p?gettext)\(((?:u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"|,\s*)+)(?:, ?count)?\)")


def places(name: str):
    return PLACES.get(re.sub(r"_(lazy|noop)$", "", name))


def call_message(function: str, arguments: list):
    """(context, message, plural) of a call with literal arguments, or None."""
    found = places(function)
    if found is None:
        return None
    values = [None if at is None else arguments[at] if at < len(arguments) else False for at in found]
    message, plural, context = values
    if False in values or not message:
        return None
    return context, message, plural


def python_messages(source: str):
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        literals = [
            arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else False for arg in node.args
        ]
        if message := call_message(names.get(called, called), literals):
            yield message


def template_messages(source: str):
    for function, arguments in IN_TEMPLATE.findall(templatize(source)):
        values = list(ast.literal_eval(f"({arguments.strip().rstrip(',')},)"))
        if message := call_message("gettext" if function == "_" else function, values):
            yield message


def source_files():
    apps = sorted(path.parent for path in BASE_DIR.glob("*/apps.py"))
    for folder in [*apps, BASE_DIR / "config", BASE_DIR / "templates"]:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts:
                yield path


def messages() -> dict:
    """{(context, message): (plural, files)} of everything the source marks."""
    found = {}
    for path in source_files():
        extract = python_messages if path.suffix == ".py" else template_messages
        for context, message, plural in extract(path.read_text(encoding="utf-8")):
            earlier_plural, files = found.get((context, message), (None, set()))
            found[context, message] = (plural or earlier_plural, files | {str(path.relative_to(BASE_DIR))})
    return found


def catalog_path(language: str) -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / "django.po"


def read_catalog(language: str) -> polib.POFile:
    path = catalog_path(language)
    if path.exists():
        return polib.pofile(str(path), wrapwidth=120)
    catalog = polib.POFile(wrapwidth=120)
    catalog.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    return catalog


def collected(language: str) -> polib.POFile:
    """The catalog with exactly the messages of the source, translations kept."""
    old = read_catalog(language)
    known = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=120)
    new.metadata = old.metadata
    for (context, message), (plural, files) in sorted(messages().items(), key=lambda found: str(found[0][::-1])):
        new.append(entry(known.get((context, message)), context, message, plural, files))
    return new


def entry(earlier, context, message, plural, files) -> polib.POEntry:
    made = polib.POEntry(msgctxt=context, msgid=message, occurrences=[(name, "") for name in sorted(files)])
    if re.search(r"%\(\w+\)[sd]", message):
        made.flags.append("python-format")
    if earlier and "fuzzy" in earlier.flags:
        made.flags.append("fuzzy")
    if plural:
        made.msgid_plural = plural
        made.msgstr_plural = dict(earlier.msgstr_plural) if earlier and earlier.msgstr_plural else {0: ""}
    elif earlier:
        made.msgstr = earlier.msgstr
    return made


def compile_catalogs() -> list[Path]:
    """.po → .mo, only where the .po is newer; whole or not at all, for two may compile at once."""
    compiled = []
    for source in sorted(LOCALE_DIR.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime <= source.stat().st_mtime:
            draft = target.with_suffix(f".{os.getpid()}")
            polib.pofile(str(source)).save_as_mofile(str(draft))
            draft.replace(target)
            compiled.append(target)
    return compiled
