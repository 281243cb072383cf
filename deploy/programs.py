"""Server programs: found where they are installed, installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

Say = Callable[[str], None]


class ServiceError(RuntimeError):
    """A server cannot be had; the message is one plain line for a person."""


def find_tool(name: str) -> str | None:
    """The path of a server program: on PATH, or where Debian and Homebrew keep PostgreSQL's."""
    folders = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
        *Path("/usr/local/opt").glob("postgresql@*/bin"),
    ]
    newest_first = sorted(folders, key=_version_of, reverse=True)
    path = os.pathsep.join([*map(str, newest_first), os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path)


def _version_of(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


def tool(name: str) -> str:
    """Like find_tool; raises ServiceError when it is missing."""
    found = find_tool(name)
    if not found:
        raise ServiceError(f"The program {name} is missing.")
    return found


def install_missing(*, postgresql: bool, redis: bool, say: Say = print) -> None:
    """Install Debian's packages of what is wanted and missing, or say in one line what to do."""
    packages = []
    if postgresql and not (find_tool("postgres") and find_tool("initdb")):
        packages.append("postgresql")
    if redis and not find_tool("redis-server"):
        packages.append("redis-server")
    if not packages:
        return
    names = " and ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ServiceError(
            f"Missing: {names}. Install it, or set TEST_DATABASE_URL and TEST_REDIS_URL."
        )
    say(f"Installing {names} with apt-get…")
    apt_install(packages)


def apt_install(packages: Sequence[str]) -> None:
    """Install Debian packages without starting the services they bring."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    try:
        for command in (["apt-get", "update", "--quiet"], install):
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise ServiceError(f"{' '.join(command[:2])} failed: {''.join(reason)}")
    finally:
        if ours:
            policy.unlink(missing_ok=True)
