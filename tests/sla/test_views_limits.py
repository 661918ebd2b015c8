"""The pages of the time limits."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sla import actions
from sla import limit_changes as changes
from sla.forms_limits import SheetForm
from sla.limits import rule_of
from sla.models import EscalationStep, LimitChange, Policy, PolicyVersion, WorkCalendar, WorkItem
from sla.views_limits import rows
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)
WHY = "Customers wait less"
SHEET = "/limits/"


def policy(kind="confirmation", urgency_class=""):
    return Policy.objects.get(kind=kind, urgency_class=urgency_class)


def posted(form) -> dict:
    """What a browser sends of a page's form as it stands."""
    data, parts = {}, [form]
    if hasattr(form, "ladder"):
        parts += [form.ladder.management_form, *form.ladder]
    for bound in (bound for part in parts for bound in part):
        value = bound.value()
        if value not in (None, False):
            data[bound.html_name] = bound.field.prepare_value(value)
    return data


def sheet(client, **values):
    """The sheet with figures typed into it, by kind: {"confirmation": {"limit": "1"}}."""
    data = posted(client.get(SHEET).context["form"])
    for kind, typed in values.items():
        data |= {f"{name}_{policy(kind).pk}": value for name, value in typed.items()}
    return data | {"reason": WHY}


def text(response):
    return response.content.decode()


@pytest.fixture
def client(company, admin, client_of):
    return client_of(admin)


# The sheet


@pytest.mark.clause("3.1.1")
def test_the_administrator_changes_x_among_others(client, company, admin):
    page = client.get(SHEET)
    stages = [row.policy.kind for row in page.context["tables"][0][1]]
    assert stages == ["identification", "confirmation", "review_decision", "procurement", "production", "qc",
                      "delivery", "settlement"]  # fmt: skip
    assert page.context["tables"][1][2] is False, "the other tasks are folded"
    data = sheet(client, confirmation={"limit": "1:30", "remind": "40"}, qc={"escalate": "100"})
    assert client.post(SHEET, data).status_code == 302
    first, second = policy().current, policy("qc").current
    assert (first.number, first.target_seconds, first.remind_percent, first.made_by) == (2, 5400, 40, admin)
    assert [step.at_percent for step in second.steps.order_by("level")][:3] == [50, 100, 100]
    assert PolicyVersion.objects.filter(number=2).count() == 2
    assert open_item(company["sales"]).budget_seconds == 5400
    assert client.post(SHEET, data | {"once": "b"}).status_code == 409, "made from an older version"
    assert client.post(SHEET, sheet(client)).status_code == 422, "nothing is different"


def test_a_preview_saves_nothing_and_marks_what_changed(client, company, sales):
    now = timezone.now()
    for place in range(2):
        open_item(company["sales"], source=f"order:{place}", assignee=sales, now=now)
    data = sheet(client, confirmation={"limit": "1"}) | {"reason": "", "mode": "running"}
    page = client.post("/limits/preview/", data)
    assert (page.status_code, page.context["outlook"].touched) == (200, 2)
    assert "was 2" in text(page) and "UO-" not in text(page).split("effect__n")[0]
    assert "Save as version 2" in text(page)
    assert not PolicyVersion.objects.filter(number=2).exists()
    part = client.post("/limits/preview/", data, headers={"HX-Request": "true"})
    assert "<html" not in text(part) and "was 2" in text(part)
    assert client.get("/limits/preview/").status_code == 302


@pytest.mark.clause("3.1.1")
def test_a_bad_figure_is_told_by_row_and_field_and_saves_nothing(client):
    cases = {
        ("limit", "0"): "Confirmation, limit", ("limit", "0:04"): "Confirmation, limit", ("limit", "2161"): "90 days",
        ("limit", "soon"): "Confirmation: Limit, hours", ("limit", ""): "Confirmation, limit",
        ("remind", "0"): "Confirmation, reminder", ("remind", "90"): "Escalation cannot come before the reminder",
        ("escalate", "101"): "Confirmation, escalation", ("escalate", "x"): "Confirmation: Escalate",
    }
    data, key = sheet(client, qc={"limit": "3"}), policy().pk
    for (name, value), said in cases.items():
        form = SheetForm(data | {f"{name}_{key}": value}, rows=rows())
        assert not form.is_valid(), (name, value)
        assert said in str(form.errors), (name, value)
    page = client.post(SHEET, data | {f"limit_{key}": "0"})
    assert page.status_code == 422 and "Confirmation, limit" in text(page)
    assert WHY in text(page) and 'value="3"' in text(page), "what was typed stays"
    assert client.post("/limits/preview/", data | {f"limit_{key}": "0"}).status_code == 422
    good = data | {f"limit_{key}": "1"}
    for wrong in ({"reason": "ab"}, {"mode": "date", "from_date": "2020-01-01"}, {"mode": "never"}):
        assert client.post(SHEET, good | wrong).status_code == 422, wrong
    assert not PolicyVersion.objects.filter(number=2).exists()


def test_a_stale_sheet_is_refused_once_and_keeps_what_was_typed(client, general_manager):
    data = sheet(client, confirmation={"limit": "1"})
    actions.save_policy(policy(), by=general_manager, reason="Meanwhile", target_seconds=10800)
    actions.save_policy(policy("qc"), by=general_manager, reason="Elsewhere", target_seconds=10800)
    page = client.post(SHEET, data)
    assert page.status_code == 409
    assert general_manager.name in text(page) and "Meanwhile" in text(page) and WHY in text(page)
    again = posted(page.context["form"])
    assert (again[f"limit_{policy().pk}"], again[f"limit_{policy('qc').pk}"]) == ("1", "3")
    assert client.post(SHEET, again).status_code == 302
    assert (policy().current.target_seconds, policy("qc").current.number) == (3600, 2)


def test_many_late_at_once_become_a_proposal(client, company, sales, admin, general_manager, client_of):
    then = timezone.now() - timedelta(days=20)
    for place in range(4):
        open_item(company["sales"], source=f"order:{place}", assignee=sales, now=then)
    WorkItem.objects.update(state="running", due_at=timezone.now() + HOUR, consumed_seconds=7000,
                            running_since=timezone.now(), edition=None, next_fire_at=timezone.now() + HOUR)  # fmt: skip
    data = sheet(client, confirmation={"limit": "1"}) | {"mode": "running"}
    assert "general management decides" in text(client.post("/limits/preview/", data))
    answer = client.post(SHEET, data)
    waiting = LimitChange.objects.get()
    assert answer.url == f"/limits/changes/{waiting.pk}/"
    assert "waits for general management" in text(client.get(SHEET))
    own = client.get(answer.url)
    assert own.status_code == 200 and "2:00" in text(own) and not own.context["may_decide"]
    assert client.post(f"{answer.url}approve/").status_code == 403

    boss = client_of(general_manager)
    item = WorkItem.objects.get(kind="limit_change")
    pane = text(boss.get(reverse("sla:pane_limit_change", args=[item.pk])))
    assert WHY in pane and "Late at once" in pane
    assert boss.get(answer.url).context["may_decide"]
    assert boss.post(f"{answer.url}refuse/", {"note": ""}).status_code == 422
    assert boss.get(f"{answer.url}approve/").status_code == 200
    assert boss.post(f"{answer.url}approve/", {"note": "Yes"}).status_code == 302
    assert boss.post(f"{answer.url}refuse/", {"note": "No, wait"}).status_code == 409
    history = text(client.get("/limits/history/"))
    assert f"approved by {general_manager}" in history and "<del>2:00</del>" in history
    assert boss.get(SHEET).status_code == 403


def test_asking_and_taking_back(client, company, general_manager, client_of):
    answer = client.post(SHEET, sheet(client, confirmation={"limit": "1"}) | {"do": "ask"})
    item = WorkItem.objects.get(kind="limit_change")
    url = reverse("sla:limit_change_withdraw", args=[item.pk])
    assert client_of(general_manager).post(url).status_code == 403
    assert client.get(reverse("sla:withdraw", args=[item.pk])).url.startswith(url)
    assert client.post(url).status_code == 302
    assert LimitChange.objects.get().state == "withdrawn" and client.get(answer.url).status_code == 200
    assert client.post(url).status_code == 409


def test_only_those_concerned_see_the_pages(company, sales, manager, general_manager, admin, client_of):
    waiting = changes.change([rule_of(policy().current)], changes.Terms(reason=WHY), by=admin, asks=True)
    item = WorkItem.objects.get(kind="limit_change")
    for person in (sales, manager):
        for url in (SHEET, f"/limits/{policy().pk}/", "/limits/history/"):
            response = client_of(person).get(url)
            assert response.status_code == 403 and "管理员" in text(response)
        assert client_of(person).post("/limits/preview/").status_code == 403
        assert client_of(person).get(f"/limits/changes/{waiting.pk}/").status_code == 404
        assert client_of(person).post(f"/limits/changes/{waiting.pk}/approve/").status_code == 403
    assert client_of(sales).get(reverse("sla:pane_limit_change", args=[item.pk])).status_code == 404


def statements(client, url):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_more_limits_and_versions_cost_no_more(client, admin):
    pages = (SHEET, "/limits/history/", f"/limits/{policy().pk}/")
    actions.save_policy(policy(), by=admin, reason="One", target_seconds=600)
    before = [statements(client, url) for url in pages]
    for letter in "ABC":
        extra = Policy.objects.create(kind="confirmation", urgency_class=letter)
        actions.save_policy(extra, by=admin, reason="Class", target_seconds=600, steps=[
            EscalationStep(level=1, at_percent=50, recipients=["person"], person=admin, channels=["email"])
        ])  # fmt: skip
        actions.save_policy(policy(), by=admin, reason=f"More {letter}", target_seconds=900)
    assert [statements(client, url) for url in pages] <= [before[0] + 1, before[1] + 1, before[2]]


# One limit


def one(client, url=None, **values):
    url = url or f"/limits/{policy().pk}/"
    page = client.get(url)
    return posted(page.context["form"]) | {"version": page.context["version"], "reason": WHY} | values


def level(number, **values):
    return {f"level-{number}-{name}": value for name, value in values.items()}


@pytest.mark.clause("3.1.1")
def test_everything_a_limit_says_is_changed_on_its_page(client, company, admin, sales):
    url = f"/limits/{policy().pk}/"
    data = one(client, target_seconds="0:45", calendar="", pause_reasons=["customer"]) | level(
        4, recipients=["role", "person"], role="buyer", person=sales.pk, channels=["email"], repeat_every_minutes=60,
        repeat_at_most=2,
    )  # fmt: skip
    page = client.post(url, data)
    assert page.status_code == 302, (page.context["form"].errors, page.context["form"].ladder.errors)
    version = policy().current
    assert (version.target_seconds, version.calendar, version.pause_reasons) == (2700, None, ["customer"])
    last = version.steps.get(level=5)
    assert (last.role, last.person, last.channels, last.repeat_at_most) == ("buyer", sales, ["email"], 2)
    assert version.steps.count() == 5
    old = client.get(f"{url}?as=1")
    assert "<del>2:00</del>" in text(old) and old.context["outlook"] is not None
    assert client.post(url, posted(old.context["form"]) | {"version": 2, "reason": "It was better"}).status_code == 302
    third = policy().current
    assert (third.number, third.target_seconds, third.calendar) == (3, 7200, WorkCalendar.objects.get())
    assert third.steps.get(level=5).recipients == ["general_manager"]
    assert client.get(f"{url}?as=9").status_code == 404
    stale = client.post(url, data)
    assert stale.status_code == 409 and "It was better" in text(stale) and WHY in text(stale)
    assert client.post(url, data | {"version": stale.context["version"]}).status_code == 302


def test_a_bad_level_is_told_by_its_number(client):
    cases = [
        (level(1, at_percent="40"), "level 2"), (level(0, recipients=[]), "level 1"),
        (level(2, channels=[]), "level 3"),
        (level(4, repeat_at_most=""), "level 5"), (level(0, at_percent="0"), "level 1"),
        (level(3, recipients=["role"]), "level 4"), (level(3, minutes_past_due=""), "level 4"),
    ]  # fmt: skip
    whole = one(client)
    for values, said in cases:
        data = {name: value for name, value in (whole | values).items() if value != []}
        page = client.post(f"/limits/{policy().pk}/", data)
        assert page.status_code == 422 and f"Confirmation, {said}" in text(page), values
    assert policy().versions.count() == 1


def test_levels_are_added_moved_and_removed_without_a_script(client):
    url = f"/limits/{policy().pk}/preview/"

    def ladder(move, data):
        page = client.post(url, data | {"ladder": move})
        form = page.context["form"]
        return [row["at_percent"].value() or row["minutes_past_due"].value() for row in form.ladder], posted(form)

    levels, data = ladder("add", one(client))
    assert levels[:5] == ["50", "80", "100", "30", "120"] and len(levels) == 6
    levels, data = ladder("remove:0", data)
    assert levels[:4] == ["80", "100", "30", "120"]
    levels, data = ladder("up:1", data)
    assert levels[:2] == ["100", "80"]
    for nonsense in ("up:0", "up:99", "remove:x", "dance"):
        assert ladder(nonsense, data)[0] == levels
    assert policy().versions.count() == 1


def test_a_class_gets_a_limit_of_its_own(client, company):
    url = f"/limits/{policy().pk}/A/"
    assert "no limit of its own" in text(client.get(f"/limits/{policy().pk}/"))
    assert client.get(f"/limits/{policy().pk}/Z/").status_code == 404
    assert client.post(f"{url}preview/", one(client, url, target_seconds="1")).status_code == 200
    assert client.post(url, one(client, url, target_seconds="1")).status_code == 302
    assert open_item(company["sales"], urgency_class="A").budget_seconds == 3600
    assert open_item(company["sales"], urgency_class="B").budget_seconds == 7200
    rows = [str(row.policy) for row in client.get(SHEET).context["tables"][0][1]]
    assert rows[1:3] == ["Confirmation", "Confirmation A"]


def test_a_version_that_waits_for_its_day_is_shown(client):
    later = timezone.localdate() + timedelta(days=3)
    data = sheet(client, confirmation={"limit": "1"}) | {"mode": "date", "from_date": later.isoformat()}
    assert client.post(SHEET, data).status_code == 302
    assert "until then 2:00" in text(client.get(SHEET))
    assert "takes its place" in text(client.get(f"/limits/{policy().pk}/"))
    assert policy().current.number == 1


# Administration


def test_the_administration_only_shows_versions(client):
    version = policy().current
    page = client.get(reverse("admin:sla_policyversion_change", args=[version.pk]))
    assert page.status_code == 200
    assert client.get(reverse("admin:sla_policyversion_add")).status_code == 403
    assert client.post(reverse("admin:sla_policyversion_delete", args=[version.pk]), {"post": "yes"}).status_code == 403
    assert f"/limits/{policy().pk}/" in text(client.get(reverse("admin:sla_policy_changelist")))
