"""How passwords are stored, and which older hashes still open the door."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptPasswordHasher


class ModestArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB and two passes: twice what OWASP asks for.

    Django's 100 MiB and eight lanes would let a few dozen logins at once fill a small machine.
    """

    time_cost = 2
    memory_cost = 47_104
    parallelism = 1


class LegacyBCryptPasswordHasher(BCryptPasswordHasher):
    """Plain bcrypt as other systems exported it: it never read past 72 bytes."""

    def encode(self, password: str, salt: Any) -> str:
        """Hash the first 72 bytes; today's bcrypt library refuses longer input instead."""
        bcrypt = self._load_library()  # type: ignore[attr-defined]
        hashed: bytes = bcrypt.hashpw(password.encode()[:72], salt)
        return f"{self.algorithm}${hashed.decode('ascii')}"
