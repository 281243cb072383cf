"""The full topology as child processes that can be killed and brought back one by one.

PostgreSQL (durable: a killed server must not forget what it acknowledged), Redis (which comes back
empty), two web processes, a worker and the scheduler.
"""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import servers
from deploy import services

WEBS = ("web.1", "web.2")
ROLES = (*WEBS, "worker", "scheduler", "redis", "postgresql")

ENVIRONMENT = {
    "RATE_LIMIT_SCALE": "1000",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "warning",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "LLM_USER_SLOTS": "1000",
    # Models that stand still do so until a test lets go of them, however slow the machine is.
    "LLM_FIRST_CONTENT_S": "60",
    "LLM_GAP_S": "60",
}


def wait_for(what: str, found: Callable[[], object], timeout: float = 30.0) -> None:
    """Poll until `found` is true; raises TimeoutError with `what` when the time runs out."""
    deadline = time.monotonic() + timeout
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


class Cluster:
    """All processes of one deployment; a context manager."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.postgresql = services.PostgreSQL(home / "postgresql")
        self.redis = services.Redis(home / "redis")
        self._environment = {**ENVIRONMENT, "DATA_DIR": str(home / "data"), **environment}
        self._processes: dict[str, servers.Process] = {}

    def __enter__(self) -> "Cluster":
        try:
            self.postgresql.start()
            self.redis.start()
            self.manage("migrate", "--verbosity", "0")
            self._make_processes()
            for process in self._processes.values():
                process.start()
            for process in self._processes.values():
                process.wait_ready(90)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes.values()):
            process.kill()
        self.redis.stop()
        self.postgresql.stop()

    @property
    def env(self) -> dict[str, str]:
        """Environment of every process of the product."""
        addresses = {"DATABASE_URL": self.postgresql.url, "REDIS_URL": self.redis.url}
        return {**self._environment, **addresses}

    @property
    def webs(self) -> list[servers.Web]:
        """The two web processes."""
        return [web for web in self._processes.values() if isinstance(web, servers.Web)]

    @contextlib.contextmanager
    def another_worker(self) -> Iterator[servers.Process]:
        """A second worker for the length of the block, as there is during a deployment."""
        worker = servers.worker("worker.2", home=self.home, env=self.env)
        worker.start()
        try:
            worker.wait_ready(90)
            yield worker
        finally:
            worker.stop(40)

    def process(self, role: str) -> servers.Process:
        """A process of the product by its role."""
        return self._processes[role]

    def manage(self, *arguments: str) -> str:
        """Run a management command against this deployment."""
        return servers.manage(*arguments, env=self.env)

    def kill(self, role: str, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a role: the process group of ours, all of a server's processes."""
        if role not in ("postgresql", "redis"):
            self._processes[role].kill(sig)
            return
        pid = (self.postgresql if role == "postgresql" else self.redis).pid
        orphans = servers.children(pid)
        os.kill(pid, sig)
        if sig == signal.SIGKILL:
            (self.postgresql if role == "postgresql" else self.redis).kill()
            # A new postmaster refuses to start while a backend of the old one lives.
            for orphan in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)

    def restart(self, role: str) -> None:
        """Start a killed role again on its old address, and wait until it serves."""
        if role == "postgresql":
            self.postgresql.start()
        elif role == "redis":
            self.redis.start()
        else:
            self._processes[role].start()
            self._processes[role].wait_ready(60)

    def mend(self) -> None:
        """Bring back whatever a test has left dead, so that only that test fails."""
        if not is_listening(self.redis.port):
            self.restart("redis")
        for role, process in self._processes.items():
            if not process.running:
                self.restart(role)

    def logs(self) -> str:
        """The last lines of every process, for a failed test."""
        return "\n".join(
            f"--- {name}\n{process.log.read_text(errors='replace')[-2000:]}"
            for name, process in self._processes.items()
            if process.log.exists()
        )

    def _make_processes(self) -> None:
        for name in WEBS:
            self._processes[name] = servers.product(name, home=self.home, env=self.env)
        self._processes["worker"] = servers.worker("worker", home=self.home, env=self.env)
        self._processes["scheduler"] = servers.scheduler(home=self.home, env=self.env)


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
