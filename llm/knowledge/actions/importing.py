"""Drafts from texts that are elsewhere."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, UploadTooLarge, ValidationFailed
from llm.knowledge.access import require_staff
from llm.knowledge.actions.articles import create_article, edit_article
from llm.knowledge.actions.checking import LONGEST_TITLE, is_language
from llm.knowledge.models import Article
from llm.knowledge.terms import is_chinese
from sessions_app import documents


def import_text(*, viewer: Viewer, text: str, title: str) -> Article:
    """Make a draft of pasted Markdown; without a title, its first heading or line is one."""
    require_staff(viewer)
    found = title.strip() or next((line for line in text.splitlines() if line.strip("# \t")), "")
    return create_article(
        viewer=viewer,
        title=_title(found.strip("#* \t")),
        body=text,
        language=_language("", text),
    )


def import_url(*, viewer: Viewer, url: str) -> Article:
    """Make a draft of a web page, or bring the article that was made of it up to date.

    What was published stays in use until an admin publishes again. Raises what ``fetching.fetch``
    and ``reading.read`` do.
    """
    from llm.knowledge.importing import fetching, reading

    require_staff(viewer)
    address = fetching.checked_url(url)
    page = fetching.fetch(address)
    read = reading.read(page.kind, page.data, field="url", url=page.url)
    fields = {"body": read.text, "imported_at": clock.now()}
    with transaction.atomic():
        known = _made_of(viewer, address)
        if known is None:
            try:
                return create_article(
                    viewer=viewer,
                    title=_title(read.title or _last_part(address)),
                    language=_language(read.language, read.text),
                    source_kind=Article.Source.URL,
                    source_url=address,
                    **fields,
                )
            except Conflict:  # somebody imported it since we looked
                known = _made_of(viewer, address)
                if known is None:
                    raise
        return edit_article(viewer=viewer, article_id=known.pk, **fields)


def import_file(*, viewer: Viewer, file: File[bytes]) -> Article:
    """Make a draft of a file. Raises what ``reading`` does, and UploadTooLarge."""
    from llm.knowledge.importing import reading

    require_staff(viewer)
    if not file.size:
        raise ValidationFailed.of("file", _("is empty"), "empty")
    if file.size > settings.UPLOAD_FILE_BYTES:
        raise UploadTooLarge(_("At most %d MB") % (settings.UPLOAD_FILE_BYTES // 1024 // 1024))
    raw = file.name or ""
    kind = reading.kind_of(raw, file)
    name = documents.display_name(raw, PurePosixPath(raw).suffix.lower(), "file")
    read = reading.read(kind, file.read(), field="file")
    return create_article(
        viewer=viewer,
        title=_title(read.title or PurePosixPath(name).stem),
        body=read.text,
        language=_language(read.language, read.text),
        source_kind=Article.Source.FILE,
        source_name=name,
        imported_at=clock.now(),
    )


def _made_of(viewer: Viewer, url: str) -> Article | None:
    """The article of this page; whoever may not see it makes one of their own."""
    same: dict[str, Any] = {"source_kind": Article.Source.URL, "source_url": url}
    return Article.objects.visible_to(viewer).filter(**same).order_by("pk").first()


def _title(found: str) -> str:
    return " ".join(found.replace("\0", "").split())[:LONGEST_TITLE]


def _last_part(url: str) -> str:
    parts = urlsplit(url)
    last = PurePosixPath(unquote(parts.path)).stem.replace("-", " ").replace("_", " ")
    return last.strip() or parts.netloc


def _language(named: str, text: str) -> str:
    tag = named.strip().casefold().replace("_", "-")
    if tag.startswith("zh") or (not tag and is_chinese(text)):
        return "zh-hans"
    return tag.partition("-")[0] if is_language(tag) else "en"
