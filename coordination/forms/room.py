"""What is written in a room."""

from django import forms
from django.utils.translation import gettext_lazy as _

from coordination.models import Post
from coordination.models.room import LONGEST
from orders.forms.identification import FilesField
from orders.models import Issue

ON_PROBLEM = Post.Kind.PROBLEM


class PostForm(forms.Form):
    text = forms.CharField(
        label=_("What you have to say"), max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": _("Write what happened; @ calls somebody")}),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("What it is"), choices=Post.Kind.choices, initial=Post.Kind.PROGRESS, widget=forms.RadioSelect
    )
    issue_kind = forms.ChoiceField(label=_("Kind of problem"), choices=[("", "–"), *Issue.Kind.choices], required=False)
    severity = forms.ChoiceField(
        label=_("How serious"), choices=Issue.Severity.choices, required=False, initial=Issue.Severity.MINOR
    )
    issue = forms.ModelChoiceField(
        label=_("About the problem"), queryset=None, required=False,
        help_text=_("A solution with its problem marks that one as solved."),
    )  # fmt: skip
    called = forms.MultipleChoiceField(
        label=_("Call"), required=False, widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text=_("They are told. Writing @ and the name does the same."),
    )  # fmt: skip
    step = forms.ModelChoiceField(label=_("Operation"), queryset=None, required=False)
    files = FilesField(label=_("Files and photos"), required=False)
    is_confidential = forms.BooleanField(
        label=_("Stays in the house: is not said in the groups of messengers"), required=False
    )

    def __init__(self, *args, order, members, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["issue"].queryset = order.issues.filter(solved_at__isnull=True)
        self.fields["step"].queryset = order.steps.living()
        self.who = {f"d{found.pk}": found for found in members.departments}
        self.who |= {f"p{person.pk}": person for person in members.people}
        self.fields["called"].choices = [(key, str(who)) for key, who in self.who.items()]

    def clean(self):
        data = super().clean()
        is_problem = data.get("kind") == ON_PROBLEM
        if is_problem and not data.get("issue_kind"):
            self.add_error("issue_kind", _("Say what kind of problem it is, so that the right people are told."))
        if is_problem:
            data["issue"] = None
            data["severity"] = data.get("severity") or Issue.Severity.MINOR
        chosen = [(key, self.who[key]) for key in data.get("called", ())]
        data["departments"] = [who for key, who in chosen if key.startswith("d")]
        data["people"] = [who for key, who in chosen if key.startswith("p")]
        data.pop("called", None)
        return data


class TakeBackForm(forms.Form):
    """One button."""


class SearchForm(forms.Form):
    q = forms.CharField(label=_("Search what was said"), max_length=100, required=False)
