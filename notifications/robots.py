"""The channel of group robots: what is said, by apprise, and what the messenger answers."""

import hashlib
import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

import requests
from apprise.plugins import dingtalk, feishu, slack, wecombot
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from desk import cipher
from notifications.addresses import Address
from notifications.mail import absolute
from notifications.models import Robot

PURPOSE = "robot"
Kind = Robot.Kind
GAP = timedelta(seconds=3)  # the strictest messenger hears twenty messages a minute, then nothing for ten minutes
LINES = 10  # messages in one
LONGEST = {Kind.WECOM: 2000}  # bytes of text that it takes
LONGEST_ELSEWHERE = 8000
CONNECT_SECONDS, READ_SECONDS = 5, 10
BUSY = {  # answers that mean: not now
    Kind.WECOM: {-1, 45009, 45033}, Kind.DINGTALK: {-1, 130101, 410100}, Kind.FEISHU: {2200, 9499, 11232, 11233},
    Kind.SLACK: set(),
}  # fmt: skip
WAIT_WHEN_BUSY = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


LOST = gettext_noop("Its address cannot be read with the present SECRET_KEY: enter it anew.")


class NotHeard(Exception):
    """The messenger did not take it. The text is a sentence of ours or the answer; it carries no address."""

    def __init__(self, text, *, is_final=False, retry_after=None):
        super().__init__(text)
        self.is_final, self.retry_after = is_final, retry_after


class Wire:
    """What the plugins call `requests`. They say only yes or no, and take any 200 for a yes; here the answer is read.

    What `requests` raises names the whole address: it ends here and goes no further.
    """

    def __getattr__(self, name):
        return getattr(requests, name)

    def post(self, url, **options):
        return self.request("POST", url, **options)

    def request(self, method, url, **options):
        kind = KIND_OF_HOST[url.split("/")[2]]
        try:
            answer = requests.request(method, url, **(options | {"allow_redirects": False}))
        except requests.Timeout:
            problem = NotHeard(gettext_noop("There was no answer in time."))
        except requests.RequestException:
            problem = NotHeard(gettext_noop("There was no connection."))
        else:
            problem = fault_of(kind, answer)
        if problem:
            raise problem
        return answer


for module in (wecombot, dingtalk, feishu, slack):
    module.requests = Wire()

KIND_OF_HOST = {
    "qyapi.weixin.qq.com": Kind.WECOM, "oapi.dingtalk.com": Kind.DINGTALK, "open.feishu.cn": Kind.FEISHU,
    "hooks.slack.com": Kind.SLACK,
}  # fmt: skip


def fault_of(kind, answer) -> NotHeard | None:
    """4xx is final, 5xx and "too often" are not; a number other than 0 in a 200 is a no as well."""
    said = _body(answer)
    code = next((said[name] for name in ("errcode", "code", "StatusCode") if name in said), 0)
    if answer.status_code == 429 or code in BUSY[kind]:
        return NotHeard(gettext_noop("The messenger asked to wait."), retry_after=_wait(answer))
    if answer.status_code == 200 and code == 0 and (kind != Kind.SLACK or answer.text == "ok"):
        return None
    text = said.get("errmsg") or said.get("msg") or answer.text
    return NotHeard(f"{answer.status_code}, {code}: {text}"[:200], is_final=answer.status_code < 500)


def _body(answer) -> dict:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _wait(answer) -> timedelta:
    """Retry-After, in seconds or as a date."""
    said = answer.headers.get("Retry-After", "")
    if said.isdecimal():
        return min(timedelta(seconds=int(said)), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(said) - timezone.now()
    except (TypeError, ValueError):
        return WAIT_WHEN_BUSY
    return min(max(wait, GAP), LONGEST_WAIT)


# The address


def encrypted(address: Address) -> str:
    return cipher.encrypt(json.dumps({"token": address.token, "secret": address.secret}), PURPOSE)


def digest(kind, address: Address) -> str:
    """The same for the same group; of a key as long as these nobody finds the way back."""
    return hashlib.sha256(f"{kind}:{address.token}".encode()).hexdigest()


def address_of(robot) -> Address:
    try:
        return Address(**json.loads(cipher.decrypt(robot.encrypted_address, PURPOSE)))
    except cipher.InvalidToken:
        raise NotHeard(LOST, is_final=True) from None


# Saying


def say(robot, text: str) -> None:
    """Raises NotHeard unless the messenger took it."""
    address = address_of(robot)
    try:
        heard = _plugin(robot.kind, address).notify(body=text, body_format="text")
    except NotHeard as problem:
        raise _without_key(problem, address) from None
    except Exception as broken:  # its text may name the address
        raise NotHeard(type(broken).__name__) from None
    if not heard:
        raise NotHeard(gettext_noop("The messenger did not take it."))


def _plugin(kind, address: Address):
    options = {"redirect": False, "cto": CONNECT_SECONDS, "rto": READ_SECONDS, "secure": True}
    if kind == Kind.WECOM:
        return wecombot.NotifyWeComBot(key=address.token, schema="wecombot", **options)
    if kind == Kind.DINGTALK:
        return dingtalk.NotifyDingTalk(token=address.token, secret=address.secret, schema="dingtalk", **options)
    if kind == Kind.FEISHU:
        return feishu.NotifyFeishu(token=address.token, schema="feishu", **options)
    token_a, token_b, token_c = address.token.split("/")
    return slack.NotifySlack(token_a=token_a, token_b=token_b, token_c=token_c, schema="slack",
                             include_image=False, include_footer=False, **options)  # fmt: skip


def _without_key(problem: NotHeard, address: Address) -> NotHeard:
    """Some messengers repeat in their answer what they were asked."""
    text = str(problem)
    for part in (*address.token.split("/"), address.secret):
        text = text.replace(part, "•••") if part else text
    return NotHeard(text, is_final=problem.is_final, retry_after=problem.retry_after)


def compose(robot, letters) -> tuple[str, int]:
    """The letters as one message in the robot's language, and how many of them it holds."""
    longest = LONGEST.get(robot.kind, LONGEST_ELSEWHERE)
    with translation.override(robot.language):
        for number in range(len(letters), 0, -1):
            text = _text(letters[:number])
            if len(text.encode()) <= longest:
                return text, number
        return text.encode()[:longest].decode(errors="ignore"), 1


def _text(letters) -> str:
    """The desk's name comes first, so that a group may ask for it as the keyword of its robot."""
    head = _("Urgent Order Desk")
    if len(letters) > 1:
        messages = ngettext("%(count)d message", "%(count)d messages", len(letters)) % {"count": len(letters)}
        head = f"{head} · {messages}"
    return "\n\n".join([head, *map(_line, letters)])


def _line(letter) -> str:
    return f"{plain(letter.text_shown)}\n{absolute(letter.url)}"


def plain(text: str) -> str:
    """What a customer is called rings nobody and makes no link: `<at user_id="all">`, `<!channel>`, `@all`."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›").replace("@", "＠")
