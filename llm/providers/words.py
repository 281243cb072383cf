"""What a failure means, for the people who set models up. Nothing of it comes from a provider."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Final[dict[str, Promise]] = {
    "ok": _("It answers."),
    "connect": _("No connection: the host is unknown, does not listen, or its certificate is bad."),
    "reset": _("The endpoint closed the connection before it answered."),
    "rate_limited": _("The endpoint has had too many requests (429)."),
    "overloaded": _("The endpoint is overloaded or being restarted."),
    "upstream": _("The endpoint reports an error of its own."),
    "first_content": _("No text came in time."),
    "stalled": _("The answer began and then stood still."),
    "deadline": _("The answer took too long."),
    "truncated": _("The answer broke off."),
    "empty": _("The answer held no text."),
    "protocol": _("What came is not what an OpenAI-compatible endpoint sends."),
    "too_large": _("The answer is larger than we are willing to read."),
    "auth": _("The endpoint refuses the API key, or the stored key has to be entered again."),
    "model": _("The endpoint does not know this model or this address (404)."),
    "context_length": _("The question does not fit into the model's context."),
    "content_filter": _("The endpoint refused the content."),
    "refused": _("The endpoint refused the request."),
    "redirect": _("The endpoint redirects elsewhere, which is never followed."),
    "address": _("This address may not be called: it is not public, or not https."),
}


def sentence(reason: str) -> str:
    """Return what a reason means, in the language of the reader."""
    return str(REASONS.get(reason, reason))
