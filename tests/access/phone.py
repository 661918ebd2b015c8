import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

PASSWORD = "correct horse battery"


class Phone:
    """The app with the codes: `code(1)` is the next one."""

    def __init__(self, secret):
        self.secret = secret

    def code(self, ahead=0):
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // 30 + ahead))
