import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.config import ImapService, InetAddress, ListenAddress, Position, Proto, ServiceEntry, UnixAddress
from angarium.errors import ConfigError
from angarium.master.identity import Identity
from angarium.master.listeners import Listener, open_listeners

SELF = Identity("self", os.geteuid(), os.getegid(), (), changes=False)


def service(name: str, listen: ListenAddress, proto: Proto = Proto.TCP) -> ServiceEntry:
    return ServiceEntry(name, ImapService(tls=False), listen, proto, None, Position(Path("cyrus.conf"), 1))


@pytest.fixture
def short_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="angarium-") as directory:
        yield Path(directory)


@pytest.fixture
def opened() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    for listener in listeners:
        listener.close()


def test_each_slot_has_a_socket_of_the_same_port(opened: list[Listener]) -> None:
    opened += open_listeners([service("imap", InetAddress("127.0.0.1", 0))], 3, SELF)
    (listener,) = opened
    names = {each.getsockname() for each in listener.sockets.sockets}
    assert len(listener.sockets.sockets) == 3
    assert names == {listener.address}


def test_two_services_with_free_ports_have_their_own(opened: list[Listener]) -> None:
    address = InetAddress("127.0.0.1", 0)
    opened += open_listeners([service("imap", address), service("imaps", address)], 1, SELF)
    assert len({listener.address for listener in opened}) == 2


def test_a_port_of_which_each_slot_is_shared_is_in_use_all_the_same(opened: list[Listener]) -> None:
    opened += open_listeners([service("imap", InetAddress("127.0.0.1", 0))], 1, SELF)
    address = opened[0].address
    assert isinstance(address, tuple)
    with pytest.raises(
        ConfigError, match=f"^service other: cannot listen on 127.0.0.1:{address[1]}: in use by process"
    ):
        open_listeners([service("other", InetAddress("127.0.0.1", address[1]))], 1, SELF)


def test_when_one_fails_those_before_are_closed(short_path: Path) -> None:
    path = short_path / "a"
    (short_path / "b").write_text("no socket")
    services = [service("one", UnixAddress(path)), service("two", UnixAddress(short_path / "b"))]
    with pytest.raises(ConfigError, match=r"service two: .*no socket"):
        open_listeners(services, 1, SELF)
    assert not path.exists()
    assert (short_path / "b").exists()


def test_listeners_that_are_wanted_again_are_kept(opened: list[Listener], short_path: Path) -> None:
    services = [service("imap", InetAddress("127.0.0.1", 0)), service("lmtp", UnixAddress(short_path / "s" / "lmtp"))]
    opened += open_listeners(services, 2, SELF)
    again = open_listeners(services, 2, SELF, kept=opened)
    assert [each.sockets for each in again] == [each.sockets for each in opened]


def test_udp_is_refused(opened: list[Listener]) -> None:
    with pytest.raises(ConfigError, match="udp is not served"):
        open_listeners([service("imap", InetAddress("127.0.0.1", 0), Proto.UDP)], 1, SELF)


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(ConfigError, match=r"service imap: cannot listen on host\.invalid:143"):
        open_listeners([service("imap", InetAddress("host.invalid", 143))], 1, SELF)


def test_a_unix_socket_takes_connections_and_its_name_goes_with_it(short_path: Path) -> None:
    path = short_path / "new" / "lmtp"
    (listener,) = open_listeners([service("lmtp", UnixAddress(path))], 4, SELF)
    assert len(listener.sockets.sockets) == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    listener.close()
    assert not path.exists()


def test_a_port_that_needs_a_right_is_told_with_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: socket.socket, _address: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(ConfigError) as caught:
        open_listeners([service("imap", InetAddress("127.0.0.1", 143))], 1, SELF)
    assert str(caught.value) == (
        "service imap: cannot listen on 127.0.0.1:143: Permission denied; "
        "a port below 1024 needs root, or the capability CAP_NET_BIND_SERVICE"
    )
