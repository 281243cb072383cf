"""One deployment for all fault tests; its processes are killed and brought back by each."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.asker import Asker
from tests.faults.clients import Place
from tests.faults.harness import Cluster
from tests.upstream import Upstream, say, upstream_thread

SEED = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**6))
"""Repeat a run with `FAULT_SEED=…`; the seed is printed with every failure."""


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """A model endpoint."""
    with upstream_thread() as upstream:
        upstream.default.steps = say("Thank you. ", "We look ", "into it.", pause=0.05)
        yield upstream


@pytest.fixture(scope="session")
def cluster(upstream: Upstream) -> Iterator[Cluster]:
    """PostgreSQL, Redis, two web processes, a worker, and the scheduler."""
    home = Path(tempfile.mkdtemp(prefix="cland-faults-"))
    home.chmod(0o711)
    model = {"LLM_API_URL": upstream.base_url, "LLM_API_KEY": "key", "LLM_MODEL": "scripted"}
    with Cluster(home, **model) as cluster:
        yield cluster
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Chance that can be repeated: the same seed and test give the same moments."""
    print(f"FAULT_SEED={SEED}")
    return random.Random(f"{SEED}/{request.node.name}")


Seats = Callable[..., list[tuple[Place, Place]]]


@pytest.fixture
def seats(cluster: Cluster) -> Seats:
    """Call with a number and a mode: that many new sessions, as (customer's, agent's) places."""

    def make(count: int, mode: str = "claimed") -> list[tuple[Place, Place]]:
        done = subprocess.run(
            [sys.executable, "-m", "bench.seats", str(count), "--mode", mode],
            env={**os.environ, **cluster.env},
            capture_output=True,
            text=True,
            check=True,
        )
        bases = tuple(web.base for web in cluster.webs)
        return [
            (
                Place(seat["session_id"], seat["customer_token"], bases),
                Place(seat["session_id"], seat["agent_token"], bases),
            )
            for seat in json.loads(done.stdout)
        ]

    return make


@pytest.fixture
def asker(cluster: Cluster, upstream: Upstream, seats: Seats) -> Iterator[Asker]:
    """An agent who asks models; no model was asked anything before."""
    ((_, agent),) = seats(1)
    made = Asker(cluster, upstream, agent)
    upstream.requests.clear()
    yield made
    upstream.by_model.clear()
    cluster.mend()
