"""Measurements of the platform against the bare limit of its own parts (``make bench``)."""
