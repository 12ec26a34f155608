import socket
import ssl
from pathlib import Path

import pytest
from tests.cli.dialogue.scriptedserver import scripted_server

from angarium.cli.dialogue import Address, Wire
from angarium.cli.serverunavailable import ServerUnavailable


def test_what_is_said_is_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    with (
        scripted_server(tmp_path, b"* hi \xff\r\n", b"\n") as (address, lines),
        Wire(address, show=shown.append) as wire,
    ):
        wire.read_line()
        wire.send_line(b"PASS secret", shown="PASS <omitted>")
        assert wire.read_line() == b""
    assert lines == [b"PASS secret"]
    assert shown == ["S: * hi \\xff", "C: PASS <omitted>"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (Address("127.0.0.1", "0"), "there is no such port"),
        (Address("127.0.0.1", "65536"), "there is no such port"),
        (Address("127.0.0.1", "no-such-port"), "cannot connect to 127.0.0.1:no-such-port"),
        (Address("x" * 70, "1"), "not the name of a host"),
        (Address("/nosuch", "1"), "cannot connect to /nosuch: No such file or directory"),
        (Address("/" + "x" * 200, "1"), "cannot connect to /xxx"),
    ],
)
def test_a_server_that_cannot_be_reached(address: Address, said: str) -> None:
    with pytest.raises(ServerUnavailable, match=said):
        Wire(address, show=print)


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ServerUnavailable, match="Connection refused"):
            Wire(Address("127.0.0.1", str(port)), show=print)


@pytest.mark.parametrize(("said", "error"), [(b"half", "closed the connection"), (b"x" * 140_000, "too long")])
def test_what_is_no_line(tmp_path: Path, said: bytes, error: str) -> None:
    with (
        scripted_server(tmp_path, said) as (address, _),
        Wire(address, show=print) as wire,
        pytest.raises(ServerUnavailable, match=error),
    ):
        wire.read_line()


def test_what_comes_before_tls_is_not_taken_for_what_comes_under_it(tmp_path: Path) -> None:
    with scripted_server(tmp_path, b"OK begin\r\nOK injected\r\n") as (address, _), Wire(address, show=print) as wire:
        wire.read_line()
        with pytest.raises(ServerUnavailable, match="said more before TLS"):
            wire.start_tls(ssl.create_default_context())


def test_a_server_without_tls(tmp_path: Path) -> None:
    with scripted_server(tmp_path, b"", b"this is no handshake\r\n") as (address, _), Wire(address, show=print) as wire:
        with pytest.raises(ServerUnavailable, match="TLS cannot be begun"):
            wire.start_tls(ssl.create_default_context())
        assert (wire.strength_bits, dict(wire.bindings)) == (0, {})


def test_what_is_not_compressed_though_it_should_be(tmp_path: Path) -> None:
    with scripted_server(tmp_path, b"OK\r\n", b"\xff\xff\xff\xff") as (address, _), Wire(address, show=print) as wire:
        wire.read_line()
        wire.send(b"x\n")
        wire.start_compression()
        with pytest.raises(ServerUnavailable, match="cannot be decompressed"):
            wire.read_line()
