"""A web page, as the server sees it: from the public internet only, and only so much of it.

Redirects are followed by hand and few of them; every connect, the first and those of redirects, is
checked on the very address the socket is opened to.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from django.conf import settings
from django.utils.translation import gettext as _

from chatsite.lib import dbpool, loops, outbound
from chatsite.lib.errors import UploadTooLarge, UploadTypeRejected, ValidationFailed

if TYPE_CHECKING:
    import aiohttp

MOST_REDIRECTS = 4
KINDS = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "text/markdown": "text",
    "application/pdf": "pdf",
}
HEADERS = {
    "Accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.8, */*;q=0.1",
    "Accept-Encoding": "gzip, identity;q=0.5",
    "User-Agent": "ClandChat/1.0 (knowledge import)",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What stood at an address: how it is read, its bytes, and where it was in the end."""

    kind: str
    data: bytes
    url: str


def checked_url(raw: str) -> str:
    """Return an address we may try, without its fragment; raises ValidationFailed."""
    url = raw.strip().partition("#")[0]
    try:
        outbound.parse(url)
    except outbound.BadURL as error:
        raise ValidationFailed.of("url", str(error)) from None
    return url


def fetch(url: str) -> Page:
    """Get a page; blocks, at most ``KNOWLEDGE_FETCH_S``.

    Raises :class:`ValidationFailed` for ``url``, :class:`UploadTypeRejected` for what is no text,
    :class:`UploadTooLarge`.
    """
    dbpool.give_back()
    getting = asyncio.run_coroutine_threadsafe(_fetch(url), loops.background())
    try:
        return getting.result(settings.KNOWLEDGE_FETCH_S + 5)
    except TimeoutError:
        getting.cancel()
        raise _wrong("it did not answer in time") from None


async def _fetch(url: str) -> Page:
    import aiohttp

    private = settings.LLM_ALLOW_PRIVATE_NETWORKS
    try:
        async with (
            asyncio.timeout(settings.KNOWLEDGE_FETCH_S),
            outbound.client(
                public_only=not private,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as client,
        ):
            return await _follow(client, url)
    except TimeoutError:
        raise _wrong("it did not answer in time") from None
    except aiohttp.ClientError as error:
        if outbound.was_refused(error):
            raise _wrong(
                "not a public address, and whoever runs this server allows only those"
            ) from None
        raise _wrong("it could not be reached") from None
    except (OSError, ValueError, zlib.error):
        raise _wrong("it could not be reached") from None


async def _follow(client: aiohttp.ClientSession, url: str) -> Page:
    for _hop in range(MOST_REDIRECTS + 1):
        async with client.get(url, headers=HEADERS, allow_redirects=False) as answer:
            target = answer.headers.get("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return await _taken(answer, url)
        url = checked_url(urljoin(url, target))
    raise _wrong(_("it redirects too often"))


async def _taken(answer: aiohttp.ClientResponse, url: str) -> Page:
    if answer.status != 200:
        raise _wrong(_("it answered with status %d") % answer.status)
    kind = KINDS.get(answer.content_type)
    if kind is None:
        raise UploadTypeRejected(_("At that address is neither a web page nor a text nor a PDF"))
    most = settings.KNOWLEDGE_FETCH_BYTES
    unpack = _unpacker(answer.headers.get("Content-Encoding", "identity").strip().lower())
    data = bytearray()
    async for chunk in answer.content.iter_chunked(16 * 1024):
        data += unpack.decompress(chunk, most + 1 - len(data)) if unpack else chunk
        if len(data) > most:
            raise UploadTooLarge(_("The page has more than %d MB") % (most // 1024 // 1024))
    return Page(kind, bytes(data), url)


def _unpacker(encoding: str) -> zlib._Decompress | None:
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip"):
        return zlib.decompressobj(wbits=31)
    raise _wrong(_("it answers in an encoding we did not ask for"))


def _wrong(why: str) -> ValidationFailed:
    return ValidationFailed.of("url", why)
