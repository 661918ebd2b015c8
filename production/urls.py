from django.http import HttpResponse
from django.urls import path

app_name = "production"
urlpatterns = [path("f/<str:token>/", HttpResponse, name="scan")]
