"""Model endpoints, what they are asked, and their answers."""

from llm.models.answers import Answer
from llm.models.config import ModelConfig
from llm.models.limits import Breaker, Spending
from llm.models.tallies import Tally
from llm.models.turns import Conversation, Turn

__all__ = ["Answer", "Breaker", "Conversation", "ModelConfig", "Spending", "Tally", "Turn"]
