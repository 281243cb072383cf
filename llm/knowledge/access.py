"""The only way from an id in a request to an article or a question: absent and forbidden look the
same."""

from __future__ import annotations

from accounts.viewer import Viewer
from chatsite.lib.errors import NotFound, PermissionDenied
from llm.knowledge.models import Article, Question

LARGEST_ID = 2**63 - 1


def require_staff(viewer: Viewer) -> None:
    """Raise PermissionDenied unless the viewer works here."""
    if not viewer.is_staff:
        raise PermissionDenied("Only staff may do this")


def require_admin(viewer: Viewer) -> None:
    """Raise PermissionDenied unless the viewer is an admin; customers are not told more."""
    if not viewer.is_admin:
        raise PermissionDenied("Only admins may do this")


def article_for(viewer: Viewer, article_id: object) -> Article:
    """Return an article the viewer may see; raise NotFound otherwise."""
    found = (
        Article.objects.visible_to(viewer)
        .select_related("team", "published", "author")
        .filter(pk=_number(article_id))
        .first()
    )
    if found is None:
        raise NotFound("No such article")
    return found


def question_for(viewer: Viewer, question_id: object) -> Question:
    """Return an unanswered question the viewer may see; raise NotFound otherwise."""
    found = (
        Question.objects.visible_to(viewer)
        .select_related("team", "article", "closed_by")
        .filter(pk=_number(question_id))
        .first()
    )
    if found is None:
        raise NotFound("No such question")
    return found


def _number(raw: object) -> int:
    text = str(raw)
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text[:20]) <= LARGEST_ID:
        raise NotFound
    return int(text[:20])
