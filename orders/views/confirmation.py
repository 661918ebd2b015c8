"""訂單接收與確認: the four things, talks with the customer, and the order confirmed."""

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.forms.confirmation import ConfirmForm, ContactForm
from orders.forms.issues import NoteForm
from orders.gates import lines_of
from orders.machine import Stage
from orders.models import ConfirmationItem
from orders.pages import shell
from orders.views.base import OrderAct
from people.roles import Right

Item = ConfirmationItem.Item


def living_items(order) -> dict:
    rows = order.confirmation_items.filter(revoked_at__isnull=True).select_related("confirmed_by")
    return {row.item: row for row in rows}


def four(order, living) -> list[dict]:
    """The policy's four, each with what the form says and what the customer said."""
    return [
        {"label": item.label, "code": item.value, "value": _value(order, item), "confirmed": living.get(item.value)}
        for item in Item
    ]


def _value(order, item):
    if item == Item.TIME:
        return [order.required_at]
    if item == Item.PLACE:
        return [order.place]
    if item == Item.QUANTITY:
        return [f"{line.product.name} × {line.agreed_quantity} {line.product.unit}" for line in lines_of(order)]
    return [" ".join(filter(None, [line.product.name, line.specification, line.revision])) for line in lines_of(order)]


class Confirmation(OrderAct):
    """The tab, and the form in it that keeps what one talk has settled."""

    form_class = ConfirmForm
    template_name = "orders/order_confirmation.html"
    back_to = "orders:confirmation"

    def subject(self):
        super().subject()
        self.living = living_items(self.order)
        self.shown = shell(self.request, self.order)

    def form_kwargs(self):
        open_items = [item.value for item in Item if item.value not in self.living]
        return {"order": self.order, "lines": self.order.kept.lines, "open_items": open_items}

    def context(self):
        is_here = self.order.stage == Stage.CONFIRMATION
        may = self.request.user.may(Right.ORDER_CONFIRM)
        return self.shown | {
            "items": four(self.order, self.living), "is_complete": len(self.living) == len(Item),
            "may_confirm": may and is_here, "may_log": may,
            "before": self.order.confirmation_items.filter(revoked_at__isnull=False).select_related("confirmed_by"),
            "contacts": self.order.contacts.select_related("contacted_by")[:50],
        }  # fmt: skip

    def perform(self, form):
        version = self.version
        for item, correction in form.confirmed():
            actions.confirm_item(
                order_id=self.order.pk, by=self.request.user, item=item, contact=form.cleaned_data["contact"],
                how=form.cleaned_data["how"], correction=correction, version=version,
            )  # fmt: skip
            version = None
        return self.next_url()


class LogContact(OrderAct):
    form_class = ContactForm
    back_to = "orders:confirmation"
    title = gettext_lazy("Log a talk with the customer")
    submit_label = gettext_lazy("Keep")
    consequences = (gettext_lazy("It stays with the order as it is; attempts count too."),)
    right = Right.ORDER_CONFIRM

    def form_kwargs(self):
        return {"initial": {"contact": self.order.contact_name, "how": "call"}}

    def act(self, form):
        actions.log_contact(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


class Confirm(OrderAct):
    right = Right.ORDER_CONFIRM
    form_class = NoteForm
    title = gettext_lazy("Confirm the order")
    submit_label = gettext_lazy("All confirmed: send the processing sheet")
    back_to = "orders:confirmation"
    consequences = (
        gettext_lazy("The confirmation clock stops."),
        gettext_lazy("The processing sheet is issued with its own number and sent to every department."),
        gettext_lazy("Production's review starts, with its clock."),
        gettext_lazy("The order is handed to the company's order system."),
    )

    def perform(self, form):
        order = actions.confirm(order_id=self.order.pk, by=self.request.user, version=self.version)
        messages.success(self.request, _("%(order)s is confirmed; the processing sheet is out.") % {"order": order})
        return order.get_absolute_url()
