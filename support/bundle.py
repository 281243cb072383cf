"""One script out of a few native ES modules, one style sheet out of a few, when asked for.

The widget's modules are served to a stranger's phone: one small request instead of twenty. There is
no build step and no artefact; the sources are the modules themselves, which tests and the console
use directly. Only the forms our modules use are understood, and anything else is refused loudly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

from support import squeeze

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "(\.[\w./-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |class |const )", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:(?:async )?function\*?|class|const|let) (?:([\w$]+)|\{ ([\w$, ]+) \}|\[([\w$, ]+)\])",
    re.MULTILINE,
)
_LEFTOVER = re.compile(r"^\s*(?:import|export)\b.*$", re.MULTILINE)


def bundle(entry: str) -> str:
    """The script for a static file such as `support/widget/main.js`, with all it imports.

    The modules share one scope: a name declared at the top of one may not be declared in another.
    Raises ImproperlyConfigured for that, and for a module that is missing or not understood.
    """
    modules: dict[str, str] = {}
    _collect(entry, modules, ())
    owners: dict[str, str] = {}
    for path, body in modules.items():
        for name in _declared(body):
            if name in owners:
                raise ImproperlyConfigured(f"{path} and {owners[name]} both declare {name}")
            owners[name] = path
    return squeeze.script("".join(modules.values()))


def script_of(entry: str) -> str:
    """As :func:`bundle`, put together once for each state of its sources on disk."""
    return _script(entry, _written(_reached(entry)))


def style_of(*paths: str) -> str:
    """Style sheets in one, small, put together once for each state of its sources on disk."""
    return _style(paths, _written(paths))


def plain_script_of(path: str) -> str:
    """One classic script, small, made once for each state of its source on disk."""
    return _plain_script(path, _written([path]))


@lru_cache(maxsize=8)
def _plain_script(path: str, _written: tuple[float, ...]) -> str:
    return squeeze.script(_source(path).read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _script(entry: str, _written: tuple[float, ...]) -> str:
    return bundle(entry)


@lru_cache(maxsize=8)
def _style(paths: tuple[str, ...], _written: tuple[float, ...]) -> str:
    return squeeze.style("".join(_source(path).read_text(encoding="utf-8") for path in paths))


def _written(paths: Iterable[str]) -> tuple[float, ...]:
    return tuple(_source(path).stat().st_mtime for path in paths)


def _collect(path: str, modules: dict[str, str], above: tuple[str, ...]) -> None:
    """Put the module's text behind those of the modules it imports."""
    if path in above:
        raise ImproperlyConfigured(f"{path} imports itself")
    source = _source(path).read_text(encoding="utf-8")
    for wanted in _imports(path, source):
        if wanted not in modules:
            _collect(wanted, modules, (*above, path))
    body = _EXPORT.sub("", _IMPORT.sub("", source))
    if left := _LEFTOVER.search(body):
        raise ImproperlyConfigured(f"{path}: not understood: {left[0].strip()}")
    modules[path] = body


def _declared(body: str) -> list[str]:
    """The names declared at the top of a module."""
    found = [" ".join(groups) for groups in _DECLARED.findall(body)]
    return [name for names in found for name in re.findall(r"[\w$]+", names)]


def _reached(entry: str) -> list[str]:
    found: list[str] = []
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.append(path)
            waiting += _imports(path, _source(path).read_text(encoding="utf-8"))
    return found


def _imports(path: str, source: str) -> list[str]:
    return [_resolve(path, target) for _, target in _IMPORT.findall(source)]


def _resolve(path: str, target: str) -> str:
    parts = path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _source(path: str) -> Path:
    found = finders.find(path)
    if not isinstance(found, str):
        raise ImproperlyConfigured(f"{path} is missing")
    return Path(found)
