from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.mark_read, name="mark_read"),
    path("<int:pk>/", views.follow, name="follow"),
    path("mail/", views.mail, name="mail"),
    path("mail/<str:file>/<int:number>/", views.letter, name="letter"),
]
