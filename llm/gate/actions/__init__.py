"""Every change of cases, replays and releases."""

from llm.gate.actions.cases import case_of, change_case, delete_case, keep_case, save_case, talk_of
from llm.gate.actions.releases import (
    change_release,
    copy_release,
    delete_release,
    publish,
    roll_back,
    save_release,
)
from llm.gate.actions.replays import ask_for_replay, stop_replay

__all__ = [
    "ask_for_replay",
    "case_of",
    "change_case",
    "change_release",
    "copy_release",
    "delete_case",
    "delete_release",
    "keep_case",
    "publish",
    "roll_back",
    "save_case",
    "save_release",
    "stop_replay",
    "talk_of",
]
