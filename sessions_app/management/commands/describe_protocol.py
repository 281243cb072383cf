"""`manage.py describe_protocol`: the tables of docs/realtime.md, from the protocol itself."""

from dataclasses import MISSING, fields
from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.protocol import COMMANDS, FRAMES, Close

CLOSE_MEANINGS = {
    Close.SERVER_RESTART: "the server restarts: come back, spread over a few seconds",
    Close.RESYNC: "the client did not read: reconnect and subscribe from its own cursors",
    Close.UNAUTHENTICATED: "not, or no longer, authenticated: get a new ticket",
    Close.FORBIDDEN: "not allowed: do not come back",
    Close.SILENT: "nothing was heard for two heartbeats",
    Close.TOO_LARGE: "a frame was too large",
    Close.TOO_MANY: "too many frames or connections: come back later",
}


class Command(BaseCommand):
    """Prints Markdown."""

    help = "Print the tables of docs/realtime.md."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the tables."""
        self.stdout.write(describe(), ending="")


def describe() -> str:
    """Return the tables of commands, frames and close codes as Markdown."""
    lines = ["### Client to server", "", "| type | fields | does |", "| --- | --- | --- |"]
    for name, kind in COMMANDS.items():
        lines.append(f"| `{name}` | {_fields(kind)} | {_first(kind)} |")
    lines += [
        "",
        "### Server to client",
        "",
        "| type | fields | who gets it | if it cannot be delivered | says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for frame in FRAMES:
        lines.append(
            f"| `{frame.wire}` | {_fields(frame)} | {frame.audience.value} | "
            f"{frame.guarantee.value} | {_first(frame)} |"
        )
    lines += ["", "### Close codes", "", "| code | means |", "| --- | --- |"]
    lines += [f"| {int(code)} | {meaning} |" for code, meaning in CLOSE_MEANINGS.items()]
    return "\n".join(lines) + "\n"


def _fields(kind: type[Any]) -> str:
    return ", ".join(
        f"`{field.name}`" + ("" if field.default is MISSING else "?") for field in fields(kind)
    )


def _first(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split())
