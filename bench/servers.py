"""The processes of the product as children of a measurement or a fault test.

PostgreSQL and Redis come from ``deploy.services``; here are web, worker and scheduler, each in its
own process group, with a log file, ready only when it answers, and pinned to a core when that is
wanted.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.services import free_port

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "--app", "chatsite"]


class NotReady(RuntimeError):
    """A process did not answer in time; carries the end of its log."""


def cores() -> list[int]:
    """The processor cores this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def pin(pid: int, core: int | None) -> None:
    """Keep a process, and whatever it starts from now on, on one core (where that is possible)."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {core})


class Process:
    """One child process; a subclass says when it is ready."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        home: Path,
        env: Mapping[str, str],
        core: int | None = None,
    ) -> None:
        self.name = name
        self.log = home / f"{name}.log"
        self._argv = list(argv)
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the last start."""
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        """True from start to the end of the process."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; does not wait until it is ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pin(self.pid, self._core)

    def answers(self) -> bool:
        """Whether it serves."""
        return self.running

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Poll until it answers; raises NotReady when it ends first or the time runs out."""
        deadline = time.monotonic() + timeout
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-3000:]
                raise NotReady(f"{self.name} is not ready:\n{tail}")
            time.sleep(0.05)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Send `sig` to the whole process group; after SIGKILL it is also reaped."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, sig)
        if sig == signal.SIGKILL:
            self._process.wait(10)

    def stop(self, timeout: float = 15.0) -> int | None:
        """End it politely, by force after `timeout` seconds; returns the exit code."""
        if self._process is None:
            return None
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        code = self._process.poll()
        self.kill()
        return code


class Web(Process):
    """A server with HTTP; ready when `path` answers 200. `{port}` in the command is its port."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        home: Path,
        env: Mapping[str, str],
        path: str = "/readyz",
        core: int | None = None,
    ) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.ws = f"ws://127.0.0.1:{self.port}/api/v1/ws"
        self._path = path
        argv = [part.replace("{port}", str(self.port)) for part in argv]
        env = {**env, "HOST": "127.0.0.1", "PORT": str(self.port)}
        super().__init__(name, argv, home=home, env=env, core=core)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.base + self._path, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Worker(Process):
    """A Celery worker; ready when it says so in its log."""

    def start(self) -> None:
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        super().start()

    def answers(self) -> bool:
        with self.log.open("rb") as log:
            log.seek(self._begin)
            return b" ready." in log.read()


def product(name: str, *, home: Path, env: Mapping[str, str], core: int | None = None) -> Web:
    """One web process of the product."""
    return Web(name, [*MANAGE, "serve"], home=home, env=env, core=core)


def baseline(*, home: Path, database_url: str, core: int | None = None) -> Web:
    """The bare limit of delivery, served as the product is."""
    env = {"BENCH_DATABASE_URL": database_url}
    return _bare("baseline", "bench.baseline:app", home=home, env=env, core=core)


def bare_relay(*, home: Path, upstream: str, core: int | None = None) -> Web:
    """The bare limit of streamed answers, served as the product is."""
    return _bare("bare", "bench.bare:app", home=home, env={"BENCH_UPSTREAM": upstream}, core=core)


def _bare(name: str, app: str, *, home: Path, env: Mapping[str, str], core: int | None) -> Web:
    """The same server, the same socket code, no compression."""
    argv = [sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1"]
    argv += ["--port", "{port}", "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    argv += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
    argv += ["--log-level", "warning"]
    return Web(name, argv, home=home, env=env, path="/", core=core)


def worker(
    name: str, *, home: Path, env: Mapping[str, str], threads: int = 32, core: int | None = None
) -> Worker:
    """One worker of the product, for all queues."""
    argv = [*CELERY, "worker", "--pool", "threads", "--concurrency", str(threads)]
    argv += ["--queues", "llm,default", "--hostname", f"{name}@%h", "--loglevel", "INFO"]
    return Worker(name, argv, home=home, env=env, core=core)


def scheduler(*, home: Path, env: Mapping[str, str]) -> Process:
    """The Celery scheduler."""
    return Process("scheduler", [*CELERY, "beat", "--loglevel", "WARNING"], home=home, env=env)


def manage(*arguments: str, env: Mapping[str, str]) -> str:
    """Run a management command and return what it printed; raises NotReady when it fails."""
    done = subprocess.run(
        [*MANAGE, *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NotReady(f"manage.py {arguments[0]} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def children(pid: int) -> list[int]:
    """Process ids of the direct children of `pid`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
