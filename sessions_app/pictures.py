"""Pictures as strangers send them, drawn anew: what is kept is pixels, and nothing else.

Which decoder is tried depends on the first bytes alone, and how much it would have to decode on
the header, before anything is decoded.  Drawing anew leaves behind metadata, thumbnails, comments,
whatever hung on the end, and every other reading of the same bytes.
"""

import contextlib
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from PIL import Image, ImageOps, ImageSequence

from chatsite.lib.errors import (
    DomainError,
    ServiceUnavailable,
    UploadTooLarge,
    UploadTypeRejected,
)
from sessions_app.file_types import PICTURES

#: Quick rather than small: a few kilobytes can unfold to many megapixels to compress.
_SAVE: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 3},
    "JPEG": {"quality": 88},
    "GIF": {},
    "WEBP": {"quality": 85, "method": 0},
}
# Pillow only warns of what we refuse.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)
_slots = threading.BoundedSemaphore(settings.UPLOAD_IMAGE_SLOTS)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that we drew: its bytes, media type, file ending, and size in pixels."""

    data: bytes
    mime: str
    suffix: str
    width: int
    height: int


def redraw(raw: bytes) -> Picture:
    """Return the picture in ``raw``, upright and without anything but pixels.

    Raises :class:`UploadTypeRejected` when it is no PNG, JPEG, GIF or WEBP or is broken,
    :class:`UploadTooLarge` when it has too many pixels or frames, and :class:`ServiceUnavailable`
    when too many others are being drawn.
    """
    kind = kind_of(raw)
    if kind is None:
        raise UploadTypeRejected("Pictures are accepted as PNG, JPEG, GIF or WEBP")
    try:
        _check_extent(raw, kind)
        with _slot():
            return _redraw(raw, kind)
    except DomainError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise UploadTooLarge("The picture has too many pixels") from None
    except Exception as error:
        raise UploadTypeRejected("The picture cannot be read") from error


def kind_of(raw: bytes) -> str | None:
    """Return which of :data:`PICTURES` the first bytes promise."""
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if raw.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if raw.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "WEBP"
    return None


@contextlib.contextmanager
def _slot() -> Iterator[None]:
    """Let few be decoded at a time: one of 40 megapixels takes 200 MB."""
    if not _slots.acquire(timeout=settings.UPLOAD_IMAGE_WAIT_S):
        raise ServiceUnavailable("Too many pictures at the same time", retry_after=5)
    try:
        yield
    finally:
        _slots.release()


def _check_extent(raw: bytes, kind: str) -> None:
    """Refuse by the header what is too large to decode.

    Pillow's GIF and WEBP readers allocate when they open, so those headers are read here.
    """
    frames = 1
    if kind == "GIF":
        width, height, frames = _gif_extent(raw)
    elif kind == "WEBP":
        width, height = _webp_extent(raw)
        _check_pixels(width, height, most=settings.UPLOAD_WEBP_PIXELS)
        with Image.open(BytesIO(raw), formats=[kind]) as image:
            frames = getattr(image, "n_frames", 1)
    else:
        with Image.open(BytesIO(raw), formats=[kind]) as image:
            width, height = image.size
    _check_pixels(width, height)
    if frames > settings.UPLOAD_IMAGE_FRAMES:
        raise UploadTooLarge(f"At most {settings.UPLOAD_IMAGE_FRAMES} frames")
    if frames > 1 and width * height * frames > settings.UPLOAD_ANIMATION_PIXELS:
        raise UploadTooLarge("The frames of the picture have too many pixels together")


def _check_pixels(width: int, height: int, *, most: int = settings.UPLOAD_IMAGE_PIXELS) -> None:
    if width < 1 or height < 1:
        raise UploadTypeRejected("The picture is empty")
    if width * height > most:
        raise UploadTooLarge(f"At most {most // 1_000_000} megapixels")
    if max(width, height) > settings.UPLOAD_IMAGE_SIDE:
        raise UploadTooLarge(f"At most {settings.UPLOAD_IMAGE_SIDE} pixels wide or high")


def _gif_extent(raw: bytes) -> tuple[int, int, int]:
    """Return width, height and number of frames; stops counting at one frame too many.

    A frame that reaches over the edge makes the whole picture grow, so frames count too.
    """
    width, height, flags = struct.unpack_from("<HHB", raw, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    while frames <= settings.UPLOAD_IMAGE_FRAMES and at < len(raw):
        block = raw[at]
        if block == 0x2C:
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", raw, at + 1)
            width, height = max(width, left + wide), max(height, top + high)
            frames += 1
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        elif block == 0x21:
            at += 2
        else:
            break
        while at < len(raw) and raw[at]:
            at += 1 + raw[at]
        at += 1
    return width, height, frames


def _webp_extent(raw: bytes) -> tuple[int, int]:
    match raw[12:16]:
        case b"VP8X":
            return (
                1 + int.from_bytes(raw[24:27], "little"),
                1 + int.from_bytes(raw[27:30], "little"),
            )
        case b"VP8L":
            bits = int.from_bytes(raw[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            wide, high = struct.unpack_from("<HH", raw, 26)
            return wide & 0x3FFF, high & 0x3FFF
        case _:
            raise UploadTypeRejected("The picture cannot be read")


def _redraw(raw: bytes, kind: str) -> Picture:
    drawn = BytesIO()
    with Image.open(BytesIO(raw), formats=[kind]) as image:
        # JPEG and PNG may hold more than one picture too; of those the first is what is shown.
        if kind in {"GIF", "WEBP"} and getattr(image, "n_frames", 1) > 1:
            size = _draw_frames(image, kind, drawn)
        else:
            size = _draw_still(image, kind, drawn)
    mime, suffix = PICTURES[kind]
    return Picture(drawn.getvalue(), mime, suffix, *size)


def _draw_still(image: Image.Image, kind: str, drawn: BytesIO) -> tuple[int, int]:
    image.load()
    # A broken note of how the camera was held is no reason to refuse the picture.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    bare = _bare(image)
    if kind == "JPEG" and bare.mode not in {"L", "RGB"}:
        bare = bare.convert("RGB")
    bare.save(drawn, kind, **_SAVE[kind])
    return bare.size


def _bare(image: Image.Image) -> Image.Image:
    """Forget what Pillow would write back by itself: comments, profiles, text."""
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    return image


def _draw_frames(image: Image.Image, kind: str, drawn: BytesIO) -> tuple[int, int]:
    loop = image.info.get("loop")
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(_bare(frame.convert("RGBA")))
        durations.append(min(max(int(frame.info.get("duration") or 100), 20), 60_000))
    options = dict(_SAVE[kind])
    if loop is not None:
        options["loop"] = int(loop)
    if kind == "GIF":
        # Each frame is whole: what shone through the one before must not do so twice.
        options["disposal"] = 2
    frames[0].save(
        drawn, kind, save_all=True, append_images=frames[1:], duration=durations, **options
    )
    return frames[0].size
