"""How log lines are made, whichever library writes them."""

from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def config(*, level: str, form: str) -> dict[str, Any]:
    """Return Django's ``LOGGING``; ``level`` as logging names it, ``form`` is json or console."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processor": (
                    structlog.processors.JSONRenderer()
                    if form == "json"
                    else structlog.dev.ConsoleRenderer(colors=False)
                ),
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Access lines of the servers hold query strings, and so tickets: ours do not.
            "uvicorn.access": {"level": "CRITICAL", "propagate": False},
            "daphne": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            # A traceback for each request that names another host would let strangers fill disks.
            "django.security.DisallowedHost": {"level": "CRITICAL", "propagate": False},
            "aiohttp.access": {"level": "CRITICAL"},
            # A line for each request to the vector index and to an embedding endpoint.
            "httpx": {"level": "WARNING"},
        },
    }
