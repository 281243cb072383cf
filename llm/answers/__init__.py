"""The life of an answer in the database: claimed, kept alive, ended, found again.

Each function is one short transaction. A worker owns an answer as long as it is running under the
attempt the worker claimed it with; whoever comes late with an older attempt changes nothing.
Sessions are locked before answers, always.
"""

from __future__ import annotations

from llm.answers.claiming import claim, give_up_waiting
from llm.answers.ending import end_quietly, fail, finish, request_stop
from llm.answers.keeping import Pulse, expire_leases, extend_leases, pulses, release
from llm.answers.records import Claim, Ended, Figures, LeaseLost
from llm.answers.sweeping import sweep

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
