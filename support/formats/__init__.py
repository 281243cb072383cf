"""Formats of dates for people."""
