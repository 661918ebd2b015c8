"""Who sees whose score. Published, everybody who is signed in sees everything (policy 6.1.2)."""

from django.db.models import Q, QuerySet

from kpi.models import Incentive, MonthRun, Score
from orders.seeing import open_among
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


def is_close(user, about: Score | Incentive) -> bool:
    """Whom it is about, their head, general management, and who runs the assessment."""
    is_own_head = user.is_head and user.department_id == about.department_id
    return sees_everything(user) or is_own_head or about.person_id in user.accounts


def mark_open(user, about: Score | Incentive, cases) -> None:
    """`is_open` of each: what happened and the order's number are told; `is_linked`: the order opens too.

    Who has to judge or to answer reads them, also where the order itself is not theirs to open.
    """
    visible = open_among(user, [case.order_id for case in cases if case.order_id])
    is_told = is_close(user, about)
    for case in cases:
        case.is_linked = case.order_id in visible
        case.is_open = is_told or case.is_linked
