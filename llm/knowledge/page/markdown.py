"""Markdown as people see it. What comes out is safe wherever it is put."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
# No pictures: their addresses would be asked for by everybody who looks.
_TAGS = nh3.ALLOWED_TAGS - {"img"}


def rendered(text: str) -> str:
    """Return the HTML of an article's text."""
    return nh3.clean(_markdown.render(text), tags=_TAGS, url_schemes={"http", "https", "mailto"})
