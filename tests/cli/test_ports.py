import argparse
import socket
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from angarium.cli.ports import PortChoice, free_ports, parse_port, with_port
from angarium.config import InetAddress, ZeroPorts, parse_cyrus_conf, zero_configuration
from angarium.errors import ConfigError

CONF = zero_configuration(Path("/d"), ports=ZeroPorts(imap=1143, imaps=1993, lmtp=2003)).cyrus_conf


def ports_of(text: str) -> dict[str, int]:
    conf = parse_cyrus_conf(text, file=Path("/d/cyrus.conf"))
    return {each.name: each.listen.port for each in conf.services if isinstance(each.listen, InetAddress)}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("imap=1143", PortChoice("imap", 1143)),
        ("IMAPS=0", PortChoice("imaps", 0)),
        ("imap=65535", PortChoice("imap", 65535)),
        ("imap=65536", None),
        ("imap", None),
        ("=1", None),
        ("imap=", None),
        ("imap=-1", None),
        ("imap=1 ", None),
        ("imap=\u0661", None),
    ],
)
def test_a_choice_is_a_service_and_a_port(text: str, choice: PortChoice | None) -> None:
    if choice is None:
        with pytest.raises(argparse.ArgumentTypeError):
            parse_port(text)
    else:
        assert parse_port(text) == choice


def test_free_ports_can_be_bound_and_differ() -> None:
    ports = free_ports({"imap": 0, "imaps": 0, "lmtp": 2003})
    assert ports["lmtp"] == 2003
    assert len(set(ports.values())) == 3
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", ports["imap"]))


@given(st.sampled_from(["imap", "imaps", "pop3", "lmtp", "sieve", "IMAP"]), st.integers(0, 65535))
def test_one_service_gets_another_port_and_nothing_else_changes(service: str, port: int) -> None:
    assume(port not in {each for name, each in ports_of(CONF).items() if name != service.lower()})
    changed = with_port(CONF, service, port)
    assert ports_of(changed) == ports_of(CONF) | {service.lower(): port}
    assert with_port(changed, service, ports_of(CONF)[service.lower()]) == CONF


@pytest.mark.parametrize("service", ["nntp", "lmtpunix", "checkpoint", "", "SERVICES"])
def test_a_service_without_a_port_is_refused(service: str) -> None:
    with pytest.raises(ConfigError, match=f"--port {service}=1"):
        with_port(CONF, service, 1)
