"""How many handshakes may be under way, and who has to go."""

import asyncio
import ssl
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worker.test_tlstransport import Upper, Wire, server_context

from angarium.worker.halfopen import HalfOpen
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import TlsTransport


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Held:
    """A connection."""

    def __init__(self, when_aborted: Callable[[], None] = lambda: None) -> None:
        self.is_aborted = False
        self._when_aborted = when_aborted

    def abort(self) -> None:
        self.is_aborted = True
        self._when_aborted()


def test_who_has_taken_long_makes_room_for_a_newcomer() -> None:
    clock = Clock()
    half_open = HalfOpen(2, 2, clock_s=clock)
    first, second, third = Held(), Held(), Held()
    assert half_open.begin("192.0.2.1", first)
    assert half_open.begin("192.0.2.2", second)
    clock.now_s = 10.0
    assert half_open.begin("192.0.2.3", third)
    assert [each.is_aborted for each in (first, second, third)] == [True, False, False]
    assert len(half_open) == 2


def test_where_nobody_takes_long_the_newcomer_goes() -> None:
    clock = Clock()
    half_open = HalfOpen(2, 2, clock_s=clock)
    both = [Held(), Held()]
    assert all(half_open.begin(f"192.0.2.{number}", each) for number, each in enumerate(both))
    clock.now_s = 1.0
    assert not half_open.begin("192.0.2.9", Held())
    half_open.end(both[0])
    half_open.end(both[0])
    assert half_open.begin("192.0.2.9", Held())
    assert not any(each.is_aborted for each in both)


@pytest.mark.parametrize(
    ("addresses", "neighbour"),
    [
        (("192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"), "192.0.2.2"),
        (("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"), "2001:db8:0:1::1"),
    ],
)
def test_one_network_cannot_take_all_places(
    addresses: tuple[str, str, str], neighbour: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    half_open = HalfOpen(100, 2, clock_s=clock)
    held = [Held() for _ in range(3)]
    outcomes = [half_open.begin(address, each) for address, each in zip(addresses, held, strict=True)]
    assert outcomes == [True, True, False]
    assert half_open.begin(neighbour, Held())
    clock.now_s = 5.0
    assert half_open.begin(addresses[0], Held())
    assert [each.is_aborted for each in held] == [True, False, False]
    # A flood is not one in the log.
    assert [record.message for record in caplog.records] == ["too_many_handshakes"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.floats(0, 10))))
def test_limits_hold_whatever_happens(moves: list[tuple[int, int, float]]) -> None:
    clock = Clock()
    half_open = HalfOpen(4, 2, clock_s=clock)
    held: dict[Held, int] = {}
    for network, move, passed_s in moves:
        clock.now_s += passed_s
        if move < 3 and held:
            gone = list(held)[move % len(held)]
            half_open.end(gone)
            del held[gone]
        else:
            each = Held()
            if half_open.begin(f"192.0.2.{network}", each):
                held[each] = network
        held = {each: of for each, of in held.items() if not each.is_aborted}
        assert len(half_open) == len(held) <= 4
        assert all(list(held.values()).count(of) <= 2 for of in held.values())


def test_the_limits_suit_what_a_process_may_have_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for descriptors, maximum in ((1024, 256), (1 << 20, 8192)):
        monkeypatch.setattr("resource.getrlimit", lambda _, descriptors=descriptors: (descriptors, descriptors))
        half_open = HalfOpen.within_descriptors()
        held = [half_open.begin(f"192.0.{number // 256}.{number % 256}", Held()) for number in range(maximum + 1)]
        assert held.count(True) == maximum
        of_one = HalfOpen.within_descriptors()
        assert [of_one.begin("192.0.2.1", Held()) for _ in range(maximum)].count(True) == maximum // 8


def test_a_connection_is_counted_until_its_handshake_is_done_or_it_is_lost() -> None:
    def client() -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        return trusting.wrap_bio(incoming, outgoing), incoming, outgoing

    async def body() -> None:
        half_open = HalfOpen(2, 2)

        def connection() -> tuple[TlsTransport, Wire]:
            tls = ServiceTls(Identity(server_context()))
            made = TlsTransport(asyncio.get_running_loop(), tls, Upper, service="imaps", half_open=half_open)
            wire = Wire()
            made.connection_made(wire)
            return made, wire

        (done, done_wire), (lost, _) = connection(), connection()
        refused, refused_wire = connection()
        assert refused_wire.calls == ["abort"]
        refused.connection_lost(None)
        assert len(half_open) == 2
        lost.connection_lost(None)
        assert len(half_open) == 1
        shaking, incoming, outgoing = client()
        for _ in range(2):
            try:
                shaking.do_handshake()
            except ssl.SSLWantReadError:
                pass
            done.data_received(outgoing.read())
            incoming.write(bytes(done_wire.sent))
            done_wire.sent.clear()
        assert len(half_open) == 0
        done.connection_lost(None)

    asyncio.run(body())
