"""Hand a pooled database connection back before something slow that needs none."""

from django.db import connection


def release_connection() -> None:
    """Give this thread's connection back to the pool; the next query takes another.

    Hashing a password takes long enough to starve the pool when many people log in at once.
    """
    pooled = bool(connection.settings_dict.get("OPTIONS", {}).get("pool"))
    if pooled and not connection.in_atomic_block:
        connection.close()
