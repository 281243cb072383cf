"""What the knowledge announces after a commit."""

from django.dispatch import Signal

index_wanted = Signal()
"""No arguments: there are jobs for the index. What is missed, the worker finds in the database."""
