"""Who sees whose score. Published, everybody who is signed in sees everything (policy 6.1.2)."""

from django.db.models import Q, QuerySet

from kpi.models import MonthRun, Score
from orders.models import UrgentOrder
from people.roles import Right


def sees_everything(user) -> bool:
    """General management and managers, and who runs the assessment."""
    return user.may(Right.SEE_ALL) or user.may(Right.SCORE_RUN)


def visible_scores(user, run: MonthRun) -> QuerySet:
    """Before publication: one's own; of their department and its people, who heads it."""
    scores = Score.objects.filter(run=run)
    if run.is_published or sees_everything(user):
        return scores
    mine = Q(person__in=user.accounts)
    return scores.filter(mine | Q(department=user.department_id) if user.is_head else mine)


def may_see(user, score: Score) -> bool:
    return visible_scores(user, score.run).filter(pk=score.pk).exists()


def mark_open(user, score: Score, cases) -> None:
    """`is_open` of each: its order may be named; without one, it is told to whom the score is about and their head."""
    orders = [case.order_id for case in cases if case.order_id]
    visible = set(UrgentOrder.objects.visible_to(user).filter(pk__in=orders).values_list("pk", flat=True))
    is_close = sees_everything(user) or score.person_id in user.accounts or (
        user.is_head and user.department_id == score.department_id
    )  # fmt: skip
    for case in cases:
        case.is_open = case.order_id in visible if case.order_id else is_close
