"""From the review to the finished pieces, in a real browser: the planner, the head, the operator with a phone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.actions import open_issue_action, raise_issue
from orders.models import Issue, OrderStep, UrgentOrder
from production import actions
from production.models import Operation, Plan, TimeSegment
from tests.browser.axe import check
from tests.factories import production as make

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def stage_of(order):
    return UrgentOrder.objects.values_list("stage", flat=True).get(pk=order.pk)


@pytest.mark.clause("3.2.1", "3.2.2")
def test_planner_releases_and_head_approves(people, browser_page):
    order = make.at_review(people)
    for kind, person in (("process", people.planners[0]), ("materials", people.planners[2])):
        actions.assess(order_id=order.pk, by=person, kind=kind, verdict="can")
    make.WorkCentre.objects.update(foreman=people.operator)
    page = browser_page(people.planners[1])
    page.goto(reverse("production:review", args=[order.pk]))
    page.get_by_text("Assess", exact=True).click()
    page.get_by_label("It can be done in time").check()
    page.get_by_role("button", name="Record the assessment").click()
    page.get_by_role("link", name="Compute the plan").click()
    page.get_by_role("button", name="Compute the plan").click()
    page.get_by_role("link", name="Release the plan").click()
    page.get_by_role("button", name="Release the plan").click()
    page.get_by_text("in force").wait_for()
    head = browser_page(people.production_head)
    head.goto(reverse("production:review", args=[order.pk]))
    head.get_by_role("link", name="Approve").click()
    head.get_by_role("button", name="Approve").click()
    head.get_by_role("link", name="Go to procurement").wait_for()
    assert stage_of(order) == "procurement"


@pytest.mark.clause("3.4.1", "3.4.2")
def test_operator_makes_and_reports_on_the_phone(people, browser_page):
    order = make.at_production(people)
    phone = browser_page(people.operator, viewport={"width": 390, "height": 844})
    phone.goto(reverse("production:floor"))
    for step in OrderStep.objects.filter(order=order).order_by("number"):
        phone.goto(reverse("production:scan", args=[step.token]))
        phone.get_by_role("button", name="Start").click()
        phone.get_by_role("button", name="One less").click()
        phone.get_by_role("button", name="Report these pieces").click()
        phone.get_by_text("9 of 10 made").wait_for()
        phone.get_by_role("button", name="All").click()
        phone.get_by_role("button", name="Finish", exact=True).click()
        phone.get_by_text("Finished.", exact=True).wait_for()
    assert stage_of(order) == "qc"


@pytest.mark.clause("3.4.2", "4.2.3")
def test_operator_reports_a_problem(people, browser_page):
    order = make.at_production(people)
    step = OrderStep.objects.filter(order=order).order_by("number").first()
    phone = browser_page(people.operator, viewport={"width": 390, "height": 844})
    phone.goto(reverse("production:scan", args=[step.token]))
    phone.get_by_role("link", name="Report problem").click()
    phone.get_by_label("Machine down").check()
    phone.get_by_label("What happened").fill("spindle stands still")
    phone.get_by_label("No, work has stopped").check()
    phone.get_by_role("button", name="Send to").click()
    phone.get_by_text("The right people are told").wait_for()
    assert Issue.objects.get().is_stopping


def pages_of(people):
    review = make.at_review(people, quantity=600)
    drafted = make.at_review(people, quantity=60, stock=10)
    make.assess_all(drafted, people)
    actions.make_plan(order_id=drafted.pk, by=people.planners[1])
    order = make.at_production(people, quantity=120)
    first, second, _third = OrderStep.objects.filter(order=order).order_by("number")
    actions.start_step(step_id=first.pk, by=people.operator, now=timezone.now() - timedelta(hours=3))
    actions.report_pieces(step_id=first.pk, by=people.operator, good=48)
    operation = Operation.objects.filter(plan__order=drafted).first()
    issue = raise_issue(order_id=order.pk, by=people.planners[1], kind="machine", text="主轴坏了", severity="major")
    open_issue_action(issue_id=issue.pk, by=people.planners[1], text="借主轴", owner=people.buyer,
                      due_at=timezone.now() + timedelta(hours=2))  # fmt: skip
    return [
        (people.planners[0], reverse("production:review", args=[review.pk]) + "?way=own&own-has_overlap=on"),
        (people.production_head, reverse("production:review", args=[drafted.pk])),
        (people.planners[1], reverse("production:change_operation", args=[drafted.pk, operation.pk])),
        (people.planners[1], reverse("production:negotiate", args=[review.pk])),
        (people.planners[1], reverse("production:order_tab", args=[order.pk])),
        (people.planners[1], reverse("production:board")),
        (people.planners[1], reverse("production:planning_board") + "?days=7"),
        (people.planners[1], reverse("production:move", args=[second.pk])),
        (people.planners[1], reverse("production:order_tab", args=[order.pk]) + "?why=1"),
        (people.planners[1], reverse("production:plan_versions", args=[order.pk])),
        (people.buyer, reverse("production:delay", args=[order.pk])),
        (people.operator, reverse("production:floor")),
        (people.operator, reverse("production:scan", args=[first.token])),
        (people.operator, reverse("production:scan", args=[second.token]) + "?v=1"),
        (people.operator, reverse("production:problem", args=[first.token])),
        (people.operator, reverse("production:pause", args=[first.token])),
        (people.production_head, reverse("access:badges")),
        (people.production_head, issue.get_absolute_url()),
        (people.production_head, reverse("orders:issue_decide", args=[order.pk, issue.pk])),
        (people.production_head, reverse("orders:problems")),
    ]


def test_pages_are_accessible_and_fit(people, browser_page):
    pages = {}
    for person, address in pages_of(people):
        if person not in pages:
            pages[person] = browser_page(person, bypass_csp=True)
        check(pages[person], address)


@pytest.mark.clause("3.2.2")
def test_planner_drags_a_bar_and_goes_back(people, browser_page):
    order = make.approved(people, rows=((10, "铣削", "CNC", 30, {}),))
    row = Operation.objects.in_force().get(plan__order=order)
    page = browser_page(people.planners[1], viewport={"width": 1440, "height": 900})
    page.goto(reverse("production:planning_board") + "?days=7")
    bar = page.locator("[data-move] rect").bounding_box()
    page.mouse.move(bar["x"] + 4, bar["y"] + 8)
    page.mouse.down()
    day = page.locator("[data-board]").bounding_box()["width"] / 7
    page.mouse.move(bar["x"] + 4 + day, bar["y"] + 10, steps=4)
    page.get_by_text("CNC/1 ·").wait_for()
    page.mouse.up()
    page.get_by_role("heading", name="What follows").wait_for()
    assert Plan.objects.filter(order=order).count() == 1
    page.get_by_role("button", name="Move it").click()
    page.get_by_role("button", name="Back to version 1").wait_for()
    moved = Operation.objects.in_force().get(plan__order=order)
    assert timedelta(hours=23) < moved.starts_at - row.starts_at < timedelta(hours=25)
    page.get_by_role("button", name="Back to version 1").click()
    page.get_by_role("button", name="Back to version 2").wait_for()
    assert Operation.objects.in_force().get(plan__order=order).starts_at == row.starts_at


@pytest.mark.clause("3.4.1")
def test_what_is_pressed_without_network_is_sent_once_when_it_is_back(people, browser_page):
    order = make.at_production(people)
    first = OrderStep.objects.filter(order=order).order_by("number").first()
    phone = browser_page(people.operator, viewport={"width": 390, "height": 844})
    network = phone.context
    phone.goto(reverse("production:scan", args=[first.token]))
    network.set_offline(True)
    phone.get_by_role("button", name="Start").click()
    phone.get_by_text("To be sent: 1").wait_for()
    phone.get_by_label("Good pieces").fill("4")
    phone.get_by_role("button", name="Report these pieces").click()
    phone.get_by_text("To be sent: 2").wait_for()
    phone.get_by_role("link", name="Pause").click()
    phone.get_by_role("dialog").get_by_role("button", name="Pause").click()
    phone.get_by_text("To be sent: 3").wait_for()
    assert not TimeSegment.objects.exists()
    network.set_offline(False)
    phone.get_by_text("4 of 10 made").wait_for(state="attached")
    phone.get_by_text("To be sent").wait_for(state="hidden")
    segment = TimeSegment.objects.get()
    assert segment.pause == "break" and segment.start_phone_at < segment.end_phone_at < segment.start_received_at
    assert list(first.ledger.values_list("kind", "quantity")) == [("make", 4), ("pass", 4)]
    # What the desk refuses stays in sight with what was typed.
    phone.goto(reverse("production:scan", args=[first.token]))
    OrderStep.objects.filter(pk=first.pk).update(is_cancelled=True)
    network.set_offline(True)
    phone.get_by_role("link", name="Report problem").click()
    phone.get_by_label("Quality problem").check()
    phone.get_by_label("What happened").fill("burr at the bore")
    phone.get_by_role("button", name="Send to").click()
    phone.get_by_text("To be sent: 1").wait_for()
    phone.reload()  # the page itself is read from the phone
    phone.get_by_text("To be sent: 1").wait_for()
    network.set_offline(False)
    kept = phone.locator("#kept")
    kept.get_by_text("not in the plan any more").wait_for()
    assert kept.get_by_text("burr at the bore").is_visible()
    phone.reload()
    assert kept.get_by_text("burr at the bore").is_visible() and not Issue.objects.exists()
    kept.get_by_role("button", name="Discard").click()
    kept.get_by_role("button", name="Press again").click()
    kept.wait_for(state="hidden")


@pytest.mark.clause("3.2.3")
def test_head_compares_combines_and_approves_a_way(people, browser_page):
    order = make.at_review(people, quantity=300)
    make.WorkCentre.objects.update(foreman=people.operator)
    make.assess_all(order, people)
    head = browser_page(people.production_head)
    head.goto(reverse("production:review", args=[order.pk]))
    head.get_by_role("radio", name="Work overtime").check()
    head.get_by_text("Schedule: Work overtime").wait_for()
    head.get_by_text("Put means together").click()
    head.get_by_role("radio", name="Your own combination").check()
    head.get_by_label("With overlapping operations").check()
    head.get_by_label("With overtime").check()
    head.get_by_text("Schedule: Your own combination").wait_for()
    head.get_by_role("radio", name="Overlap the operations").check()
    head.get_by_text("Schedule: Overlap the operations").wait_for()
    head.get_by_role("radio", name="Overlap the operations").press("a")
    head.get_by_text("Reserves ").wait_for()
    head.get_by_role("button", name="Approve").click()
    head.get_by_role("link", name="Go to procurement").wait_for()
    assert stage_of(order) == "procurement"
