"""What a file is, by its ending and by its content, which have to agree."""

import stat
import unicodedata
import zipfile
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from chatsite.lib.errors import UploadTooLarge, UploadTypeRejected
from sessions_app import pictures
from sessions_app.file_types import DOCUMENTS

_MAIN_PART = {
    ".docx": "word/document.xml",
    ".xlsx": "xl/workbook.xml",
    ".pptx": "ppt/presentation.xml",
}
_MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<?xml", b"<!--")
_END_OF_INDEX = b"PK\x05\x06"
_END_OF_INDEX_64 = b"PK\x06\x07"
_NAME_CHARS = 100


def type_of(name: str, file: "File[bytes]") -> tuple[str, str]:
    """Return the media type and the ending of a file.

    Raises :class:`UploadTypeRejected` when the ending is not in :data:`DOCUMENTS` or the content is
    something else, and :class:`UploadTooLarge` for a document that would unpack to too much.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in DOCUMENTS:
        raise UploadTypeRejected(_("Accepted are %s") % ", ".join(sorted(DOCUMENTS)))
    file.seek(0)
    if suffix == ".pdf":
        good = _is_pdf(file)
    elif suffix in _MAIN_PART:
        good = _is_office(file, _MAIN_PART[suffix])
    else:
        good = _is_text(file)
    file.seek(0)
    if not good:
        raise UploadTypeRejected(_("The content is not that of a %s file") % suffix)
    return DOCUMENTS[suffix], suffix


def display_name(raw: str, suffix: str, fallback: str) -> str:
    """Return a name to show and to save under: one line, no path, nothing that turns its reading.

    It is never used as a path of ours.
    """
    last = raw.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    seen = " ".join("".join("_" if char in '<>:"|?*' else char for char in seen).split())
    stem = PurePosixPath(seen).stem.strip(". ")[:_NAME_CHARS].strip(". ")
    return (stem or fallback) + suffix


def _is_pdf(file: "File[bytes]") -> bool:
    """From the first byte on, so that nothing else can be read in front of it."""
    head = file.read(8)
    file.seek(max(0, file.size - 2048))
    return head.startswith(b"%PDF-") and b"%%EOF" in file.read()


def _is_text(file: "File[bytes]") -> bool:
    """In whatever encoding, as long as there is no binary in it and it is not a page."""
    head = file.read(4096)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_MARKUP) or start.startswith(b"%pdf-") or pictures.kind_of(head):
        return False
    control = bytes({*range(32), 127} - {*b"\t\n\r\f\x1b"})
    while head:
        if len(head.translate(None, control)) != len(head):
            return False
        head = file.read(1024 * 1024)
    return True


def _is_office(file: "File[bytes]", main_part: str) -> bool:
    """Only the archive's index is read; nothing is unpacked, here or later."""
    if file.read(4) != b"PK\x03\x04" or not _has_small_index(file):
        return False
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        return False
    names = {entry.filename for entry in entries}
    if len(names) != len(entries) or not names >= {"[Content_Types].xml", main_part}:
        return False
    if any(_is_odd(entry) for entry in entries):
        return False
    if sum(entry.file_size for entry in entries) > settings.UPLOAD_UNPACKED_BYTES:
        raise UploadTooLarge(_("The document unpacks to too much"))
    return True


def _has_small_index(file: "File[bytes]") -> bool:
    """Say whether the archive ends with an index that is quick to read.

    Python reads as many entries as the index has, and 20 MB of them take seconds.
    """
    file.seek(max(0, file.size - 65_557 - 20))
    tail = file.read()
    at = tail.rfind(_END_OF_INDEX)
    if at < 0 or len(tail) < at + 22 or _END_OF_INDEX_64 in tail[max(0, at - 20) : at]:
        return False
    return int.from_bytes(tail[at + 12 : at + 16], "little") <= settings.UPLOAD_ARCHIVE_INDEX_BYTES


def _is_odd(entry: zipfile.ZipInfo) -> bool:
    """Name what no office program writes: a way out of the folder, a link, a lock, a macro."""
    name = entry.filename
    return (
        name.startswith("/")
        or "\\" in name
        or ".." in name.split("/")
        or stat.S_ISLNK(entry.external_attr >> 16)
        or bool(entry.flag_bits & 0x1)
        or name.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs"))
    )
