"""The admin pages of models and answers."""

from llm.admin import models, records

__all__ = ["models", "records"]
