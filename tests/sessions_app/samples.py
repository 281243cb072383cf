"""Files of every kind, good and bad, made when they are needed; and REST that sends them."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, TiffImagePlugin

from accounts.models import User
from accounts.tokens import issue_access
from tests.kernel import API

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HTML = b"<!DOCTYPE html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9"/></svg>'
SECRET = b"52.5200N13.4050E"


def upload(user: User | None, kind: str, name: str, content: bytes, **extra: Any) -> Any:
    """POST a file to /upload/image or /upload/file."""
    file = SimpleUploadedFile(name, content, extra.pop("content_type", "image/png"))
    return send(user, kind, {"file": file, **extra})


def send(user: User | None, kind: str, form: dict[str, Any]) -> Any:
    """POST a form."""
    headers = {"Authorization": f"Bearer {issue_access(user)}"} if user else {}
    client = Client(raise_request_exception=False)
    return client.post(f"{API}/upload/{kind}", form, headers=headers)


def fetch(url: str, user: User | None = None, **headers: str) -> Any:
    """GET an address as it stands in a payload."""
    if user:
        headers["Authorization"] = f"Bearer {issue_access(user)}"
    return Client(raise_request_exception=False).get(url, headers=headers)


def body_of(response: Any) -> bytes:
    """The bytes of a streamed answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a test reads what a server streams
        return b"".join(response)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A small picture, red at the left and blue at the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    return saved(image, kind, **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(raw: bytes) -> Image.Image:
    return Image.open(io.BytesIO(raw))


def photo() -> bytes:
    """A JPEG as a phone makes it: on its side, with a place, a comment and a thumbnail."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90 degrees
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (TiffImagePlugin.IFDRational(52), 31.0, 12.0)
    return picture("JPEG", exif=exif, comment=SECRET, icc_profile=SECRET * 9)


def bomb_png(side: int = 13_000) -> bytes:
    """20 KB of PNG that say they are `side` pixels wide and high, in one bit each."""
    rows = zlib.compress(bytes((side + 7) // 8 + 1) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def gif(frames: int, side: int = 8, *, at: int = 0) -> bytes:
    """A GIF of many frames; `at` puts each that far outside of the canvas."""
    screen = struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = struct.pack("<BHHHHB", 0x2C, at, at, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + screen + frame * frames + b";"


def moving(kind: str, frames: int = 5) -> bytes:
    """A short animation."""
    images = [Image.new("RGB", (20, 20), (40 * number, 0, 0)) for number in range(frames)]
    return saved(images[0], kind, save_all=True, append_images=images[1:], duration=70, loop=0)


def wide_webp(width: int, height: int) -> bytes:
    """The header of a WEBP of this size."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def office(main: str = "word/document.xml", parts: dict[str, bytes] | None = None) -> bytes:
    """An office document with these further parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(main, "<document/>")
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)
