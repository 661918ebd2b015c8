from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, FSMField, FSMModelMixin, transition

from catalog.models import Customer, Project
from orders.machine import CONCERNED_DEPARTMENTS, FINAL, PATH, STAGE_DEPARTMENT, STEPS, WITHDRAW, Outcome, Stage
from people.roles import Right, Role
from sla.models import WorkItem

# In indexes and their queries; a final order says when it was closed.
OPEN = Q(closed_at__isnull=True)


class NumberSeries(models.Model):
    """The last number given in a series; the row is locked while a number is taken, so there are no gaps."""

    prefix = models.CharField(max_length=20, unique=True)
    last = models.PositiveIntegerField(default=0)


class UrgentOrderQuerySet(models.QuerySet):
    def open(self):
        return self.exclude(stage__in=FINAL)

    def submitted(self):
        return self.filter(submitted_at__isnull=False)

    def saying(self, query):
        """All words of the query, in any of the order's texts (orders.search).

        What few orders say is fetched by its index and sorted; what many say is met soon on the way through any list.
        """
        texts = self.model.search_text.related.related_model.objects
        if (found := texts.by_index(query)).are_many():
            of_order = texts.saying(query).filter(order=OuterRef("pk")).values("order")
            return self.filter(pk=Subquery(of_order[:1]))
        return self.filter(pk__in=found.values("pk"))

    def at(self, stage):
        return self.filter(stage=stage)

    def visible_to(self, user):
        """May = right and visible; here: visible. Drafts are for the author and the sales head.

        Who sees nearly everything is asked row by row, so that a page can start from any index and stop when it is
        full; who sees little starts from the few rows that are theirs.
        """
        draft = Q(submitted_at__isnull=True)
        own_drafts = draft if user.may(Right.ORDER_DECIDE) else draft & Q(created_by=user)
        if user.may(Right.SEE_ALL):
            return self.filter(~draft | own_drafts)
        invited = _user_grants().filter(user_id=user.pk).values("content_object_id")
        if user.role == Role.OPERATOR and not user.is_head and not user.held_delegations:
            of_steps = self.model.steps.rel.related_model.objects.filter(owner=user).order_by().values("order_id")
            return self.filter(~draft, pk__in=of_steps.union(invited, all=True))
        if not user.is_active:
            return self.none()
        if user.department_code in CONCERNED_DEPARTMENTS:
            seen = Q(created_by=user) | Q(pk__in=invited) | Q(pk=_granted_to(user.department.group_id))
            return self.filter(own_drafts | (~draft & seen))
        seen = [UrgentOrder.objects.order_by().filter(created_by=user).values("pk"), invited]
        if user.department_id:
            seen.append(_group_grants().filter(group_id=user.department.group_id).values("content_object_id"))
        return self.filter(~draft | own_drafts, pk__in=seen[0].union(*seen[1:], all=True))


def _user_grants():
    return UrgentOrder.user_grants.rel.related_model.objects


def _group_grants():
    return UrgentOrder.group_grants.rel.related_model.objects


def _granted_to(group_id):
    """A scalar subquery: PostgreSQL would read all rows of an EXISTS into a hash before the first row of a page."""
    of_order = _group_grants().filter(content_object_id=OuterRef("pk"), group_id=group_id)
    return Subquery(of_order.values("content_object_id")[:1])


class UrgentOrder(FSMModelMixin, models.Model):
    """A rush order from the first call to the settled invoice. Its stage changes in orders.actions.move alone."""

    class Ground(models.TextChoices):
        CUSTOMER_ASKED = "customer_asked", _("Customer asked")
        KEY_CUSTOMER = "key_customer", _("Key customer")
        MAJOR_PROJECT = "major_project", _("Major project")

    class Reason(models.TextChoices):
        LINE_DOWN = "line_down", _("Customer's line is down")
        PROJECT_EARLIER = "project_earlier", _("Project date moved up")
        QUALITY_REPLACEMENT = "quality_replacement", _("Replacement for bad goods")
        MISSED_DATE = "missed_date", _("Missed delivery date")
        MAJOR_PROJECT = "major_project", _("Major project (not asked by the customer)")
        OTHER = "other", _("Other")

    class AskedHow(models.TextChoices):
        CALL = "call", _("Call")
        MAIL = "mail", _("E-mail")
        VISIT = "visit", _("Visit")
        MESSAGE = "message", _("Message")

    class UrgencyClass(models.TextChoices):
        A = "A", _("A – extremely urgent")
        B = "B", _("B – very urgent")
        C = "C", _("C – urgent")

    number = models.CharField(_("order number"), max_length=20, unique=True, null=True, blank=True)
    form_number = models.CharField(_("form number"), max_length=20, unique=True, null=True, blank=True)
    stage = FSMField(_("stage"), default=Stage.IDENTIFICATION, choices=Stage, protected=True, db_index=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.NONE, blank=True)
    version = models.PositiveIntegerField(default=1)

    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Customer")
    )
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("Project")
    )
    contact_name = models.CharField(_("Contact person"), max_length=80, blank=True)
    contact_phone = models.CharField(_("Phone"), max_length=40, blank=True)
    ground = models.CharField(_("Identification case"), max_length=20, choices=Ground, blank=True)
    ground_text = models.CharField(_("Why it is urgent although nobody asked"), max_length=500, blank=True)
    reason = models.CharField(_("Reason for urgency"), max_length=24, choices=Reason, blank=True)
    reason_text = models.CharField(_("Reason in words"), max_length=500, blank=True)
    asked_by = models.CharField(_("Asked by"), max_length=80, blank=True)
    asked_how = models.CharField(_("How"), max_length=10, choices=AskedHow, blank=True)
    asked_at = models.DateTimeField(_("Asked at"), null=True, blank=True)
    required_at = models.DateTimeField(_("Required delivery time"), null=True, blank=True)
    place = models.CharField(_("Delivery place"), max_length=300, blank=True)
    is_partial_allowed = models.BooleanField(_("Partial delivery allowed"), default=False)
    parts_option = models.ForeignKey("NegotiationOption", models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(_("Note to the departments"), max_length=2000, blank=True)
    rush_charge_amount = models.DecimalField(
        _("Rush charge"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    urgency_class = models.CharField(_("Urgency class"), max_length=1, choices=UrgencyClass, blank=True)
    urgency_share = models.DecimalField(
        _("Requested ÷ normal lead time"), max_digits=8, decimal_places=3, null=True, blank=True
    )

    duplicate_reason = models.CharField(_("Why it is no duplicate"), max_length=500, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by", verbose_name=_("Follows")
    )
    stage_item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    whole_item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    hold = models.OneToOneField("Hold", models.PROTECT, null=True, blank=True, related_name="+")

    objects = UrgentOrderQuerySet.as_manager()
    kept = None  # what a page or an act asks once: orders.kept

    class Meta:
        verbose_name = _("urgent order")
        verbose_name_plural = _("urgent orders")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-submitted_at", "-id"], name="order_newest_first"),
            models.Index(fields=["customer", "-submitted_at"], name="order_of_customer"),
            models.Index(fields=["required_at", "id"], name="order_by_required"),
            models.Index(fields=["urgency_class", "required_at", "id"], name="order_by_class"),
            models.Index(fields=["-submitted_at", "-id"], condition=OPEN, name="open_newest_first"),
            models.Index(fields=["required_at", "id"], condition=OPEN, name="open_by_required"),
            models.Index(fields=["urgency_class", "required_at", "id"], condition=OPEN, name="open_by_class"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=[Stage.IDENTIFICATION, Stage.CANCELLED, Stage.DECLINED])
                | (
                    Q(number__isnull=False, submitted_at__isnull=False, submitted_by__isnull=False)
                    & Q(customer__isnull=False, required_at__isnull=False)
                    & ~Q(place="") & ~Q(ground="") & ~Q(reason="")
                ),
                name="submitted_order_has_its_form_complete",
            ),
            models.CheckConstraint(
                condition=~Q(stage=Stage.CLOSED) | Q(outcome=Outcome.DELIVERED),
                name="closed_order_was_delivered",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of__isnull=True) | ~Q(duplicate_of=F("pk")),
                name="order_is_no_duplicate_of_itself",
            ),
        ]

    def __str__(self):
        return self.number or str(_("Draft"))

    def get_absolute_url(self):
        return reverse("orders:detail", args=[self.pk])

    @property
    def is_draft(self):
        return self.submitted_at is None

    @property
    def is_final(self):
        return self.stage in FINAL

    @property
    def is_cancelled(self):
        return self.outcome == Outcome.CANCELLED

    @property
    def is_held(self):
        """The standing hold is kept on the row, so that its lock carries it."""
        return self.hold_id is not None

    @property
    def stream(self):
        """The name of its audit stream, its files and its work items."""
        return f"order:{self.pk}"

    @property
    def department_code(self):
        return STAGE_DEPARTMENT.get(self.stage, "")

    @property
    def stage_number(self):
        """1 to 8; 8 for what has ended."""
        return PATH.index(self.stage) + 1 if self.stage in PATH else len(PATH)

    @property
    def followers(self):
        """Orders that make good what was complained of here; a draft is nobody else's to see."""
        return self.followed_by.submitted().order_by("pk")

    # The transitions. They only say what may follow what; gates, clocks, events and
    # the walk are the door's (orders.actions.move), which alone calls them.

    @transition(field=stage, source=STEPS["submit"].sources, target=Stage.CONFIRMATION)
    def submit(self):
        pass

    @transition(field=stage, source=STEPS["confirm"].sources, target=Stage.REVIEW)
    def confirm(self):
        pass

    @transition(field=stage, source=STEPS["approve"].sources, target=Stage.PROCUREMENT)
    def approve(self):
        pass

    @transition(field=stage, source=STEPS["materials_ready"].sources, target=Stage.PRODUCTION)
    def materials_ready(self):
        pass

    @transition(field=stage, source=STEPS["finish"].sources, target=Stage.QC)
    def finish(self):
        pass

    @transition(field=stage, source=STEPS["pass"].sources, target=Stage.DELIVERY)
    def pass_(self):
        pass

    @transition(field=stage, source=STEPS["deliver"].sources, target=Stage.SETTLEMENT)
    def deliver(self):
        self.outcome = Outcome.DELIVERED

    @transition(field=stage, source=STEPS["settle"].sources, target=Stage.CLOSED)
    def settle(self):
        pass

    @transition(field=stage, source=STEPS["settle_cancelled"].sources, target=Stage.CANCELLED)
    def settle_cancelled(self):
        pass

    @transition(field=stage, source=STEPS["rework"].sources, target=Stage.PRODUCTION)
    def rework(self):
        pass

    @transition(field=stage, source=STEPS["remake"].sources, target=Stage.PROCUREMENT)
    def remake(self):
        pass

    @transition(
        field=stage, source=STEPS["send_back"].sources, target=RETURN_VALUE(*dict(STEPS["send_back"].edges).values())
    )
    def send_back(self):
        self.outcome = Outcome.NONE
        return STEPS["send_back"].target_from(self.stage)

    @transition(
        field=stage, source=tuple(dict(WITHDRAW.edges)), target=RETURN_VALUE(*{target for _s, target in WITHDRAW.edges})
    )
    def withdraw(self, to):
        return to

    @transition(field=stage, source=STEPS["renegotiate"].sources, target=Stage.REVIEW)
    def renegotiate(self):
        pass

    @transition(field=stage, source=STEPS["decline"].sources, target=Stage.DECLINED)
    def decline(self):
        pass

    @transition(
        field=stage, source=STEPS["cancel"].sources, target=RETURN_VALUE(Stage.CANCELLED, Stage.SETTLEMENT)
    )
    def cancel(self):
        self.outcome = Outcome.CANCELLED
        return STEPS["cancel"].target_from(self.stage)
