"""Prompts by kind: what a model is told, and how much of it fits."""

from llm.prompts.prompt import Passage, Prompt, Said, estimated_tokens
from llm.prompts.reply import in_the_words_of, reply_prompt
from llm.prompts.turns import chosen_tags, compare_prompt, for_turn, known_tags

__all__ = [
    "Passage",
    "Prompt",
    "Said",
    "chosen_tags",
    "compare_prompt",
    "estimated_tokens",
    "for_turn",
    "in_the_words_of",
    "known_tags",
    "reply_prompt",
]
