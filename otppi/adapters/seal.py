"""Sealing with AES-256-GCM, so that what is kept on disk can be read only with the key in RAM."""

import os

NONCE_BYTES = 12  # the length that GCM is made for (NIST SP 800-38D, 8.2)


class Seal:
    """Seals and opens bytes with one key. ``about`` binds them to their name: sealed under one, opened only under it."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  # 4 MB that a quiet gateway never needs

        self._cipher = AESGCM(key)

    def seal(self, data: bytes, about: str) -> bytes:
        """Give nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes | None:
        """Give the data, or None when the key, the name or a byte is another."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            return None
