"""Health for operators and load balancers, and the metrics."""

import hmac
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from accounts.client import client_ip
from chatsite.lib.bus import bus
from llm.knowledge import health as knowledge_health

_draining = False
WORKER_BEAT_KEY = "health:worker"
WORKER_SILENT_S = 60


def drain() -> None:
    """Stop being ready: the process is about to end."""
    global _draining  # noqa: PLW0603 - a process drains once
    _draining = True


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process is alive."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether this process may take traffic: not draining, and the database answers."""
    ready = not _draining and _check(_database)["ok"]
    return HttpResponse(
        "ready" if ready else "not ready",
        status=200 if ready else 503,
        content_type="text/plain",
    )


def health(request: HttpRequest) -> JsonResponse:
    """Report on every part; 503 when something the chat cannot do without is missing.

    Without Redis or a worker messages are still stored and delivered, so these only degrade.
    """
    parts = {
        "database": _check(_database),
        "cache": _check(_cache),
        "bus": {"ok": bus.is_healthy},
        "worker": _check(_worker),
        "knowledge": knowledge_health.report(),
    }
    fine = all(part["ok"] for part in parts.values())
    usable = parts["database"]["ok"] and not _draining
    return JsonResponse(
        {"status": "ok" if fine else "degraded" if usable else "down", "parts": parts},
        status=200 if usable else 503,
    )


def _check(probe: Callable[[], None]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        probe()
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not well
        return {"ok": False, "error": type(error).__name__}
    return {"ok": True, "ms": round((time.perf_counter() - began) * 1000, 1)}


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    cache.set("health:cache", 1, 10)


def _worker() -> None:
    beat = cache.get(WORKER_BEAT_KEY)
    if beat is None or time.time() - beat > WORKER_SILENT_S:
        raise TimeoutError("no worker has shown itself")


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics: with ``METRICS_TOKEN``, or in development from this machine.

    To anyone else the address does not exist.
    """
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    with_token = bool(settings.METRICS_TOKEN) and hmac.compare_digest(
        given.encode(), settings.METRICS_TOKEN.encode()
    )
    local = not settings.PRODUCTION and client_ip(request) in {"127.0.0.1", "::1"}
    if not (with_token or local):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
