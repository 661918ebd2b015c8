"""What the look has promised: readable in both themes, small, and nothing that the security policy forbids."""

import gzip
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static" / "desk"
CSS = (STATIC / "desk.css").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
BUDGET = 30_000

GROUNDS = ("canvas", "surface", "raised")
TONES = ("ok", "warn", "crit", "over", "violet")
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in (*GROUNDS, "sunken", "hover")],
    *[(tone, ground) for tone in TONES for ground in (*GROUNDS, f"{tone}-tint")],
    ("accent-ink", "accent-tint"), ("accent-ink", "surface"), ("accent-ink", "canvas"), ("on-accent", "accent"),
    ("on-accent", "accent-ink"), ("on-ok", "ok"), ("on-hot", "hot"), ("ink", "mark"), ("ink", "seg-on"),
    *[("ink", f"{tone}-tint") for tone in ("ok", "warn", "crit", "over", "accent")],
    ("ink-2", "accent-tint"), ("ink-3", "accent-tint"), ("ink-3", "warn-tint"), ("surface", "ink"),
]  # fmt: skip
SHAPE_PAIRS = [
    *[(f"{tone}-solid", ground) for tone in ("ok", "warn", "crit", "over") for ground in ("surface", "raised")],
    *[(shape, ground) for shape in ("line-input", "ring", "accent") for ground in ("surface", "canvas")],
]


def tokens(selector):
    block = re.search(re.escape(selector) + r"\{(.*?)\n\s*\}", CSS, re.S)[1]
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})\b", block))


LIGHT = tokens(":root")
DARK = LIGHT | tokens(':root[data-theme="dark"]')


def luminance(colour):
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 3)], ids=["text", "shapes"])
def test_contrast(theme, pairs, least):
    weak = {pair: ratio for pair in pairs if (ratio := round(contrast(theme[pair[0]], theme[pair[1]]), 2)) < least}
    assert not weak


def test_the_devices_dark_theme_is_the_chosen_one():
    assert tokens(':root[data-theme="auto"]') == tokens(':root[data-theme="dark"]')


def test_own_css_and_js_stay_small():
    parts = [*STATIC.glob("*.css"), *STATIC.glob("*.js")]
    assert sum(len(gzip.compress(part.read_bytes())) for part in parts) < BUDGET
    assert (STATIC / "desk.js").stat().st_size < 8_000


def test_every_width_class_exists():
    assert all(f".p-{step}{{--p:{step}%}}" in CSS for step in range(0, 101, 5))


def test_nothing_comes_from_another_host():
    for source in [*STATIC.glob("*.css"), *STATIC.glob("*.js")]:
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", source.read_text(encoding="utf-8")), (
            source.name
        )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
class TestTemplate:
    def test_has_no_inline_style_script_or_handler(self, path):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=|javascript:|hx-on", source)
        assert not re.search(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", source)

    def test_uses_icons_that_exist(self, path):
        icons = set(re.findall(r'id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
        used = set(re.findall(r'{%\s*icon "([\w-]+)"', path.read_text(encoding="utf-8")))
        assert used <= icons


def test_icons_named_in_python_exist():
    icons = set(re.findall(r'id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    tags = (ROOT / "desk" / "templatetags" / "desk.py").read_text(encoding="utf-8")
    used = re.search(r"FUSE_ICONS = (.*)\nSTEP_ICONS = (.*)\n", tags)
    assert set(re.findall(r': "([\w-]+)"', used[0])) <= icons
