"""A fingerprint of what a replay tries, so that a pass counts for exactly that."""

from __future__ import annotations

import hashlib

import orjson

from llm.gate.models import Case, Release


def digest_of(release: Release) -> str:
    """Return the digest of a release as it is now, with its articles and all enabled cases."""
    model = release.model
    parts = {
        "model": [model.pk, model.base_url, model.model, model.default_params],
        "prompt": release.system_prompt,
        "params": release.params,
        "articles": list(release.articles.order_by("pk").values_list("pk", "title", "body")),
        "cases": [
            [
                case.pk,
                case.talk,
                case.must_say,
                case.must_not_say,
                case.handoff,
                sorted(article.pk for article in case.cites.all()),
            ]
            for case in Case.objects.filter(enabled=True).order_by("pk").prefetch_related("cites")
        ],
    }
    raw = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(raw, digest_size=16).hexdigest()
