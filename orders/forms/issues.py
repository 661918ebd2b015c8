from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Issue

SEVERITY_HELP = _("Major: the promised time is at risk, somebody may be hurt, bad goods are at the customer, or it"
                  " costs much. The superiors are told at once.")  # fmt: skip


def _words(label, *, size=500, rows=3, **options):
    return forms.CharField(label=label, max_length=size, widget=forms.Textarea(attrs={"rows": rows}), **options)


def _named(person) -> str:
    return f"{person} · {person.department}" if person.department_id else str(person)


class IssueForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is it"), choices=Issue.Kind.choices, widget=forms.RadioSelect)
    text = _words(_("What happened"), size=1000)
    severity = forms.ChoiceField(
        label=_("How serious"), choices=Issue.Severity.choices, widget=forms.RadioSelect, initial=Issue.Severity.MINOR,
        help_text=SEVERITY_HELP,
    )
    is_stopping = forms.BooleanField(label=_("Work has stopped"), required=False)
    step = forms.ModelChoiceField(label=_("Operation"), queryset=None, required=False)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["step"].queryset = order.steps.living()


class NoteForm(forms.Form):
    """A button with nothing to fill in."""


class AcknowledgementForm(forms.Form):
    text = _words(_("What happens next"), rows=2, help_text=_("Who reported it and who answers for it read this."))


class PersonField(forms.ChoiceField):
    """One of the people who see the order."""

    def offer(self, people):
        self.known = {str(person.pk): person for person in people}
        self.choices = [("", "–"), *((key, _named(person)) for key, person in self.known.items())]

    def clean(self, value):
        return self.known.get(super().clean(value))


class PeopleField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def offer(self, people):
        self.known = {str(person.pk): person for person in people}
        self.choices = [(key, _named(person)) for key, person in self.known.items()]

    def clean(self, value):
        return [self.known[key] for key in super().clean(value)]


class OwnerForm(forms.Form):
    person = PersonField(label=_("Owner"))

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].offer(people)


class ActionForm(forms.Form):
    text = _words(_("What is done"), rows=2)
    owner = PersonField(label=_("Owner"))
    due_at = forms.DateTimeField(label=_("Due"))

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].offer(people)


class ResultForm(forms.Form):
    result = _words(_("Result"), rows=2)


class ReasonForm(forms.Form):
    reason = _words(_("Reason"), rows=2)


class SeverityForm(forms.Form):
    """To major the reason may be left out: nothing delays the word to the superiors."""

    reason = _words(_("Reason"), rows=2)

    def __init__(self, *args, is_major, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_major


class TogetherForm(forms.Form):
    """People who decided: those whom the problem concerns first, and anybody else who sees the order."""

    def offer(self, name, likely, others):
        self.fields[name].offer(likely)
        self.fields["also"].offer(others)

    def together(self, name) -> list:
        return list(filter(None, [*self.cleaned_data.get(name, []), self.cleaned_data.get("also")]))


class DecisionForm(TogetherForm):
    text = _words(_("What was decided"), size=2000)
    people = PeopleField(label=_("Decided by"), required=False)
    also = PersonField(label=_("and by"), required=False)
    decided_at = forms.DateTimeField(label=_("Decided at"))

    def __init__(self, *args, likely, others, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer("people", likely, others)
        self.fields["decided_at"].initial = timezone.localtime


class SolutionForm(TogetherForm):
    solution = _words(_("Solution"), size=1000)
    decided_with = PeopleField(
        label=_("Decided together with"), required=False,
        help_text=_("A major problem is solved by a joint decision; the solution is written down as what you decided."),
    )
    also = PersonField(label=_("and with"), required=False)

    def __init__(self, *args, is_asked, likely, others, **kwargs):
        super().__init__(*args, **kwargs)
        if is_asked:
            self.offer("decided_with", likely, others)
        else:
            del self.fields["decided_with"], self.fields["also"]
