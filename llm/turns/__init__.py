"""The life of a turn in the database: claimed, kept alive, ended, found again.

Each function is one short transaction. A worker owns a turn as long as it is running under the
attempt the worker claimed it with; whoever comes late with an older attempt changes nothing.
Sessions are locked before turns, always.
"""

from __future__ import annotations

from llm.turns.claiming import claim, give_up_waiting
from llm.turns.ending import end_quietly, fail, finish, request_stop
from llm.turns.keeping import Pulse, expire_leases, extend_leases, pulses, release
from llm.turns.records import Claim, Ended, Figures, LeaseLost
from llm.turns.sweeping import sweep

__all__ = [
    "Claim",
    "Ended",
    "Figures",
    "LeaseLost",
    "Pulse",
    "claim",
    "end_quietly",
    "expire_leases",
    "extend_leases",
    "fail",
    "finish",
    "give_up_waiting",
    "pulses",
    "release",
    "request_stop",
    "sweep",
]
