"""Readers for settings from the environment.

A missing or bad value stops the start with one line that names the variable.
"""

import os
import re

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


def number(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole number that is at least ``least``."""
    raw = text(name)
    if not raw:
        return default
    if not raw.isdecimal() or int(raw) < least:
        raise BadSetting(name, f"expected a whole number of at least {least}, not {raw!r}")
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
    if not match or int(match[1]) == 0:
        raise BadSetting(name, f"expected a time such as 60s, 15m or 336h, not {raw!r}")
    return int(match[1]) * _UNITS[match[2]]


def items(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list without empty parts."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of ``allowed``."""
    raw = text(name, default)
    if raw not in allowed:
        raise BadSetting(name, f"expected one of {', '.join(allowed)}, not {raw!r}")
    return raw
