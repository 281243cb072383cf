"""A pytest plugin that gives every run a real PostgreSQL and Redis.

pytest-django loads the settings before it reads any conftest file, so the addresses have to be in
the environment earlier: pyproject.toml loads this module with `-p`. TEST_DATABASE_URL and
TEST_REDIS_URL name servers to use instead; that Redis is emptied before every test.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack

import pytest

from deploy import services
from deploy.programs import ServiceError

_cleanup = ExitStack()
_running: services.Servers | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the servers and put their addresses where chatsite.settings reads them."""
    global _running
    options = early_config.known_args_namespace
    if options.help or options.version:
        return
    atexit.register(_cleanup.close)
    # Told to end, pytest tidies up as it does after ctrl-C, and no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    data = tempfile.mkdtemp(prefix="cland-tests-")
    _cleanup.callback(shutil.rmtree, data, ignore_errors=True)
    os.environ["DATA_DIR"] = data
    os.environ.setdefault("LOG_LEVEL", "warning")
    os.environ.setdefault("LOG_FORMAT", "console")
    os.environ.pop("DJANGO_ENV", None)
    # Our scripted models stand on this machine.
    os.environ["LLM_ALLOW_PRIVATE_NETWORKS"] = "true"
    if os.environ.get("TEST_TOPOLOGY") == "embedded":
        # What `make run` has: SQLite, and everything live inside the process.
        os.environ["DATABASE_URL"] = f"sqlite:///{data}/cland.sqlite3"
        os.environ.pop("REDIS_URL", None)
        return
    try:
        _running = _cleanup.enter_context(services.running(fsync=False, say=_tell))
    except ServiceError as error:
        pytest.exit(f"The tests need PostgreSQL and Redis. {error}", returncode=1)
    os.environ["DATABASE_URL"] = _running.database_url
    os.environ["REDIS_URL"] = _running.redis_url


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def pytest_unconfigure() -> None:
    """Stop the servers as soon as the last test is done."""
    _cleanup.close()


@pytest.fixture(scope="session")
def servers() -> services.Servers:
    """Addresses of the database and the Redis of this run."""
    assert _running is not None
    return _running
