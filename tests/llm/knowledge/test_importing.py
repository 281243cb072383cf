"""Imports: friendly and hostile files, friendly and hostile addresses."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread
from typing import Any

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from rest_framework.test import APIClient

from accounts.viewer import Viewer
from llm.knowledge import actions
from llm.knowledge.actions import importing
from llm.knowledge.models import Article
from tests import cast
from tests.accounts.helpers import log_in, problem

IMPORT = "/api/v1/knowledge/articles/import"
FILE = "/api/v1/knowledge/articles/import-file"
PAGE = b"""<!doctype html><html lang="de"><head><title>Returns</title></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/shop">All offers</a></li></ul></nav>
<main><h1>Returns</h1><p>You can send back anything within <b>60 days</b>, free of charge.</p>
<h2>How it works</h2><ol><li>Pack your parcel</li><li>Print the label we sent you</li></ol>
<table><tr><th>Country</th><th>Price</th></tr><tr><td>Norway</td><td>9 EUR</td></tr></table>
<script>stolen()</script></main><footer>Accept all cookies</footer></body></html>"""


@pytest.fixture
def agent(db: None) -> APIClient:
    """Ben's client."""
    return log_in(cast.ben())[0]


class Site:
    """A web site on this machine: a path's answer is status, headers and body."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, body: bytes, kind: str = "text/html", **headers: str) -> str:
        self.pages[path] = (200, {"Content-Type": kind, **headers}, body)
        return self.url + path


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    """A site that may be asked though it is on this machine."""
    settings.LLM_ALLOW_PRIVATE_NETWORKS = True
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def of_url(client: APIClient, url: str) -> Any:
    """Import a page."""
    return client.post(IMPORT, {"url": url}, format="json")


def of_file(client: APIClient, name: str, data: bytes) -> Any:
    """Import a file."""
    return client.post(FILE, {"file": SimpleUploadedFile(name, data)}, format="multipart")


def pdf(text: str, *, password: str = "", pages: int = 1) -> bytes:
    """A PDF whose pages say something."""
    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for _ in range(pages):
        page = writer.add_blank_page(300, 300)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if password:
        writer.encrypt(password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, before: str = "") -> bytes:
    """A Word document."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body>'
            "</w:document>",
        )
    return out.getvalue()


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of a Word document."""
    looks = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{looks}<w:r><w:t>{text}</w:t></w:r></w:p>"


def test_a_page_becomes_a_draft_of_its_main_part(agent: APIClient, site: Site) -> None:
    answer = of_url(agent, site.put("/help", PAGE))
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["title"], made["status"], made["language"]) == ("Returns", "draft", "de")
    assert (made["source"]["kind"], made["source"]["url"]) == ("url", f"{site.url}/help")
    assert "**60 days**" in made["body"]
    assert "## How it works" in made["body"]
    assert "Norway" in made["body"]
    for noise in ("stolen", "cookies", "All offers", "<"):
        assert noise not in made["body"]


def test_the_same_page_again_updates_its_article(agent: APIClient, site: Site) -> None:
    url = site.put("/help", PAGE)
    first = of_url(agent, url).json()
    site.put("/help", PAGE.replace(b"60 days", b"30 days"))
    second = of_url(agent, url + "#how").json()
    assert second["id"] == first["id"]
    assert "**30 days**" in second["body"]
    assert Article.objects.count() == 1


def test_compressed_plain_and_redirected_pages_are_read(agent: APIClient, site: Site) -> None:
    packed = site.put("/gz", gzip.compress(PAGE), **{"Content-Encoding": "gzip"})
    assert "**60 days**" in of_url(agent, packed).json()["body"]
    plain = site.put("/a-plain-text", b"Just a line.", "text/plain")
    made = of_url(agent, plain).json()
    assert (made["title"], made["body"]) == ("a plain text", "Just a line.")
    site.pages["/old"] = (302, {"Location": "/help"}, b"")
    site.put("/help", PAGE)
    assert of_url(agent, site.url + "/old").json()["title"] == "Returns"


def test_what_cannot_be_fetched_is_said_plainly(agent: APIClient, site: Site) -> None:
    assert problem(of_url(agent, site.url + "/none")) == (400, "VALIDATION_FAILED")
    site.pages["/round"] = (302, {"Location": "/round"}, b"")
    assert "redirects too often" in of_url(agent, site.url + "/round").json()["detail"]
    site.pages["/out"] = (302, {"Location": "file:///etc/passwd"}, b"")
    assert problem(of_url(agent, site.url + "/out")) == (400, "VALIDATION_FAILED")
    picture = site.put("/p.png", b"\x89PNG", "image/png")
    assert problem(of_url(agent, picture)) == (415, "UPLOAD_TYPE_REJECTED")
    odd = site.put("/odd", b"x", **{"Content-Encoding": "br"})
    assert problem(of_url(agent, odd)) == (400, "VALIDATION_FAILED")
    empty = site.put("/empty", b"<html><body></body></html>")
    assert problem(of_url(agent, empty)) == (400, "VALIDATION_FAILED")


def test_a_page_that_unpacks_to_too_much_is_left(
    agent: APIClient, site: Site, settings: Any
) -> None:
    settings.KNOWLEDGE_FETCH_BYTES = 1024 * 1024
    bomb = site.put("/b", gzip.compress(b"x" * 50_000_000), **{"Content-Encoding": "gzip"})
    assert problem(of_url(agent, bomb)) == (413, "UPLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0"]
)
def test_addresses_of_our_own_network_are_not_asked(
    agent: APIClient, site: Site, settings: Any, host: str
) -> None:
    url = site.put("/secret", PAGE)
    settings.LLM_ALLOW_PRIVATE_NETWORKS = False
    answer = of_url(agent, url.replace("127.0.0.1", host))
    assert problem(answer) == (400, "VALIDATION_FAILED")
    assert site.asked == []
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "https://u:p@example.com/",
        "https://a b/",
        7,
    ],
)
def test_what_is_no_address_is_refused(agent: APIClient, url: Any) -> None:
    assert problem(of_url(agent, url)) == (400, "VALIDATION_FAILED")


def test_pasted_text_becomes_a_draft(agent: APIClient) -> None:
    text = "# Refunds\n\nWe refund within **3 days**."
    made = agent.post(IMPORT, {"text": text}, format="json").json()
    assert (made["title"], made["body"], made["status"]) == ("Refunds", text, "draft")
    titled = agent.post(IMPORT, {"text": "可以退货。", "title": "退货"}, format="json").json()
    assert (titled["title"], titled["language"]) == ("退货", "zh-hans")
    both = agent.post(IMPORT, {"text": "x", "url": "https://x.example"}, format="json")
    assert problem(both) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("name", "data", "title", "body"),
    [
        (
            "Refunds.md",
            b"# Refunds soon\n\nWithin **3** days.",
            "Refunds soon",
            "Within **3** days.",
        ),
        ("our notes.txt", "Größe\r\nzwei".encode("utf-16"), "our notes", "Größe\nzwei"),
        ("latin.txt", "Die Größe fällt größer aus, für Füße.".encode("latin-1"), "latin", "Größe"),
        ("page.html", PAGE, "Returns", "**60 days**"),
        ("manual.pdf", pdf("Press the red button."), "manual", "Press the red button."),
        (
            "../../etc/word.docx",
            docx(paragraph("Tents", "Heading1") + paragraph("We rent tents.")),
            "Tents",
            "We rent tents.",
        ),
    ],
)
def test_files_become_drafts(
    agent: APIClient, name: str, data: bytes, title: str, body: str
) -> None:
    answer = of_file(agent, name, data)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["title"], made["source"]["kind"]) == (title, "file")
    assert body in made["body"]
    assert "/" not in made["source"]["name"]


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(9))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("run.exe", b"MZ", (415, "UPLOAD_TYPE_REJECTED")),
        ("none", b"text", (415, "UPLOAD_TYPE_REJECTED")),
        ("not.pdf", b"text", (415, "UPLOAD_TYPE_REJECTED")),
        ("cut.pdf", pdf("x")[:200] + b"%%EOF", (415, "UPLOAD_TYPE_REJECTED")),
        ("locked.pdf", pdf("x", password="secret"), (415, "UPLOAD_TYPE_REJECTED")),
        ("blank.pdf", pdf(""), (400, "VALIDATION_FAILED")),
        ("long.pdf", pdf("x", pages=301), (400, "VALIDATION_FAILED")),
        ("not.docx", b"PK\x03\x04nothing", (415, "UPLOAD_TYPE_REJECTED")),
        ("broken.docx", docx("<w:p>"), (415, "UPLOAD_TYPE_REJECTED")),
        ("laughs.docx", docx(paragraph("&j;"), LAUGHS), (415, "UPLOAD_TYPE_REJECTED")),
        ("bomb.docx", docx(paragraph("x" * 120_000_000)), (413, "UPLOAD_TOO_LARGE")),
        ("big.docx", docx(paragraph("x" * 40_000_000)), (400, "VALIDATION_FAILED")),
        ("program.txt", b"\x7fELF\0\0\0", (415, "UPLOAD_TYPE_REJECTED")),
        ("picture.md", b"\x89PNG\r\n", (415, "UPLOAD_TYPE_REJECTED")),
        ("empty.txt", b"", (400, "VALIDATION_FAILED")),
        ("spaces.md", b"  \n ", (400, "VALIDATION_FAILED")),
        ("long.md", b"x " * 110_000, (400, "VALIDATION_FAILED")),
    ],
)
def test_hostile_and_broken_files_are_refused(
    agent: APIClient, name: str, data: bytes, wanted: tuple[int, str]
) -> None:
    assert problem(of_file(agent, name, data)) == wanted
    assert not Article.objects.exists()


def test_a_document_cannot_read_our_files(agent: APIClient) -> None:
    answer = of_file(agent, "x.docx", docx(paragraph("We say &e; here"), OUTSIDE))
    assert b"root:" not in answer.content


def test_a_file_that_takes_too_much_work_is_given_up(agent: APIClient, settings: Any) -> None:
    settings.KNOWLEDGE_IMPORT_MEMORY = 60 * 1024 * 1024
    answer = of_file(agent, "heavy.html", b"<div>" * 3_000_000)
    assert problem(answer) in [(400, "VALIDATION_FAILED"), (415, "UPLOAD_TYPE_REJECTED")]
    assert not Article.objects.exists()


@pytest.mark.parametrize("path", [IMPORT, FILE])
def test_imports_are_for_staff(path: str, db: None) -> None:
    body: dict[str, Any] = {"text": "x"} if path == IMPORT else {"file": io.BytesIO(b"x")}
    kind = "json" if path == IMPORT else "multipart"
    assert problem(APIClient().post(path, body, format=kind)) == (401, "AUTH_TOKEN_INVALID")
    customer = log_in(cast.vic())[0]
    body = {"text": "x"} if path == IMPORT else {"file": io.BytesIO(b"x")}
    assert problem(customer.post(path, body, format=kind)) == (403, "PERMISSION_DENIED")


@pytest.mark.django_db(transaction=True)
def test_two_people_importing_one_page_at_once_make_one_article(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both look before either writes, which they may where several processes serve."""
    url = site.put("/help", PAGE)
    people = [Viewer.of(cast.ben()), Viewer.of(cast.ada())]
    looked = Barrier(len(people)) if connection.vendor == "postgresql" else None
    look, seen = importing._made_of, []

    def made_of(viewer: Viewer, page: str) -> Article | None:
        found = look(viewer, page)
        seen.append(found)
        if looked is not None and len(seen) <= len(people):
            looked.wait(60)
        return found

    monkeypatch.setattr(importing, "_made_of", made_of)
    with ThreadPoolExecutor(len(people)) as pool:
        made = list(pool.map(lambda one: _imported(one, url), people))
    assert len({article.pk for article in made}) == 1
    assert Article.objects.count() == 1
    if looked is not None:
        assert seen[: len(people)] == [None, None], "they did not meet, so nothing was proven"


def _imported(viewer: Viewer, url: str) -> Article:
    try:
        return actions.import_url(viewer=viewer, url=url)
    finally:
        connections.close_all()


def test_a_page_keeps_its_one_article(agent: APIClient, site: Site) -> None:
    first = of_url(agent, site.put("/a", PAGE)).json()
    second = of_url(agent, site.put("/b", PAGE)).json()
    at = f"/api/v1/knowledge/articles/{second['id']}"
    moved = agent.patch(at, {"source_url": first["source"]["url"]}, format="json")
    assert problem(moved) == (409, "CONFLICT")
    assert agent.get(at).json()["source"]["url"] == f"{site.url}/b"
    written = agent.post(
        "/api/v1/knowledge/articles",
        {"title": "Mine", "body": "x", "source_url": first["source"]["url"]},
        format="json",
    )
    assert written.status_code == 201, "what is written here may name any page"


def test_a_scan_is_refused_with_the_reason(agent: APIClient) -> None:
    answer = of_file(agent, "scan.pdf", pdf(""))
    assert problem(answer) == (400, "VALIDATION_FAILED")
    assert "a scan is a picture of text" in answer.json()["errors"][0]["detail"]
