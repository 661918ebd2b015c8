"""Pages of who stands in for whom: absences, delegations, the duty table."""

from datetime import timedelta

from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from desk.keyset import paginate
from desk.refusals import NotYours
from desk.text import day as said_day
from people.models import Absence, Delegation, DutyDay
from records.acts import ActView
from sla import absences, delegations, rota
from sla.forms_people import AbsenceForm, ConfirmForm, DelegationForm, DutyForm


def shown_absences(user):
    """One's own, those one stands in for, and as head those of the department."""
    seen = Q(person=user) | Q(delegate=user)
    if user.is_head:
        seen |= Q(person__department=user.department_id)
    return Absence.objects.filter(seen).select_related("person", "delegate", "cancelled_by")


def absence_list(request):
    user, now = request.user, timezone.now()
    page = paginate(shown_absences(user), ("-starts_at", "-pk"), request.GET.get("after"))
    rows = [(absence, _state(absence, absence.cancelled_at, now), _may_end(user, absence, now))
            for absence in page.rows]
    return render(request, "sla/absences.html", {"rows": rows, "page": page, "current_tab": "absences"})


def _state(row, ended_at, now) -> str:
    if ended_at:
        return "ended"
    return "planned" if row.starts_at > now else "current" if row.ends_at > now else "past"


def _may_end(user, absence, now) -> bool:
    return not absence.cancelled_at and absence.ends_at > now and absences.may_enter_for(user, absence.person)


class EnterAbsence(ActView):
    form_class = AbsenceForm

    def form_kwargs(self):
        return {"user": self.request.user}

    def perform(self, form):
        data = form.cleaned_data
        absences.enter_absence(
            person=data["person"], by=self.request.user, delegate=data["delegate"], note=data["note"], **form.span
        )
        return reverse("sla:absences")

    def context(self):
        return {
            "title": _("Enter an absence"), "submit_label": _("Enter the absence"), "back_url": reverse("sla:absences"),
            "consequences": [
                _("Once it has begun, all open work moves to the delegate."),
                _("Work that comes meanwhile goes to the delegate at once."),
                _("If it ends early, what moved stays with the delegate; new work comes to the person again."),
            ],
        }


class EndAbsence(ActView):
    form_class = ConfirmForm

    def subject(self):
        self.absence = get_object_or_404(shown_absences(self.request.user), pk=self.kwargs["pk"])
        if not absences.may_enter_for(self.request.user, self.absence.person):
            raise NotYours(_("An absence is ended by oneself or by the head."), who=[self.absence.person])

    def perform(self, form):
        absences.end_absence(absence_id=self.absence.pk, by=self.request.user)
        return reverse("sla:absences")

    def context(self):
        return {
            "title": _("End the absence of %(person)s") % {"person": self.absence.person},
            "lead": _("Until %(day)s") % {"day": said_day(self.absence.last_day)},
            "submit_label": _("End it now"), "back_url": reverse("sla:absences"),
            "consequences": [_("What moved to the delegate stays there; new work comes to the person again.")],
        }


def delegation_list(request):
    """What one gave and what one holds; a head also sees what the members gave."""
    user, now = request.user, timezone.now()
    page = paginate(shown_delegations(user), ("-starts_at", "-pk"), request.GET.get("after"))
    rows = [(given, _state(given, given.revoked_at, now),
             not given.revoked_at and given.ends_at > now and delegations.may_revoke(user, given))
            for given in page.rows]
    return render(request, "sla/delegations.html", {"rows": rows, "page": page, "current_tab": "delegations"})


def shown_delegations(user):
    seen = Q(from_person=user) | Q(to_person=user)
    if user.is_head:
        seen |= Q(from_person__department=user.department_id)
    return Delegation.objects.filter(seen).select_related("from_person", "to_person")


class Delegate(ActView):
    form_class = DelegationForm

    def form_kwargs(self):
        return {"user": self.request.user}

    def perform(self, form):
        data = form.cleaned_data
        delegations.delegate(
            by=self.request.user, to=data["to"], rights=data["rights"], note=data["note"], **form.span
        )
        return reverse("sla:delegations")

    def context(self):
        return {
            "title": _("Delegate rights"), "submit_label": _("Delegate rights"), "back_url": reverse("sla:delegations"),
            "consequences": [
                _("You keep your own rights."),
                _("Papers and timeline say “%(person)s for %(absent)s”.")
                % {"person": _("Delegate"), "absent": self.request.user},
                _("The delegate cannot hand them further, and never decides what you or they asked for."),
            ],
        }


class RevokeDelegation(ActView):
    form_class = ConfirmForm

    def subject(self):
        self.given = get_object_or_404(shown_delegations(self.request.user), pk=self.kwargs["pk"])
        if not delegations.may_revoke(self.request.user, self.given):
            raise NotYours(_("The giver or the head of the department takes a delegation back."),
                           who=[self.given.from_person])

    def perform(self, form):
        delegations.revoke(delegation_id=self.given.pk, by=self.request.user)
        return reverse("sla:delegations")

    def context(self):
        return {
            "title": _("Take the delegation to %(person)s back") % {"person": self.given.to_person},
            "lead": ", ".join(map(str, self.given.right_labels)), "submit_label": pgettext("delegation", "Take back"),
            "submit_tone": "dan", "back_url": reverse("sla:delegations"),
            "consequences": [_("The rights end now; what was done with them stands.")],
        }


class DutyTable(ActView):
    """The week of one's own department; the head changes it, everybody in it reads it."""

    form_class = DutyForm
    template_name = "sla/duty.html"

    def subject(self):
        self.department = self.request.user.department
        if self.department is None:
            raise Http404
        if self.request.method == "POST" and not self.request.user.is_head:
            raise NotYours(_("The head of the department keeps the duty table."),
                           who=[self.department.head or self.department])
        self.monday = monday_of(self.request.GET.get("week"))

    def form_kwargs(self):
        known = DutyDay.objects.filter(department=self.department, date__in=rota.week_of(self.monday))
        return {
            "department": self.department, "monday": self.monday, "known": dict(known.values_list("date", "person_id")),
        }

    def perform(self, form):
        rota.set_duty(
            department=self.department, by=self.request.user, people=form.chosen(), default=form.default()
        )
        return f"{reverse('sla:duty')}?week={self.monday.isoformat()}"

    def page(self, form, **options):
        away = self.away()
        choices = [form[day.isoformat()] for day in form.days]
        self.rows = [
            (day, bound, form.people.get(str(bound.value())), away[day])
            for day, bound in zip(form.days, choices, strict=True)
        ]
        return super().page(form, **options)

    def away(self) -> dict:
        days = rota.week_of(self.monday)
        rows = list(
            Absence.objects.standing().filter(person__department=self.department, ends_at__date__gte=days[0],
                                              starts_at__date__lte=days[-1]).select_related("person", "delegate")
        )
        return {
            day: [row for row in rows
                  if timezone.localdate(row.starts_at) <= day <= timezone.localdate(row.last_day)] for day in days
        }

    def context(self):
        week = timedelta(days=7)
        return {
            "title": _("Duty table"), "submit_label": _("Save the table"), "rows": self.rows,
            "department": self.department, "may_change": self.request.user.is_head, "monday": self.monday,
            "last_day": self.monday + week - timedelta(days=1), "today": timezone.localdate(),
            "previous": (self.monday - week).isoformat(), "following": (self.monday + week).isoformat(),
            "current_tab": "duty",
        }


def monday_of(text):
    """The Monday of that day's week; nonsense is this week."""
    try:
        day = parse_date(text or "")
    except ValueError:
        day = None
    day = day if day and 2000 < day.year < 2100 else timezone.localdate()
    return day - timedelta(days=day.weekday())
