"""The page of one act: form, action, answer. Every page that changes something is made of it."""

from uuid import uuid4

from django.db import IntegrityError, transaction
from django.forms import Textarea
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import View

from desk.refusals import Changed, NotYours, Refusal
from people.duty import who_may
from records.models import OnceKey


class ActView(View):
    """Subclasses say `right`, `form_class`, the words of `ui/act.html`, and override `subject` and `perform`.

    The act and its once-key are committed together: a double click or a repeated
    POST finds the key and is sent to the first one's result.
    """

    right = None
    form_class = None
    template_name = "ui/act.html"
    title = submit_label = lead = ""
    submit_tone = "pri"
    consequences = ()
    version_now = None  # of what the act is about, as it stands, where it has a version
    refusal = None
    asks_again = False  # whether its POST wants a fresh word of who it is (access.confirm)

    def subject(self):
        """Load what the act is about, or raise Http404."""

    def form_kwargs(self) -> dict:
        return {}

    def context(self) -> dict:
        return {}

    def perform(self, form) -> str:
        """Do the act; the URL to go to."""
        raise NotImplementedError

    @property
    def version(self) -> int | None:
        """The version of the record that the form was made from."""
        text = self.request.POST.get("version", "")
        return int(text) if text.isdecimal() else None

    @property
    def form_version(self) -> int | None:
        """What the page was made from; once the person was told of a change, what it is now."""
        is_told = isinstance(self.refusal, Changed)
        return self.version_found if self.version is None or is_told else self.version

    def dispatch(self, request, *args, **kwargs):
        try:
            require(request.user, self.right)
            self.subject()
            self.version_found = self.version_now  # before a form writes into the record
        except Refusal as refusal:
            if request.method != "POST":
                raise
            return self.too_late(refusal)
        return super().dispatch(request, *args, **kwargs)

    def too_late(self, refusal):
        """The page may not be shown any more. Done by the same press already? Else what was written is given back."""
        key = self.request.POST.get("once", "")[:64]
        earlier = OnceKey.objects.filter(user=self.request.user, key=key).first() if key else None
        if earlier:
            return HttpResponseRedirect(self.way_on(earlier.result_url))
        refusal.typed = self.typed()
        raise refusal

    def typed(self) -> list[tuple]:
        fields = getattr(self.form_class, "base_fields", {})
        words = [(field.label, self.request.POST.get(name, "").strip()) for name, field in fields.items()
                 if isinstance(field.widget, Textarea)]
        return [(label, text) for label, text in words if text]

    def get(self, request, *args, **kwargs):
        return self.page(self.form_class(**self.form_kwargs()))

    def post(self, request, *args, **kwargs):
        form = self.form_class(request.POST, request.FILES, **self.form_kwargs())
        if not form.is_valid():
            return self.page(form, status=422)
        try:
            return HttpResponseRedirect(self.way_on(self.perform_once(form)))
        except Refusal as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, refusal.what)
            return self.page(form, status=refusal.status, refusal=refusal)

    def perform_once(self, form) -> str:
        key = self.request.POST.get("once", "")[:64] or uuid4().hex
        try:
            with transaction.atomic():
                claim = OnceKey.objects.create(user=self.request.user, key=key)
                claim.result_url = self.perform(form)
                claim.save(update_fields=["result_url"])
                return claim.result_url
        except IntegrityError:
            earlier = OnceKey.objects.filter(user=self.request.user, key=key).first()
            if earlier is None:
                raise
            return earlier.result_url

    def way_on(self, url) -> str:
        """Where the person came from, when the form says so; else where the act leads."""
        wanted = self.request.POST.get("next", "")
        return wanted if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, None) else url

    def page(self, form, *, status=200, refusal=None):
        self.refusal = refusal
        context = {
            "form": form, "refusal": refusal, "version": self.form_version, "title": self.title, "lead": self.lead,
            "submit_label": self.submit_label or self.title, "submit_tone": self.submit_tone,
            "consequences": self.consequences,
        }  # fmt: skip
        return render(self.request, self.template_name, context | self.context(), status=status)


def require(user, right) -> None:
    """Refuse, naming who can, when the person lacks the right."""
    if right is None or user.use(right):
        return
    raise NotYours(
        _("This is not yours to do: it needs the right to %(right)s.") % {"right": right.label},
        who=who_may(right, limit=5),
    )
