import pytest

from access import second_factor
from tests.access.phone import PASSWORD
from tests.factories.people import UserFactory
from tests.together import at_once


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_code_opens_one_of_two_doors_at_once(phone_of):
    person = UserFactory()
    phone = phone_of(person)
    code = phone.code()
    assert sorted(at_once(*[lambda: second_factor.verify(person, code)] * 2)) == [False, True]
    paper = phone.recovery_codes[0]
    assert sorted(at_once(*[lambda: second_factor.verify(person, paper)] * 2)) == [False, True]


@pytest.mark.once
@pytest.mark.django_db
def test_a_code_of_another_person_or_of_no_sense_opens_nothing(lin, phone_of):
    other = phone_of(UserFactory())
    phone_of(lin)
    for code in (other.code(), other.recovery_codes[0], "", "六位数字", PASSWORD, "0" * 20):
        assert not second_factor.verify(lin, code)
