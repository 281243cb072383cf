"""Questions put to several models at once, and the conversations they stand in."""

from llm.turns.asking import Asked, ask, ask_about
from llm.turns.choosing import pick, retry, stop
from llm.turns.conversations import (
    Opened,
    change_conversation,
    forget_conversation,
    open_conversation,
)
from llm.turns.helping import ask_for_help, use_draft

__all__ = [
    "Asked",
    "Opened",
    "ask",
    "ask_about",
    "ask_for_help",
    "change_conversation",
    "forget_conversation",
    "open_conversation",
    "pick",
    "retry",
    "stop",
    "use_draft",
]
