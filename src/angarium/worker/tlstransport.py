"""TLS between a plain transport and a protocol, over `ssl.MemoryBIO`.

To the plain transport it is the protocol, to the protocol above it is the transport. It keeps no octets of its own:
what is written is encrypted at once and waits in the plain transport's buffer, whose limits are those of the protocol
above; what is read is decrypted at once, unless reading is paused. So an idle connection holds little more than
OpenSSL's own state, half of what the event loop's TLS takes.

The client's first message is read before OpenSSL gets it: by the name that it asks for, it is shown one certificate or
another, and one that offers other protocols only is refused, which Python's `ssl` would let pass.

States: *shaking hands* (nothing is read or written for the protocol above, if there is one yet), *open*, *ended*
(nothing is read or written any more; the plain transport sends what it has, the alert that closes the connection being
the last of it).

A connection has TLS from its first octet, or from a command on (STARTTLS): `take_over`.
"""

import asyncio
import enum
import logging
import ssl
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from angarium.connections import Pace
from angarium.operations.logins import SECURED, Secured
from angarium.worker.certificates import subject_of
from angarium.worker.clienthello import HelloReader, HelloTooLong
from angarium.worker.halfopen import HalfOpen
from angarium.worker.tls import Identity, ServiceTls, channel_bindings

HANDSHAKE_TIMEOUT_S: Final = 30.0

_FED_OCTETS: Final = 16_384
"""What OpenSSL gets to read at once: its buffers never shrink."""
_READ_OCTETS: Final = 16_384
"""A record holds no more (RFC 8446 §5.1)."""
_NO_APPLICATION_PROTOCOL: Final = b"\x15\x03\x03\x00\x02\x02\x78"
"""A record with the fatal alert of RFC 7301 §3.2."""
_BARREN_MAX: Final = 32_768
"""Octets of which nothing comes for the protocol: one record that is not whole yet, and beside it a thousand updates of
keys (RFC 8446 §4.6.3), each of which costs more than a command, and may have an answer that nobody reads."""
_OVERHEAD: Final = 32
"""Octets for each of the protocol's that a client may need; a record with a single one has 23 to 30."""
_CERTIFICATE_MISSING: Final = "PEER_DID_NOT_RETURN_A_CERTIFICATE"

log = logging.getLogger(__name__)


class _State(enum.Enum):
    SHAKING_HANDS = enum.auto()
    OPEN = enum.auto()
    ENDED = enum.auto()


class TlsBegun(Protocol):
    """What a protocol with STARTTLS has beside the methods of `asyncio.Protocol`."""

    def tls_begun(self, transport: asyncio.Transport) -> None:
        """What came and was not executed yet came in plaintext, and must be forgotten (CVE-2011-0411); `transport` is
        what is written to from now on."""


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """The server's end of one connection. `make_protocol` is called when the handshake is done, unless there is a
    protocol already, which `take_over` brings."""

    __slots__ = (
        "_barren",
        "_below",
        "_below_is_at_end",
        "_established",
        "_half_open",
        "_hello",
        "_hurry",
        "_identity",
        "_incoming",
        "_is_at_end",
        "_log_fields",
        "_loop",
        "_make_protocol",
        "_outgoing",
        "_pace",
        "_protocol",
        "_reading_paused",
        "_service_tls",
        "_state",
        "_tls",
        "_waits",
    )

    _tls: ssl.SSLObject
    """From the client's first message on."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: ServiceTls,
        make_protocol: Callable[[], asyncio.Protocol] | None,
        *,
        service: str,
        session: str = "",
        handshake_timeout_s: float = HANDSHAKE_TIMEOUT_S,
        half_open: HalfOpen | None = None,
        pace: Pace | None = None,
        established: Callable[[], None] | None = None,
    ) -> None:
        """`pace` is that of the handshakes of all connections."""
        self._loop = loop
        self._pace = pace
        self._half_open = half_open
        """Where this is counted until the handshake is done; None for a connection that has a seat already."""
        self._established = established
        """Called when the handshake of a connection that was taken over is done: what is written from then on is
        sent."""
        self._make_protocol = make_protocol
        self._log_fields = {"service": service, "session": session} if session else {"service": service}
        self._below: asyncio.Transport | None = None
        self._protocol: asyncio.Protocol | None = None
        self._state = _State.SHAKING_HANDS
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._service_tls = tls
        self._identity: Identity = tls.default
        self._hello: HelloReader | None = HelloReader()
        """Until the client's first message is whole."""
        self._hurry: asyncio.TimerHandle | None = loop.call_later(handshake_timeout_s, self._time_out)
        self._reading_paused = False
        self._is_at_end = False
        """The client sends nothing more, and the protocol was told so."""
        self._below_is_at_end = False
        self._barren = 0
        """Octets that have come in vain; those that bear something make up for them."""
        self._waits = False
        """What has come of the handshake is looked at in one of the next turns of the loop."""

    def take_over(self, transport: asyncio.Transport) -> None:
        """What comes through `transport` from now on is TLS. What its protocol writes before the handshake is done is
        lost, so nothing follows in plaintext; it is not told of the handshake, but by `established`, and of the
        connection's end."""
        # `StartTls` is called for stream protocols alone.
        self._protocol = cast(asyncio.Protocol, transport.get_protocol())
        self._below = transport
        transport.set_protocol(self)

    # What the plain transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being of that class.
        self._below = cast(asyncio.Transport, transport)
        if self._half_open is not None and not self._half_open.begin(self._address(), self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._pace is None or self._state is not _State.SHAKING_HANDS:
            self._take(data)
            return
        self._waits = not self._pace.do(lambda: self._take_in_turn(data))
        if self._waits:
            self._transport().pause_reading()

    def _take_in_turn(self, data: bytes) -> None:
        if self._waits:
            self._waits = False
            if self.is_reading():
                self._transport().resume_reading()
        self._take(data)

    def _take(self, data: bytes) -> None:
        if self._hello is not None:
            data = self._take_hello(self._hello, data)
        for start in range(0, len(data), _FED_OCTETS):
            if self._state is _State.ENDED or self._is_at_end:
                return
            self._incoming.write(data[start : start + _FED_OCTETS])
            if self._state is _State.SHAKING_HANDS:
                self._shake_hands()
            self._read()

    def eof_received(self) -> bool:
        """The end of the connection, with or without the alert that should come first, is the end for the protocol."""
        self._below_is_at_end = True
        if self._state is _State.SHAKING_HANDS:
            self._log("connection closed during the handshake")
            self._end()
        elif not self._reading_paused:
            self._tell_end()
        return True

    def pause_writing(self) -> None:
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        if self._protocol is not None:
            self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = _State.ENDED
        self._leave_handshake()
        if self._protocol is not None:
            protocol, self._protocol = self._protocol, None
            protocol.connection_lost(exc)

    # What the protocol calls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writelines((data,))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Encrypt and send; nothing is sent after `close`."""
        if self._state is not _State.OPEN:
            return
        records: list[bytes] = []
        try:
            for data in list_of_data:
                rest = memoryview(data)
                while rest:  # a call takes one record's worth
                    rest = rest[self._tls.write(rest) :]
                    records.append(self._outgoing.read())
        except ssl.SSLError as error:
            self._fail(error)
            return
        if records:
            self._transport().writelines(records)

    def close(self) -> None:
        """Send what was written, say that it was all (RFC 8446 §6.1), and close."""
        if self._state is _State.OPEN:
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # the client's own alert is not waited for
        self._end()

    def abort(self) -> None:
        self._state = _State.ENDED
        self._transport().abort()

    def is_closing(self) -> bool:
        return self._state is _State.ENDED or self._transport().is_closing()

    def pause_reading(self) -> None:
        self._reading_paused = True
        if not self.is_closing():
            self._transport().pause_reading()

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            # Not from here: the protocol may be about to take what it has first.
            self._loop.call_soon(self._continue_reading)

    def is_reading(self) -> bool:
        return not self._reading_paused and not self.is_closing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport().set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport().get_write_buffer_size()

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # as in the class above
        """What the plain transport knows, `ssl_object` behind the client's first message, and `SECURED` behind the
        handshake."""
        if name == "ssl_object":
            return self._tls if self._hello is None else default
        if name == SECURED:
            return self._secured() if self._state is _State.OPEN else default
        return self._transport().get_extra_info(name, default)

    # The handshake

    def _take_hello(self, reader: HelloReader, data: bytes) -> bytes:
        """What OpenSSL is to get: all that came, once it is known what the client asks for."""
        if self._state is _State.ENDED:
            return b""
        try:
            hello = reader.receive(data)
        except HelloTooLong:
            self._log("the client's first message is too long")
            self._end()
            return b""
        if hello is None:
            return b""
        if not self._service_tls.speaks_any(hello.protocols):
            offered = b" ".join(hello.protocols).decode("ascii", "backslashreplace")
            self._log(f"the client offers other protocols only: {offered}")
            self._transport().write(_NO_APPLICATION_PROTOCOL)
            self._end()
            return b""
        self._hello = None
        self._identity = self._service_tls.identity_for(hello.server_name)
        self._tls = self._identity.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        return bytes(reader.octets)

    def _secured(self) -> Secured:
        certificate = self._tls.getpeercert(binary_form=True)
        user = None if certificate is None else subject_of(certificate, self._service_tls.subject)
        cipher = self._tls.cipher()
        # The same few texts for all connections.
        shown = sys.intern(f"{self._tls.version()} {cipher[0]}") if cipher is not None else ""
        return Secured(channel_bindings(self._identity, self._tls), user, shown)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._fail(error)
            return
        self._leave_handshake()
        self._flush()
        self._state = _State.OPEN
        if self._make_protocol is not None:
            self._protocol = self._make_protocol()
            self._protocol.connection_made(self)
        elif self._established is not None:
            self._established()

    def _time_out(self) -> None:
        self._hurry = None
        self._log("handshake timed out")
        self.abort()

    def _leave_handshake(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None
        if self._half_open is not None:
            self._half_open.end(self)
            self._half_open = None

    # Reading

    def _read(self) -> None:
        """Give the protocol what has come, as long as it wants it."""
        while self._state is _State.OPEN and self._protocol is not None and not self._reading_paused:
            offered = self._incoming.pending
            try:
                data = self._tls.read(_READ_OCTETS)
            except ssl.SSLWantReadError:
                self._barren += offered
                break
            except ssl.SSLError as error:
                self._fail(error)
                return
            if not data:
                self._tell_end()
                return
            used = offered - self._incoming.pending
            self._barren = max(0, self._barren + used - _OVERHEAD * len(data))
            self._protocol.data_received(data)
            if not self._incoming.pending and not self._tls.pending():
                break
        if self._state is _State.OPEN:
            if self._barren > _BARREN_MAX:
                self._log("too many updates of keys")
                self.abort()
            elif self._outgoing.pending:
                self._flush()  # an answer of OpenSSL's own, to an update of keys

    def _continue_reading(self) -> None:
        if self.is_reading():
            self._read()
        if not self.is_reading():
            return
        if self._below_is_at_end:
            self._tell_end()
        else:
            self._transport().resume_reading()

    def _tell_end(self) -> None:
        if self._state is _State.OPEN and not self._is_at_end and self._protocol is not None:
            self._is_at_end = True
            if not self._protocol.eof_received():
                self.close()

    # The end

    def _fail(self, error: ssl.SSLError) -> None:
        """What came is no TLS that we speak, or a certificate that does not hold: an alert says so."""
        if isinstance(error, ssl.SSLCertVerificationError):
            self._log(f"the client's certificate does not hold: {error.verify_message}", logging.INFO)
        elif error.reason == _CERTIFICATE_MISSING:
            self._log("the client has shown no certificate", logging.INFO)
        else:
            self._log(error.reason or str(error))
        self._end()

    def _log(self, reason: str, level: int | None = None) -> None:
        # Scanners fail at a port with TLS all the time; who knows of STARTTLS is rather a client that cannot connect.
        if level is None:
            level = logging.DEBUG if self._make_protocol is not None else logging.INFO
        log.log(level, "tls_failed", extra={**self._log_fields, "address": self._address(), "reason": reason})

    def _address(self) -> str:
        peername = self.get_extra_info("peername")
        return str(peername[0]) if isinstance(peername, tuple) else ""

    def _end(self) -> None:
        if self._state is not _State.ENDED:
            self._state = _State.ENDED
            self._flush()
        self._transport().close()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._transport().write(data)

    def _transport(self) -> asyncio.Transport:
        assert self._below is not None
        return self._below


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begins TLS on connections of a service that are in plaintext."""

    loop: asyncio.AbstractEventLoop
    tls: ServiceTls
    service: str
    pace: Pace | None = None

    def __call__(self, transport: asyncio.Transport, *, session: str, established: Callable[[], None]) -> None:
        """Behind what was written to `transport`, whose protocol is a TlsBegun too, all is TLS; `established` is called
        when the handshake is done, before anything is read."""
        protocol = cast(TlsBegun, transport.get_protocol())
        tls = TlsTransport(
            self.loop,
            self.tls,
            None,
            service=self.service,
            session=session,
            pace=self.pace,
            established=established,
        )
        tls.take_over(transport)
        protocol.tls_begun(tls)
