"""REST addresses of the gate, below /api/v1/."""

from django.urls import path

from llm.gate.api import cases, releases, replays

release = "gate/releases/<str:release_id>"

urlpatterns = [
    path("gate/cases", cases.CaseListView.as_view(), name="gate-cases"),
    path("gate/cases/<str:case_id>", cases.CaseView.as_view(), name="gate-case"),
    path("chat/sessions/<str:session_id>/case", cases.KeptCaseView.as_view(), name="session-case"),
    path("gate/releases", releases.ReleaseListView.as_view(), name="gate-releases"),
    path(release, releases.ReleaseView.as_view(), name="gate-release"),
    path(f"{release}/copy", releases.CopyReleaseView.as_view(), name="gate-copy"),
    path(f"{release}/changes", releases.ReleaseChangesView.as_view(), name="gate-changes"),
    path(f"{release}/replay", replays.AskForReplayView.as_view(), name="gate-replay-ask"),
    path(f"{release}/publish", releases.PublishReleaseView.as_view(), name="gate-publish"),
    path("gate/replays", replays.ReplayListView.as_view(), name="gate-replays"),
    path("gate/replays/<str:replay_id>", replays.ReplayView.as_view(), name="gate-replay"),
    path("gate/replays/<str:replay_id>/stop", replays.StopReplayView.as_view(), name="gate-stop"),
    path("gate/publications", releases.PublicationListView.as_view(), name="gate-publications"),
    path("gate/roll-back", releases.RollBackView.as_view(), name="gate-roll-back"),
]
