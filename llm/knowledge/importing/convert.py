"""The child that reads one hostile file: bytes on its input, JSON on its output, then gone.

Run as a script of its own, with the kind and the limits as arguments. It knows nothing of the
product: neither settings nor database nor keys. Its memory and its processor time are bounded
before it looks at the first byte; what needs more dies here, and nobody else notices.

Prints ``{"title", "text", "language"}``, or ``{"error"}`` with one of encrypted, broken, empty,
pages, length.
"""

from __future__ import annotations

import io
import json
import logging
import re
import resource
import sys
import zipfile
from collections.abc import Callable
from typing import Any

Read = dict[str, str]

LONGEST_MAIN_PART = 30 * 1024 * 1024


class Refused(Exception):
    """It cannot be read; the text is the reason's key."""


def plain(data: bytes, **_: Any) -> Read:
    """A text, in whatever encoding; the first heading of Markdown is its title."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n").strip()
    heading = re.match(r"#\s+(.+?)\s*#*\n", text + "\n")
    if heading is None:
        return {"title": "", "text": text, "language": ""}
    rest = text[heading.end() :].strip()
    return {"title": heading[1], "text": rest or text, "language": ""}


def html(data: bytes, *, url: str, **_: Any) -> Read:
    """The main part of a web page."""
    import trafilatura
    from trafilatura.metadata import extract_metadata
    from trafilatura.settings import use_config

    tree = trafilatura.load_html(data)
    if tree is None:
        raise Refused("broken")
    spoken = tree.get("lang") or ""
    # Answers to common questions are short; without this, short pages are taken whole, menus too.
    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "1")
    about = extract_metadata(tree, default_url=url or None)
    text = trafilatura.extract(
        tree,
        url=url or None,
        output_format="markdown",
        include_comments=False,
        include_formatting=True,
        include_links=True,
        include_tables=True,
        favor_recall=True,
        config=config,
    )
    title = (about.title if about else "") or ""
    body = _without_heading((text or "").strip(), title)
    return {"title": title, "text": body, "language": spoken}


def pdf(data: bytes, *, most_pages: int, most_chars: int, **_: Any) -> Read:
    """The text of a PDF, page by page."""
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Refused("encrypted")
    if len(reader.pages) > most_pages:
        raise Refused("pages")
    found: list[str] = []
    length = 0
    for page in reader.pages:
        text = page.extract_text().strip()
        length += len(text)
        if length > most_chars:
            raise Refused("length")
        found.append(_escaped(text))
    title = (reader.metadata.title if reader.metadata else "") or ""
    return {"title": str(title), "text": "\n\n".join(filter(None, found)), "language": ""}


def docx(data: bytes, **_: Any) -> Read:
    """A Word document, without its pictures."""
    import mammoth
    import markdownify

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(entry.file_size > LONGEST_MAIN_PART for entry in _parts(archive)):
            raise Refused("length")
    made = mammoth.convert_to_html(
        io.BytesIO(data),
        convert_image=lambda _image: [],
        external_file_access=False,
    ).value
    text = markdownify.markdownify(made, heading_style="ATX", bullets="-").strip()
    text = re.sub(r"\n{3,}", "\n\n", text)
    return plain(text.encode())


KINDS: dict[str, Callable[..., Read]] = {"text": plain, "html": html, "pdf": pdf, "docx": docx}


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [entry for entry in archive.infolist() if entry.filename.endswith((".xml", ".rels"))]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    import charset_normalizer

    best = charset_normalizer.from_bytes(data).best()
    if best is None or b"\0" in data:
        raise Refused("broken")
    return str(best)


def _without_heading(text: str, title: str) -> str:
    """The title stands above the text anyway."""
    first, _, rest = text.partition("\n")
    same = first.lstrip("# ").strip().casefold() == title.strip().casefold()
    return rest.strip() if same and rest.strip() else text


def _escaped(text: str) -> str:
    """A page of a PDF is no Markdown: what would begin a heading, list or quote only looks so."""
    return re.sub(r"(?m)^(\s*)([#>]|[-+*](?=\s)|=+$|-+$)", r"\1\\\2", text)


def bound(memory: int, seconds: int) -> None:
    """Give up everything but this much; not more memory, no files written, no core."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Where an address space cannot be bounded (macOS), time still is.
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Read what the arguments say."""
    asked = json.loads(sys.argv[1])
    bound(asked["memory"], asked["seconds"])
    logging.disable(logging.CRITICAL)
    data = sys.stdin.buffer.read()
    answer: dict[str, str]
    try:
        answer = KINDS[asked["kind"]](
            data, url=asked["url"], most_pages=asked["pages"], most_chars=asked["chars"]
        )
        answer["title"] = " ".join(answer["title"][:2_000].split())
        answer["language"] = answer["language"][:32]
        answer["text"] = answer["text"].replace("\0", "")
        if not answer["text"].strip():
            raise Refused("empty")
        if len(answer["text"]) > asked["chars"]:
            raise Refused("length")
    except Refused as refused:
        answer = {"error": str(refused)}
    except MemoryError:
        answer = {"error": "effort"}
    except Exception:  # noqa: BLE001 - whatever a library says of a broken file, it is broken
        answer = {"error": "broken"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    sys.setrecursionlimit(2_000)
    main()
