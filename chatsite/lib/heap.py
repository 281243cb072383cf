"""Python's search for garbage in cycles, made for a process that serves."""

import gc

YOUNG, MIDDLE, OLD = 5_000, 10, 50


def settle() -> None:
    """Keep what is loaded by now out of the search, and search more rarely from now on.

    Call it when a process is about to serve.  The stock thresholds are for short programs:
    a busy web process came to look through all of its heap every two seconds, 20 to 70 ms during
    which nobody was served.  Nearly everything here is freed by its count of references.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
