"""kill -9 while turns are streamed: their readers go on at the other web process.

No text may be missing or there twice, every slot ends, and no model is asked again by a reader.
"""

from __future__ import annotations

import random
import threading

import pytest

from tests.faults.asker import TEXT, Asker
from tests.faults.harness import Cluster
from tests.sse import Page


def test_readers_hop_between_web_processes(asker: Asker, dice: random.Random) -> None:
    turn = asker.ask(slots=2)
    page = asker.follow(turn, Page(), dice)
    assert page.shown() == asker.stored(turn) == [TEXT] * 2
    assert "snapshot" not in page.kinds
    assert asker.asked() == 2


@pytest.mark.parametrize("role", ["web.1", "redis", "worker"])
def test_a_reader_sees_the_end_whatever_dies(
    asker: Asker, cluster: Cluster, dice: random.Random, role: str
) -> None:
    turn = asker.ask(slots=2)
    page = asker.follow(turn, Page(), dice, most=20)
    cluster.kill(role)
    back = threading.Timer(1.0, cluster.restart, [role])
    back.start()
    try:
        asker.follow(turn, page, dice)
    finally:
        back.join()
    assert page.shown() == asker.stored(turn)
    assert set(page.finals) == {0, 1}
    if role == "worker":
        # Another worker asks again, unless it was recorded that some text was shown.
        for slot, end in page.finals.items():
            assert page.texts[slot] == TEXT or (
                end.kind == "error" and TEXT.startswith(page.texts[slot])
            )
    else:
        assert page.shown() == [TEXT] * 2
        assert asker.asked() == 2
