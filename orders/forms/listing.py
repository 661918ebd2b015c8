from datetime import datetime, time, timedelta

from django import forms
from django.db.models import OuterRef, Q, Subquery
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer, Product
from desk.folding import fold
from desk.text import day
from orders.listing import COLUMNS, planned_end_at, wanted_at
from orders.machine import STAGE_DEPARTMENT, Stage
from orders.models import Hold, OrderLine, SavedView, UrgentOrder
from orders.models.order import OPEN
from orders.money import may_see
from people.models import Department, User

MAX_WORDS = 8
KEPT_BESIDE = ("sort",)  # stands in the address with the filter, and is none


def _choices(choices):
    return [("", _("All")), *choices]


class OrderFilter(forms.Form):
    """Everything optional; what cannot be read is left out."""

    q = forms.CharField(label=_("Search"), required=False, max_length=80)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False, choices=_choices([("open", _("Not closed")), *Stage.choices])
    )
    department = forms.ChoiceField(
        label=_("Department"), required=False,
        choices=_choices((code, Department.Code(code).label) for code in dict.fromkeys(STAGE_DEPARTMENT.values())),
    )  # fmt: skip
    time = forms.ChoiceField(
        label=_("Time"), required=False,
        choices=_choices([("late", _("Late")), ("risk", _("At risk")), ("over", _("Past the limit"))]),
    )
    customer = forms.CharField(label=_("Customer"), required=False, max_length=60)
    product = forms.CharField(label=_("Product"), required=False, max_length=60)
    person = forms.CharField(label=_("Person in charge"), required=False, max_length=60)
    urgency = forms.ChoiceField(
        label=_("Urgency class"), required=False, choices=_choices(UrgentOrder.UrgencyClass.choices)
    )
    ground = forms.ChoiceField(
        label=_("Identification case"), required=False, choices=_choices(UrgentOrder.Ground.choices)
    )
    required_from = forms.DateField(label=_("Required from"), required=False, widget=forms.DateInput)
    required_to = forms.DateField(label=_("Required until"), required=False, widget=forms.DateInput)
    submitted_from = forms.DateField(label=_("Submitted from"), required=False, widget=forms.DateInput)
    submitted_to = forms.DateField(label=_("Submitted until"), required=False, widget=forms.DateInput)
    hold = forms.BooleanField(label=_("On hold"), required=False)
    mine = forms.BooleanField(label=_("Entered by me"), required=False)
    own = forms.BooleanField(label=_("I am in charge"), required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs, auto_id="filter_%s")
        self.user = user

    @property
    def given(self) -> dict:
        """What was asked for and can be read."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None, False)}

    def apply(self, orders, now=None):
        now = now or timezone.now()
        for name, value in self.given.items():
            orders = getattr(self, f"_by_{name}")(orders, value, now)
        return orders

    def chips(self) -> list[dict]:
        """Each filter in words, with the address of the list without it."""
        return [
            {"label": self.fields[name].label, "value": self._in_words(name, value), "query": self.without(name)}
            for name, value in self.given.items()
        ]

    def without(self, *names) -> str:
        query = QueryDict(mutable=True)
        for name in (*self.given, *KEPT_BESIDE):
            if name not in names and self.data.get(name):
                query[name] = self.data[name]
        return query.urlencode()

    def _in_words(self, name, value):
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return dict(field.choices)[value]
        if isinstance(field, forms.BooleanField):
            return ""
        return day(value) if isinstance(field, forms.DateField) else value

    def _by_q(self, orders, words, _now):
        return orders.saying(" ".join(words.split()[:MAX_WORDS]))

    def _by_stage(self, orders, stage, _now):
        if stage == "open":
            return orders.filter(OPEN)
        return orders.filter(OPEN, stage=stage) if stage in STAGE_DEPARTMENT else orders.filter(stage=stage)

    def _by_department(self, orders, code, _now):
        stages = [stage for stage, department in STAGE_DEPARTMENT.items() if department == code]
        return orders.filter(OPEN, stage__in=stages)

    def _by_time(self, orders, kind, now):
        return getattr(self, f"_{kind}")(orders.filter(OPEN), now)

    def _late(self, orders, now):
        return orders.alias(wanted_at=wanted_at()).filter(wanted_at__lt=now)

    def _over(self, orders, now):
        return orders.filter(stage_item__due_at__lt=now)

    def _risk(self, orders, now):
        """Not late yet, and its plan ends too late or its clock has run out."""
        orders = orders.alias(wanted_at=wanted_at(), plan_ends_at=planned_end_at()).filter(wanted_at__gte=now)
        return orders.filter(Q(stage_item__due_at__lt=now) | Q(plan_ends_at__gt=wanted_at()))

    def _by_customer(self, orders, words, _now):
        return orders.filter(customer__in=Customer.objects.filter(_named(words, "code")).order_by().values("pk"))

    def _by_product(self, orders, words, _now):
        products = Product.objects.filter(_named(words, "number", "drawing_number")).order_by().values("pk")
        lines = OrderLine.objects.filter(order=OuterRef("pk"), product__in=products).order_by().values("order")
        return orders.filter(pk=Subquery(lines[:1]))

    def _by_person(self, orders, words, _now):
        people = User.objects.filter(_named(words, "username")).values("pk")
        return orders.filter(OPEN, stage_item__assignee__in=people)

    def _by_urgency(self, orders, urgency, _now):
        return orders.filter(urgency_class=urgency)

    def _by_ground(self, orders, ground, _now):
        return orders.filter(ground=ground)

    def _by_required_from(self, orders, first, _now):
        return orders.filter(required_at__gte=_start(first))

    def _by_required_to(self, orders, last, _now):
        return orders.filter(required_at__lt=_start(last + timedelta(days=1)))

    def _by_submitted_from(self, orders, first, _now):
        return orders.filter(submitted_at__gte=_start(first))

    def _by_submitted_to(self, orders, last, _now):
        return orders.filter(submitted_at__lt=_start(last + timedelta(days=1)))

    def _by_hold(self, orders, _is_wanted, _now):
        return orders.filter(OPEN, pk__in=Hold.objects.standing().values("order"))

    def _by_mine(self, orders, _is_wanted, _now):
        return orders.filter(created_by=self.user)

    def _by_own(self, orders, _is_wanted, _now):
        return orders.filter(OPEN, stage_item__assignee=self.user)


def _named(words, *codes) -> Q:
    """All words, each in a name or a code; Traditional finds Simplified."""
    found = Q()
    for word in words.split()[:MAX_WORDS]:
        in_word = Q(name__icontains=word) | Q(name__icontains=fold(word)) | Q(latin_name__icontains=word)
        for code in codes:
            in_word |= Q(**{f"{code}__icontains": word})
        found &= in_word
    return found


def _start(date) -> datetime:
    return timezone.make_aware(datetime.combine(date, time.min))


class ColumnsForm(forms.Form):
    columns = forms.MultipleChoiceField(label=_("Columns"), required=False, widget=forms.CheckboxSelectMultiple)
    next = forms.CharField(required=False, max_length=1200, widget=forms.HiddenInput)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = [
            (column.code, column.label) for column in COLUMNS.values() if may_see(user, column.money)
        ]


class ViewForm(forms.ModelForm):
    is_shared = forms.BooleanField(label=_("Everybody in my department may use it"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)

    class Meta:
        model = SavedView
        fields = ["name", "query"]
        widgets = {"query": forms.HiddenInput}

    def clean_name(self):
        name, others = self.cleaned_data["name"], SavedView.objects.exclude(pk=self.instance.pk)
        if others.filter(owner=self.instance.owner, name=name).exists():
            raise forms.ValidationError(_("You have a view of this name already."))
        return name


class ChosenForm(forms.Form):
    """The orders ticked in the list."""

    order = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)

    def __init__(self, *args, chosen, **kwargs):
        keys = [str(order.pk) for order in chosen]
        super().__init__(*args, **kwargs, initial={"order": keys})
        self.fields["order"].choices = [(key, key) for key in keys]
