"""Code cut into pieces of a kind, for colours.

The lexers are Pygments'; what leaves here is text with a word for its kind, never markup, so that
a page can only ever make text of it.  Some lexers take quadratic time on hostile input, and a
regular expression holds the whole process meanwhile: so only well-known languages, short code.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

MOST_CHARS = 20_000
Pieces = list[tuple[str, str]]

# What people and models write behind a fence, and the lexer that reads it.
LANGUAGES = {
    name: lexer
    for lexer, names in {
        "bash": "bash sh shell zsh console",
        "c": "c h",
        "cpp": "cpp c++ cc hpp",
        "csharp": "csharp c# cs",
        "css": "css",
        "diff": "diff patch",
        "docker": "dockerfile docker",
        "go": "go golang",
        "html": "html htm",
        "ini": "ini cfg conf toml",
        "java": "java",
        "javascript": "javascript js jsx mjs",
        "json": "json json5 jsonc",
        "kotlin": "kotlin kt",
        "php": "php",
        "python": "python py python3",
        "ruby": "ruby rb",
        "rust": "rust rs",
        "sql": "sql postgresql mysql sqlite",
        "swift": "swift",
        "typescript": "typescript ts tsx",
        "xml": "xml svg",
        "yaml": "yaml yml",
    }.items()
    for name in names.split()
}


def pieces_of(language: str, code: str) -> Pieces:
    """Return ``(kind, text)`` pairs whose texts together are ``code``.

    Kinds: comment, string, number, keyword, name, type, meta, added, removed, and "" for the rest.
    A language that is not known here, or code that is too long, comes back whole.
    """
    lexer = LANGUAGES.get(language.strip().lower())
    if lexer is None or len(code) > MOST_CHARS:
        return [("", code)]
    pieces: Pieces = []
    for token, text in _lexer(lexer).get_tokens(code):
        kind = _kind(token)
        if pieces and pieces[-1][0] == kind:
            pieces[-1] = (kind, pieces[-1][1] + text)
        else:
            pieces.append((kind, text))
    return pieces if "".join(text for _, text in pieces) == code else [("", code)]


@cache
def _lexer(name: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name  # a tenth of a second that most starts save

    # Lexers trim and end the code with a newline unless told not to.
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


@cache
def _kind(token: _TokenType) -> str:
    from pygments.token import Token

    kinds = {
        Token.Comment.Preproc: "meta",
        Token.Comment: "comment",
        Token.Keyword.Type: "type",
        Token.Keyword: "keyword",
        Token.Operator.Word: "keyword",
        Token.Literal.String: "string",
        Token.Literal.Number: "number",
        Token.Name.Builtin: "type",
        Token.Name.Class: "type",
        Token.Name.Function: "name",
        Token.Name.Tag: "keyword",
        Token.Name.Attribute: "name",
        Token.Name.Decorator: "meta",
        Token.Generic.Inserted: "added",
        Token.Generic.Deleted: "removed",
        Token.Generic.Heading: "meta",
        Token.Generic.Subheading: "meta",
    }
    return next((kind for known, kind in kinds.items() if token in known), "")
