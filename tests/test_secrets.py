"""Secrets come from the environment, and none stands in the repository."""

import os
import re
import subprocess
import sys

import pytest

from tests.test_architecture import ROOT, TRACKED

pytestmark = pytest.mark.once
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30}|\bxox[abpr]-\w{10}|\bglpat-[\w-]{20}"
    rb"|(?i:secret_key|password|passwd|api_?key|token)\w*[ \t]*[:=][ \t]*[\"']"
    rb"(?=[^\"'\s{}$<]*\d)[\w+/=!@#%^&*.-]{16,}[\"']"
    rb"|://[^\s/:@$\"'{}<]+:[^\s/:@$\"'{}<]{6,}@"
)
NOT_SECRET = (b"://user:password@", b"23456789ABCDEFGH", b"Blatt-Zange-Uhr-7")  # an example, an alphabet, a test's own
NO_SOURCE = {".po", ".svg", ".png", ".woff2", ".csv"}
STRONG = "5f0c1b7e9a3d4826b0e7c5d1f2a49836"


def sources():
    return [path for path in TRACKED if path.suffix not in NO_SOURCE and path.parent.name != "requirements"]


def test_no_secret_stands_in_the_repository():
    hits = [(path, hit) for path in sources() for hit in SECRETS.findall(path.read_bytes())]
    assert not [(path.name, hit[:60]) for path, hit in hits if not any(known in hit for known in NOT_SECRET)]


@pytest.mark.parametrize("planted", [
    b'SECRET_KEY = "' + b"x9" * 20 + b'"', b"postgres://" + b"desk:hunter22@db/desk",
    b"-----BEGIN RSA " + b"PRIVATE KEY-----",
])  # fmt: skip
def test_a_planted_one_would_be_found(planted):
    assert SECRETS.search(planted)


def test_what_is_kept_under_var_is_never_tracked():
    assert not [path for path in TRACKED if path.relative_to(ROOT).parts[0] == "var" or path.name in (".env", "env")]


def settings_with(**environment):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VAR_DIR")}
    return subprocess.run(
        [sys.executable, "-c", "from config import settings as s; print(s.SESSION_COOKIE_NAME)"
         " if hasattr(s, 'SESSION_COOKIE_NAME') else print('plain')"],
        cwd=ROOT, env=kept | {"VAR_DIR": "/nonexistent"} | environment, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("environment", "said"), [
    ({}, "SECRET_KEY is missing"),
    ({"SECRET_KEY": "short", "HTTPS": "1"}, "can be guessed"),
    ({"SECRET_KEY": "django-insecure-" + STRONG, "HTTPS": "1"}, "can be guessed"),
    ({"SECRET_KEY": STRONG, "SECRET_KEY_FALLBACKS": "a" * 40, "HTTPS": "1"}, "can be guessed"),
])  # fmt: skip
def test_a_missing_or_weak_secret_stops_the_start(environment, said):
    done = settings_with(**environment)
    assert done.returncode != 0
    assert said in done.stderr
    assert environment.get("SECRET_KEY", "-") not in done.stderr.splitlines()[-1], "it is not printed"


def test_under_https_the_cookies_belong_to_this_host_alone():
    assert settings_with(SECRET_KEY=STRONG, HTTPS="1").stdout.strip() == "__Host-session"
    assert settings_with(SECRET_KEY=STRONG).stdout.strip() == "plain"
