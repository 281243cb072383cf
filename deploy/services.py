"""Private PostgreSQL and Redis servers on free loopback ports.

Used by the tests, by `make services` and by the fault tests, which kill and restart them:

    with services.running(Path(".data/services")) as servers:
        print(servers.database_url, servers.redis_url)

Servers named by TEST_DATABASE_URL and TEST_REDIS_URL are used as they are. Otherwise installed
binaries are started; on Debian and as root, missing ones are installed first. As root, the
servers run under another account, because PostgreSQL refuses to run as root.

    python -m deploy.services                    start both, print their addresses, wait for ctrl-C
    python -m deploy.services -- COMMAND ...     run COMMAND with DATABASE_URL and REDIS_URL set
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from deploy.account import Account, reachable_directory
from deploy.programs import Say, ServiceError, install_missing, tool

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0
POLL_S = 0.02


def free_port() -> int:
    """A loopback TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server(ABC):
    """One server process with its folder. Start, stop, kill and restart it on the same port."""

    directory: Path
    port: int = 0
    account: Account = field(default_factory=Account.unprivileged)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    @property
    @abstractmethod
    def url(self) -> str:
        """The address clients use, password included."""

    @property
    def pid(self) -> int:
        """The process id of the running server (for PostgreSQL the postmaster)."""
        if self.process is None or self.process.poll() is not None:
            raise ServiceError(f"{self.name} is not running.")
        return self.process.pid

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name.lower()}.log"

    def start(self) -> None:
        """Start and return once clients are served.

        Starts again until the deadline when the process ends by itself: after a kill, children
        of the old one may hold its memory or its port for a moment.
        """
        self.prepare()
        chosen = self.port
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            self.port = chosen or free_port()
            self.process = self.spawn()
            while time.monotonic() < deadline:
                if self.answers():
                    return
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(POLL_S)
                    break
        self.kill()
        raise ServiceError(f"{self.name} did not start: {last_line(self.log)}")

    def stop(self) -> None:
        """End in good order; by force after the deadline."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_DEADLINE_S)
        self.kill_group()
        self.process = None

    def kill(self) -> None:
        """kill -9 of the main process alone, as a crash would; `start` brings it back."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def kill_group(self) -> None:
        """End whatever is left of the server's process group."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def launch(self, command: Sequence[str], *, stdin: bytes = b"") -> subprocess.Popen[bytes]:
        """Run `command` in a session of its own (ctrl-C is ours to pass on), output to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=plain_environment(),
                start_new_session=True,
                **self.account.popen_options(),
            )
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.write(stdin)
                process.stdin.close()
        return process

    def prepare(self) -> None:
        """Make what the first start needs; nothing when it is there."""
        self.account.make_directory(self.directory)

    @abstractmethod
    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the program."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether it serves."""

    def secret(self) -> str:
        """The server's password, made at the first call and kept in its folder."""
        path = self.directory / "password"
        if not path.exists():
            self.account.make_directory(self.directory)
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
            if self.account.uid is not None and self.account.gid is not None:
                os.chown(path, self.account.uid, self.account.gid)
        return path.read_text()


@dataclass
class PostgreSQL(Server):
    """A private cluster with one database. `fsync` False is for tests that lose nothing by it."""

    fsync: bool = True
    max_connections: int = 300
    database: str = "cland"

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast shutdown: end sessions, write a checkpoint

    @property
    def url(self) -> str:
        return f"postgres://cland:{self.secret()}@127.0.0.1:{self.port}/{self.database}"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def prepare(self) -> None:
        super().prepare()
        self.secret()
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        command = [
            tool("initdb"),
            f"--pgdata={self.data}",
            "--username=cland",
            "--auth=scram-sha-256",
            f"--pwfile={self.directory / 'password'}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        process = self.launch(command if self.fsync else [*command, "--no-sync"])
        if process.wait() != 0:
            raise ServiceError(f"initdb failed: {last_line(self.log)}")

    def spawn(self) -> subprocess.Popen[bytes]:
        durable = "on" if self.fsync else "off"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(self.max_connections),
            "shared_buffers": "128MB",
            "fsync": durable,
            "full_page_writes": durable,
            "synchronous_commit": durable,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return self.launch([tool("postgres"), "-D", str(self.data), *options])

    def answers(self) -> bool:
        import psycopg

        try:
            address = self.url.removesuffix(self.database) + "postgres"
            with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [self.database]
                ).fetchone()
                if not found:
                    name = psycopg.sql.Identifier(self.database)
                    connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
        except psycopg.OperationalError:
            return False
        return True


@dataclass
class Redis(Server):
    """A private Redis that keeps nothing on disk: the database holds every truth."""

    name = "Redis"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self.secret()}@127.0.0.1:{self.port}/0"

    def spawn(self) -> subprocess.Popen[bytes]:
        settings = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.secret()}",
            f'dir "{self.directory}"',
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        # By standard input, so that the password is in no process list.
        return self.launch([tool("redis-server"), "-"], stdin="\n".join(settings).encode())

    def answers(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@dataclass
class Chroma(Server):
    """A private vector index, from the Python package. It has no password: loopback only."""

    account: Account = field(default_factory=lambda: Account(None, None))

    name = "Chroma"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def spawn(self) -> subprocess.Popen[bytes]:
        # The package's own command wants libraries that only its decoration needs.
        program = "import sys, chromadb_rust_bindings as c; c.cli(['chroma', *sys.argv[1:]])"
        options = ["--path", "data", "--host", "127.0.0.1", "--port", str(self.port)]
        return self.launch([sys.executable, "-c", program, "run", *options])

    def answers(self) -> bool:
        from urllib.error import URLError
        from urllib.request import urlopen

        try:
            with urlopen(f"{self.url}/api/v2/heartbeat", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@dataclass(frozen=True)
class Servers:
    """Addresses of a database, a Redis and a Chroma; the server objects when they are our own."""

    database_url: str
    redis_url: str
    chroma_url: str = ""
    postgresql: PostgreSQL | None = None
    redis: Redis | None = None
    chroma: Chroma | None = None


@contextmanager
def running(
    directory: Path | None = None, *, fsync: bool = True, chroma: bool = False, say: Say = print
) -> Iterator[Servers]:
    """PostgreSQL and Redis for the length of the block; with `chroma`, a vector index too.

    Without `directory` they live in a temporary folder, which is removed at the end.
    Raises ServiceError when one cannot be had.
    """
    database_url = os.environ.get("TEST_DATABASE_URL", "")
    redis_url = os.environ.get("TEST_REDIS_URL", "")
    if not (database_url and redis_url):
        install_missing(postgresql=not database_url, redis=not redis_url, say=say)
    temporary = None
    if directory is None:
        temporary = directory = Path(tempfile.mkdtemp(prefix="cland-"))
        directory.chmod(0o711)
    else:
        directory.mkdir(parents=True, exist_ok=True)
        directory = reachable_directory(directory, say=say)
    postgresql = None if database_url else PostgreSQL(directory / "postgresql", fsync=fsync)
    redis_server = None if redis_url else Redis(directory / "redis")
    index = Chroma(directory / "chroma") if chroma else None
    try:
        for server in (postgresql, redis_server, index):
            if server:
                server.start()
        yield Servers(
            database_url=postgresql.url if postgresql else database_url,
            redis_url=redis_server.url if redis_server else redis_url,
            chroma_url=index.url if index else "",
            postgresql=postgresql,
            redis=redis_server,
            chroma=index,
        )
    finally:
        for server in (index, redis_server, postgresql):
            if server:
                server.stop()
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def plain_environment() -> dict[str, str]:
    """What a server needs of our environment: no settings, no secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def last_line(path: Path) -> str:
    """The last line of a log, for a message to a person."""
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "it wrote no log"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status of the command, or 0."""
    parser = argparse.ArgumentParser(prog="python -m deploy.services", description=__doc__)
    parser.add_argument("--directory", type=Path, help="keep the data here (default: nowhere)")
    parser.add_argument("--no-fsync", action="store_true", help="faster, loses data in a crash")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND ARGUMENT…")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(options.directory, fsync=not options.no_fsync, say=_complain) as servers:
            addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
            if command:
                return subprocess.run(command, env={**os.environ, **addresses}).returncode
            for name, value in addresses.items():
                print(f"export {name}={value}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except ServiceError as error:
        _complain(str(error))
        return 1
    return 0


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
