"""What the kernel's REST views share: who asks, what they may, and how a request is checked."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.viewer import Viewer, viewer_of
from chatsite.lib import ratelimit
from sessions_app import access, queries
from sessions_app.models import ChatSession

NO_BODY: Any = None


def checked(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated data of a request; raise the error that names the wrong fields."""
    form = kind(data=data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def shown(viewer: Viewer, session: ChatSession, code: int = 200) -> Response:
    """Answer with a session as the viewer sees it."""
    staff = access.is_staff_view(viewer, session)
    return Response(queries.shown_one(session.id, staff=staff), code)


class KernelView(APIView):
    """A view that knows its viewer and counts the use of the API."""

    viewer: Viewer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, then count."""
        super().initial(request, *args, **kwargs)
        self.viewer = viewer_of(request)
        ratelimit.hit("api_user", str(self.viewer.user_id))

    def checked_in(
        self, session_id: object, kind: type[serializers.Serializer[Any]], data: Any
    ) -> dict[str, Any]:
        """Return the validated data of a request about a session.

        A stranger to the session gets :class:`SessionNotFound`, whatever else is wrong.
        """
        try:
            return checked(kind, data)
        except serializers.ValidationError:
            access.session_for(self.viewer, session_id)
            raise
