"""kill -9 of the worker while it streams the slots of a turn.

A slot of which nothing was shown is begun again by the next worker; one that was shown fails with
its part kept. Never two answers, never a slot that stays open.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.faults.harness import Cluster, wait_for
from tests.upstream import ROLE, STALL, Reply, Upstream, delta

SLOTS = 3
LEASE_AND_SWEEP_S = 60.0

ASK = """
import sys
from chatsite.lib.ids import uuid7
from accounts.models import Role, User
from accounts.viewer import Viewer
from llm.models import ModelConfig
from llm.turns import asking, conversations
agent = User.objects.create_user(f"asks-{uuid7().hex}", role=Role.AGENT)
viewer, model = Viewer.of(agent), ModelConfig.objects.get(is_default=True)
made = conversations.open_conversation(viewer=viewer, model_ids=[model.pk] * int(sys.argv[1]))
print(asking.ask(viewer=viewer, conversation_id=made.conversation.pk, content="Hi").turn.pk)
"""

LOOK = """
import json, sys
from llm.models import Answer, Turn
turn = Turn.objects.get(pk=sys.argv[1])
rows = Answer.objects.filter(turn=turn).order_by("slot").values_list(
    "status", "attempt", "text", "error_reason", "ttft_ms")
print(json.dumps([turn.finished_at is not None, [list(row) for row in rows]]))
"""


def run(cluster: Cluster, script: str, *arguments: object) -> str:
    """Run a few lines inside the product's own environment; return what they print."""
    setup = "import django; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", setup + script, *map(str, arguments)],
        env={**os.environ, **cluster.env, "DJANGO_SETTINGS_MODULE": "chatsite.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]


def look(cluster: Cluster, turn: str) -> tuple[bool, list[list[Any]]]:
    finished, rows = json.loads(run(cluster, LOOK, turn))
    return finished, rows


@pytest.mark.parametrize("shown", [False, True])
def test_a_killed_worker_leaves_no_slot_open(
    cluster: Cluster, upstream: Upstream, shown: bool
) -> None:
    silent = Reply([], before=[STALL])
    begun = Reply([ROLE, delta("Half an"), STALL])
    asked_before = len(upstream.requests)
    upstream.script(*[begun if shown else silent] * SLOTS)
    turn = run(cluster, ASK, SLOTS)
    wait_for("the slots are asked", lambda: len(upstream.requests) - asked_before == SLOTS)
    if shown:  # what was shown is on the record with the next lease
        wait_for("it is noted", lambda: all(row[4] for row in look(cluster, turn)[1]), 30)
    cluster.kill("worker")
    cluster.restart("worker")
    wait_for("the turn ends", lambda: look(cluster, turn)[0], LEASE_AND_SWEEP_S)
    _, rows = look(cluster, turn)
    if shown:
        assert [row[:4] for row in rows] == [["failed", 1, "Half an", "worker_lost"]] * SLOTS
        assert len(upstream.requests) - asked_before == SLOTS
    else:
        whole = ["done", 2, "Thank you. We look into it.", ""]
        assert [row[:4] for row in rows] == [whole] * SLOTS
        assert len(upstream.requests) - asked_before == 2 * SLOTS
