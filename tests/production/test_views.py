"""Production's pages: who may enter, what they say, refusals on the same page, equal numbers of statements."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import Issue, Nonconformance, OrderStep, UrgentOrder
from orders.sheets import sheet_context
from production import actions
from production.models import Assessment, Operation, Plan, TimeSegment
from records.models import StoredFile
from tests.factories import orders as make_order
from tests.factories import production as make

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def statements(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return sum('"access_session"' not in query["sql"] for query in seen.captured_queries)


def first_step(order) -> OrderStep:
    return OrderStep.objects.filter(order=order).order_by("number").first()


@pytest.mark.clause("3.2.1")
def test_review_shows_verdict_points_and_ways_out(people, client_of):
    order = make.at_review(people)
    page = client_of(people.planners[0]).get(reverse("production:review", args=[order.pk])).content.decode()
    assert "In time by" in page and "Earliest finish" in page
    assert page.count("/assess/") == 3
    assert "Overlap the operations" in page and "Work overtime" in page
    assert "<svg" in page and "The plan as a table" in page
    assert "style=" not in page.split("<main")[1].split("</main")[0]


def test_review_says_late_and_why(people, client_of):
    order = make.at_review(people, quantity=4000)
    page = client_of(people.planners[0]).get(reverse("production:review", args=[order.pk])).content.decode()
    assert "Late by" in page and "Why it finishes then" in page and 'class="chain' not in page
    why = reverse("production:review", args=[order.pk]) + "?why=1"
    assert 'class="chain' in client_of(people.planners[0]).get(why).content.decode()


def test_review_without_routing_cannot_say(people, client_of):
    order = make_order.at_review(people)
    page = client_of(people.planners[0]).get(reverse("production:review", args=[order.pk])).content.decode()
    assert "Cannot say" in page and "has no routing" in page


@pytest.mark.clause("3.2.1")
def test_assessment_is_recorded_from_the_page(people, client_of):
    order = make.at_review(people)
    url = reverse("production:assess", args=[order.pk, "process"])
    answer = client_of(people.planners[0]).post(url, {"verdict": "can", "note": ""})
    assert answer.status_code == 302
    assert Assessment.objects.get().kind == "process"


def test_assessment_without_reason_keeps_what_was_typed(people, client_of):
    order = make.at_review(people)
    url = reverse("production:assess", args=[order.pk, "capacity"])
    answer = client_of(people.planners[0]).post(url, {"verdict": "cannot", "note": ""})
    assert answer.status_code == 422 and "what stands in the way" in answer.content.decode()
    assert client_of(people.planners[0]).get(reverse("production:assess", args=[order.pk, "colour"])).status_code == 404


@pytest.mark.clause("3.2.3", "4.1.3")
def test_cannot_leads_to_solutions_for_sales(people, client_of):
    order = make.at_review(people, quantity=4000)
    client = client_of(people.planners[1])
    answer = client.post(
        reverse("production:assess", args=[order.pk, "capacity"]), {"verdict": "cannot", "note": "one machine only"}
    )
    assert answer.url == reverse("production:negotiate", args=[order.pk])
    page = client.get(answer.url).content.decode()
    assert "one machine only" in page and "Change delivery time" in page
    answer = client.post(answer.url, {"options": ["date", "overtime", "overlap"], "reason": "one machine only"})
    assert answer.status_code == 302
    options = order.negotiations.get().options.all()
    assert {option.kind for option in options} == {"date", "resources", "process"}
    assert all(option.finish_at for option in options)
    late = [option for option in options if option.finish_at > order.required_at]
    assert late and all(option.required_at >= option.finish_at for option in late)


def test_negotiation_without_an_option_is_refused(people, client_of):
    order = make.at_review(people)
    answer = client_of(people.planners[1]).post(reverse("production:negotiate", args=[order.pk]), {"reason": "x"})
    assert answer.status_code == 422 and not order.negotiations.exists()


@pytest.mark.clause("3.2.2", "4.2.1")
def test_plan_is_made_changed_released_and_approved_by_pages(people, client_of):
    order = make.at_review(people)
    make.assess_all(order, people)
    planner = client_of(people.planners[1])
    assert planner.post(reverse("production:make_plan", args=[order.pk]), {"has_overlap": "on"}).status_code == 302
    plan = Plan.objects.get(order=order)
    assert plan.means == {"has_overlap": True}
    for row in plan.operations.all():
        url = reverse("production:change_operation", args=[order.pk, row.pk])
        form = planner.get(url).context["form"]
        data = {name: form[name].value() for name in ("starts_at", "ends_at")} | {"owner": people.operator.pk}
        data = {name: f"{value:%Y-%m-%dT%H:%M}" if hasattr(value, "year") else value for name, value in data.items()}
        assert planner.post(url, data).status_code == 302
    assert planner.post(reverse("production:release_plan", args=[order.pk])).status_code == 302
    head = client_of(people.production_head)
    url = reverse("production:approve", args=[order.pk])
    page = head.get(url)
    promised = page.context["form"]["promised_at"].value()
    answer = head.post(url, {"promised_at": f"{promised:%Y-%m-%d %H:%M:%S}", "reason": "agreed"})
    assert answer.status_code == 302
    assert UrgentOrder.objects.get(pk=order.pk).stage == "procurement"


def test_stale_form_is_refused(people, client_of):
    order = make.at_review(people)
    client = client_of(people.planners[1])
    answer = client.post(reverse("production:make_plan", args=[order.pk]), {"version": order.version - 1})
    assert answer.status_code == 409


def test_stranger_sees_no_order_of_production(people, client_of, stranger):
    order, client = make.at_review(people), client_of(stranger)
    for name in ("review", "order_tab", "make_plan", "release_plan", "negotiate", "approve"):
        assert client.get(reverse(f"production:{name}", args=[order.pk])).status_code in (403, 404), name


def test_sales_cannot_plan(people, client_of):
    order = make.at_review(people)
    answer = client_of(people.sales).post(reverse("production:make_plan", args=[order.pk]))
    assert answer.status_code == 403 and not Plan.objects.exists()
    assert client_of(people.sales).get(reverse("production:review", args=[order.pk])).status_code == 200


# The shop floor


@pytest.mark.clause("3.4.1")
def test_phone_starts_reports_and_finishes(people, client_of):
    order = make.at_production(people)
    step, phone = first_step(order), client_of(people.operator)
    page = phone.get(reverse("production:scan", args=[step.token])).content.decode()
    assert "Start" in page and order.number in page
    phone.post(reverse("production:start", args=[step.token]), {})
    page = phone.get(reverse("production:scan", args=[step.token])).content.decode()
    assert "Finish" in page and "Pause" in page
    phone.post(reverse("production:report", args=[step.token]), {"good": 4})
    step.refresh_from_db()
    assert (step.made, step.passed, step.finished_at) == (4, 4, None)
    phone.post(reverse("production:pause", args=[step.token]), {"reason": "break"})
    assert not TimeSegment.objects.running().exists()
    phone.post(reverse("production:start", args=[step.token]), {})
    answer = phone.post(reverse("production:finish", args=[step.token]), {"good": 6})
    assert answer.status_code == 302
    step.refresh_from_db()
    assert step.finished_at and step.passed == 10


def test_double_press_reports_once(people, client_of):
    order = make.at_production(people)
    step, phone = first_step(order), client_of(people.operator)
    phone.post(reverse("production:start", args=[step.token]), {})
    for _press in range(2):
        assert phone.post(reverse("production:report", args=[step.token]), {"good": 2, "once": "k1"}).status_code == 302
    step.refresh_from_db()
    assert step.made == 2


def test_refusal_stands_on_the_phone_page(people, client_of):
    order = make.at_production(people)
    second = OrderStep.objects.filter(order=order).order_by("number")[1]
    answer = client_of(people.operator).post(reverse("production:start", args=[second.token]), {})
    assert answer.status_code == 409
    assert "is not finished" in answer.content.decode()


def test_old_sheet_is_said_in_red_and_refused(people, client_of):
    order = make.at_production(people)
    step, phone = first_step(order), client_of(people.operator)
    page = phone.get(reverse("production:scan", args=[step.token]) + "?v=1").content.decode()
    assert "This sheet is version 1. Version 2 is in force." in page and 'name="sheet" value="1"' in page
    assert phone.post(reverse("production:start", args=[step.token]), {"sheet": 1}).status_code == 409
    assert not TimeSegment.objects.exists()


def test_small_letters_of_a_code_are_taken(people, client_of):
    step = first_step(make.at_production(people))
    phone = client_of(people.operator)
    answer = phone.get(reverse("production:floor"), {"token": step.token.lower()})
    assert answer.url == reverse("production:scan", args=[step.token])
    assert phone.get(reverse("production:scan", args=[step.token.lower()])).status_code == 200
    assert "No operation has this code" in phone.get(
        reverse("production:floor"), {"token": "ZZZZZZZ"}
    ).content.decode()


def test_operator_of_no_operation_is_told_whose_it_is(people, client_of, departments):
    from tests.factories.people import UserFactory

    step = first_step(make.at_production(people))
    other = UserFactory(username="other", name="张强", role="operator", department=departments["production"])
    answer = client_of(other).get(reverse("production:scan", args=[step.token]))
    assert answer.status_code == 403 and str(people.operator) in answer.content.decode()


def test_stranger_learns_nothing_from_a_code(people, client_of, stranger):
    step = first_step(make.at_production(people))
    assert client_of(stranger).get(reverse("production:scan", args=[step.token])).status_code == 404
    assert client_of(stranger).post(reverse("production:start", args=[step.token]), {}).status_code == 403


@pytest.mark.clause("3.4.2", "4.2.3")
def test_problem_with_photo_stops_the_clock(people, client_of):
    step = first_step(make.at_production(people))
    phone = client_of(people.operator)
    phone.post(reverse("production:start", args=[step.token]), {})
    url = reverse("production:problem", args=[step.token])
    assert "Machine down" in phone.get(url).content.decode()
    answer = phone.post(url, {
        "kind": "machine", "text": "spindle stands", "can_go_on": "no",
        "files": SimpleUploadedFile("spindle.png", PNG, "image/png"),
    })
    assert answer.status_code == 302
    issue = Issue.objects.get()
    assert issue.is_stopping and issue.step == step
    assert StoredFile.objects.get().purpose == f"issue:{issue.pk}"
    assert TimeSegment.objects.get().pause == "problem"


def test_bad_pieces_need_a_word(people, client_of):
    step = first_step(make.at_production(people))
    phone = client_of(people.operator)
    phone.post(reverse("production:start", args=[step.token]), {})
    answer = phone.post(reverse("production:report", args=[step.token]), {"good": 1, "scrap": 1})
    assert answer.status_code == 422 and not Nonconformance.objects.exists()


# The board and the tab


@pytest.mark.clause("4.2.2")
def test_board_shows_what_runs_by_work_centre(people, client_of):
    order = make.at_production(people)
    actions.start_step(step_id=first_step(order).pk, by=people.operator)
    page = client_of(people.planners[0]).get(reverse("production:board")).content.decode()
    assert "1 running" in page and order.number in page
    page = client_of(people.planners[0]).get(reverse("production:board"), {"centre": "CNC", "show": "running"})
    assert not page.context["rows"]


def test_board_lists_orders_to_plan(people, client_of):
    order = make.at_review(people)
    page = client_of(people.planners[0]).get(reverse("production:board"))
    assert [entry.order for entry in page.context["to_plan"]] == [order]


def test_board_is_not_for_everybody(people, client_of, stranger):
    assert client_of(stranger).get(reverse("production:board")).status_code == 403


@pytest.mark.clause("3.4.2")
def test_tab_shows_progress_prediction_and_lateness(people, client_of):
    order = make.at_production(people)
    make.run_step(first_step(order), people.operator)
    page = client_of(people.planners[0]).get(reverse("production:order_tab", args=[order.pk]))
    tab = page.context["tab"]
    assert 0 < tab.progress < 100 and tab.predicted_finish and tab.slack_seconds > 0
    assert "Predicted finish" in page.content.decode()


def test_pages_ask_as_often_for_three_as_for_one(people, client_of):
    client = client_of(people.planners[0])
    make.at_production(people)
    make.at_review(people)
    one = {url: statements(client, url) for url in (reverse("production:board"),)}
    for _more in range(2):
        make.at_production(people)
        make.at_review(people)
    assert {url: statements(client, url) for url in one} == one


def test_order_pages_ask_as_often_for_three_lines_as_for_one(people, client_of):
    client = client_of(people.planners[0])
    single, triple = make.at_production(people), make.at_production(people, lines=3)
    for name in ("order_tab", "review"):
        one, three = (statements(client, reverse(f"production:{name}", args=[order.pk])) for order in (single, triple))
        assert three - one in (0, 1), name  # one more where the slots of other orders stand in the way


def test_phone_list_asks_as_often_for_three_orders(people, client_of):
    client, url = client_of(people.operator), reverse("production:floor")
    make.at_production(people)
    one = statements(client, url)
    for _more in range(2):
        make.at_production(people)
    assert statements(client, url) == one


def test_the_code_on_the_sheet_carries_its_version(people):
    order = make.at_production(people)
    sheets = {sheet.version: sheet_context(order, sheet) for sheet in order.sheets.all()}
    step = first_step(order)
    assert sheets[2]["steps"][0]["url"].endswith(f"/f/{step.token}/?v=2")
    assert sheets[1]["steps"] == []


def test_a_taken_slot_is_said_in_the_form(people, client_of):
    """The form of a draft's operation has no field for the place."""
    taken = Operation.objects.get(plan__order=make.planned(people, quantity=200), number=10)
    order = make.at_review(people)
    row = actions.make_plan(order_id=order.pk, by=people.planners[1]).operations.get(number=10)
    url = reverse("production:change_operation", args=[order.pk, row.pk])
    times = {name: f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" for name, at in
             (("starts_at", taken.starts_at), ("ends_at", taken.ends_at))}
    answer = client_of(people.planners[1]).post(url, times | {"owner": people.operator.pk})
    assert answer.status_code == 422 and "is taken then by" in answer.content.decode()
    assert times["starts_at"] in answer.content.decode(), "what was typed is kept"
