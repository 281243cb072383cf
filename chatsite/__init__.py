"""The project package: assembly at the top (urls, asgi, celery), shared helpers in ``lib``."""

from chatsite.celery import app as celery_app

__all__ = ["celery_app"]
