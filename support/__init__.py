"""The support product around the messaging kernel: widget, console, assignment, demo shop."""
