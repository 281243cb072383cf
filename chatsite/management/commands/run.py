"""`manage.py run`: the whole product in one process, for trying it out and for small sites."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from contextlib import ExitStack
from typing import IO, Any

import psycopg
import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from chatsite import server
from chatsite.lib import env


def unusable(name: str, error: Exception) -> CommandError:
    """One line that names the setting, with the first line of what its server said."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return CommandError(f"Setting {name}: {said}")


class Command(BaseCommand):
    """Prepares the database, then serves web pages, jobs and schedule until ctrl-C."""

    help = "Run the whole product in one process on PORT, with demo data at the first start."
    requires_system_checks: list[str] = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        if "LOG_LEVEL" not in os.environ:
            # Celery sets Django's logging up once more, so the setting has to say it too.
            logs: dict[str, Any] = settings.LOGGING
            logs["root"]["level"] = "WARNING"
            logging.getLogger().setLevel(logging.WARNING)
        try:
            self.run_all()
        except KeyboardInterrupt:
            raise SystemExit(130) from None  # while it started; what was begun is taken up again
        if any(not thread.daemon for thread in threading.enumerate()[1:]):
            os._exit(0)  # a job that does not end; the next start takes it up again

    def run_all(self) -> None:
        """Start one part after the other, serve until the end, and stop them in reverse."""
        with ExitStack() as stack:
            stack.enter_context(self.only_one())
            listeners = self.listeners()
            self.reach()
            stack.callback(self.say, "Stopped. The data is kept; `make run` starts again.")
            server.reserve_loop()  # before anything is published: seeding does
            try:
                self.migrate()
                self.seed()
            except OperationalError as error:
                raise unusable("DATABASE_URL", error) from error
            self.start_model(stack)
            self.start_jobs(stack)
            self.say("Starting the web server…")
            server.serve(listeners, on_ready=self.welcome)
            self.say("\nStopping…")

    def say(self, line: str) -> None:
        """Progress in plain words, at once even through a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def only_one(self) -> IO[str]:
        """Hold the data folder: a second process would not see the first one's live events."""
        lock = (settings.DATA_DIR / "run.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"It is running already, with the data folder {settings.DATA_DIR}."
            ) from error
        return lock

    def listeners(self) -> list[Any]:
        try:
            return server.bind(env.text("HOST", "localhost"), settings.PORT)
        except server.PortTaken as error:
            raise CommandError(f"{error}. Choose another one: PORT=8081 make run") from error

    def reach(self) -> None:
        """Ask the servers that settings name, before anything waits for one that is not there."""
        if connection.vendor == "postgresql":
            try:
                psycopg.connect(**connection.get_connection_params()).close()
            except psycopg.OperationalError as error:
                raise unusable("DATABASE_URL", error) from error
        if settings.REDIS_URL:
            try:
                with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3) as bus:
                    bus.ping()
            except redis.RedisError as error:
                raise unusable("REDIS_URL", error) from error

    def migrate(self) -> None:
        """Bring the database up to date."""
        executor = MigrationExecutor(connection)
        steps = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if steps:
            self.say(f"Preparing the database ({steps} steps)…")
            call_command("migrate", verbosity=0, interactive=False)

    def seed(self) -> None:
        """Put the demo shop in at the first start; never in production."""
        from accounts.models import User
        from support import demo
        from support.actions.seed import seed_demo

        if not settings.PRODUCTION and not User.objects.exists():
            self.say("Putting in the demo shop…")
            seed_demo()
        cast = User.objects.filter(username__in=[login["username"] for login in demo.logins()])
        here = set(cast.values_list("username", flat=True))
        self.logins = [login for login in demo.logins() if login["username"] in here]
        self.seed_knowledge()

    def seed_knowledge(self) -> None:
        """Beside the demo people, the demo shop's help articles, unless there are any already."""
        from llm.gate.actions.demo import seed_cases
        from llm.knowledge.actions import seed_articles
        from llm.knowledge.models import Article
        from llm.knowledge.standing import waiting

        if not settings.PRODUCTION and self.logins and not Article.objects.exists():
            seed_articles()
            seed_cases()
        self.unread = waiting()

    def start_model(self, stack: ExitStack) -> None:
        """Without a model endpoint of your own, the demo assistant answers."""
        from llm.actions import ensure_default_model

        if settings.LLM_API_URL or settings.PRODUCTION:
            self.name_model(ensure_default_model())
            return
        from llm.demo import server as demo

        if settings.LLM_API_KEY or settings.LLM_MODEL:
            self.say("LLM_API_URL is not set: LLM_API_KEY and LLM_MODEL have no effect without it.")
        self.say("Starting the demo assistant (set LLM_API_URL for a real one)…")
        try:
            address = stack.enter_context(demo.running(port=settings.DEMO_LLM_PORT))
        except OSError as error:
            raise CommandError(f"DEMO_LLM_PORT cannot be used: {error}") from error
        ensure_default_model(demo_url=address)

    def name_model(self, model: Any) -> None:
        """Say which model answers: that of the settings only makes the first one."""
        if model is None:
            self.say("No model answers yet: set LLM_API_URL, or add one at /admin/.")
            return
        self.say(f"The assistant answers with {model.model} at {model.base_url}.")
        if settings.LLM_API_URL and model.base_url != settings.LLM_API_URL:
            self.say("LLM_API_URL was for the first start; choose another model at /admin/.")

    def start_jobs(self, stack: ExitStack) -> None:
        """Worker and scheduler as threads."""
        from chatsite import embedded

        self.say("Starting the worker and the scheduler…")
        connections.close_all()
        try:
            stack.enter_context(embedded.running())
        except TimeoutError as error:
            raise CommandError(f"{error} Does the broker answer (CELERY_BROKER_URL)?") from error

    def welcome(self) -> None:
        """The addresses, and at a demo installation the logins."""
        site = f"http://localhost:{settings.PORT}"
        self.say(
            f"""
Cland Chat is running.

  Demo shop with the widget   {site}/
  Agent console               {site}/console/
  Knowledge of the assistant  {site}/console/knowledge/
  Models side by side         {site}/playground/
  Statistics                  {site}/console/stats/
  Administration              {site}/admin/
  API, to read and to try     {site}/api/docs

"""
        )
        if self.logins:
            self.say("Demo logins:")
        for login in self.logins:
            self.say(f"  {login['role']:8}{login['email']:20}{login['password']}")
        if self.unread:
            self.say(
                f"\n{self.unread} passages of the articles are being read; until that is done, "
                "questions find them by words only."
            )
        self.say("\nStop with ctrl-C.")
