import pytest
from django.urls import reverse

from desk.refusals import BadInput, Changed, NotYours
from records.models import CompanySettings, Event
from records.rules import change_rules, version_of_rules

pytestmark = pytest.mark.django_db
WHY = "A small firm"


def test_rules_are_changed_with_a_reason_and_an_event(admin, sales):
    change_rules(by=admin, values={"review_people": 2, "has_sole_authority": True}, reason=WHY, version=0)
    assert CompanySettings.current().review_people == 2
    event = Event.objects.get(stream="configuration")
    assert [row["params"]["new"] for row in event.params["changes"]] == ["2", {"msg": "yes"}]
    with pytest.raises(Changed):
        change_rules(by=admin, values={"review_people": 1}, reason=WHY, version=0)
    with pytest.raises(BadInput, match="different from before"):
        change_rules(by=admin, values={"review_people": 2}, reason=WHY)
    with pytest.raises(BadInput, match="Say why"):
        change_rules(by=admin, values={"review_people": 1}, reason=" ")
    with pytest.raises(NotYours):
        change_rules(by=sales, values={"review_people": 1}, reason=WHY)
    assert version_of_rules() == event.number


@pytest.mark.once
def test_the_page_of_the_rules(client_of, admin, sales):
    url = reverse("records:rules")
    assert client_of(sales).get(url).status_code == 403
    client = client_of(admin)
    page = client.get(url)
    data = {name: bound.value() for name, bound in ((bound.name, bound) for bound in page.context["form"])}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    sent = data | {"review_people": 1, "reason": WHY, "once": "r", "version": page.context["version"]}
    assert client.post(url, sent | {"review_people": 4}).status_code == 422
    saved = client.post(url, sent)
    assert saved.status_code == 302, saved.context["form"].errors
    assert "different people who assess an order: 3 → 1" in client.get(url).text
    assert client.post(url, sent | {"review_people": 2, "once": "s"}).status_code == 409
    assert CompanySettings.current().review_people == 1
