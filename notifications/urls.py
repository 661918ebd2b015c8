from django.urls import path

from notifications import views, views_outbox, views_robots

app_name = "notifications"
urlpatterns = [
    path("messages/", views.inbox, name="inbox"),
    path("messages/read/", views.mark_read, name="mark_read"),
    path("messages/<int:pk>/", views.follow, name="follow"),
    path("messages/mail/", views.mail, name="mail"),
    path("messages/mail/<str:file>/<int:number>/", views.letter, name="letter"),
    path("preferences/", views.Preferences.as_view(), name="preferences"),
    path("outbox/", views_outbox.Letters.as_view(), name="outbox"),
    path("robots/", views_robots.robots, name="robots"),
    path("robots/new/", views_robots.AddRobot.as_view(), name="robot_new"),
    path("robots/<int:pk>/", views_robots.ChangeRobot.as_view(), name="robot"),
    path("robots/<int:pk>/switch/", views_robots.SwitchRobot.as_view(), name="robot_switch"),
    path("robots/<int:pk>/test/", views_robots.try_out, name="robot_test"),
]
