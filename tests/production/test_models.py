"""What the database itself keeps of production's records."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from production import actions
from production.models import Assessment, Operation, OperationMaterial, Plan, RoutingOperation, TimeSegment, WorkCentre
from tests.factories import orders as make_order
from tests.factories import production as make

pytestmark = pytest.mark.django_db


def refused(deed):
    with pytest.raises(IntegrityError), transaction.atomic():
        deed()


@pytest.mark.clause("1.3.3")
def test_plan_in_force_is_never_overwritten(people):
    order = make.planned(people)
    plan = Plan.objects.get(order=order)
    operations = Operation.objects.filter(plan=plan)
    refused(lambda: operations.filter(number=10).update(slot=2))
    refused(lambda: operations.update(ends_at=plan.finish_at))
    refused(operations.delete)
    refused(lambda: Plan.objects.filter(pk=plan.pk).update(state="draft", released_at=None, released_by=None))
    assert operations.update(owner=people.operator) == 3


def test_assessment_and_worked_time_stay(people):
    order = make.at_production(people)
    step = order.steps.order_by("number").first()
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break")
    refused(lambda: Assessment.objects.update(verdict="cannot"))
    refused(Assessment.objects.all().delete)
    refused(lambda: TimeSegment.objects.update(note="never happened"))
    refused(TimeSegment.objects.all().delete)


def test_one_draft_and_one_plan_in_force(people):
    order = make.planned(people)
    plan = Plan.objects.get(order=order)
    refused(lambda: Plan.objects.create(
        order=order, version=2, state="released", made_at=plan.made_at, made_by=plan.made_by,
        released_at=plan.made_at, released_by=plan.made_by,
    ))
    refused(lambda: Plan.objects.create(order=order, version=1, made_at=plan.made_at, made_by=plan.made_by))


def test_work_centre_has_a_slot(people):
    centre = make.work_centre("CNC")
    refused(lambda: WorkCentre.objects.filter(pk=centre.pk).update(slots=0))


def test_material_gates_an_operation_of_its_own_product(people):
    product, other = make_order.make_product(), make_order.make_product()
    make.usual_routing(product)
    row = make.bill(other)
    operation = RoutingOperation.objects.filter(product=product).first()
    with pytest.raises(ValidationError):
        OperationMaterial(operation=operation, bill_line=row).full_clean()
