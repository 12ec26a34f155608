"""The mechanism GSSAPI, which is Kerberos 5 (RFC 4752), without a security layer, for which there is TLS."""

import enum
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.base64line import MAX_LINE_OCTETS
from angarium.sasl.exchange import (
    Answer,
    Challenge,
    Failed,
    GssProgress,
    GssRefused,
    GssTokenWanted,
    GssUnwrapWanted,
    GssWrapWanted,
    Outcome,
    Proven,
    decode_text,
)

_NO_LAYER: Final = b"\x01\x00\x00\x00"
"""The layers that are offered, and the longest message that could be taken (RFC 4752 §3.3)."""


class _State(enum.Enum):
    TOKENS = enum.auto()
    LAST_TOKEN_SENT = enum.auto()
    OFFER_SENT = enum.auto()
    CHOSEN = enum.auto()


class GssapiServer:
    """Tokens until the context stands, the offer of no layer, and the client's word on it with whom it acts for."""

    __slots__ = ("_initiator", "_state")

    def __init__(self) -> None:
        self._state = _State.TOKENS
        self._initiator = ""

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the first token with an empty challenge if it did not come as initial response."""
        if response is None:
            return Challenge(b"")
        if len(response) > MAX_LINE_OCTETS:
            return Failed(FailureReason.TOO_LONG)
        match self._state:
            case _State.TOKENS:
                return GssTokenWanted(response) if response else Failed(FailureReason.MALFORMED)
            case _State.LAST_TOKEN_SENT:
                return Failed(FailureReason.MALFORMED) if response else self._offer()
            case _State.OFFER_SENT | _State.CHOSEN:
                self._state = _State.CHOSEN
                return GssUnwrapWanted(response)

    def answer(self, answer: Answer) -> Outcome:
        """The context's."""
        match answer:
            case GssProgress(token, None):
                return Challenge(token)
            case GssProgress(token, str(initiator)):
                self._initiator = initiator
                if token:
                    self._state = _State.LAST_TOKEN_SENT
                    return Challenge(token)
                return self._offer()
            case GssRefused():
                return Failed(FailureReason.WRONG_PROOF)
        assert isinstance(answer, bytes)
        return self._finish(answer) if self._state is _State.CHOSEN else Challenge(answer)

    def _offer(self) -> Outcome:
        self._state = _State.OFFER_SENT
        return GssWrapWanted(_NO_LAYER)

    def _finish(self, choice: bytes) -> Outcome:
        """RFC 4752 §3.2: what was offered must be chosen, and there is no buffer without a layer."""
        if not choice.startswith(_NO_LAYER):
            return Failed(FailureReason.UNSUPPORTED if len(choice) >= len(_NO_LAYER) else FailureReason.MALFORMED)
        authzid = decode_text(choice[len(_NO_LAYER) :])
        return authzid if isinstance(authzid, Failed) else Proven(self._initiator, authzid or None)
