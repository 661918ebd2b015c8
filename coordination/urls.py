from django.urls import path

from coordination.views import meeting, room
from coordination.views.brief import brief

app_name = "coordination"
urlpatterns = [
    path("rooms/", room.rooms, name="rooms"),
    path("orders/<int:pk>/room/new/", room.room_news, name="room_news"),
    path("orders/<int:pk>/room/<int:post>/take-back/", room.TakeBack.as_view(), name="take_back"),
    path("meetings/", meeting.meetings, name="meetings"),
    path("meetings/actions.xlsx", meeting.actions_xlsx, name="actions_xlsx"),
    path("meetings/<int:pk>/", meeting.Board.as_view(), name="meeting"),
    path("meetings/<int:pk>/start/", meeting.Start.as_view(), name="start"),
    path("meetings/<int:pk>/go/", meeting.Go.as_view(), name="go"),
    path("meetings/<int:pk>/outcome/", meeting.AddOutcome.as_view(), name="outcome"),
    path("meetings/<int:pk>/orders/<int:order>/", brief, name="brief"),
    path("meetings/<int:pk>/outcomes/<int:outcome>/strike/", meeting.Strike.as_view(), name="strike"),
    path("meetings/<int:pk>/close/", meeting.Close.as_view(), name="close"),
    path("meetings/<int:pk>/reopen/", meeting.Reopen.as_view(), name="reopen"),
    path("meetings/<int:pk>/move/", meeting.Move.as_view(), name="move"),
    path("meetings/<int:pk>/cancel/", meeting.Cancel.as_view(), name="cancel"),
    path("meetings/<int:pk>/agenda/", meeting.AddItem.as_view(), name="agenda"),
    path("meetings/<int:pk>/roll/", meeting.Roll.as_view(), name="roll"),
    path("meetings/<int:pk>/minute-taker/", meeting.MinuteTaker.as_view(), name="minute_taker"),
    path("meetings/<int:pk>/minutes/", meeting.minutes, name="minutes"),
    path("meetings/<int:pk>/minutes/<int:answer>/confirm/", meeting.Confirm.as_view(), name="confirm"),
    path("meetings/<int:pk>/minutes/<int:answer>/object/", meeting.Object.as_view(), name="object"),
    path("meetings/<int:pk>/minutes.pdf", meeting.minutes_pdf, name="minutes_pdf"),
    path("meetings/<int:pk>/pack.pdf", meeting.pack, name="pack"),
    path("meetings/<int:pk>/meeting.ics", meeting.ics, name="meeting_ics"),
    path("meetings/actions/<int:pk>/done/", meeting.Done.as_view(), name="action_done"),
    path("meetings/actions/<int:pk>/drop/", meeting.Drop.as_view(), name="action_drop"),
    path("work/<int:pk>/meeting-action/", meeting.pane_action, name="pane_action"),
    path("work/<int:pk>/meeting-minutes/", meeting.pane_minutes, name="pane_minutes"),
]
