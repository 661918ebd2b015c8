"""The addresses of group robots: what an administrator pastes, taken apart and put together by us alone.

Only the key in it is kept. The host is never the administrator's to say: each kind has one, so no address can lead
into the house, to another port, or to another name's user.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.utils.translation import gettext as _

from desk.refusals import BadInput
from notifications.models import Robot

Kind = Robot.Kind
KEYS = {
    Kind.WECOM: re.compile(r"[A-Za-z0-9_-]{16,128}"),
    Kind.DINGTALK: re.compile(r"[A-Za-z0-9]{16,128}"),
    Kind.FEISHU: re.compile(r"[A-Za-z0-9_-]{16,128}"),
    Kind.SLACK: re.compile(r"T[A-Z0-9]{5,20}/B[A-Z0-9]{5,20}/[A-Za-z0-9]{16,64}"),
}
SECRET = re.compile(r"SEC[A-Za-z0-9]{16,125}")
ODD = re.compile(r"[\s\\\x00-\x1f\x7f]|[^\x00-\x7f]")


@dataclass(frozen=True)
class Form:
    """How an address of a kind is written: by the messenger itself, and by apprise."""

    host: str
    path: str  # before the key, or the whole of it where the key stands in the query
    query: str  # the key's name in the query
    scheme: str
    example: str


FORMS = {
    Kind.WECOM: Form("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key", "wecombot",
                     "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"),
    Kind.DINGTALK: Form("oapi.dingtalk.com", "/robot/send", "access_token", "dingtalk",
                        "https://oapi.dingtalk.com/robot/send?access_token=…"),
    Kind.FEISHU: Form("open.feishu.cn", "/open-apis/bot/v2/hook/", "", "feishu",
                      "https://open.feishu.cn/open-apis/bot/v2/hook/…"),
    Kind.SLACK: Form("hooks.slack.com", "/services/", "", "slack", "https://hooks.slack.com/services/T…/B…/…"),
}  # fmt: skip
INSIDE = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".localdomain")


@dataclass(frozen=True, repr=False)
class Address:
    """The key of a robot. Its representation says nothing: it may stand in a traceback."""

    token: str
    secret: str = ""

    def __repr__(self):
        return f"Address(…{self.end})"

    @property
    def end(self) -> str:
        return self.token[-4:]


def read(kind: str, text: str, secret: str = "") -> Address:
    """The address somebody pasted, or a refusal by the field at fault."""
    text = text.strip()
    form = FORMS[Kind(kind)]
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        raise _not_this(form) from None
    if ODD.search(text):
        raise _not_this(form)
    if parts.scheme == form.scheme:
        token, secret = _of_apprise(kind, form, parts, secret)
    else:
        token = _of_messenger(form, parts)
    _check(kind, form, token, secret)
    return Address(token, secret)


def _of_messenger(form: Form, parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if "@" in parts.netloc:
        raise BadInput(_("The address names a user before its host. Paste it as the messenger shows it."),
                       field="address")
    if _is_inside(host):
        raise BadInput(_("The address points into a private network. Robots live at the messenger's own address."),
                       field="address")
    if parts.scheme != "https" or parts.netloc.lower() != form.host or parts.fragment:
        raise _not_this(form)
    if form.query:
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        if parts.path.rstrip("/") != form.path or [name for name, _value in pairs] != [form.query]:
            raise _not_this(form)
        return pairs[0][1]
    if not parts.path.startswith(form.path) or parts.query:
        raise _not_this(form)
    return parts.path.removeprefix(form.path).rstrip("/")


def _of_apprise(kind, form: Form, parts: SplitResult, secret) -> tuple[str, str]:
    """wecombot://key, dingtalk://secret@token, feishu://token, slack://T/B/C: no targets and no options."""
    if parts.query or parts.fragment or parts.password or parts.port:
        raise _not_this(form)
    user, _at, host = parts.netloc.rpartition("@")
    if user and (kind != Kind.DINGTALK or (secret and secret != user)):
        raise _not_this(form)
    return (host + parts.path).rstrip("/"), user or secret


def _check(kind, form: Form, token, secret) -> None:
    if not KEYS[Kind(kind)].fullmatch(token):
        raise _not_this(form)
    if secret and kind != Kind.DINGTALK:
        raise BadInput(_("Only DingTalk's robots have a signing secret here. Let the group's robot check a keyword "
                         "or the sender's address instead."), field="secret")  # fmt: skip
    if secret and not SECRET.fullmatch(secret):
        raise BadInput(_("DingTalk's signing secret begins with SEC."), field="secret")


def _not_this(form: Form) -> BadInput:
    return BadInput(_("This is no address of such a robot. It looks like this: %(example)s")
                    % {"example": form.example}, field="address")  # fmt: skip


def _is_inside(host: str) -> bool:
    """A number, however it is written, or a name of the house."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        pass
    try:
        return not ip_address(socket.inet_aton(host)).is_global  # 127.1, 0x7f000001, 2130706433
    except OSError:
        return bool(host) and ("." not in host or host.endswith(INSIDE))
