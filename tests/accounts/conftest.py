"""Fixtures of the account tests."""

from collections.abc import Iterator

import pytest

from accounts.hashers import ModestArgon2PasswordHasher


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> Iterator[None]:
    """Hundreds of logins need no strong hashes; the algorithm stays the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModestArgon2PasswordHasher, "time_cost", 1)
        patch.setattr(ModestArgon2PasswordHasher, "memory_cost", 1024)
        yield
