"""Questions put to several models at once, and the conversations they stand in."""

from llm.turns.asking import Asked, ask, ask_about
from llm.turns.choosing import pick, retry, stop
from llm.turns.conversations import change_conversation, forget_conversation, open_conversation

__all__ = [
    "Asked",
    "ask",
    "ask_about",
    "change_conversation",
    "forget_conversation",
    "open_conversation",
    "pick",
    "retry",
    "stop",
]
