"""CRAM-MD5 as a client speaks it (RFC 2195)."""

import hmac

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.exchange import ClientSetting, WithoutServerProof


class CramMd5Client(WithoutServerProof):
    """Answers one challenge."""

    name = "CRAM-MD5"

    def __init__(self, setting: ClientSetting) -> None:
        self._setting = setting
        self._is_answered = False

    def start(self) -> None:
        """The server speaks first."""

    def step(self, challenge: bytes) -> bytes:
        """The name, and the digest of the challenge under the password."""
        if self._is_answered:
            raise ClientExchangeFailed("the server sent a second challenge")
        self._is_answered = True
        digest = hmac.digest(self._setting.password.encode(), challenge, "md5").hex()
        return f"{self._setting.authcid} {digest}".encode()
