"""The review: can we deliver in time, and if not, by which way?"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from desk.text import day, duration, when
from orders.machine import STEPS, Stage
from orders.models import Negotiation
from orders.money import may_see
from orders.views.decision import Decision
from people.roles import Right
from production import actions, capacity, gantt, tracing, ways
from production.capacity import Means, Wait
from production.capacity import moment as from_seconds
from production.confidence import band
from production.forms import ApproveForm, AssessForm, MeansForm, NegotiateForm
from production.models import Assessment, Plan
from production.reports import in_the_way, living_assessments
from production.views.base import OrderAct, tab_context

HOUR = timedelta(hours=1)


def review(request, pk):
    """The verdict, the three assessments, the ways out side by side, and the one looked at."""
    context = tab_context(request, pk)
    order, now = context["order"], timezone.now()
    race = capacity.race(order, now=now)
    proposal = race.base
    plans = list(Plan.objects.filter(order=order).exclude(state=Plan.State.SUPERSEDED).select_related("goes_before"))
    plan = plans[0] if plans else None
    context |= {
        "proposal": proposal,
        "verdict": verdict_of(order, proposal),
        "held_by": held_by(proposal),
        "proof": ways.proof_of(proposal),
        "is_late": ways.is_late(order, proposal),
        "chain": tracing.chain_of(order, proposal, now=now) if "why" in request.GET else [],
        "points": points(context | {"proposal": proposal}),
        "missing": ways.missing_of(proposal),
        "plan": plan,
        "negotiation": order.negotiations.filter(state=Negotiation.State.OPEN).select_related("opened_by").first(),
        "in_the_way": in_the_way(order, proposal) if context["may_plan"] and not order.is_cancelled else [],
        "consents": order.consents.living().select_related("harmed__created_by", "decided_by", "item"),
        "is_in_review": order.stage == Stage.REVIEW,
        "send_back_url": _send_back_url(order),
        "now": now,
    }
    context |= _agreed(order) if context["is_in_review"] else {}
    return render(request, "production/order_review.html", context | _solution(request, order, race, plan))


def _agreed(order) -> dict:
    """What the customer accepted in this order's last negotiation, with the means that make it."""
    last = order.negotiations.filter(state=Negotiation.State.ACCEPTED).select_related("accepted_option").first()
    if last is None:
        return {}
    option = last.accepted_option
    url = f"?way=own&{own_query(option.means)}#solution" if option.means else ""
    return {"agreed": option, "agreed_at": last.answered_at, "agreed_url": url}


def own_query(means: dict) -> str:
    """The means as the form of one's own combination writes them."""
    values = {name: "on" if value is True else value for name, value in means.items()}
    return urlencode({f"own-{name}": value for name, value in values.items()}, doseq=True)


def _solution(request, order, race, plan) -> dict:
    """The ways out, and the one chosen: by name, put together by hand, or the plan as it is."""
    is_open = order.stage == Stage.REVIEW and not order.is_cancelled
    remedies = race.remedies() if is_open else []
    own = MeansForm(request.GET or None, proposal=race.base, prefix="own") if remedies else None
    chosen = _chosen(request, race, remedies, own)
    cards = ways.cards_of(remedies, shows_money=may_see(request.user, "resource"))
    proposal = chosen.proposal if chosen else race.base
    by_hand = ways.cards_of([chosen], shows_money=may_see(request.user, "resource")) if chosen else []
    return {
        "cards": cards, "own": own,
        "chosen": next((card for card in cards if card.remedy is chosen), None) or next(iter(by_hand), None),
        "shown_operations": [] if chosen else operations_of(plan),
        "plan_means": ways.names_of(Means.read(plan.means)) if plan else [],
        "choice": ways.choice_of(proposal).sign(order) if chosen and proposal.finish else "",
        "consequences": ways.consequences_of(chosen) if chosen and proposal.finish else [],
        "solution_proof": ways.proof_of(proposal),
        "band": band(order, proposal.finish) if proposal.finish else None,
        "rows": [(row, proposal.demands[row.key], why(row.wait, row.wait_label, row.waited.total_seconds()))
                 for row in proposal.rows],
        "chart": chart(order, None if chosen else plan, race.base, proposal, race.now),
        "chart_required": order.required_at,
    }


def _chosen(request, race, remedies, own):
    if own is not None and request.GET.get("way") == "own":
        return race.remedy(own.means) if own.is_valid() else None
    return ways.find(remedies, request.GET.get("way", ""))


def verdict_of(order, proposal) -> dict:
    """In time by, late by, or cannot say."""
    if proposal.finish is None:
        return {"tone": "", "text": _("Cannot say"), "spare_seconds": None}
    spare = int((order.required_at - proposal.finish).total_seconds())
    if spare < 0:
        return {"tone": "bad", "text": _("Late by %(time)s") % {"time": duration(spare)}, "spare_seconds": spare}
    return {"tone": "good", "text": _("In time by %(time)s") % {"time": duration(spare)}, "spare_seconds": spare}


def held_by(proposal) -> dict | None:
    row = proposal.bottleneck
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
            "hint": hint_of(kind, context["proposal"]),
        }
        for kind in Assessment.Kind
    ]


def why(wait, label, seconds) -> str:
    """What an operation waits for and how long, in the reader's language."""
    if not wait:
        return ""
    text = waiting_text(wait, label) or _("as planned")
    return _("%(reason)s, %(time)s") % {"reason": text, "time": duration(seconds)} if seconds else text


def hint_of(kind, proposal) -> str:
    """What the records say about a point of the review, in one line."""
    if proposal.finish is None:
        return _("Cannot say")
    if kind == Assessment.Kind.PROCESS:
        return ngettext("%(count)s operation in the routing", "%(count)s operations in the routing",
                        len(proposal.demands)) % {"count": len(proposal.demands)}
    if kind == Assessment.Kind.CAPACITY:
        row = proposal.bottleneck
        return why(row.wait, row.wait_label, row.waited.total_seconds()) if row else _("No waiting at any work centre")
    gate = max((gate for demand in proposal.demands.values() for gate in demand.gates),
               key=lambda gate: gate.at, default=None)
    if gate is None:
        return _("Everything is in stock")
    return _("%(material)s is here %(at)s") % {"material": gate.label, "at": when(gate.at)}


def operations_of(plan) -> list:
    if plan is None:
        return []
    rows = list(plan.operations.select_related("work_centre", "owner", "line__product", "step"))
    for row in rows:
        row.why = why(row.wait.get("wait", ""), row.wait.get("label", ""), row.wait.get("seconds", 0))
    return rows


def chart(order, plan, base, proposal, now):
    """The plan that is there, else the proposal over the way without any means; who gives way below."""
    centre = next(iter(proposal.centres.values()), None)
    if centre is None:
        return None
    means = Means.read(plan.means) if plan else proposal.means
    return gantt.draw(
        _drawn_rows(plan, base, proposal), now=now, required=order.required_at,
        calendar=proposal.shop.calendar(centre, means), zone=ZoneInfo(settings.TIME_ZONE), day_label=day,
        span_label=_span,
    )


def _span(start, end) -> str:
    """09:00 – 12:30; with the day where it ends on another one."""
    start, end = timezone.localtime(start), timezone.localtime(end)
    return f"{start:%H:%M} – {end:%H:%M}" if start.date() == end.date() else f"{start:%H:%M} – {when(end)}"


def _drawn_rows(plan, base, proposal) -> list[gantt.Row]:
    if plan:
        return [gantt.Row(f"{row.number} {row.name} · {row.work_centre.code}", row.starts_at, row.ends_at)
                for row in operations_of(plan)]
    before = {row.key: row for row in base.rows} if proposal is not base else {}
    own = [
        gantt.Row(f"{row.number} {proposal.demands[row.key].routing.name} · {_where(row)}", row.start, row.end,
                  before=_times(before.get(row.key)))
        for row in proposal.rows
    ]
    return [*_material_rows(proposal), *own, *_moved_rows(proposal)]


def _where(row) -> str:
    if row.is_outside:
        return _("outside")
    return ", ".join(dict.fromkeys(code for code, _slot in row.slots))


def _times(row):
    return (row.start, row.end) if row else None


def _material_rows(proposal) -> list[gantt.Row]:
    """What is waited for, until it is here."""
    latest = {}
    for demand in proposal.demands.values():
        for gate in demand.gates:
            latest[gate.label] = max(gate.at, latest.get(gate.label, gate.at))
    return [gantt.Row(label, proposal.now, at, kind="material") for label, at in latest.items()]


def _moved_rows(proposal) -> list[gantt.Row]:
    """The operations of others that give way, with the place they have now."""
    rows = []
    for row in proposal.shop.committed:
        if new := proposal.moved.get(row.order_id, {}).get(row.key):
            old = row.bookings[0]
            rows.append(gantt.Row(f"⇄ {row.label} · {new.centre}", new.start, new.end, kind="moved",
                                  before=(from_seconds(old.start), from_seconds(old.end))))
    return rows


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
        remedies = capacity.race(self.order, now=timezone.now()).remedies()
        self.cards = {card.value: card for card in ways.cards_of(remedies, shows_money=False)}

    def form_kwargs(self):
        choices = [
            (value, _("%(title)s: finish %(finish)s") % {"title": card.title, "finish": when(card.remedy.finish)})
            for value, card in self.cards.items()
        ]
        cannot = Assessment.objects.filter(order=self.order, verdict="cannot", replaced_at__isnull=True).last()
        chosen = self.request.GET.getlist("options") or [*self.cards]
        return {"choices": choices, "initial": {"reason": cannot.note if cannot else "", "options": chosen}}

    def context(self):
        return super().context() | {"consequences": [
            _("Sales talks to the customer; the clock of the review pauses meanwhile."),
            _("An option stays valid for some hours and reserves nothing."),
        ]}

    def perform(self, form):
        chosen = [self.cards[value] for value in form.cleaned_data["options"]]
        actions.negotiate(
            **self.act(), reason=form.cleaned_data["reason"], options=[self._row(card) for card in chosen],
        )
        return reverse("production:review", args=[self.order.pk])

    def _row(self, card):
        remedy = card.remedy
        option = {
            "kind": remedy.kind, "finish_at": remedy.finish, "extra_cost_amount": remedy.extra_amount,
            "required_at": full_hour(remedy.finish) if remedy.finish > self.order.required_at else None,
            "description": _("%(title)s: finish %(finish)s") % {"title": card.title, "finish": when(remedy.finish)},
            "means": remedy.means.stored(),
        }
        if remedy.first_lot:
            pieces, at = remedy.first_lot
            rest = self.order.lines.first().agreed_quantity - pieces
            first = full_hour(at)
            option["parts"] = [{"quantity": pieces, "at": first},
                               {"quantity": rest, "at": max(full_hour(remedy.finish), first + HOUR)}]
        return option


def full_hour(moment):
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + HOUR


class Approve(Decision, OrderAct):
    """The head's decision: on the plan in force, or on a way chosen on the review page, planned by the same act."""

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
        token = self.request.POST.get("choice") or self.request.GET.get("choice", "")
        self.choice = ways.Choice.read(token, self.order) if token else None
        self.remedy = None
        if self.choice:
            race = capacity.race(self.order, now=self.choice.at)
            self.remedy = race.remedy(self.choice.means)

    @property
    def finish(self):
        if self.remedy:
            return self.remedy.finish
        return self.plan.finish_at if self.plan else None

    def form_kwargs(self):
        is_late = self.finish and self.finish > self.order.required_at
        promised_at = full_hour(self.finish) if is_late else self.order.required_at
        choice = self.choice.sign(self.order) if self.choice else ""
        return {"initial": {"promised_at": promised_at, "choice": choice}}

    def context(self):
        return super().context() | {
            "lead": _("The plan finishes %(finish)s; the customer wants it %(required)s.")
            % {"finish": when(self.finish), "required": when(self.order.required_at)} if self.finish else "",
            "consequences": ways.consequences_of(self.remedy) if self.remedy else self.consequences,
        }

    def perform(self, form):
        data = form.cleaned_data
        promise = {"promised_at": data["promised_at"], "reason": data["reason"]}
        if self.choice:
            actions.approve_way(**self.act(), choice=self.choice, **promise)
        else:
            actions.approve(**self.act(), **promise)
        return reverse("production:review", args=[self.order.pk])
