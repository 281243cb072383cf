"""The operating system account that servers run as, and where it may keep its data."""

from __future__ import annotations

import hashlib
import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.programs import Say, ServiceError


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account that servers run as; `uid` None means our own."""

    uid: int | None
    gid: int | None

    @classmethod
    def unprivileged(cls) -> Account:
        """Our own account, or when we are root the first of postgres and nobody."""
        if os.geteuid() != 0:
            return cls(None, None)
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise ServiceError("PostgreSQL cannot run as root and there is no account named nobody.")

    def popen_options(self) -> dict[str, Any]:
        """The keyword arguments that make subprocess start a program as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def make_directory(self, path: Path) -> Path:
        """Create `path` for this account alone, and check that the account can get there."""
        path.mkdir(parents=True, exist_ok=True)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)
        return path

    def can_reach(self, path: Path) -> bool:
        """Whether every existing folder above `path` lets this account pass."""
        if self.uid is None:
            return True
        return all(
            folder.stat().st_mode & 0o001 or folder.stat().st_uid == self.uid
            for folder in path.resolve().parents
            if folder.exists()
        )


def reachable_directory(wanted: Path, *, say: Say = print) -> Path:
    """`wanted`, or a lasting folder elsewhere when the servers' account cannot get there.

    That happens to root with a checkout below a home that is closed to others.
    """
    wanted = wanted.resolve()
    if Account.unprivileged().can_reach(wanted):
        return wanted
    digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    elsewhere = Path("/var/tmp") / f"cland-chat-{digest}"  # noqa: S108 (0711, owned by root)
    elsewhere.mkdir(mode=0o711, exist_ok=True)
    if elsewhere.stat().st_uid != os.geteuid():
        raise ServiceError(f"{elsewhere} belongs to somebody else.")
    elsewhere.chmod(0o711)
    say(f"The servers' data is in {elsewhere}: their account cannot enter {wanted}.")
    return elsewhere
