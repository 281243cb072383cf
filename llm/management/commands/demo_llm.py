"""`manage.py demo_llm`: the demo endpoint as a process of its own, for several workers to share."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.actions import ensure_default_model
from llm.demo import server


class Command(BaseCommand):
    """Serves until interrupted."""

    help = "Serve the demo assistant's model endpoint on loopback (DEMO_LLM_PORT, or --port)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the port."""
        parser.add_argument("--port", type=int, default=settings.DEMO_LLM_PORT or 8011)
        parser.add_argument("--pace", type=float, default=1.0, help="0 answers without pauses")

    def handle(self, *_: Any, port: int, pace: float, **__: Any) -> None:
        """Point the demo model's row here, then serve."""
        ensure_default_model(demo_url=f"http://{server.HOST}:{port}/v1")
        try:
            asyncio.run(self._serve(port, pace))
        except OSError as error:
            raise CommandError(f"Port {port} is taken.") from error

    async def _serve(self, port: int, pace: float) -> None:
        runner, url = await server.start(port=port, pace=pace)
        self.stdout.write(f"Demo model endpoint on {url}")
        self.stdout.flush()
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        await over.wait()
        await runner.cleanup()
