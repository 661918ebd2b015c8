"""The customer's page lies outside the desk's own addresses, short enough for a message."""

from django.urls import path

from orders.views import offer, tracking

app_name = "customer"
urlpatterns = [
    path("<str:token>/", tracking.Track.as_view(), name="track"),
    path("<str:token>/complaint/", tracking.Complain.as_view(), name="complain"),
    path("<str:token>/rating/", tracking.Rate.as_view(), name="rate"),
    path("<str:token>/offer/", offer.Offer.as_view(), name="offer"),
]
