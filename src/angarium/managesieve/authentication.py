"""AUTHENTICATE (RFC 5804 §2.1, RFC 4422) and UNAUTHENTICATE (§2.14.1)."""

from typing import Final

from angarium.errors import FailureReason, MechanismUnavailable
from angarium.managesieve import commands as c
from angarium.managesieve import responses
from angarium.managesieve.responses import Condition, Response, code_sasl, serialize_literal
from angarium.managesieve.session import ManageSieveSession
from angarium.operations.logins import LoggedIn, LoginExchange
from angarium.sasl import Failed, decode_response, encode_challenge

_NO_STRING: Final = Failed(FailureReason.NOT_BASE64)


async def authenticate(session: ManageSieveSession, command: c.Authenticate) -> None:
    """Begins an exchange; MechanismUnavailable, EncryptionNeeded, and what its steps raise."""
    mechanism = command.mechanism.upper()
    if mechanism == "ANONYMOUS":
        raise MechanismUnavailable("who does not say who she is has no scripts")
    exchange = session.host.logins.begin(mechanism, session.peer, final_with_success=True)
    await _step(session, exchange, None if command.response is None else decode_response(command.response))


async def go_on(session: ManageSieveSession, octets: bytes | None) -> None:
    """The client's response to a challenge; raises as `authenticate`."""
    exchange, session.exchange = session.exchange, None
    assert exchange is not None, "a response came that nobody asked for"
    await _step(session, exchange, _NO_STRING if octets is None else decode_response(octets))


async def _step(session: ManageSieveSession, exchange: LoginExchange, response: bytes | Failed | None) -> None:
    outcome = await exchange.step(response)
    if not isinstance(outcome, LoggedIn):
        session.exchange = exchange
        session.parser.expect_response()
        # Never quoted: Cyrus's own clients wait for more behind a quoted challenge.
        session.send(serialize_literal(encode_challenge(outcome.data)) + b"\r\n")
        return
    session.logged_in(outcome)
    final = None if outcome.final is None else code_sasl(encode_challenge(outcome.final))
    session.answer(Response(Condition.OK, code=final))
    # No security layer is negotiated, so the standard has no capabilities here; clients of its drafts wait for them.
    if session.host.settings.sieve.sieve_sasl_send_unsolicited_capability:
        session.tell_capabilities()
        session.answer(responses.OK)


async def unauthenticate(session: ManageSieveSession, _: c.Unauthenticate) -> None:
    """Never refused."""
    session.answer(responses.OK)
    session.log_out()
