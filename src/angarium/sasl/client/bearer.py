"""OAUTHBEARER and XOAUTH2 as a client speaks them (RFC 7628)."""

import json

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.exchange import ClientSetting, WithoutServerProof
from angarium.sasl.gs2 import BindingFlag, Gs2Header, serialize_header


class _BearerClient(WithoutServerProof):
    """Sends a token; what the server says of one that it refuses stands in `refusal` (RFC 7628 §3.2.2)."""

    def __init__(self, setting: ClientSetting) -> None:
        self._setting = setting
        self.refusal: dict[str, str] = {}

    def step(self, challenge: bytes) -> bytes:
        """Ends the exchange, as the mechanism will have it; the server says no then."""
        if self.refusal:
            raise ClientExchangeFailed("the server sent a second challenge")
        try:
            refusal = json.loads(challenge)
        except (ValueError, RecursionError) as error:
            raise ClientExchangeFailed("the server's error is not JSON") from error
        if not isinstance(refusal, dict) or "status" not in refusal:
            raise ClientExchangeFailed("the server's error has no status")
        self.refusal = {str(key): str(value) for key, value in refusal.items()}
        return b"\x01"

    def succeed(self, final: bytes | None = None) -> None:
        """ClientExchangeFailed where the token was refused before."""
        if self.refusal:
            raise ClientExchangeFailed("the server has refused the token")
        super().succeed(final)


class OauthBearerClient(_BearerClient):
    """The standard's form."""

    name = "OAUTHBEARER"

    def start(self) -> bytes:
        """Header, host and port, token."""
        setting = self._setting
        header = serialize_header(Gs2Header(BindingFlag.NONE, authzid=setting.authzid or setting.authcid or None))
        port = f"port={setting.port}\x01" if setting.port is not None else ""
        return header + f"\x01host={setting.host}\x01{port}auth=Bearer {setting.token}\x01\x01".encode()


class XOauth2Client(_BearerClient):
    """Google's form, which is older."""

    name = "XOAUTH2"

    def start(self) -> bytes:
        """User and token."""
        user = self._setting.authzid or self._setting.authcid
        return f"user={user}\x01auth=Bearer {self._setting.token}\x01\x01".encode()

    def step(self, challenge: bytes) -> bytes:
        """Here the answer to an error is empty."""
        super().step(challenge)
        return b""
