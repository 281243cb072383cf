"""REST addresses of the knowledge, below /api/v1/."""

from django.urls import path

from llm.knowledge import api, import_api
from llm.knowledge.page import views

article = "knowledge/articles/<str:article_id>"
question = "knowledge/questions/<str:question_id>"

urlpatterns = [
    path("knowledge/panel", views.PanelView.as_view(), name="knowledge-panel"),
    path("knowledge/preview", views.PreviewView.as_view(), name="knowledge-preview"),
    path("knowledge/standing", views.StandingView.as_view(), name="knowledge-standing"),
    path("knowledge/choices", views.ChoicesView.as_view(), name="knowledge-choices"),
    path("knowledge/articles", api.ArticleListView.as_view(), name="articles"),
    path("knowledge/articles/import", import_api.ImportView.as_view(), name="article-import"),
    path(
        "knowledge/articles/import-file",
        import_api.ImportFileView.as_view(),
        name="article-import-file",
    ),
    path(article, api.ArticleView.as_view(), name="article"),
    path(f"{article}/publish", api.ArticlePublishView.as_view(), name="article-publish"),
    path(f"{article}/archive", api.ArticleArchiveView.as_view(), name="article-archive"),
    path(f"{article}/unarchive", api.ArticleUnarchiveView.as_view(), name="article-unarchive"),
    path(f"{article}/versions", api.ArticleVersionListView.as_view(), name="article-versions"),
    path("knowledge/search", api.KnowledgeSearchView.as_view(), name="knowledge-search"),
    path("knowledge/questions", api.QuestionListView.as_view(), name="questions"),
    path(question, api.QuestionView.as_view(), name="question"),
    path(f"{question}/answer", api.QuestionAnswerView.as_view(), name="question-answer"),
    path(f"{question}/dismiss", api.QuestionDismissView.as_view(), name="question-dismiss"),
    path(f"{question}/reopen", api.QuestionReopenView.as_view(), name="question-reopen"),
]
