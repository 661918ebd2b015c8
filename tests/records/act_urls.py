"""A page of one act that belongs to nobody, for the tests alone."""

from django import forms
from django.http import Http404
from django.urls import path

from config.urls import urlpatterns as product_urls
from desk.refusals import Changed, GateShut
from people.roles import Right
from records.actions import record
from records.acts import ActView
from records.models import Event


class NoteForm(forms.Form):
    note = forms.CharField()


class Note(ActView):
    right = Right.ORDER_CREATE
    form_class = NoteForm
    title, submit_label = "Write a note", "Write"

    @property
    def version_now(self):
        return Event.objects.filter(stream="note").count()

    def subject(self):
        if self.kwargs["pk"] == 404:
            raise Http404

    def perform(self, form):
        note = form.cleaned_data["note"]
        record("note", note, by=self.request.user, stream="note", params={"version": self.version})
        if note == "shut":
            raise GateShut("This is shut.", missing=["A key"], field="note")
        if note == "late" or (self.version is not None and self.version < self.version_found):
            raise Changed("Somebody was faster.")
        return f"/notes/{Event.objects.filter(stream='note').count()}/"


urlpatterns = [path("act/<int:pk>/", Note.as_view()), *product_urls]
