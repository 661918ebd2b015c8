import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory

from desk.middleware import RefusalMiddleware, refusal_of
from desk.refusals import BadInput, Condition, NotYours
from tests.factories.people import UserFactory

REFUSAL = NotYours(
    "Only the head can approve.", because="You are a planner.", who=["赵明华"], missing=[Condition("Rank")]
)


def answer(exception, user=None, **headers):
    request = RequestFactory(headers=headers).get("/orders/1/")
    request.user = user or AnonymousUser()
    request.htmx = "HX-Request" in headers
    return RefusalMiddleware(lambda request: None).process_exception(request, exception)


class TestRefusal:
    @pytest.mark.parametrize(("refusal", "status"), [(REFUSAL, 403), (BadInput("Say why."), 422)])
    def test_becomes_a_page_with_its_status(self, refusal, status):
        response = answer(refusal)
        assert response.status_code == status
        assert str(refusal.what) in response.content.decode()

    def test_is_a_fragment_for_htmx(self):
        response = answer(REFUSAL, **{"HX-Request": "true"})
        assert response.status_code == 403
        assert "<html" not in response.content.decode()

    def test_is_data_for_a_client_that_reads_data(self):
        body = json.loads(answer(REFUSAL, Accept="application/json").content)
        assert body["what"] == "Only the head can approve."
        assert body["missing"] == [{"text": "Rank", "is_met": False}]

    def test_leads_back_to_where_the_form_stood_and_nowhere_else(self):
        assert (
            b'href="http://testserver/orders/1/edit/"'
            in answer(REFUSAL, Referer="http://testserver/orders/1/edit/").content
        )
        assert b"elsewhere" not in answer(REFUSAL, Referer="http://elsewhere.example/").content

    def test_other_exceptions_are_not_ours(self):
        assert answer(ValueError("x")) is None


class TestDatabaseRefusal:
    def refused(self, sql):
        with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
        return refusal_of(caught.value)

    @pytest.mark.django_db
    def test_a_rule_is_said_in_the_words_of_its_name(self):
        person = UserFactory()
        refusal = self.refused(
            "INSERT INTO people_absence (person_id, starts_at, ends_at, note)"
            f" VALUES ({person.pk}, '2026-11-22 10:00:00', '2026-11-22 09:00:00', '')"
        )
        assert refusal.status == 409
        assert refusal.because == "absence ends after it starts"

    @pytest.mark.django_db
    def test_a_doubled_record_is_said_to_be_there(self):
        person = UserFactory()
        refusal = self.refused(
            "INSERT INTO people_user SELECT * FROM people_user"  # the primary key first of all
            f" WHERE id = {person.pk}"
        )
        assert refusal.status == 409

    @pytest.mark.django_db
    def test_a_missing_value_is_our_own_fault(self):
        assert self.refused("INSERT INTO people_absence (note) VALUES ('')") is None

    def test_a_guard_says_its_sentence(self):
        assert refusal_of(IntegrityError("records_event is append-only")).because == "records_event is append-only"
