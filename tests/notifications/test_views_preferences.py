from datetime import time

from django.urls import reverse

from notifications.models import Preference

URL = "notifications:preferences"


def test_a_person_says_how_to_be_told(sales, planner, client_of):
    client, url = client_of(sales), reverse(URL)
    assert client.get(url).context["form"]["by_email"].value() is True
    form = {"by_email": "on", "quiet_from": "22:00", "quiet_until": "07:00", "digest_at": "18:00"}
    assert client.post(url, form).status_code == 302
    assert client.post(url, form).status_code == 302
    mine = Preference.objects.get()
    assert (mine.person, mine.by_email) == (sales, True)
    assert (mine.quiet_from, mine.quiet_until, mine.digest_at) == (time(22), time(7), time(18))
    assert client.post(url, {}).status_code == 302
    mine.refresh_from_db()
    assert (mine.by_email, mine.quiet_from, mine.digest_at) == (False, None, None)
    assert not Preference.objects.filter(person=planner).exists()


def test_quiet_hours_have_two_ends(sales, client_of):
    client, url = client_of(sales), reverse(URL)
    for typed, field in (({"quiet_from": "22:00"}, "quiet_until"), ({"quiet_until": "07:00"}, "quiet_from"),
                         ({"digest_at": "25:00"}, "digest_at")):  # fmt: skip
        response = client.post(url, typed)
        assert response.status_code == 422 and list(response.context["form"].errors) == [field]
        assert next(iter(typed.values())) in response.content.decode()
    assert not Preference.objects.exists()
