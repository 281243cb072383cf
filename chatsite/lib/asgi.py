"""What our server adds to the ASGI scope of a socket."""

SEND_NOW = "cland.send_now"
"""Extension: ``(text: str) -> bool`` writes a text at once, if that takes no waiting, and says so.

A wake of the sending task for every frame is what it saves; servers without it lose only that.
"""
