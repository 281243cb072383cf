"""`make services`: the full topology on this machine, every part a process of its own.

PostgreSQL, Redis, Chroma, WEB web processes (default 1, on PORT and the ports after it), WORKERS
workers (default 1), a worker for the knowledge and the scheduler. The data stays in .data/services.
ctrl-C ends everything; so does the end of any one process.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from honcho.manager import Manager

from deploy import services
from deploy.programs import ServiceError

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "--quiet", "--app", "chatsite"]


def number(name: str, default: int) -> int:
    """A whole number from the environment; raises ServiceError on anything else."""
    raw = os.environ.get(name) or str(default)
    if not raw.isdecimal() or int(raw) < 1:
        raise ServiceError(f"{name} must be a whole number from 1 on, not {raw!r}.")
    return int(raw)


def own_index() -> bool:
    """Whether we start a Chroma: not when CHROMA_URL names one."""
    return not os.environ.get("CHROMA_URL", "").strip()


def environment(servers: services.Servers) -> dict[str, str]:
    """What every process gets."""
    return {
        **os.environ,
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "CHROMA_URL": servers.chroma_url or os.environ.get("CHROMA_URL", ""),
        "PYTHONUNBUFFERED": "1",
        "HOST": os.environ.get("HOST", "localhost"),
    }


def prepare(env: Mapping[str, str]) -> None:
    """Bring the database up to date and put the demo data in at the first start."""
    for command in (["migrate", "--verbosity", "0"], ["seed"], ["knowledge_seed"]):
        subprocess.run([*MANAGE, *command], env=env, cwd=ROOT, check=True)


def processes(env: Mapping[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Name → command and environment of each process."""
    port = number("PORT", 8080)
    worker = [*CELERY, "worker", "--pool", "threads", "--concurrency", "32", "--queues"]
    found = {}
    for index in range(number("WEB", 1)):
        found[f"web.{index + 1}"] = ([*MANAGE, "serve"], {**env, "PORT": str(port + index)})
    for index in range(number("WORKERS", 1)):
        name = f"worker.{index + 1}"
        command = [*worker, "llm,default", "--hostname", f"{name}@%h", "--loglevel", "WARNING"]
        found[name] = (command, dict(env))
    indexer = [*CELERY, "worker", "--pool", "threads", "--concurrency", "1", "--queues", "embed"]
    found["indexer"] = ([*indexer, "--hostname", "indexer@%h", "--loglevel", "WARNING"], dict(env))
    if not env.get("LLM_API_URL"):
        demo = [*MANAGE, "demo_llm", "--port", str(services.free_port())]
        found["demo-llm"] = (demo, dict(env))
    found["scheduler"] = ([*CELERY, "beat", "--loglevel", "WARNING"], dict(env))
    return found


def main() -> int:
    """Run until ctrl-C; returns the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with services.running(ROOT / ".data" / "services", chroma=own_index()) as servers:
            print("PostgreSQL, Redis and Chroma are running. Preparing the database…", flush=True)
            env = environment(servers)
            prepare(env)
            manager = Manager()
            for name, (command, own) in processes(env).items():
                manager.add_process(name, shlex.join(command), env=own, cwd=str(ROOT))
            print(f"Open http://localhost:{number('PORT', 8080)}/ (ctrl-C ends all)", flush=True)
            manager.loop()
            return 0 if manager.returncode in (130, 143) else int(manager.returncode or 0)
    except ServiceError as error:
        print(error, file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"The database could not be prepared: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
