import ssl
from pathlib import Path

import pytest
from tests.worker.certificates import make_certificate

from angarium.config import (
    ImapService,
    InetAddress,
    LmtpService,
    Position,
    Proto,
    ServiceCommand,
    ServiceEntry,
    Settings,
    SieveService,
    parse_settings,
)
from angarium.errors import ConfigError
from angarium.worker import offers_starttls, service_tls
from angarium.worker.tls import tls_of_services


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


def settings_of(text: str) -> Settings:
    return parse_settings(f"configdirectory: /c\npartition-default: /p\n{text}", file=Path("/imapd.conf")).settings


def service(name: str, command: ServiceCommand) -> ServiceEntry:
    position = Position(Path("/etc/cyrus.conf"), 3)
    return ServiceEntry(name, command, InetAddress(None, 993), Proto.TCP, None, position)


IMAPS = service("imaps", ImapService(tls=True))
SIEVE = service("sieve", SieveService())
OTHERS = [service("imap", ImapService(tls=False)), service("lmtp", LmtpService(preauthorised=True))]


def context_of(text: str) -> ssl.SSLContext:
    made = service_tls(IMAPS, settings_of(text))
    assert made is not None
    return made.default.context


def test_a_certificate_with_its_key_in_one_file_serves(certificate: Path) -> None:
    context = context_of(f"tls_server_cert: {certificate}\ntls_versions: tls1_3\n")
    assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_no_certificate_is_refused_where_tls_comes_first() -> None:
    with pytest.raises(ConfigError) as caught:
        service_tls(IMAPS, settings_of(""))
    assert str(caught.value) == "/etc/cyrus.conf:3: imaps: TLS needs tls_server_cert, which is not set"
    assert [service_tls(other, settings_of("")) for other in OTHERS] == [None, None]


def test_a_service_has_the_certificate_of_its_own_option(certificate: Path) -> None:
    settings = settings_of(f"imaps_tls_server_cert: {certificate}\n")
    assert service_tls(IMAPS, settings) is not None
    assert service_tls(OTHERS[0], settings) is None


def test_services_with_the_same_options_share_what_was_read(certificate: Path) -> None:
    more = service("imaps2", ImapService(tls=True))
    settings = settings_of(f"tls_server_cert: {certificate}\nlmtp_tls_server_cert:\nimaps2_tls_versions: tls1_3\n")
    found = tls_of_services([IMAPS, *OTHERS, SIEVE, more], settings)
    assert list(found) == ["imaps", "imap", "sieve", "imaps2"]
    assert found["imap"] is found["imaps"]
    assert found["sieve"].protocol == "managesieve"
    assert found["imaps2"].default.context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert found["imaps"].default.context.minimum_version == ssl.TLSVersion.TLSv1_2
    with pytest.raises(ConfigError, match="imaps: TLS needs tls_server_cert"):
        tls_of_services([*OTHERS, IMAPS], settings_of(""))


@pytest.mark.parametrize("content", [None, b"nonsense"])
@pytest.mark.parametrize("entry", [IMAPS, *OTHERS], ids=lambda entry: entry.name)
def test_an_unusable_certificate_is_named(tmp_path: Path, content: bytes | None, entry: ServiceEntry) -> None:
    path = tmp_path / "cert.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"^/etc/cyrus.conf:3: {entry.name}: tls_server_cert {path} cannot be used: "):
        service_tls(entry, settings_of(f"tls_server_cert: {path}\n"))


@pytest.mark.parametrize(
    ("entry", "options", "is_offered"),
    [
        (OTHERS[0], "tls_server_cert: /cert.pem\n", True),
        (OTHERS[0], "imap_tls_server_cert: /cert.pem\n", True),
        (OTHERS[0], "imaps_tls_server_cert: /cert.pem\n", False),
        (OTHERS[0], "tls_server_cert: /cert.pem\nallowstarttls: no\n", False),
        (OTHERS[0], "", False),
        (IMAPS, "tls_server_cert: /cert.pem\n", False),
        (OTHERS[1], "tls_server_cert: /cert.pem\n", True),
        (SIEVE, "tls_server_cert: /cert.pem\n", True),
        (SIEVE, "sieve_allowstarttls: no\ntls_server_cert: /cert.pem\n", False),
        (service("sieves", SieveService(tls=True)), "tls_server_cert: /cert.pem\n", False),
        (service("lmtps", LmtpService(preauthorised=False, tls=True)), "tls_server_cert: /cert.pem\n", False),
    ],
)
def test_starttls_is_offered_where_there_is_a_certificate(entry: ServiceEntry, options: str, is_offered: bool) -> None:
    assert offers_starttls(entry, settings_of(options)) is is_offered


def test_the_cipher_suite_that_imap_asks_for_is_spoken(certificate: Path) -> None:
    context = context_of(f"tls_server_cert: {certificate}\n")
    # RFC 9051 §11.1
    assert "ECDHE-RSA-AES128-GCM-SHA256" in {cipher["name"] for cipher in context.get_ciphers()}
