from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.listen import (
    MAIL_PORTS,
    MAX_SOCKET_PATH,
    InetAddress,
    ListenAddress,
    Proto,
    UnixAddress,
    parse_listen,
    system_port,
)


def no_services(service: str, transport: str) -> int | None:
    return None


def own_services(service: str, transport: str) -> int | None:
    return {("imap", "tcp"): 10143, ("fud", "udp"): 14201}.get((service, transport))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("143", InetAddress(None, 143)),
        ("0", InetAddress(None, 0)),
        ("65535", InetAddress(None, 65535)),
        ("imap", InetAddress(None, 143)),
        ("SIEVE", InetAddress(None, 4190)),
        ("*:imaps", InetAddress(None, 993)),
        (":993", InetAddress(None, 993)),
        ("localhost:sieve", InetAddress("localhost", 4190)),
        ("127.0.0.1:2003", InetAddress("127.0.0.1", 2003)),
        ("mail.example.org:imap", InetAddress("mail.example.org", 143)),
        ("[::1]:143", InetAddress("::1", 143)),
        ("[2001:DB8:0::1]:imaps", InetAddress("2001:db8::1", 993)),
        ("/run/cyrus/socket/lmtp", UnixAddress(Path("/run/cyrus/socket/lmtp"))),
    ],
)
def test_where_a_service_may_listen(text: str, address: ListenAddress) -> None:
    assert parse_listen(text, Proto.TCP, lookup=no_services) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "65536",
        "-1",
        "nosuchservice",
        "host:",
        "::1:143",
        "[::1]",
        "[::1]143",
        "[127.0.0.1]:143",
        "[::1",
        "a b:143",
        "host:99999",
        "socket/lmtp",
        "/" + "x" * MAX_SOCKET_PATH,
    ],
)
def test_where_no_service_can_listen(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_listen(text, Proto.TCP, lookup=no_services)


def test_the_machine_s_own_table_comes_first_and_knows_the_transport() -> None:
    assert parse_listen("imap", Proto.TCP4, lookup=own_services) == InetAddress(None, 10143)
    assert parse_listen("fud", Proto.UDP6, lookup=own_services) == InetAddress(None, 14201)
    assert parse_listen("fud", Proto.TCP, lookup=own_services) == InetAddress(None, MAIL_PORTS["fud"])


def test_a_name_that_the_machine_lacks_has_no_port() -> None:
    assert system_port("no-such-service", "tcp") is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [(None, False), ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_what_only_this_machine_can_reach(host: str | None, loopback: bool) -> None:
    assert InetAddress(host, 143).is_loopback is loopback


@given(st.text(), st.sampled_from(Proto))
def test_any_text_is_an_address_or_a_value_error(text: str, proto: Proto) -> None:
    with suppress(ValueError):
        parse_listen(text, proto, lookup=no_services)
