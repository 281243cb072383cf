"""Shorter names for what a script declares for itself.

There is no analysis of scopes. A name is replaced in the whole script, and only when it can be
nothing but a variable there: it is declared, and nowhere a property, a key, a method or a part of a
template. Then the script means the same, whatever its scopes are.

A name of the browser's that one function also uses for a variable of its own is replaced as well,
so those are listed below; a browser test looks for any that is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, product
from string import ascii_lowercase

Token = tuple[str, str]

_RESERVED = frozenset(
    """
    arguments async await break case catch class const constructor continue default delete do else
    export extends false finally for from function get if import in instanceof let new null of
    return set static super switch this throw true try typeof undefined var void while with yield
    """.split()
)
GLOBALS = frozenset(
    "close closed event focus frames history length location name open origin parent screen scroll "
    "self status stop top find print external".split()
)
_WITHOUT_PARAMETERS = {"if", "for", "while", "switch"}


def short_names(tokens: Sequence[Token]) -> dict[str, str]:
    """Return new names for the variables among `tokens`, the commonest one the shortest."""
    code = [token for token in tokens if token[0] != "space"]
    seen = Counter(text for kind, text in code if kind == "word")
    variables = _declared(code) - _otherwise_used(code) - _RESERVED - GLOBALS
    fresh = (name for name in _names() if name not in seen and name not in _RESERVED)
    return {
        name: next(fresh) for name, _ in seen.most_common() if name in variables and len(name) > 1
    }


def _names() -> Iterator[str]:
    for size in count(1):
        for letters in product(ascii_lowercase, repeat=size):
            yield "".join(letters)


def _declared(code: Sequence[Token]) -> set[str]:
    found: set[str] = set()
    opened: list[int] = []
    for at, (kind, text) in enumerate(code):
        after = _text(code, at + 1)
        if kind == "word" and (
            _text(code, at - 1) in {"const", "let", "class", "function"}
            or (after == "=" and _text(code, at + 2) == ">")
        ):
            found.add(text)
        if kind == "sign" and text in "([{":
            opened.append(at)
        elif kind == "sign" and text in ")]}":
            start = opened.pop()
            before = _text(code, start - 1)
            parameters = (
                text == ")"
                and (after == "{" or (after == "=" and _text(code, at + 2) == ">"))
                and before not in _WITHOUT_PARAMETERS
            )
            if parameters or before in {"const", "let"}:
                found.update(_bound(code[start:at]))
    return found


def _bound(pattern: Sequence[Token]) -> Iterator[str]:
    """The names that a list of parameters or a destructuring pattern binds."""
    depth, default = 0, None  # the depth of the default value we are in
    for kind, text in pattern:
        if kind == "sign" and text in "([{":
            depth += 1
        elif kind == "sign" and text in ")]}":
            depth -= 1
        if default is not None and (depth < default or (text == "," and depth == default)):
            default = None
        if default is None and text == "=":
            default = depth
        elif default is None and kind == "word":
            yield text


def _otherwise_used(code: Sequence[Token]) -> set[str]:
    """Names that are also something else than a variable, or could be: better one too many."""
    found: set[str] = set()
    opened: list[str] = []
    for at, (kind, text) in enumerate(code):
        if kind == "sign" and text in "([{":
            opened.append(text)
        elif kind == "sign" and text in ")]}":
            opened.pop()
        elif kind == "template":
            found.update(_words(text))
        elif kind == "word" and _may_be_a_key(code, at, inside=opened[-1] if opened else ""):
            found.add(text)
    return found


def _may_be_a_key(code: Sequence[Token], at: int, *, inside: str) -> bool:
    before, after = _text(code, at - 1), _text(code, at + 1)
    spread = before == _text(code, at - 2) == _text(code, at - 3) == "."
    return (
        (before == "." and not spread)
        or after == ":"
        or before in {"get", "set", "static"}
        or (inside == "{" and before in {"{", ","} and after in {",", "}", "=", "("})
        or (after == "(" and before in {"}", ";", "async"})
        or "export" in {_text(code, at - 2), _text(code, at - 3)}
    )


def _words(template: str) -> set[str]:
    if "${" not in template:
        return set()
    letters = "".join(char if char.isalnum() or char in "_$" else " " for char in template)
    return {word.lstrip("$") for word in letters.split()}


def _text(code: Sequence[Token], at: int) -> str:
    return code[at][1] if 0 <= at < len(code) else ""
