"""The mechanism PLAIN (RFC 4616)."""

from angarium.errors import FailureReason
from angarium.sasl.exchange import (
    MAX_IDENTITY_OCTETS,
    AsksNothing,
    Challenge,
    CredentialsWanted,
    Failed,
    Outcome,
    decode_text,
)

_MAX_MESSAGE_OCTETS = 3 * MAX_IDENTITY_OCTETS + 2


class PlainServer(AsksNothing):
    """One message of the client: authorization identity, NUL, authentication identity, NUL, password."""

    __slots__ = ()

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the message with an empty challenge if it did not come as initial response."""
        if response is None:
            return Challenge(b"")
        if len(response) > _MAX_MESSAGE_OCTETS:
            return Failed(FailureReason.TOO_LONG)
        parts = response.split(b"\x00")
        if len(parts) != 3:
            return Failed(FailureReason.MALFORMED if len(parts) < 3 else FailureReason.NUL)
        return _credentials(*parts)


def _credentials(authzid: bytes, authcid: bytes, password: bytes) -> Outcome:
    texts: list[str] = []
    for part in (authzid, authcid, password):
        text = decode_text(part)
        if isinstance(text, Failed):
            return text
        texts.append(text)
    if not authcid:
        return Failed(FailureReason.EMPTY_AUTHCID)
    if not password:
        return Failed(FailureReason.EMPTY_PASSWORD)
    return CredentialsWanted(authcid=texts[1], password=texts[2], authzid=texts[0] or None)
