from ipaddress import ip_network
from pathlib import Path

import pytest

from angarium.config import NoticeEvent, TlsVersion, parse_settings
from angarium.config.networks import Networks

MINIMAL = "configdirectory: /c\npartition-default: /p\n"


def test_versions_that_are_not_spoken_are_told_of() -> None:
    loaded = parse_settings(f"{MINIMAL}tls_versions: tls1_0 tls1_1 tls1_2\n", file=Path("/imapd.conf"))
    assert TlsVersion.TLS1_2 in loaded.settings.tls.tls_versions
    assert [(notice.event, notice.position.line, notice.text) for notice in loaded.notices] == [
        (NoticeEvent.VALUE_NOT_SERVED, 3, f"'{version}' of 'tls_versions' is not served, and has no effect.")
        for version in ("tls1_0", "tls1_1")
    ]


def test_a_service_has_proxies_of_its_own() -> None:
    text = f"{MINIMAL}imap_proxy_protocol_from: 192.0.2.7 2001:db8::/32 192.0.2.7\n"
    settings = parse_settings(text, file=Path("/imapd.conf")).settings
    assert settings.server.proxy_protocol_from == ()
    networks = settings.for_service("imap").server.proxy_protocol_from
    assert networks == (ip_network("192.0.2.7"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize("text", ["localhost", "192.0.2.7/24", "192.0.2.7,", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Networks().parse(text)
