"""GSSAPI as a client speaks it (RFC 4752 §3.1), without a security layer."""

import enum

from angarium.errors import ClientExchangeFailed
from angarium.sasl.client.exchange import ClientSetting, WithoutServerProof

_NO_LAYER = 1


class _Waits(enum.Enum):
    TOKEN = enum.auto()
    OFFER = enum.auto()
    END = enum.auto()


class GssapiClient(WithoutServerProof):
    """Tokens until the context stands, then the choice of no layer."""

    name = "GSSAPI"

    def __init__(self, setting: ClientSetting) -> None:
        if setting.gss is None:
            raise ClientExchangeFailed("there is no context of the GSS-API")
        self._context = setting.gss
        self._authzid = setting.authzid or ""
        self._waits = _Waits.TOKEN

    def start(self) -> bytes:
        """The first token."""
        return self._initiate(b"")

    def step(self, challenge: bytes) -> bytes:
        """A token, or what is chosen of the server's offer."""
        match self._waits:
            case _Waits.TOKEN:
                return self._initiate(challenge)
            case _Waits.OFFER:
                self._waits = _Waits.END
                return self._choose(challenge)
            case _Waits.END:
                raise ClientExchangeFailed("the server sent a challenge after the end")

    def succeed(self, final: bytes | None = None) -> None:
        """ClientExchangeFailed before the server has proven that it has its key."""
        if self._waits is not _Waits.END:
            raise ClientExchangeFailed("the server has not proven who it is")
        super().succeed(final)

    def _initiate(self, token: bytes) -> bytes:
        try:
            answer, stands = self._context.initiate(token)
        except ValueError as error:
            raise ClientExchangeFailed(str(error)) from error
        if stands:
            self._waits = _Waits.OFFER
        return answer

    def _choose(self, challenge: bytes) -> bytes:
        try:
            offer = self._context.unwrap(challenge)
            if len(offer) != 4:
                raise ClientExchangeFailed("the server's offer of security layers has not four octets")
            if not offer[0] & _NO_LAYER:
                raise ClientExchangeFailed("the server demands a security layer")
            if offer[0] == _NO_LAYER and any(offer[1:]):
                raise ClientExchangeFailed("the server has a buffer without a security layer")
            return self._context.wrap(bytes([_NO_LAYER, 0, 0, 0]) + self._authzid.encode())
        except ValueError as error:
            raise ClientExchangeFailed(str(error)) from error
