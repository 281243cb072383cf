"""The figures of models over a stretch of time; :mod:`llm.stats.counting` says what they mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from llm.models import ModelConfig
from llm.stats import hours
from llm.stats.chosen import EVERYTHING, Asked, Chosen
from llm.stats.counting import Cells
from llm.stats.figures import Cell, Figures
from llm.stats.places import Key
from llm.stats.window import Window


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """A model's figures over the window, and by number over those intervals that have any."""

    asked: Asked
    figures: Figures
    intervals: Mapping[int, Figures]


@dataclass(frozen=True, slots=True)
class Usage:
    """A window's figures: of all models together, and one by one, the busiest first.

    ``kinds`` is how many requests there were for each purpose, whichever was chosen.
    """

    window: Window
    everything: Figures
    models: Sequence[ModelUsage]
    kinds: Mapping[str, int]


def usage(window: Window, chosen: Chosen = EVERYTHING) -> Usage:
    """Count the window."""
    sorted_out = _Sorted(chosen)
    for number, cells in hours.counted(window):
        sorted_out.take(number, cells)
    models = []
    for whose, parts in sorted_out.parts.items():
        by = {number: Figures.of(cells) for number, cells in parts.items()}
        models.append(ModelUsage(whose, _whole(by.values()), by))
    models.sort(key=lambda one: (-one.figures.requests, one.asked.name, one.asked.model_id or 0))
    everything = Figures.sum_of(one.figures for one in models)
    return Usage(window, everything, models, sorted_out.kinds)


class _Sorted:
    """The cells of a window by model and interval, and how many requests each purpose had."""

    def __init__(self, chosen: Chosen) -> None:
        self.parts: dict[Asked, dict[int, list[Cell]]] = {}
        self.kinds: dict[str, int] = defaultdict(int)
        self._chosen = chosen
        self._names = dict(ModelConfig.objects.values_list("pk", "name"))
        self._place = cache(self._find)

    def take(self, number: int, cells: Cells) -> None:
        for key, cell in cells.items():
            by_number, purpose = self._place(key)
            if purpose:
                self.kinds[purpose] += cell.counts.get("requests", 0)
            if by_number is not None:
                by_number[number].append(cell)

    def _find(self, key: Key) -> tuple[dict[int, list[Cell]] | None, str]:
        """Return where cells of that key go, and as what they count; the same for every hour."""
        model_id, label, purpose = key
        # What was counted before a model was deleted still has its id.
        name = None if model_id is None else self._names.get(model_id)
        asked = Asked(None, label) if name is None else Asked(model_id, name)
        ours = self._chosen.takes_model(asked)
        taken = ours and self._chosen.takes_purpose(purpose)
        by_number = self.parts.setdefault(asked, defaultdict(list)) if taken else None
        return by_number, purpose if ours else ""


def _whole(parts: Iterable[Figures]) -> Figures:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else Figures.sum_of(parts)
