from django.http import HttpResponse
from django.urls import path

app_name = "quality"
urlpatterns = [path("nonconformances/<int:pk>/decide/", HttpResponse, name="decide")]
