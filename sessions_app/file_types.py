"""Which files we take and how large they may be: for those who check them and those who offer them.

Light on purpose: to say what is accepted, nobody has to load what decodes it.
"""

from typing import Any

from django.conf import settings

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
#: Documents: the endings we take, and the media type that a file of that kind is given.
DOCUMENTS = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".log": "text/plain",
    ".csv": "text/csv",
    ".docx": f"{_OPEN_XML}.wordprocessingml.document",
    ".xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    ".pptx": f"{_OPEN_XML}.presentationml.presentation",
}
#: Pictures, by their decoder's name: media type, and the ending they are kept under.
PICTURES = {
    "PNG": ("image/png", ".png"),
    "JPEG": ("image/jpeg", ".jpg"),
    "GIF": ("image/gif", ".gif"),
    "WEBP": ("image/webp", ".webp"),
}
#: Files in one message.
MOST_FILES = 10


def upload_limits() -> dict[str, Any]:
    """Return what a composer has to know: bytes of a picture and of a document, files in one
    message, and what a file picker should offer."""
    return {
        "image": settings.UPLOAD_IMAGE_BYTES,
        "file": settings.UPLOAD_FILE_BYTES,
        "most": MOST_FILES,
        "accept": ",".join([*(mime for mime, _ in PICTURES.values()), *DOCUMENTS]),
    }
