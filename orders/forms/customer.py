"""What sales, quality and the customer fill in after, and about, a delivery."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.customer import LONGEST_DAYS
from orders.forms.identification import FilesField
from orders.models import Complaint, CustomerLink, Rating, UrgentOrder

TEXT = {"rows": 3}
PHOTOS = ".png,.jpg,.jpeg,.webp,.heic"


class LinkForm(forms.Form):
    recipient = forms.CharField(label=_("For whom"), max_length=80)
    contact_phone = forms.CharField(
        label=_("Phone on which the customer reaches you"), max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    language = forms.ChoiceField(
        label=_("Language of the page"), choices=CustomerLink.Language.choices, widget=forms.RadioSelect,
        help_text=_("The customer can change it."),
    )
    days = forms.IntegerField(label=_("Works for days"), min_value=1, max_value=LONGEST_DAYS, initial=30)
    shows_pieces = forms.BooleanField(label=_("Shows how many pieces are finished"), required=False)


class ChangeLinkForm(forms.Form):
    late_text = forms.CharField(
        label=_("Sentence about the delay"), max_length=200, required=False,
        help_text=_("One sentence, in the customer's language; shown only while we are late. No internal causes."),
    )
    shows_pieces = forms.BooleanField(label=_("Shows how many pieces are finished"), required=False)


class ComplaintForm(forms.Form):
    line = forms.ModelChoiceField(label=_("Product"), queryset=None, empty_label=None)
    quantity = forms.IntegerField(
        label=_("How many pieces"), min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )
    text = forms.CharField(label=_("What is wrong"), max_length=1000, widget=forms.Textarea(attrs=TEXT))
    contact = forms.CharField(label=_("Complained by"), max_length=80)
    files = FilesField(label=_("Photos"), required=False)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["line"].queryset = order.lines.filter(shipped__gt=0).select_related("product")
        self.fields["files"].widget.attrs["accept"] = PHOTOS


class PublicComplaintForm(ComplaintForm):
    """By the customer; the name is what the link was given for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["contact"].label = _("Your name")
        if len(self.fields["line"].queryset) == 1:
            self.fields["line"].widget = forms.HiddenInput()
            self.fields["line"].initial = self.fields["line"].queryset[0].pk


class DecideComplaintForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("What the customer gets"), widget=forms.RadioSelect,
        choices=[(value, label) for value, label in Complaint.Answer.choices if value != Complaint.Answer.OPEN],
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs=TEXT),
        help_text=_("For us; the customer is told in Sales' own words."),
    )


class TellForm(forms.Form):
    contact = forms.CharField(label=_("Who was told"), max_length=80)
    how = forms.ChoiceField(
        label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect, initial="call"
    )
    text = forms.CharField(
        label=_("What the customer was told"), max_length=500, widget=forms.Textarea(attrs=TEXT),
        help_text=_("It stands on the customer's link too."),
    )


class ReturnForm(forms.Form):
    quantity = forms.IntegerField(
        label=_("Pieces that came back"), min_value=1, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )


class ReturnedForm(ReturnForm):
    fate = forms.ChoiceField(label=_("What becomes of them"), widget=forms.RadioSelect,
                             choices=Complaint.ReturnFate.choices)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs=TEXT))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["quantity"].label = _("How many pieces")


class RatingForm(forms.Form):
    stars = forms.TypedChoiceField(
        label=_("How content are you?"), choices=Rating.STARS, coerce=int, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("What could be better?"), max_length=1000, required=False, widget=forms.Textarea(attrs=TEXT)
    )


class CalledRatingForm(RatingForm):
    contact = forms.CharField(label=_("Said by"), max_length=80)
    field_order = ("contact", "stars", "comment")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["stars"].label = _("How content is the customer?")


class UnratedForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs=TEXT))


class ConsentForm(forms.Form):
    is_agreed = forms.TypedChoiceField(
        label=_("Answer"), widget=forms.RadioSelect, coerce=lambda value: value == "yes",
        choices=[("yes", _("Yes, it may go first")), ("no", _("No, the promise stands"))],
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs=TEXT))
