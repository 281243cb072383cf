"""Uploads: files that wait for the message that will carry them.

The row comes before the file and the file goes before the row, so whenever a process dies in
between there is a row by which the rest is found and tidied away.
"""

import contextlib
import datetime as dt
import errno
import logging
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Count, Q, Sum

from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib import clock, dbpool
from chatsite.lib.errors import (
    RateLimited,
    ServiceUnavailable,
    UploadTooLarge,
    ValidationFailed,
)
from sessions_app.models import Attachment, MessageKind

log = logging.getLogger(__name__)

_DAY = dt.timedelta(days=1)
_SWEEP_BATCH = 100
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def upload_image(*, viewer: Viewer, file: "File[bytes]") -> Attachment:
    """Keep a picture, drawn anew without metadata, and return it.

    Raises :class:`UploadTooLarge` (bytes, pixels, frames), :class:`UploadTypeRejected`,
    :class:`ValidationFailed` for an empty file, or :class:`RateLimited` when too much of the
    user's waits to be sent or came within a day.
    """
    from sessions_app import documents, pictures  # Pillow is heavy; most processes never need it

    _admit(viewer, file, most=settings.UPLOAD_IMAGE_BYTES)
    dbpool.give_back()
    picture = pictures.redraw(file.read())
    if len(picture.data) > settings.UPLOAD_FILE_BYTES:
        raise UploadTooLarge
    item = Attachment(
        uploader_id=viewer.user_id,
        kind=MessageKind.IMAGE,
        name=documents.display_name(file.name or "", picture.suffix, "image"),
        mime=picture.mime,
        size=len(picture.data),
        width=picture.width,
        height=picture.height,
    )
    return _keep(item, picture.suffix, ContentFile(picture.data))


def upload_file(*, viewer: Viewer, file: "File[bytes]") -> Attachment:
    """Keep a document as it came, to be downloaded only, and return it.

    Raises what :func:`upload_image` does.
    """
    from sessions_app import documents

    _admit(viewer, file, most=settings.UPLOAD_FILE_BYTES)
    mime, suffix = documents.type_of(file.name or "", file)
    item = Attachment(
        uploader_id=viewer.user_id,
        kind=MessageKind.FILE,
        name=documents.display_name(file.name or "", suffix, "file"),
        mime=mime,
        size=file.size,
    )
    return _keep(item, suffix, file)


def discard_uploads() -> int:
    """Delete what was never sent within a day, and what hung on messages deleted a day ago.

    Returns how many.  A message that is just taking its upload keeps it: the row is locked.
    """
    long_ago = clock.now() - dt.timedelta(seconds=settings.UPLOAD_ORPHAN_S)
    useless = Q(message__isnull=True, created_at__lt=long_ago) | Q(message__deleted_at__lt=long_ago)
    ids = list(Attachment.objects.filter(useless).values_list("pk", flat=True))
    return sum(
        _discard(ids[start : start + _SWEEP_BATCH]) for start in range(0, len(ids), _SWEEP_BATCH)
    )


def _discard(ids: list[uuid.UUID]) -> int:
    gone = 0
    with transaction.atomic():
        for item in (
            Attachment.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("message")
            .filter(pk__in=ids)
        ):
            if item.message is not None and item.message.deleted_at is None:
                continue  # it was sent meanwhile
            try:
                item.file.storage.delete(item.file.name or "")
            except OSError as error:
                log.warning("upload not deleted", extra={"error": repr(error)})
                continue
            item.delete()
            gone += 1
    return gone


def _admit(viewer: Viewer, file: "File[bytes]", *, most: int) -> None:
    """Refuse early what cannot be kept, before any work is done on it."""
    if not file.size:
        raise ValidationFailed.of("file", "is empty", "empty")
    if file.size > most:
        raise UploadTooLarge(f"At most {most // 1024 // 1024} MB")
    _check_quota(viewer.user_id, file.size)
    _check_disk(file.size)


def _check_quota(user_id: int, more: int) -> None:
    since = clock.now() - _DAY
    pending = Q(message__isnull=True)
    used = Attachment.objects.filter(uploader_id=user_id, created_at__gte=since).aggregate(
        day=Sum("size", default=0),
        bytes=Sum("size", filter=pending, default=0),
        files=Count("pk", filter=pending),
    )
    if (
        used["files"] >= settings.UPLOAD_PENDING_FILES
        or used["bytes"] + more > settings.UPLOAD_PENDING_BYTES
    ):
        raise RateLimited("Send the files you have uploaded first", retry_after=3600)
    if used["day"] + more > settings.UPLOAD_DAY_BYTES:
        raise RateLimited("No more files for today", retry_after=3600)


def _check_disk(more: int) -> None:
    """Leave room for the database, which may live on the same disk."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(root).free - more < settings.UPLOAD_SPARE_DISK_BYTES:
        log.error("no room for uploads")
        raise UploadTooLarge("There is no room for files now")


def _keep(item: Attachment, suffix: str, content: "File[bytes]") -> Attachment:
    """Write row and file; the user's row is locked, so parallel uploads cannot share a quota."""
    item.file.name = f"attachments/{item.created_at:%Y/%m}/{item.id.hex}{suffix}"
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=item.uploader_id)
        _check_quota(item.uploader_id, item.size)
        item.save(force_insert=True)
    dbpool.give_back()
    try:
        item.file.storage.save(item.file.name, content)
    except OSError as error:
        with contextlib.suppress(OSError):
            item.file.storage.delete(item.file.name)
        item.delete()
        if error.errno in _NO_ROOM:
            raise UploadTooLarge("There is no room for files now") from error
        log.exception("upload not written")
        raise ServiceUnavailable(retry_after=10) from error
    return item
