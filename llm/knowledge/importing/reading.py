"""Files into Markdown, in a child that may cost only so much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chatsite.lib import dbpool
from chatsite.lib.errors import ServiceUnavailable, UploadTypeRejected, ValidationFailed
from sessions_app import documents

CONVERT = Path(__file__).with_name("convert.py")
#: The endings we take, and how each is read.
KINDS = {
    ".md": "text",
    ".markdown": "text",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}
_MARKS = {"pdf": "%PDF-", "docx": "PK"}
_REASONS = {
    "encrypted": gettext_lazy("is protected with a password; save it without one"),
    "empty": gettext_lazy("holds no text that can be read (a scan is a picture of text)"),
    "pages": gettext_lazy("has too many pages; import it in parts"),
    "length": gettext_lazy("is too long for one article; import it in parts"),
    "effort": gettext_lazy("takes too much work to read; import it in parts, or paste its text"),
}
_one_at_a_time = threading.BoundedSemaphore(1)


@dataclass(frozen=True, slots=True)
class Read:
    """A text from elsewhere: Markdown, with the title and language it names, if any."""

    title: str
    text: str
    language: str


def kind_of(name: str, file: File[bytes]) -> str:
    """Return how a file is read, by its ending and its content, which have to agree.

    Raises :class:`UploadTypeRejected`, or :class:`UploadTooLarge` for a document that would unpack
    to too much.
    """
    suffix = PurePosixPath(name).suffix.lower()
    kind = KINDS.get(suffix)
    if kind is None:
        raise UploadTypeRejected(_("Accepted are %s") % ", ".join(sorted(KINDS)))
    if kind in _MARKS:
        documents.type_of(name, file)
    else:
        file.seek(0)
        head = file.read(4096)
        wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
        if (b"\0" in head and not wide) or head.startswith((b"%PDF-", b"PK\x03\x04", b"\x89PNG")):
            raise UploadTypeRejected(_("The content is not that of a %s file") % suffix)
    file.seek(0)
    return kind


def read(kind: str, data: bytes, *, field: str, url: str = "") -> Read:
    """Turn a file's bytes into Markdown; blocks for as long as that may take.

    Raises :class:`UploadTypeRejected` for what is broken or locked, :class:`ValidationFailed` for
    ``field`` when there is no text or too much, :class:`ServiceUnavailable` when others wait.
    """
    dbpool.give_back()
    if not _one_at_a_time.acquire(timeout=settings.KNOWLEDGE_IMPORT_S):
        raise ServiceUnavailable(_("Other imports are being read"), retry_after=10)
    try:
        answer = _ask_child(kind, data, url)
    finally:
        _one_at_a_time.release()
    if (error := answer.get("error")) is None:
        return Read(answer["title"], answer["text"], answer["language"])
    if error == "broken":
        raise UploadTypeRejected(_("It is damaged, or not what its name says"))
    if error == "encrypted":
        raise UploadTypeRejected(_("It %s") % _REASONS[error])
    raise ValidationFailed.of(field, str(_REASONS[error]))


def _ask_child(kind: str, data: bytes, url: str) -> dict[str, str]:
    asked = {
        "kind": kind,
        "url": url,
        "memory": settings.KNOWLEDGE_IMPORT_MEMORY,
        "seconds": settings.KNOWLEDGE_IMPORT_S,
        "pages": settings.KNOWLEDGE_IMPORT_PAGES,
        "chars": settings.KNOWLEDGE_ARTICLE_CHARS,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-B", str(CONVERT), json.dumps(asked)],
            input=data,
            capture_output=True,
            # None of our environment: there are keys in it.
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
            # Waiting for a processor counts here and not for the child.
            timeout=settings.KNOWLEDGE_IMPORT_S * 3,
            check=False,
        )
        found: dict[str, str] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"error": "effort"}
    return found
