import pytest

ENDLESS = 10**10  # seconds: to the year 2286


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def one_window(settings):
    """What is counted in fixed stretches of time is counted in one, whatever the clock says during the test."""
    settings.THROTTLES = {scope: (limit, ENDLESS) for scope, (limit, _seconds) in settings.THROTTLES.items()}


def with_password(**fields):
    from tests.access.phone import PASSWORD  # needs the apps, which are not loaded yet above
    from tests.factories.people import UserFactory

    person = UserFactory(**fields)
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def configurator(departments):
    """An administrator who is no superuser."""
    return with_password(username="conf", name="配置员", role="administrator")


@pytest.fixture
def lin(departments):
    return with_password(username="lin", name="林晓雯")


@pytest.fixture
def phone_of():
    """`phone_of(user)`: enrols the person; the phone has the recovery codes on its back."""
    from allauth.mfa.totp.internal.auth import generate_totp_secret

    from access import second_factor
    from tests.access.phone import Phone

    def enrolled(user):
        phone = Phone(generate_totp_secret())
        phone.recovery_codes = second_factor.enrol(user, phone.secret, 0)
        return phone

    return enrolled
