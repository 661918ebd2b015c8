"""The review: can we deliver in time, and if not, by which way?"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import day, duration, when
from orders.machine import STEPS, Stage
from orders.models import Negotiation
from orders.money import may_see
from orders.views.decision import Decision
from people.roles import Right
from production import actions, capacity, gantt
from production.forms import ApproveForm, AssessForm, NegotiateForm
from production.models import Assessment, Plan
from production.reports import in_the_way, living_assessments
from production.schedule import Wait
from production.views.base import OrderAct, tab_context

HOUR = timedelta(hours=1)


def review(request, pk):
    """The verdict, the three assessments, the plan and the ways out."""
    context = tab_context(request, pk)
    order, now = context["order"], timezone.now()
    proposal = capacity.propose(order, now=now)
    options = capacity.options(order, proposal, now=now) if order.stage == Stage.REVIEW else []
    plans = list(Plan.objects.filter(order=order).exclude(state=Plan.State.SUPERSEDED).select_related("goes_before"))
    plan = plans[0] if plans else None
    context |= {
        "proposal": proposal,
        "verdict": verdict_of(order, proposal),
        "held_by": held_by(proposal),
        "points": points(context),
        "options": [_card(option, order, request.user) for option in options],
        "plan": plan,
        "operations": operations_of(plan),
        "rows": [(row, proposal.demands[row.key]) for row in proposal.rows],
        "chart": chart(order, plan, proposal, now),
        "negotiation": order.negotiations.filter(state=Negotiation.State.OPEN).select_related("opened_by").first(),
        "in_the_way": in_the_way(order, proposal) if context["may_plan"] and not order.is_cancelled else [],
        "consents": order.consents.living().select_related("harmed__created_by", "decided_by", "item"),
        "is_in_review": order.stage == Stage.REVIEW,
        "send_back_url": _send_back_url(order),
        "now": now,
    }
    return render(request, "production/order_review.html", context)


def verdict_of(order, proposal) -> dict:
    """In time by, late by, or cannot say."""
    if proposal.finish is None:
        return {"tone": "", "text": _("Cannot say"), "spare_seconds": None}
    spare = int((order.required_at - proposal.finish).total_seconds())
    if spare < 0:
        return {"tone": "bad", "text": _("Late by %(time)s") % {"time": duration(spare)}, "spare_seconds": spare}
    return {"tone": "good", "text": _("In time by %(time)s") % {"time": duration(spare)}, "spare_seconds": spare}


def held_by(proposal) -> dict | None:
    row = proposal.schedule.bottleneck
    if row is None:
        return None
    return {"centre": row.centre, "text": waiting_text(row.wait, row.wait_label), "seconds": row.waited.total_seconds()}


def waiting_text(wait, label) -> str:
    if wait == Wait.QUEUE:
        return _("taken by %(what)s") % {"what": label}
    if wait == Wait.MATERIAL:
        return _("waits for %(what)s") % {"what": label}
    return _("no shift") if wait == Wait.CLOSED else ""


def points(context) -> list[dict]:
    """The three assessments as they stand, each with its form for who may judge it."""
    order = context["order"]
    signed = {signature.box: signature for signature in order.kept.signatures}
    living = living_assessments(order)
    is_open = order.stage == Stage.REVIEW and context["may_assess"]
    return [
        {
            "kind": kind, "assessment": living.get(kind.value), "signature": signed.get(kind.value),
            "form": AssessForm(auto_id=f"id_{kind.value}_%s") if is_open and kind.value not in signed else None,
        }
        for kind in Assessment.Kind
    ]


def operations_of(plan) -> list:
    if plan is None:
        return []
    return list(plan.operations.select_related("work_centre", "owner", "line__product", "step"))


def chart(order, plan, proposal, now):
    """The plan that is there, else the proposal."""
    rows = _drawn_rows(plan, proposal)
    centre = next(iter(proposal.centres.values()), None)
    if centre is None:
        return None
    has_overtime = bool(plan and plan.means.get("has_overtime"))
    return gantt.draw(
        rows, now=now, required=order.required_at, calendar=capacity.calendar_with(centre, overtime=has_overtime),
        zone=ZoneInfo(settings.TIME_ZONE), day_label=day, span_label=_span,
    )


def _span(start, end) -> str:
    """09:00 – 12:30; with the day where it ends on another one."""
    start, end = timezone.localtime(start), timezone.localtime(end)
    return f"{start:%H:%M} – {end:%H:%M}" if start.date() == end.date() else f"{start:%H:%M} – {when(end)}"


def _drawn_rows(plan, proposal) -> list[tuple]:
    if plan:
        return [(f"{row.number} {row.name} · {row.work_centre.code}", row.starts_at, row.ends_at)
                for row in operations_of(plan)]
    return [(f"{row.number} {proposal.demands[row.key].routing.name} · {row.centre}", row.start, row.end)
            for row in proposal.rows]


TITLES = {
    "date": gettext_lazy("Change delivery time"), "overtime": gettext_lazy("Work overtime"),
    "extra_slot": gettext_lazy("One more slot at %(centre)s"), "overlap": gettext_lazy("Overlap the operations"),
}


def title_of(option) -> str:
    return str(TITLES[option.code]) % {"centre": option.centre}


def _card(option, order, user) -> dict:
    spare = option.spare_seconds
    return {
        "option": option, "title": title_of(option),
        "tone": "t-ok" if spare >= 0 else "t-over",
        "spare": (_("%(time)s to spare") if spare >= 0 else _("%(time)s late")) % {"time": duration(spare)},
        "amount": option.extra_amount if may_see(user, "resource") else None,
    }


def _send_back_url(order) -> str:
    if STEPS["send_back"].target_from(order.stage) is None:
        return ""
    try:
        return reverse("orders:send_back", args=[order.pk])
    except NoReverseMatch:
        return ""


class Assess(OrderAct):
    right = Right.REVIEW_ASSESS
    form_class = AssessForm
    back = "production:review"
    submit_label = gettext_lazy("Record the assessment")

    def subject(self):
        super().subject()
        if self.kwargs["kind"] not in Assessment.Kind.values:
            raise Http404
        self.kind = Assessment.Kind(self.kwargs["kind"])

    def context(self):
        return super().context() | {
            "title": self.kind.label,
            "consequences": [
                _("“It can be done” signs this point of the review."),
                _("“It cannot be done” signs nothing; offer sales the ways out afterwards."),
            ],
        }

    def perform(self, form):
        data = form.cleaned_data
        assessed = actions.assess(**self.act(), kind=self.kind, verdict=data["verdict"], note_text=data["note"])
        name = "production:review" if assessed.is_possible else "production:negotiate"
        return reverse(name, args=[self.order.pk])


class Negotiate(OrderAct):
    """Send the chosen ways out to sales, as they compute now."""

    right = Right.REVIEW_ASSESS
    form_class = NegotiateForm
    back = "production:review"
    title = gettext_lazy("Send solutions to Sales")
    submit_label = gettext_lazy("Send to Sales")

    def subject(self):
        super().subject()
        self.now = timezone.now()
        proposal = capacity.propose(self.order, now=self.now)
        self.options = {option.code: option for option in capacity.options(self.order, proposal, now=self.now)}

    def form_kwargs(self):
        choices = [
            (code, _("%(title)s: finish %(finish)s") % {"title": title_of(option), "finish": when(option.finish)})
            for code, option in self.options.items()
        ]
        cannot = Assessment.objects.filter(order=self.order, verdict="cannot", replaced_at__isnull=True).last()
        return {"choices": choices, "initial": {"reason": cannot.note if cannot else "", "options": [*self.options]}}

    def context(self):
        return super().context() | {"consequences": [
            _("Sales talks to the customer; the clock of the review pauses meanwhile."),
            _("An option stays valid for some hours and reserves nothing."),
        ]}

    def perform(self, form):
        chosen = [self.options[code] for code in form.cleaned_data["options"]]
        actions.negotiate(
            **self.act(), reason=form.cleaned_data["reason"], now=self.now,
            options=[self._row(option) for option in chosen],
        )
        return reverse("production:review", args=[self.order.pk])

    def _row(self, option):
        is_later = option.finish > self.order.required_at
        return {
            "kind": option.kind, "finish_at": option.finish, "extra_cost_amount": option.extra_amount,
            "required_at": full_hour(option.finish) if is_later else None,
            "description": _("%(title)s: finish %(finish)s")
            % {"title": title_of(option), "finish": when(option.finish)},
        }


def full_hour(moment):
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + HOUR


class Approve(Decision, OrderAct):
    step = "approve"
    form_class = ApproveForm
    back = "production:review"
    title = gettext_lazy("Approve the review")
    submit_label = gettext_lazy("Approve")
    consequences = (
        gettext_lazy("The promise is recorded and stays."),
        gettext_lazy("The order goes to procurement, with the material list."),
        gettext_lazy("The processing sheet is issued again with the operations."),
    )

    def subject(self):
        super().subject()
        self.plan = Plan.objects.filter(order=self.order, state=Plan.State.RELEASED).first()

    def form_kwargs(self):
        finish = self.plan.finish_at if self.plan else None
        is_late = finish and finish > self.order.required_at
        promised_at = full_hour(finish) if is_late else self.order.required_at
        return {"initial": {"promised_at": promised_at}}

    def context(self):
        finish = self.plan.finish_at if self.plan else None
        return super().context() | {
            "lead": _("The plan finishes %(finish)s; the customer wants it %(required)s.")
            % {"finish": when(finish), "required": when(self.order.required_at)} if finish else "",
            "consequences": self.consequences,
        }

    def perform(self, form):
        data = form.cleaned_data
        actions.approve(**self.act(), promised_at=data["promised_at"], reason=data["reason"])
        return reverse("production:review", args=[self.order.pk])
