"""What the pages of production share."""

from django.urls import reverse

from orders.pages import shell, visible_order
from people.roles import Right
from records.acts import ActView


class OrderAct(ActView):
    """An act on one order: its page leads back to a tab of it."""

    back = "production:order_tab"

    def subject(self):
        self.order = visible_order(self.request, self.kwargs["pk"])

    @property
    def version_now(self):
        return self.order.version

    def act(self) -> dict:
        """What every act of an order takes."""
        return {"order_id": self.order.pk, "by": self.request.user, "version": self.version}

    def context(self):
        return {
            "order": self.order, "back_url": reverse(self.back, args=[self.order.pk]), "back_label": str(self.order),
        }


def tab_context(request, pk) -> dict:
    order = visible_order(request, pk)
    return shell(request, order) | {
        "may_assess": request.user.may(Right.REVIEW_ASSESS), "may_plan": request.user.may(Right.PLAN_MAKE),
        "may_decide": request.user.may(Right.REVIEW_DECIDE), "may_run": request.user.may(Right.OPERATION_RUN),
    }
