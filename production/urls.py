from django.urls import include, path

from production.views import board, floor, panes, planboard, planning, review

app_name = "production"
urlpatterns = [
    path("production/", board.board, name="board"),
    path("production/master/", include("production.urls_master")),
    path("production/board/", planboard.planning_board, name="planning_board"),
    path("production/board/<int:pk>/", planboard.MoveOperation.as_view(), name="move"),
    path("production/scan/", floor.floor, name="floor"),
    path("production/scan/connection/", floor.connection, name="connection"),
    path("production/orders/<int:pk>/", board.order_tab, name="order_tab"),
    path("production/orders/<int:pk>/review/", review.review, name="review"),
    path("production/orders/<int:pk>/review/<slug:kind>/assess/", review.Assess.as_view(), name="assess"),
    path("production/orders/<int:pk>/negotiate/", review.Negotiate.as_view(), name="negotiate"),
    path("production/orders/<int:pk>/approve/", review.Approve.as_view(), name="approve"),
    path("production/orders/<int:pk>/plan/", planning.MakePlan.as_view(), name="make_plan"),
    path("production/orders/<int:pk>/plan/before/<int:other>/", planning.GoFirst.as_view(), name="go_first"),
    path("production/orders/<int:pk>/delay/", board.delay, name="delay"),
    path("production/orders/<int:pk>/plan/versions/", planboard.plan_versions, name="plan_versions"),
    path("production/orders/<int:pk>/plan/versions/<int:version>/", planboard.GoBack.as_view(), name="go_back"),
    path("production/orders/<int:pk>/plan/drop/", planboard.DropDraft.as_view(), name="drop_draft"),
    path("production/orders/<int:pk>/plan/release/", planning.ReleasePlan.as_view(), name="release_plan"),
    path(
        "production/orders/<int:pk>/plan/<int:operation>/", planning.ChangeOperation.as_view(), name="change_operation"
    ),
    path("production/orders/<int:pk>/materials/<int:line>/waive/", planning.Waive.as_view(), name="waive"),
    path("production/orders/<int:pk>/steps/<int:step>/owner/", planning.Reassign.as_view(), name="reassign"),
    path("production/orders/<int:pk>/made/", planning.SignMade.as_view(), name="sign_made"),
    path("production/work/<int:pk>/review/", panes.review_decision, name="pane_review"),
    path("production/work/<int:pk>/assessment/", panes.assessment, name="pane_assessment"),
    path("f/worker.js", floor.worker, name="worker"),
    path("f/<str:token>/", floor.scan, name="scan"),
    path("f/<str:token>/start/", floor.Start.as_view(), name="start"),
    path("f/<str:token>/pause/", floor.PauseStep.as_view(), name="pause"),
    path("f/<str:token>/report/", floor.Report.as_view(), name="report"),
    path("f/<str:token>/finish/", floor.Finish.as_view(), name="finish"),
    path("f/<str:token>/problem/", floor.Problem.as_view(), name="problem"),
    path("f/<str:token>/remind/", floor.Remind.as_view(), name="remind"),
]
