"""The life of an answer in the database: claimed, kept alive, ended, found again.

Each function is one short transaction. A worker owns an answer as long as it is running under the
attempt the worker claimed it with; whoever comes late with an older attempt changes nothing.
Sessions and turns are locked before answers, always.
"""

from __future__ import annotations

from llm.answers.keeping import (
    Pulse,
    Unwanted,
    expire_leases,
    extend_leases,
    judge,
    pulses,
    release,
)
from llm.answers.life import claim, end_quietly, fail, finish, request_stop
from llm.answers.records import Busy, Claim, Ended, Figures, Floor, LeaseLost
from llm.answers.reply_claims import fall_back, give_up_waiting
from llm.answers.slots import abandon_slots, retry_slots, stop_slots, wake_for
from llm.answers.sweeping import sweep

__all__ = [
    "Busy",
    "Claim",
    "Ended",
    "Figures",
    "Floor",
    "LeaseLost",
    "Pulse",
    "Unwanted",
    "abandon_slots",
    "claim",
    "end_quietly",
    "expire_leases",
    "extend_leases",
    "fail",
    "fall_back",
    "finish",
    "give_up_waiting",
    "judge",
    "pulses",
    "release",
    "request_stop",
    "retry_slots",
    "stop_slots",
    "sweep",
    "wake_for",
]
