"""The catalogs: complete, of the source's messages exactly, in the house's terms (tests/terms.json)."""

import json
import re
from pathlib import Path

import pytest

from config import languages

pytestmark = pytest.mark.once
TERMS = json.loads((Path(__file__).parent / "terms.json").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|%[sd]")


def translations(entry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@pytest.fixture(params=languages.LANGUAGES)
def language(request):
    return request.param


@pytest.fixture
def catalog(language):
    return languages.read_catalog(language)


def test_the_catalog_holds_the_messages_of_the_source(catalog):
    """Otherwise: manage.py collect_languages."""
    held = {(entry.msgctxt, entry.msgid) for entry in catalog if not entry.obsolete}
    assert sorted(map(str, languages.messages().keys() ^ held)) == []


def test_every_message_is_translated(catalog):
    assert [entry.msgid for entry in catalog if not entry.obsolete and not entry.translated()] == []
    assert [entry.msgid for entry in catalog.fuzzy_entries()] == []


def test_a_translation_keeps_the_placeholders(catalog):
    wrong = [
        entry.msgid
        for entry in catalog
        for text in translations(entry)
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    ]
    assert wrong == []


def test_terms_are_the_agreed_ones(catalog, language):
    """A message that means something else than the term says so by its context."""
    agreed = {(term.get("context"), term["en"]): term[language] for term in TERMS}
    wrong = {
        entry.msgid: (entry.msgstr, agreed[entry.msgctxt, entry.msgid])
        for entry in catalog
        if entry.msgstr != agreed.get((entry.msgctxt, entry.msgid), entry.msgstr)
    }
    assert wrong == {}


def test_traditional_has_the_characters_a_conversion_leaves_simplified():
    """周 and 並 are Traditional too, with other meanings."""
    texts = [text for entry in languages.read_catalog("zh_Hant") for text in translations(entry)]
    assert [text for text in texts if "周" in text or "合並" in text] == []


BLOCKS = re.compile(
    r"{% block \w*class %}.*?{% endblock %}|{%\s*blocktrans(late)?\b.*?{%\s*endblocktrans(late)?\s*%}"
    r"|{%\s*comment.*?endcomment\s*%}|{#.*?#}|{%.*?%}|{{.*?}}|<!--.*?-->|<(script|style)\b.*?</\3>|&#?\w+;",
    re.DOTALL,
)
ATTRIBUTES = re.compile(r"\b(?:title|placeholder|alt|aria-label|aria-description)=\"([^\"]*)\"")
WORD = re.compile(r"[A-Za-z]{3,}|[\u4e00-\u9fff]")
# The product's name in its own script, the names of the languages and of keys stay as they are.
AS_IT_IS = {"急", "English", "English, EN", "简体中文", "繁體中文", "简", "繁"}
KEYS = re.compile(r"(Ctrl|Enter|Esc|Shift)( \S)?")


def bare_texts(source: str) -> list[str]:
    source = BLOCKS.sub(" ", source)
    texts = [*ATTRIBUTES.findall(source), *re.sub(r"<[^>]*>", "\n", source).split("\n")]
    return [text.strip() for text in texts if WORD.search(text)
            and text.strip() not in AS_IT_IS and not KEYS.fullmatch(text.strip())]  # fmt: skip


def test_no_text_of_a_template_stands_outside_translation():
    # 500.html is shown when nothing works, so it says the same in all three at once; styles.html shows samples.
    templates = [path for path in languages.source_files()
                 if path.suffix == ".html" and path.name not in ("500.html", "styles.html")]  # fmt: skip
    assert templates
    bare = {path.name: texts for path in templates if (texts := bare_texts(path.read_text(encoding="utf-8")))}
    assert bare == {}


def test_what_is_collected_from_python_and_templates():
    source = (
        "from django.utils.translation import gettext_lazy as t\n"
        "t('One' ' two')\nt(name)\npgettext('ctx', 'Three')"
    )
    assert list(languages.python_messages(source)) == [(None, "One two", None), ("ctx", "Three", None)]
    template = (
        "{% trans 'Open' %}{% translate \"Seal\" context 'mark' %}"
        "{% blocktranslate count n=3 trimmed %}\none {{ n }}\n{% plural %}many {{ n }}{% endblocktranslate %}"
    )
    assert list(languages.template_messages(template)) == [
        (None, "Open", None), ("mark", "Seal", None), (None, "one %(n)s", "many %(n)s"),
    ]  # fmt: skip
