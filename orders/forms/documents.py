from django import forms
from django.utils.translation import gettext_lazy as _

from orders.forms.identification import FilesField


class FilesForm(forms.Form):
    files = FilesField(label=_("Files"), help_text=_("Drawings, photos, mails, delivery papers."))

    def clean_files(self):
        if not self.cleaned_data["files"]:
            raise forms.ValidationError(_("Choose a file."))
        return self.cleaned_data["files"]
