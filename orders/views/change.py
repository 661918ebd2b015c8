"""Change request and short-close: what the customer wants otherwise, and what it undoes."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.actions.changes import check_changeable, what_follows
from orders.forms.change import ChangeForm, ShortCloseForm
from orders.machine import Fact
from orders.models import OrderLine, UrgentOrder
from orders.views.base import OrderAct
from people.roles import Right


class AgreementAct(OrderAct):
    right = Right.ORDER_NEGOTIATE
    template_name = "orders/change.html"

    def subject(self):
        super().subject()
        check_changeable(self.order, self.request.user)
        self.lines = list(self.order.lines.select_related("product"))

    def form_kwargs(self):
        return {"order": self.order, "lines": self.lines}

    def context(self):
        return super().context() | {"follows": what_follows(self.order)}


class ChangeOrder(AgreementAct):
    form_class = ChangeForm
    title = gettext_lazy("Change request of the customer")
    submit_label = gettext_lazy("Record the change")
    consequences = (
        gettext_lazy("The processing sheet is issued in a new version and every department is asked to read it."),
        gettext_lazy("After more pieces, another date or specification the order is reviewed again."),
    )

    def subject(self):
        super().subject()
        self.draft = self._draft()

    def _draft(self):
        """The form whose wish is added here."""
        pk = self.request.GET.get("draft", "")
        if not pk.isdecimal():
            return None
        drafts = UrgentOrder.objects.visible_to(self.request.user).filter(submitted_at=None, closed_at=None)
        return drafts.filter(pk=pk, customer=self.order.customer).first()

    def form_kwargs(self):
        return super().form_kwargs() | {"initial": self._added()}

    def _added(self) -> dict:
        if self.draft is None:
            return {}
        wanted = dict(OrderLine.objects.filter(order=self.draft).values_list("product", "agreed_quantity"))
        return {
            f"quantity_{line.pk}": line.agreed_quantity + wanted.get(line.product_id, 0) for line in self.lines
        }

    def about(self):
        if self.draft is None:
            return super().about()
        return _("Adds the form that is not submitted to %(order)s; the form is then declined as duplicate.") % {
            "order": self.order
        }

    def act(self, form):
        actions.request_change(
            order_id=self.order.pk, by=self.request.user, version=self.version,
            joins=self.draft and self.draft.pk, **form.changes(),
        )  # fmt: skip


class ShortClose(AgreementAct):
    form_class = ShortCloseForm
    title = gettext_lazy("Close the order short")
    submit_label = gettext_lazy("Record the consent and close short")
    submit_tone = "dan"
    consequences = (
        gettext_lazy("The agreed quantity goes down to what has passed or is shipped; the rest is not made any more."),
        gettext_lazy("With whom the customer's consent was agreed, and how, stays with the order."),
    )

    def context(self):
        shown = super().context()
        return shown | {"follows": [row for row in shown["follows"] if row[0] == Fact.QUANTITY_DOWN]}

    def act(self, form):
        actions.short_close(
            order_id=self.order.pk, by=self.request.user, version=self.version, quantities=form.quantities(),
            **form.agreed(),
        )  # fmt: skip
