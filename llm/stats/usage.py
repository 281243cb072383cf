"""The figures of models over a stretch of time; :mod:`llm.stats.counting` says what they mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from llm.models import ModelConfig
from llm.stats import hours
from llm.stats.chosen import EVERYTHING, Asked, Chosen
from llm.stats.counting import Cells, Key
from llm.stats.drafts import Drafts, sent
from llm.stats.figures import Figures
from llm.stats.picks import offered
from llm.stats.window import Window

Parts = dict[Asked, dict[int, Figures]]


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
    names = dict(ModelConfig.objects.values_list("pk", "name"))

    def asked(model_id: int | None, label: str) -> Asked:
        # What was counted before a model was deleted still has its id.
        return Asked(model_id, names[model_id]) if model_id in names else Asked(None, label)

    parts: Parts = defaultdict(lambda: defaultdict(Figures))
    kinds: dict[str, int] = defaultdict(int)
    for number, cells in hours.counted(window):
        _take(parts, kinds, number, cells, asked, chosen)
    for (model_id, label, number), found in offered(window, chosen).items():
        one = parts[asked(model_id, label)][number]
        one.picks = one.picks + found.picks
        one.drafts = one.drafts + Drafts(shown=found.drafts)
    for (model_id, label, number), drafts in sent(window, chosen).items():
        one = parts[asked(model_id, label)][number]
        one.drafts = one.drafts + drafts
    models = [ModelUsage(whose, _whole(by.values()), by) for whose, by in parts.items()]
    models.sort(key=lambda one: (-one.figures.requests, one.asked.name, one.asked.model_id or 0))
    return Usage(window, Figures.sum_of(one.figures for one in models), models, kinds)


def _take(
    parts: Parts,
    kinds: dict[str, int],
    number: int,
    cells: Cells,
    asked: Callable[[int | None, str], Asked],
    chosen: Chosen,
) -> None:
    for key, cell in cells.items():
        whose, purpose = _of(key, asked)
        if chosen.takes_model(whose):
            kinds[purpose] += cell.counts.get("requests", 0)
        if chosen.takes(whose, purpose):
            parts[whose][number].take(cell)


def _of(key: Key, asked: Callable[[int | None, str], Asked]) -> tuple[Asked, str]:
    model_id, label, purpose = key
    return asked(model_id, label), purpose


def _whole(parts: Iterable[Figures]) -> Figures:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else Figures.sum_of(parts)
