"""Which answers are looked at."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from llm.models import Answer

PEOPLE = "people"
"""Whatever people asked for: all but replays of the gate, which try models on the same cases."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model: its id, and its name as it is now; of a deleted one, as its answers say."""

    model_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Answers of one model, or of one that is no more, for one purpose, or ``PEOPLE``."""

    model_id: int | None = None
    deleted_model: str = ""
    purpose: str = ""

    @property
    def is_of_one_model(self) -> bool:
        """Whether whoever looks knows the model before they see a row."""
        return self.model_id is not None or bool(self.deleted_model)

    def takes_purpose(self, purpose: str) -> bool:
        """Say whether a purpose is meant."""
        if self.purpose == PEOPLE:
            return purpose != Answer.Purpose.REPLAY
        return self.purpose in ("", purpose)

    def takes_model(self, asked: Asked) -> bool:
        """Say whether a model is meant."""
        if self.deleted_model:
            return asked == Asked(None, self.deleted_model)
        return self.model_id in (None, asked.model_id)

    def of_answers(self) -> Q:
        """The same as a condition on answers."""
        found = Q()
        if self.purpose == PEOPLE:
            found &= ~Q(purpose=Answer.Purpose.REPLAY)
        elif self.purpose:
            found &= Q(purpose=self.purpose)
        if self.model_id is not None:
            found &= Q(model_id=self.model_id)
        if self.deleted_model:
            found &= Q(model__isnull=True, model_label=self.deleted_model)
        return found


EVERYTHING = Chosen()
