"""TLS over a plain transport, with a client that is made of `ssl` alone; neither has a socket."""

import asyncio
import ctypes
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worker.certificates import make_certificate

from angarium.connections import Pace
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls, TlsTransport

_TIMEOUT_S = 600.0


class Wire(asyncio.Transport):
    """A plain transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.calls: list[str] = []
        self.aborted = asyncio.Event()
        self.limits: tuple[int | None, int | None] | None = None
        self.protocol: asyncio.BaseProtocol = asyncio.Protocol()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closing()
        self.sent += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")
        self.aborted.set()

    def is_closing(self) -> bool:
        return "close" in self.calls or "abort" in self.calls

    def pause_reading(self) -> None:
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        self.calls.append("resume_reading")

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def get_write_buffer_size(self) -> int:
        return len(self.sent)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # as in the class above
        return ("192.0.2.7", 40_000) if name == "peername" else default


class Upper(asyncio.Protocol):
    """The protocol above; it notes what it is told."""

    def __init__(self, *, stays_at_end: bool = False) -> None:
        self.transport: TlsTransport | None = None
        self.received = b""
        self.calls: list[str] = []
        self.on_data: Callable[[], None] = lambda: None
        self._stays_at_end = stays_at_end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, TlsTransport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.on_data()

    def eof_received(self) -> bool:
        self.calls.append("eof")
        return self._stays_at_end

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost" if exc is None else f"lost: {exc}")

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")


class Talk:
    """A client and the server's end; what one sends reaches the other when `exchange` is called."""

    def __init__(
        self, context: ssl.SSLContext, upper: Upper, *, timeout_s: float = _TIMEOUT_S, pace: Pace | None = None
    ) -> None:
        self.wire = Wire()
        self.upper = upper
        self.server = TlsTransport(
            asyncio.get_running_loop(),
            ServiceTls(Identity(context)),
            lambda: upper,
            service="imaps",
            handshake_timeout_s=timeout_s,
            pace=pace,
        )
        self.server.connection_made(self.wire)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = trusting.wrap_bio(self._incoming, self._outgoing)
        self.received = b""

    def client_octets(self) -> bytes:
        """What the client has to send."""
        return self._outgoing.read()

    def hear(self) -> None:
        """The client takes what was sent to it."""
        self._incoming.write(bytes(self.wire.sent))
        self.wire.sent.clear()

    def shake_hands(self, *, piece: int = 1 << 16) -> None:
        for _ in range(4):
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            self.say(self.client_octets(), piece=piece)
            self.hear()
        assert self.upper.transport is self.server

    def say(self, octets: bytes, *, piece: int = 1 << 16) -> None:
        for start in range(0, len(octets), piece):
            self.server.data_received(octets[start : start + piece])

    def encrypted(self, octets: bytes) -> bytes:
        """Application data as the client sends it."""
        rest = memoryview(octets)
        sent = b""
        while rest:
            rest = rest[self.client.write(rest) :]
            sent += self._outgoing.read()
        return sent

    def read(self) -> bytes:
        """All that the client can read now."""
        self.hear()
        found = b""
        while True:
            try:
                data = self.client.read(1 << 16)
            except ssl.SSLWantReadError:
                return found
            if not data:
                return found + b"<end>"
            found += data


@cache
def server_context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.maximum_version = version
    with TemporaryDirectory() as directory:
        made.load_cert_chain(make_certificate(Path(directory)))
    return made


@pytest.fixture
def context() -> ssl.SSLContext:
    return server_context()


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await body()

    asyncio.run(main())


def test_both_sides_are_heard(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        talk.say(talk.encrypted(b"hello"))
        assert talk.upper.received == b"hello"
        talk.server.write(b"good ")
        talk.server.writelines([b"", bytearray(b"day"), memoryview(b"!")])
        talk.server.write(b"")
        assert talk.read() == b"good day!"
        assert talk.server.get_extra_info("peername") == ("192.0.2.7", 40_000)
        assert talk.server.get_extra_info("ssl_object").version() == "TLSv1.3"
        assert not talk.server.can_write_eof()

    run(body)


@given(
    messages=st.lists(st.integers(0, 40_000), max_size=4),
    handshake_piece=st.integers(1, 700),
    cuts=st.lists(st.integers(1, 30_000), max_size=30),
)
def test_how_octets_come_changes_nothing(messages: list[int], handshake_piece: int, cuts: list[int]) -> None:
    async def body() -> None:
        talk = Talk(server_context(), Upper())
        talk.shake_hands(piece=handshake_piece)
        said = [bytes([number]) * count for number, count in enumerate(messages)]
        octets = b"".join([talk.encrypted(message) for message in said])
        for cut in cuts:
            talk.say(octets[:cut])
            octets = octets[cut:]
        talk.say(octets)
        assert talk.upper.received == b"".join(said)
        for message in said:
            talk.server.write(message)
        assert talk.read() == b"".join(said)

    run(body)


@given(octets=st.binary(min_size=1, max_size=300), after_handshake=st.booleans())
def test_what_is_no_tls_ends_the_connection_or_waits_for_more(octets: bytes, after_handshake: bool) -> None:
    async def body() -> None:
        talk = Talk(server_context(), Upper())
        if after_handshake:
            talk.shake_hands()
        talk.say(octets)
        assert talk.upper.received == b""
        if talk.wire.is_closing():
            talk.say(b"more")
            talk.server.write(b"nobody hears this")
            talk.server.connection_lost(None)
            assert talk.upper.calls == (["lost"] if after_handshake else [])
        talk.server.abort()

    run(body)


def test_an_alert_says_that_something_is_no_tls(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        record = bytearray(talk.encrypted(b"hello"))
        record[-1] ^= 1
        talk.say(bytes(record))
        assert talk.wire.calls == ["close"]
        with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
            talk.read()

    run(body)


def test_a_client_that_never_finishes_its_handshake_is_dropped(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(), timeout_s=0.01)
        talk.say(b"\x16\x03\x01")
        async with asyncio.timeout(5):
            await talk.wire.aborted.wait()
        assert talk.wire.calls == ["abort"]
        talk.server.connection_lost(None)
        assert talk.upper.transport is None
        assert talk.upper.calls == []

    run(body)


def test_no_timer_is_left_after_the_handshake(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(), timeout_s=0.05)
        talk.shake_hands()
        await asyncio.sleep(0.1)
        assert not talk.wire.is_closing()

    run(body)


def test_a_client_that_leaves_during_the_handshake_is_let_go(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        assert talk.server.eof_received()
        assert talk.wire.calls == ["close"]
        talk.server.connection_lost(None)
        assert talk.upper.calls == []

    run(body)


def test_what_was_written_is_sent_before_the_end_and_nothing_after_it(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        talk.server.write(b"bye")
        talk.server.close()
        assert talk.server.is_closing()
        talk.server.write(b"too late")
        talk.server.close()
        assert talk.read() == b"bye<end>"
        assert set(talk.wire.calls) == {"close"}
        talk.say(talk.encrypted(b"too late as well"))
        assert talk.upper.received == b""
        talk.server.connection_lost(None)
        assert talk.upper.calls == ["lost"]

    run(body)


@pytest.mark.parametrize("with_alert", [True, False])
@pytest.mark.parametrize("stays", [True, False])
def test_the_end_of_what_the_client_says(context: ssl.SSLContext, with_alert: bool, stays: bool) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(stays_at_end=stays))
        talk.shake_hands()
        last = talk.encrypted(b"last words")
        if with_alert:
            with pytest.raises(ssl.SSLWantReadError):
                talk.client.unwrap()
            last += talk.client_octets()
        talk.say(last)
        talk.server.eof_received()
        assert talk.upper.received == b"last words"
        assert talk.upper.calls == ["eof"]
        assert talk.wire.is_closing() is not stays
        if stays and not with_alert:
            talk.server.write(b"heard")
            assert talk.read() == b"heard"

    run(body)


def test_nothing_is_told_while_reading_is_paused(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(stays_at_end=True))
        talk.shake_hands()
        talk.upper.on_data = talk.server.pause_reading
        first, second = b"a" * 16_000, b"b" * 30_000
        talk.say(talk.encrypted(first) + talk.encrypted(second))
        talk.server.eof_received()
        assert talk.upper.received == first
        assert talk.wire.calls == ["pause_reading"]
        assert not talk.server.is_reading()
        while len(talk.upper.received) < len(first + second):
            talk.server.resume_reading()
            assert talk.server.is_reading()
            await asyncio.sleep(0)
        assert talk.upper.received == first + second
        assert talk.upper.calls == []
        talk.server.resume_reading()
        await asyncio.sleep(0)
        assert talk.upper.calls == ["eof"]

    run(body)


def test_reading_goes_on_below_when_all_was_taken(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        talk.server.pause_reading()
        talk.say(talk.encrypted(b"waits"))
        talk.server.resume_reading()
        talk.server.resume_reading()
        assert talk.upper.received == b""
        await asyncio.sleep(0)
        assert talk.upper.received == b"waits"
        assert talk.wire.calls == ["pause_reading", "resume_reading"]

    run(body)


def test_a_slow_client_is_the_protocols_matter(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.server.pause_writing()  # before there is anybody to write
        talk.server.resume_writing()
        talk.shake_hands()
        talk.server.set_write_buffer_limits(high=1000)
        assert talk.wire.limits == (1000, None)
        large = bytes(range(256)) * 4000
        talk.server.write(large)
        assert talk.server.get_write_buffer_size() > len(large)
        talk.server.pause_writing()
        talk.server.resume_writing()
        assert talk.upper.calls == ["pause", "resume"]
        assert talk.read() == large

    run(body)


def test_an_aborted_connection_is_only_lost(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        talk.server.abort()
        talk.server.write(b"x")
        talk.server.resume_reading()
        talk.server.connection_lost(ConnectionResetError("reset"))
        assert talk.wire.calls == ["abort"]
        assert talk.wire.sent == b""
        assert talk.upper.calls == ["lost: reset"]

    run(body)


def test_a_protocol_may_refuse_at_once(context: ssl.SSLContext) -> None:
    class Refusing(Upper):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert self.transport is not None
            self.transport.write(b"BYE")
            self.transport.close()

    async def body() -> None:
        talk = Talk(context, Refusing())
        talk.shake_hands()
        assert talk.client.read(10) == b"BYE"
        assert talk.client.read(10) == b""

    run(body)


def test_the_version_before_is_spoken() -> None:
    async def body() -> None:
        talk = Talk(server_context(ssl.TLSVersion.TLSv1_2), Upper())
        talk.shake_hands()
        talk.say(talk.encrypted(b"hello"))
        talk.server.write(b"good day")
        assert talk.read() == b"good day"
        assert talk.server.get_extra_info("ssl_object").version() == "TLSv1.2"
        assert talk.upper.received == b"hello"

    run(body)


class Starting(Upper):
    """A protocol that began in plaintext."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: Wire | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Wire)
        transport.protocol = self
        self.plain = transport

    def tls_begun(self, transport: asyncio.Transport) -> None:
        self.calls.append("begun")
        super().connection_made(transport)

    def welcome(self) -> None:
        assert self.transport is not None
        self.transport.write(b"welcome")


class StartedTalk(Talk):
    """The same behind a command in plaintext."""

    def __init__(
        self, context: ssl.SSLContext, upper: Starting, *, established: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(context, upper)
        upper.connection_made(self.wire)
        start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(context)), "imap")
        start_tls(self.wire, session="session-1", established=established)
        begun = self.wire.get_protocol()
        assert isinstance(begun, TlsTransport)
        self.server = begun


def test_a_connection_goes_over_to_tls(context: ssl.SSLContext) -> None:
    async def body() -> None:
        upper = Starting()
        talk = StartedTalk(context, upper)
        assert upper.transport is talk.server
        talk.server.write(b"lost")
        talk.server.writelines([b"this", b"too"])
        assert talk.wire.sent == b""
        talk.shake_hands()
        talk.say(talk.encrypted(b"hello"))
        assert upper.received == b"hello"
        talk.server.write(b"good day")
        assert talk.read() == b"good day"
        talk.server.connection_lost(None)
        assert upper.calls == ["begun", "lost"]

    run(body)


def test_a_protocol_that_speaks_first_is_told_when_it_may(context: ssl.SSLContext) -> None:
    async def body() -> None:
        upper = Starting()
        talk = StartedTalk(context, upper, established=upper.welcome)
        assert talk.wire.sent == b""
        talk.shake_hands()
        assert talk.read() == b"welcome"

    run(body)


@given(piece=st.integers(1, 700), octets=st.binary(max_size=40_000))
def test_how_the_octets_of_a_connection_that_goes_over_come_changes_nothing(piece: int, octets: bytes) -> None:
    async def body() -> None:
        upper = Starting()
        talk = StartedTalk(server_context(), upper)
        talk.shake_hands(piece=piece)
        talk.say(talk.encrypted(octets), piece=piece)
        assert upper.received == octets
        talk.server.write(octets)
        assert talk.read() == octets

    run(body)


@given(octets=st.binary(min_size=1, max_size=300))
def test_what_is_no_handshake_is_never_told(octets: bytes) -> None:
    async def body() -> None:
        upper = Starting()
        talk = StartedTalk(server_context(), upper)
        talk.say(octets)
        assert upper.received == b""
        talk.server.connection_lost(None)
        assert upper.calls == ["begun", "lost"]

    run(body)


@pytest.mark.parametrize("end", ["garbage", "eof", "timeout"])
def test_a_handshake_that_fails_is_told_to_the_protocol_and_the_log(
    end: str, context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def body() -> None:
        upper = Starting()
        talk = StartedTalk(context, upper)
        match end:
            case "garbage":
                talk.say(b"a NOOP\r\n")
            case "eof":
                talk.server.eof_received()
            case "timeout":
                talk.server._time_out()
        assert talk.wire.is_closing()
        assert bytes(talk.wire.sent[:1]) in (b"", b"\x15")  # an alert
        talk.server.connection_lost(None)
        assert upper.calls == ["begun", "lost"]

    run(body)
    (record,) = caplog.records
    assert record.message == "tls_failed"
    assert {name: vars(record)[name] for name in ("service", "session", "address")} == {
        "service": "imap",
        "session": "session-1",
        "address": "192.0.2.7",
    }


def test_what_scanners_do_to_a_port_with_tls_is_for_debugging(
    context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def body() -> None:
        Talk(context, Upper()).say(b"GET / HTTP/1.0\r\n\r\n")

    run(body)
    assert not caplog.records


def test_records_that_bear_nothing_end_the_connection(context: ssl.SSLContext) -> None:
    """As updates of keys (RFC 8446 §4.6.3), which are dear, and answered at once whether or not anything is read."""

    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        update_keys = updater_of_keys(talk.client)
        updates = 0
        while not talk.server.is_closing():
            update_keys()
            talk.say(talk.client_octets())
            updates += 1
            assert updates < 1500
        assert talk.wire.calls == ["abort"]
        assert updates > 1000

    run(body)


def test_a_client_may_update_its_keys_and_send_octet_by_octet(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper())
        talk.shake_hands()
        update_keys = updater_of_keys(talk.client)
        for number in range(3000):
            if number % 10 == 0:
                update_keys()
            talk.say(talk.client_octets() + talk.encrypted(b"x"))
            talk.hear()
        assert talk.upper.received == bytes(b"x" * 3000)
        assert not talk.wire.calls

    run(body)


def updater_of_keys(client: ssl.SSLObject) -> Callable[[], None]:
    """Has OpenSSL ask for new keys on both sides, for which Python's `ssl` has no way."""
    loaded = re.search(r"/\S*/libssl\.so\S*", Path("/proc/self/maps").read_text())
    if loaded is None:
        pytest.skip("the interpreter has an OpenSSL of its own")
    library = ctypes.CDLL(loaded[0])
    library.SSL_key_update.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.SSL_do_handshake.argtypes = [ctypes.c_void_p]
    # What stands behind the head of the object and a reference to its socket.
    made = client._sslobj  # type: ignore[attr-defined]
    pointer = ctypes.c_void_p.from_address(id(made) + 3 * ctypes.sizeof(ctypes.c_void_p)).value

    def update() -> None:
        assert library.SSL_key_update(pointer, 1) == 1
        library.SSL_do_handshake(pointer)

    return update


def _busy_pace() -> Pace:
    """Of a turn in which others have done all that may be done."""
    pace = Pace(asyncio.get_running_loop())
    while pace.do(lambda: None):
        pass
    return pace


def test_handshakes_of_many_clients_take_turns(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(), pace=_busy_pace())
        with pytest.raises(ssl.SSLWantReadError):
            talk.client.do_handshake()
        talk.say(talk.client_octets())
        assert (bytes(talk.wire.sent), talk.wire.calls) == (b"", ["pause_reading"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert talk.wire.sent
        assert talk.wire.calls == ["pause_reading", "resume_reading"]
        talk.hear()
        talk.shake_hands()
        talk.say(talk.encrypted(b"hello"))
        assert talk.upper.received == b"hello"

    run(body)


def test_who_goes_before_it_is_her_turn_is_let_go(context: ssl.SSLContext) -> None:
    async def body() -> None:
        talk = Talk(context, Upper(), pace=_busy_pace())
        with pytest.raises(ssl.SSLWantReadError):
            talk.client.do_handshake()
        talk.say(talk.client_octets())
        talk.server.abort()
        talk.server.connection_lost(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (bytes(talk.wire.sent), talk.wire.calls) == (b"", ["pause_reading", "abort"])

    run(body)


def test_who_has_shaken_hands_waits_for_nobody_who_has_not(context: ssl.SSLContext) -> None:
    async def body() -> None:
        pace = Pace(asyncio.get_running_loop())
        talk = Talk(context, Upper(), pace=pace)
        talk.shake_hands()
        while pace.do(lambda: None):
            pass
        talk.say(talk.encrypted(b"hello"))
        assert talk.upper.received == b"hello"

    run(body)
