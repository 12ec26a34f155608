"""AUTH (RFC 4954): a peer that may not deliver yet says who it is, and may if it is an administrator of the service."""

from typing import Final

from angarium.errors import (
    AngariumError,
    EncryptionNeeded,
    ExchangeFailed,
    FailureReason,
    MechanismUnavailable,
    TemporaryError,
)
from angarium.lmtp import replies
from angarium.lmtp.channel import Channel
from angarium.lmtp.commands import Auth
from angarium.lmtp.events import LineReceived
from angarium.lmtp.replies import Reply
from angarium.operations.logins import Continue, Logins, Peer
from angarium.sasl import Failed, decode_initial_response, decode_response, encode_challenge
from angarium.store import Actor

EXTERNAL: Final = "EXTERNAL"

_ENDS: Final = {
    FailureReason.ABORTED: replies.AUTHENTICATION_CANCELLED,
    FailureReason.NOT_BASE64: replies.NOT_BASE64,
    FailureReason.TOO_LONG: replies.EXCHANGE_LINE_TOO_LONG,
}


class NoPlace:
    """LMTP's connections have a place of their own; users are not counted by them."""

    def log_in(self, userid: str) -> None: ...

    def acted_by(self, userid: str) -> None:
        """Each command asks whether the login still stands."""

    def wake_at(self, time_s: float) -> None:
        """Likewise."""


async def take_external(channel: Channel, command: Auth) -> Reply:
    """The exchange of a peer that may deliver whoever it says it is (RFC 4422, Appendix A): what it says is not looked
    at, and changes nothing."""
    if command.mechanism != EXTERNAL:
        return replies.MECHANISM_UNKNOWN
    if command.initial_response is not None:
        response = decode_initial_response(command.initial_response)
    else:
        response = await _answer_to(channel, b"")
    return replies.AUTHENTICATED if isinstance(response, bytes) else _ENDS[response.reason]


async def authenticate(channel: Channel, logins: Logins, command: Auth, peer: Peer) -> Actor | Reply:
    """The exchange, to its end: who it is, or what is left to be answered then."""
    response: bytes | Failed | None = None
    if command.initial_response is not None:
        response = decode_initial_response(command.initial_response)
    try:
        exchange = logins.begin(command.mechanism, peer)
        while isinstance(outcome := await exchange.step(response), Continue):
            response = await _answer_to(channel, outcome.data)
        logins.seat(outcome, NoPlace(), peer)
    except AngariumError as error:
        return _reply_to(error)
    return outcome.actor


async def _answer_to(channel: Channel, data: bytes) -> bytes | Failed:
    """What the client answers to a challenge. ConnectionEnded."""
    channel.send(replies.challenge(encode_challenge(data)).serialize(""))
    channel.expect_line()
    event = await channel.next_event()
    assert isinstance(event, LineReceived)
    return Failed(FailureReason.TOO_LONG) if event.octets is None else decode_response(event.octets)


def _reply_to(error: AngariumError) -> Reply:
    match error:
        case MechanismUnavailable():
            return replies.MECHANISM_UNKNOWN
        case EncryptionNeeded():
            return replies.ENCRYPTION_NEEDED
        case ExchangeFailed(reason=reason) if reason in _ENDS:
            return _ENDS[reason]
        case TemporaryError():
            return replies.AUTHENTICATION_UNAVAILABLE
    return replies.AUTHENTICATION_FAILED
