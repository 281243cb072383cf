"""Cases, what the assistant made of them, and what it was released as."""

from llm.gate.models.cases import Case
from llm.gate.models.releases import Publication, Release
from llm.gate.models.replays import CaseResult, Replay

__all__ = ["Case", "CaseResult", "Publication", "Release", "Replay"]
