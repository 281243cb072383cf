"""Server-sent events of a turn: the answers of all its slots, as they are written.

A reader only reads: nothing it does starts, changes or ends an answer. One feed per process and
turn serves all local readers; the chunk log and the rows are behind it.
"""
