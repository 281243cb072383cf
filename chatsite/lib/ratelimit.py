"""Rate limits: fixed windows counted atomically in the cache, shared by all processes.

Django's cache ``incr`` is atomic on Redis and, in the one-process topology, under the local
cache's lock.  When the cache cannot be reached the limit is not enforced: a broken cache must not
take the chat down.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache

from chatsite.lib.errors import RateLimited

log = logging.getLogger(__name__)


def hit(scope: str, key: str) -> None:
    """Count one use of ``scope`` by ``key``.

    ``settings.RATE_LIMITS[scope]`` is ``(uses, seconds)``.  Raises :class:`RateLimited` with the
    seconds until the window ends when the uses are spent.
    """
    uses, window = settings.RATE_LIMITS[scope]
    moment = time.time()
    bucket = int(moment // window)
    name = f"limit:{scope}:{key}:{bucket}"
    try:
        cache.add(name, 0, timeout=window + 1)
        count = cache.incr(name)
    except ValueError:  # the key expired between the two calls: a new window has begun
        return
    except Exception as error:  # noqa: BLE001 - any fault of the cache is the same to us
        log.warning("rate limit not counted", extra={"scope": scope, "error": repr(error)})
        return
    if count > uses:
        raise RateLimited(retry_after=(bucket + 1) * window - moment)
