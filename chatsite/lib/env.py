"""Readers for settings from the environment.

A missing or bad value stops the start with one line that names the variable.
"""

import ipaddress
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WEB = ("http", "https")
LONGEST_S = 10 * 366 * 24 * 3600
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\*\.)?[^/*?#@\s]+")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class BadSetting(SystemExit):
    """The process cannot start with this environment; the message names the variable."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Setting {name}: {problem}")


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks, or ``default`` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """Return a yes/no variable (``true false 1 0 yes no on off``)."""
    raw = text(name).lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(name, f"expected true or false, not {raw!r}")


def number(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Return a whole number from ``least`` to ``most``."""
    raw = text(name)
    if not raw:
        return default
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 10 and least <= int(raw) <= most):
        upto = f" and at most {most}" if most < 2**31 - 1 else ""
        raise BadSetting(name, f"expected a whole number of at least {least}{upto}, not {raw!r}")
    return int(raw)


def decimal(name: str, default: float) -> float:
    """Return a number that is not negative."""
    raw = text(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadSetting(name, f"expected a number of at least 0, not {raw!r}")
    return value


def seconds(name: str, default: str) -> int:
    """Return a length of time such as ``60s``, ``15m``, ``336h`` or ``14d`` in seconds."""
    raw = text(name, default)
    match = re.fullmatch(r"(\d+)([smhd]?)", raw)
    length = int(match[1]) * _UNITS[match[2]] if match and len(match[1]) <= 10 else 0
    if not 0 < length <= LONGEST_S:
        raise BadSetting(name, f"expected a time such as 60s, 15m or 336h, not {raw!r}")
    return length


def items(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without empty parts."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def address(name: str, schemes: tuple[str, ...]) -> str:
    """Return an address with one of the schemes and a host; empty when unset."""
    raw = text(name)
    if raw:
        try:
            parts = urlsplit(raw)
            is_good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_good = False
        if not is_good:
            # Not shown: a password may stand in it.
            raise BadSetting(name, f"expected an address such as {schemes[0]}://host:port")
    return raw


def origins(name: str) -> list[str]:
    """Return a comma-separated list of origins such as ``https://shop.example``."""
    found = items(name)
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise BadSetting(name, f"expected an origin such as https://host, not {origin!r}")
    return found


def hosts(name: str, default: str) -> list[str]:
    """Return a comma-separated list of host names, without schemes and ports."""
    found = items(name, default)
    for host in found:
        if "/" in host or not re.fullmatch(r"\*|\.?[^:*\s]+|\[[0-9a-fA-F:.]+\]", host):
            raise BadSetting(name, f"expected a host name such as chat.example.com, not {host!r}")
    return found


def networks(name: str) -> list[Network]:
    """Return a comma-separated list of addresses and networks."""
    try:
        return [ipaddress.ip_network(net) for net in items(name)]
    except ValueError as error:
        raise BadSetting(name, f"expected networks such as 10.0.0.0/8: {error}") from error


def folder(name: str, default: str) -> Path:
    """Return a folder that can be written to, which is made if it is not there."""
    return _made(name, Path(text(name, default)))


def storage(name: str, default: Path) -> Path:
    """Return the folder that an address such as ``file:///srv/uploads`` names."""
    raw = text(name)
    if not raw:
        return default
    parts = urlsplit(raw)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or len(parts.path) < 2:
        # Not shown: a password may stand in it.
        raise BadSetting(name, "expected file:///folder, which may be a mounted one")
    return _made(name, Path(unquote(parts.path)))


def _made(name: str, path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(name, f"the folder cannot be made: {error.strerror}") from error
    try:
        # Tried, because permissions do not tell: root may write anywhere, but not in /sys.
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise BadSetting(name, f"the folder {path} cannot be written to") from error
    return path


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of ``allowed``."""
    raw = text(name, default)
    if raw not in allowed:
        raise BadSetting(name, f"expected one of {', '.join(allowed)}, not {raw!r}")
    return raw
