"""Rate limits: fixed windows counted atomically in the cache, shared by all processes.

Django's cache ``incr`` is atomic on Redis and, in the one-process topology, under the local
cache's lock.  When the cache cannot be reached the limit is not enforced: a broken cache must not
take the chat down.
"""

import asyncio
import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache

from chatsite.lib.errors import RateLimited
from chatsite.lib.gather import Gather

# One script and one answer for all that is counted: a pipeline's answers are read one by one.
ADD = """
local counts = {}
for i, key in ipairs(KEYS) do
    counts[i] = redis.call('INCR', key)
    if counts[i] == 1 then redis.call('EXPIRE', key, ARGV[i]) end
end
return counts
"""

log = logging.getLogger(__name__)


def hit(scope: str, key: str) -> None:
    """Count one use of ``scope`` by ``key``.

    ``settings.RATE_LIMITS[scope]`` is ``(uses, seconds)``.  Raises :class:`RateLimited` with the
    seconds until the window ends when the uses are spent.
    """
    uses, window = settings.RATE_LIMITS[scope]
    moment = time.time()
    bucket = int(moment // window)
    name = _name(scope, key, bucket)
    try:
        cache.add(name, 0, timeout=window + 1)
        count = cache.incr(name)
    except ValueError:  # the key expired between the two calls: a new window has begun
        return
    except Exception as error:  # noqa: BLE001 - any fault of the cache is the same to us
        _not_counted(error, scope)
        return
    if count > uses:
        raise RateLimited(retry_after=(bucket + 1) * window - moment)


async def hit_all(*hits: tuple[str, str]) -> None:
    """Count uses as :func:`hit` does, from the event loop: pairs of scope and key, in order.

    All that is counted at the moment goes to Redis in one round trip.  Raises
    :class:`RateLimited`.
    """
    if not settings.REDIS_URL:  # the cache is this process's memory
        for scope, key in hits:
            hit(scope, key)
        return
    try:
        counts = await _counters().one(hits)
    except Exception as error:  # noqa: BLE001
        _not_counted(error, ", ".join(scope for scope, _ in hits))
        return
    for (scope, _), count in zip(hits, counts, strict=True):
        uses, window = settings.RATE_LIMITS[scope]
        if count > uses:
            raise RateLimited(retry_after=window - time.time() % window)


def _name(scope: str, key: str, bucket: int) -> str:
    return f"limit:{scope}:{key}:{bucket}"


def _not_counted(error: Exception, scope: str) -> None:
    log.warning("rate limit not counted", extra={"scope": scope, "error": repr(error)})


Hits = tuple[tuple[str, str], ...]
_gather: tuple[asyncio.AbstractEventLoop, Gather[Hits, list[int]]] | None = None


def _counters() -> Gather[Hits, list[int]]:
    """Return what counts in the running loop: its connections belong to no other."""
    global _gather  # noqa: PLW0603 - one per process, as its loop is
    loop = asyncio.get_running_loop()
    if _gather is None or _gather[0] is not loop:
        _gather = loop, Gather(_counting())
    return _gather[1]


def _counting() -> Any:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    redis: Any = Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1),  # everybody waits for it, and nothing depends on it
    )

    add = redis.register_script(ADD)

    async def count(calls: list[Hits]) -> list[list[int]]:
        moment = time.time()
        names, windows = [], []
        for scope, key in (one for hits in calls for one in hits):
            window = settings.RATE_LIMITS[scope][1]
            # The same keys that Django's cache makes of them, and plain numbers as it keeps them.
            names.append(cache.make_key(_name(scope, key, int(moment // window))))
            windows.append(window + 1)
        counts = iter(await add(names, windows))
        return [[next(counts) for _ in hits] for hits in calls]

    return count
