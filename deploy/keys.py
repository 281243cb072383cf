"""Print fresh secrets for a new installation, as lines of an environment file.

.venv/bin/python -m deploy.keys >> .env
"""

import secrets

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def fresh() -> dict[str, str]:
    """New values for every setting that production insists on keeping secret."""
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": f"k1:{Fernet.generate_key().decode()}",
        "JWT_PRIVATE_KEY": pem.decode().strip().replace("\n", "\\n"),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
        "METRICS_TOKEN": secrets.token_urlsafe(24),
    }


if __name__ == "__main__":
    for name, value in fresh().items():
        print(f"{name}='{value}'")
