"""From a model's row to what a provider is called with."""

from __future__ import annotations

import logging

from django.conf import settings

from chatsite.lib import crypto, outbound
from llm.models import ModelConfig
from llm.providers import Endpoint, ProviderFailure

log = logging.getLogger(__name__)


def endpoint_of(model: ModelConfig) -> Endpoint:
    """Return where and as whom to ask; the key is in plain text from here to the end of the call.

    Raises :class:`ProviderFailure` when the stored key cannot be read.
    """
    try:
        key = model.read_api_key()
    except crypto.UndecryptableError:
        log.error("a model's key cannot be read, enter it again", extra={"model": model.name})
        raise ProviderFailure("auth") from None
    return Endpoint(
        base_url=model.base_url,
        model=model.model,
        api_key=key,
        refused=frozenset(model.capabilities.get("refused", ())),
        kind=model.provider_name,
        may_be_private=model.is_demo or may_be_private(model.base_url),
    )


def may_be_private(base_url: str) -> bool:
    """Say whether an address may lead into our own network, and be spoken to without TLS.

    That is for the operator to say, by a switch for all, or by setting the very address.
    """
    if settings.LLM_ALLOW_PRIVATE_NETWORKS:
        return True
    try:
        return bool(settings.LLM_API_URL) and (
            outbound.origin(base_url) == outbound.origin(settings.LLM_API_URL)
        )
    except outbound.BadURL:
        return False
