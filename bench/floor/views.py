"""The floor: one INSERT, and a list of 50 in three statements (session, person, rows); and acts without their page."""

from functools import cache
from pathlib import Path

from django.http import HttpResponse
from django.template import engines

from bench.floor.models import Note
from orders import actions


def insert(request):
    Note.objects.create(text="one row")
    return HttpResponse("done")


@cache
def page():
    return engines["django"].from_string(Path(__file__).with_name("list.html").read_text(encoding="utf-8"))


def rows(request):
    notes = Note.objects.order_by("-pk")[:50]
    return HttpResponse(page().render({"notes": notes}, request))


def submit(request, pk):
    return HttpResponse(str(actions.submit(order_id=pk, by=request.user)))


def confirm(request, pk):
    return HttpResponse(str(actions.confirm(order_id=pk, by=request.user)))
