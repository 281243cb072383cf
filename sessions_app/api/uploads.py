"""Uploads and downloads over REST."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.base import File
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.client import client_of
from accounts.schema import refusals
from accounts.viewer import Viewer
from chatsite.lib import dbpool, errors, ratelimit
from chatsite.lib.errors import AuthTokenInvalid, NotFound, ServiceUnavailable, ValidationFailed
from sessions_app import access, actions, payloads
from sessions_app.api import serializers as shapes
from sessions_app.api.base import KernelView
from sessions_app.models import Attachment, MessageKind

_CHUNK = 64 * 1024
_BODY = {
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}
_REFUSALS = refusals(errors.UploadTooLarge, errors.UploadTypeRejected, errors.RateLimited)
_LINK = "until=1795257000&sig=h2cK6iI4iDF0uV9mJgqL0vZ8m0l4mXl1O3p2cYk6b9E"
_IMAGE = {
    "id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10",
    "url": f"/api/v1/files/019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10?{_LINK}",
    "kind": "image",
    "name": "torn-seam.jpg",
    "mime": "image/jpeg",
    "size": 183204,
    "width": 1600,
    "height": 1200,
}
_FILE = {
    "id": "019aa5c4-8a10-7d02-b7ce-51b6a1c2f3d4",
    "url": f"/api/v1/files/019aa5c4-8a10-7d02-b7ce-51b6a1c2f3d4?{_LINK}",
    "kind": "file",
    "name": "invoice.pdf",
    "mime": "application/pdf",
    "size": 48211,
}


class UploadParser(MultiPartParser):
    """Multipart; a form that Django finds suspicious (too many parts) is a bad request."""

    def parse(
        self, stream: Any, media_type: Any = None, parser_context: Any = None
    ) -> "DataAndFiles[Any, Any]":
        """Return the fields and files of the form."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RequestDataTooBig:
            raise
        except OSError as error:  # no room for temporary files
            raise ServiceUnavailable(retry_after=10) from error
        except (SuspiciousOperation, ValueError) as error:
            raise ParseError("The body is not a valid form") from error


class _UploadView(KernelView, ABC):
    """Takes one file."""

    parser_classes = [UploadParser]

    @abstractmethod
    def keep(self, file: "File[bytes]") -> Attachment:
        """Call the action."""

    def take(self, request: Request) -> Response:
        """Keep the one file of the form."""
        ratelimit.hit("upload_user", str(self.viewer.user_id))
        files = request.FILES.getlist("file")
        if len(files) != 1 or len(request.FILES) != 1:
            raise ValidationFailed.of("file", "send exactly one file, named `file`", "required")
        return Response(payloads.attachment(self.keep(files[0])), status.HTTP_201_CREATED)


class UploadImageView(_UploadView):
    """Takes pictures."""

    def keep(self, file: "File[bytes]") -> Attachment:
        """Keep a picture."""
        return actions.upload_image(viewer=self.viewer, file=file)

    @extend_schema(
        operation_id="upload_image",
        tags=["files"],
        summary="Upload a picture",
        description="PNG, JPEG, GIF or WEBP, up to 10 MB, 40 megapixels and 300 frames; the type "
        "is told from the content. It is drawn anew: upright, without metadata. Name its id in "
        "`attachment_ids` of a message within 24 hours, or it is deleted.",
        request=_BODY,
        responses={201: shapes.AttachmentSerializer, **_REFUSALS},
        examples=[OpenApiExample("A picture", _IMAGE, response_only=True, status_codes=["201"])],
    )
    def post(self, request: Request) -> Response:
        """Take a picture."""
        return self.take(request)


class UploadFileView(_UploadView):
    """Takes documents."""

    def keep(self, file: "File[bytes]") -> Attachment:
        """Keep a document."""
        return actions.upload_file(viewer=self.viewer, file=file)

    @extend_schema(
        operation_id="upload_file",
        tags=["files"],
        summary="Upload a document",
        description="`.pdf .txt .log .csv .docx .xlsx .pptx` with fitting content, up to 20 MB. "
        "Name its id in `attachment_ids` of a message within 24 hours, or it is deleted.",
        request=_BODY,
        responses={201: shapes.AttachmentSerializer, **_REFUSALS},
        examples=[OpenApiExample("A document", _FILE, response_only=True, status_codes=["201"])],
    )
    def post(self, request: Request) -> Response:
        """Take a document."""
        return self.take(request)


class FileView(APIView):
    """Gives a file to whoever may see it now."""

    permission_classes = [AllowAny]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Files are what they are: `Accept: image/*` is no reason to refuse."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="files_get",
        tags=["files"],
        summary="Download a file",
        description="Who may see it: its uploader until it is sent, then whoever may see the "
        "message. The `url` of an attachment is signed for this one file, works without an "
        "`Authorization` header for up to an hour, and is renewed whenever the message is read "
        "again. With the header, the caller's rights decide and the signature is not looked at; "
        "the address then works without its query too.",
        parameters=[
            OpenApiParameter("until", OpenApiTypes.STR, description="Of a signed link."),
            OpenApiParameter("sig", OpenApiTypes.STR, description="Of a signed link."),
        ],
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="Not changed since it was loaded."),
            **refusals(errors.AuthTokenInvalid),
        },
    )
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """Return the bytes."""
        if isinstance(request.auth, Viewer):
            ratelimit.hit("api_user", str(request.auth.user_id))
            item = access.attachment_for(request.auth, file_id)
        elif "sig" in request.query_params:
            ratelimit.hit("file_link_ip", client_of(request).network)
            until = request.query_params.get("until", "")
            item = access.attachment_by_link(file_id, until, request.query_params["sig"])
        else:
            raise AuthTokenInvalid
        return _served(request, item)


def _served(request: Request, item: Attachment) -> HttpResponseBase:
    """Answer with the file such that no browser takes it for a page of ours."""
    etag = f'"{item.id.hex}"'
    unchanged = get_conditional_response(request._request, etag=etag)
    response = unchanged or _streamed(item)
    response["ETag"] = etag
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    # Asked for again after five minutes, so that a taken-back file does not live on in caches.
    response["Cache-Control"] = "private, max-age=300"
    patch_vary_headers(response, ["Authorization"])
    return response


def _streamed(item: Attachment) -> HttpResponseBase:
    try:
        file = item.file.open("rb")
    except FileNotFoundError:
        raise NotFound from None
    except OSError as error:
        raise ServiceUnavailable(retry_after=10) from error
    dbpool.give_back()
    charset = "; charset=utf-8" if item.mime.startswith("text/") else ""
    # Only what we have drawn ourselves may be shown in place.
    shown = item.kind == MessageKind.IMAGE
    return StreamingHttpResponse(
        _chunks(file),
        content_type=item.mime + charset,
        headers={
            "Content-Length": str(file.size),
            "Content-Disposition": content_disposition_header(not shown, item.name) or "",
        },
    )


async def _chunks(file: "File[bytes]") -> AsyncIterator[bytes]:
    """Read as fast as the client does: a slow one holds 64 KiB, not the file."""
    with contextlib.closing(file):
        while chunk := await sync_to_async(file.read, thread_sensitive=False)(_CHUNK):
            yield chunk
