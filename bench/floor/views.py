"""The floor: one INSERT, and a list of 50 in three statements (session, person, rows); and acts without their page."""

from django.http import HttpResponse
from django.shortcuts import render

from bench.floor.models import Note
from orders import actions


def insert(request):
    Note.objects.create(text="one row")
    return HttpResponse("done")


def rows(request):
    notes = Note.objects.order_by("-pk")[:50]
    return render(request, "floor/list.html", {"notes": notes})


def submit(request, pk):
    return HttpResponse(str(actions.submit(order_id=pk, by=request.user)))


def confirm(request, pk):
    return HttpResponse(str(actions.confirm(order_id=pk, by=request.user)))
