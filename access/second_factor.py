"""The code from one's phone, or one of the codes on paper; allauth makes and reads them, the door is ours."""

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from desk import cipher
from people.roles import Right

RIGHTS = {Right.CONFIGURE, Right.EXPENSE_DECIDE, Right.COST_RECORD}  # administrators, general management, finance
Type = Authenticator.Type
PURPOSE = "second factor"


class Adapter(DefaultMFAAdapter):
    """The secrets lie encrypted: a copy of the database alone makes no codes."""

    def encrypt(self, text):
        return cipher.encrypt(text, PURPOSE)

    def decrypt(self, encrypted_text):
        return cipher.decrypt(encrypted_text, PURPOSE)

    def get_totp_label(self, user):
        return user.get_username()


def is_required_of(user) -> bool:
    if settings.REQUIRE_SECOND_FACTOR_OF_ALL:
        return True
    return settings.REQUIRE_SECOND_FACTOR and (user.is_superuser or bool(user.rights & RIGHTS))


def is_enrolled(user) -> bool:
    return Authenticator.objects.filter(user=user, type=Type.TOTP).exists()


def address(user, secret: str) -> str:
    """What the QR code says to the app on the phone."""
    return Adapter().build_totp_url(user, secret)


def counter_of(secret: str, code: str, after: int = 0) -> int | None:
    """The step of time the code belongs to, when it is later than the last one used."""
    for counter in yield_hotp_counters_from_time():
        if counter > after and compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


@transaction.atomic
def enrol(user, secret: str, counter: int) -> list[str]:
    """The recovery codes, which are shown this once."""
    Authenticator.objects.filter(user=user).delete()
    totp = TOTP.activate(user, secret).instance
    totp.data["last_counter"] = counter
    totp.save(update_fields=["data"])
    return RecoveryCodes.activate(user).generate_codes()


@transaction.atomic
def new_recovery_codes(user) -> list[str]:
    Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
    return RecoveryCodes.activate(user).generate_codes()


def recovery_codes_left(user) -> int:
    row = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def remove(user) -> bool:
    return bool(Authenticator.objects.filter(user=user).delete()[0])


@transaction.atomic
def verify(user, code: str) -> bool:
    """Each code opens once: the row is locked, the step of time only grows, a paper code is crossed out."""
    rows = {row.type: row for row in Authenticator.objects.select_for_update().filter(user=user)}
    if Type.TOTP in rows and _takes(rows[Type.TOTP], code):
        return True
    return Type.RECOVERY_CODES in rows and RecoveryCodes(rows[Type.RECOVERY_CODES]).validate_code(code)


def _takes(row, code) -> bool:
    counter = counter_of(decrypt(row.data["secret"]), code, after=row.data.get("last_counter", 0))
    if counter is None:
        return False
    row.data["last_counter"] = counter
    row.last_used_at = timezone.now()
    row.save(update_fields=["data", "last_used_at"])
    return True
