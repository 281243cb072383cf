"""Whose identity is proven: people with an account, and visitors somebody vouched for.

The app above that lets host sites vouch registers how their visitors are told apart, because this
one does not know widgets. A matching e-mail or name is no proof of anything.
"""

from __future__ import annotations

from django.db.models import Q

_proofs: list[Q] = [Q(is_visitor=False)]


def register_proof(condition: Q) -> None:
    """Let users that meet ``condition`` count as proven too."""
    if condition not in _proofs:
        _proofs.append(condition)


def proven() -> Q:
    """Return the filter for users whose identity is proven."""
    found = Q(pk__isnull=True)
    for condition in _proofs:
        found |= condition
    return found
