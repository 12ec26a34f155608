"""What clients and services agree on, by the options of the service; neither has a socket."""

import asyncio
import hashlib
import logging
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.worker.certificates import Authority, Issued, make_certificate
from tests.worker.test_tls import IMAPS, service, settings_of
from tests.worker.test_tlstransport import Upper, Wire

from angarium.config import LmtpService, Pop3Service, ServiceEntry, SieveService
from angarium.errors import ConfigError
from angarium.operations.logins import Peer, Secured, secured, secured_peer
from angarium.worker.tls import ServiceTls, service_tls
from angarium.worker.tlstransport import TlsTransport

AUTHORITY, USERS = Authority(), Authority("users.test")
POP3S = service("pop3s", Pop3Service(tls=True))
LMTP = service("lmtp", LmtpService(preauthorised=False))
SIEVE = service("sieve", SieveService())
TLS1_2, TLS1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True)
class Met:
    """What came of a handshake."""

    client: ssl.SSLObject
    secured: Secured | None


class Site:
    """A service, and those who come to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate = AUTHORITY.issue_for_hosts("mail.test")
        self.certificate.write(directory / "cert.pem")
        self.users = USERS.write(directory / "users.pem")

    def tls(self, options: str = "", entry: ServiceEntry = IMAPS) -> ServiceTls:
        made = service_tls(entry, settings_of(f"tls_server_cert: {self.directory}/cert.pem\n{options}"))
        assert made is not None
        return made

    def client(
        self,
        user: Issued | None = None,
        *,
        version: ssl.TLSVersion | None = None,
        protocols: tuple[str, ...] = (),
    ) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False
        made.load_verify_locations(AUTHORITY.write(self.directory / "authority.pem"))
        if version is not None:
            made.minimum_version = made.maximum_version = version
        if user is not None:
            made.load_cert_chain(user.write(self.directory / "user.pem"))
        if protocols:
            made.set_alpn_protocols(protocols)
        return made

    def meet(
        self,
        tls: ServiceTls,
        context: ssl.SSLContext,
        name: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Met:
        """A handshake, and a greeting behind it; ssl.SSLError where the client is refused."""

        async def body() -> Met:
            wire, upper = Wire(), Upper()
            server = TlsTransport(asyncio.get_running_loop(), tls, lambda: upper, service="imaps")
            server.connection_made(wire)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = context.wrap_bio(incoming, outgoing, server_hostname=name, session=session)
            for step in (client.do_handshake, client.do_handshake, client.do_handshake):
                exchange(step)
                server.data_received(outgoing.read())
                incoming.write(bytes(wire.sent))
                wire.sent.clear()
            if server.is_closing():
                client.read(1)  # raises what the alert says
            assert secured(server) is not None
            server.write(b"* OK\r\n")
            incoming.write(bytes(wire.sent))
            assert client.read(100) == b"* OK\r\n"
            server._leave_handshake()
            return Met(client, secured(server))

        return asyncio.run(body())


def exchange(step: Callable[[], None]) -> None:
    try:
        step()
    except ssl.SSLWantReadError:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "default"),
        ("mail.test", "default"),
        ("a.test", "first"),
        ("A.TEST", "first"),
        ("www.b.test", "second"),
        ("x.www.b.test", "default"),
        ("b.test", "default"),
        ("special.b.test", "first"),
    ],
)
def test_a_client_is_shown_the_certificate_of_the_name_that_it_asks_for(
    site: Site, name: str | None, shown: str
) -> None:
    directory = site.directory / "sni"
    directory.mkdir()
    certificates = {
        "default": site.certificate,
        "first": AUTHORITY.issue_for_hosts("a.test", "special.b.test"),
        "second": AUTHORITY.issue_for_hosts("*.b.test", "a.test"),
    }
    certificates["first"].write(directory / "1.pem")
    (directory / "2.pem").write_bytes(certificates["second"].pem)
    (directory / "2.key").write_bytes(certificates["second"].key)
    (directory / "README").write_text("no certificate")
    tls = site.tls(f"tls_sni_dir: {directory}\n")
    met = site.meet(tls, site.client(), name)
    expected = certificates[shown].der
    assert met.client.getpeercert(binary_form=True) == expected
    # RFC 5929 §4.1: of the certificate that was sent.
    assert met.secured is not None
    assert met.secured.bindings["tls-server-end-point"] == hashlib.sha256(expected).digest()
    assert [each.file.name for each in tls.certificates] == ["cert.pem", "1.pem", "2.pem"]


# Protocols


@pytest.mark.parametrize(
    ("entry", "offered", "chosen"),
    [
        (IMAPS, (), None),
        (IMAPS, ("imap",), "imap"),
        (IMAPS, ("h2", "imap"), "imap"),
        (POP3S, ("pop3",), "pop3"),
        (SIEVE, ("managesieve",), "managesieve"),
        (LMTP, ("smtp",), None),
    ],
)
def test_the_protocol_is_agreed_on(site: Site, entry: ServiceEntry, offered: tuple[str, ...], chosen: str) -> None:
    met = site.meet(site.tls(entry=entry), site.client(protocols=offered))
    assert met.client.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("version", [TLS1_2, TLS1_3])
@pytest.mark.parametrize("offered", [("http/1.1",), ("h2", "pop3"), ("IMAP",)])
def test_a_client_that_offers_other_protocols_only_is_refused(
    site: Site, offered: tuple[str, ...], version: ssl.TLSVersion, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 7301 §3.2: as one that was sent here from a web page."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        site.meet(site.tls(), site.client(protocols=offered, version=version))
    (record,) = [record for record in caplog.records if record.message == "tls_failed"]
    assert vars(record)["reason"] == f"the client offers other protocols only: {' '.join(offered)}"


@pytest.mark.parametrize(("names", "is_answered"), [(50, True), (100, False), (250, False)])
def test_a_hello_may_be_long_but_not_of_any_length(site: Site, names: int, is_answered: bool) -> None:
    """The longest has 64 KB, in several records."""
    context = site.client(protocols=("imap", *(f"{number:0250}" for number in range(names))))
    if is_answered:
        assert site.meet(site.tls(), context).client.selected_alpn_protocol() == "imap"
    else:
        with pytest.raises(ssl.SSLError):
            site.meet(site.tls(), context)


# Clients' certificates


def test_a_client_is_who_its_certificate_says(site: Site) -> None:
    tls = site.tls(f"tls_server_ca_file: {site.users}\n")
    for version in (TLS1_2, TLS1_3):
        met = site.meet(tls, site.client(USERS.issue_for_user("alice"), version=version))
        assert met.secured is not None
        assert met.secured.certificate_user == "alice"
        assert met.secured.cipher == f"{met.client.version()} {(met.client.cipher() or ('',))[0]}"
        nobody = site.meet(tls, site.client(version=version)).secured
        assert nobody is not None
        assert nobody.certificate_user is None


def test_authorities_may_stand_in_a_directory(site: Site) -> None:
    directory = site.directory / "authorities"
    directory.mkdir()
    (directory / f"{_hash_of(site.users)}.0").write_bytes(site.users.read_bytes())
    met = site.meet(site.tls(f"tls_server_ca_dir: {directory}\n"), site.client(USERS.issue_for_user("alice")))
    assert met.secured is not None
    assert met.secured.certificate_user == "alice"


def _hash_of(certificate: Path) -> str:
    words = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


@pytest.mark.parametrize("version", [TLS1_2, TLS1_3])
@pytest.mark.parametrize(
    ("options", "shown", "reason"),
    [
        ("", "stranger", "the client's certificate does not hold: "),
        ("", "expired", "the client's certificate does not hold: certificate has expired"),
        ("tls_crl_file: {crl}\n", "revoked", "the client's certificate does not hold: certificate revoked"),
        ("tls_client_certs: require\n", None, "the client has shown no certificate"),
    ],
)
def test_a_certificate_that_does_not_hold_ends_the_connection(
    site: Site,
    options: str,
    shown: str | None,
    reason: str,
    version: ssl.TLSVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    revoked = USERS.issue_for_user("alice")
    USERS.revoke(revoked)
    crl = USERS.write_revoked(site.directory / "crl.pem")
    tls = site.tls(f"tls_server_ca_file: {site.users}\n{options.format(crl=crl)}")
    certificates = {
        "stranger": AUTHORITY.issue_for_user("alice"),
        "expired": USERS.issue(days=-1),
        "revoked": revoked,
    }
    with pytest.raises(ssl.SSLError):
        site.meet(tls, site.client(certificates[shown] if shown else None, version=version))
    (record,) = caplog.records
    assert record.message == "tls_failed"
    assert vars(record)["reason"].startswith(reason)


def test_one_that_is_not_revoked_passes_the_list(site: Site) -> None:
    USERS.revoke(USERS.issue_for_user("mallory"))
    crl = USERS.write_revoked(site.directory / "crl.pem")
    tls = site.tls(f"tls_server_ca_file: {site.users}\ntls_crl_file: {crl}\ntls_client_certs: require\n")
    met = site.meet(tls, site.client(USERS.issue_for_user("alice")))
    assert met.secured is not None
    assert met.secured.certificate_user == "alice"


@pytest.mark.parametrize("options", ["", "tls_server_ca_file: {users}\ntls_client_certs: off\n"])
def test_no_certificate_is_asked_for_without_need(site: Site, options: str) -> None:
    tls = site.tls(options.format(users=site.users))
    assert tls.default.context.verify_mode is ssl.CERT_NONE
    met = site.meet(tls, site.client(USERS.issue_for_user("alice")))
    assert met.secured is not None
    assert met.secured.certificate_user is None


# Channel bindings


def test_the_peer_has_what_the_handshake_has_brought(site: Site) -> None:
    peer = Peer("192.0.2.7", "imap", "s1")
    assert secured_peer(peer, Wire()) is peer


def test_tls_1_3_has_the_binding_of_the_certificate_alone(site: Site) -> None:
    tls = site.tls()
    met = site.meet(tls, site.client(version=TLS1_3))
    assert met.secured is not None
    assert list(met.secured.bindings) == ["tls-server-end-point"]
    assert met.secured.bindings is tls.default.bindings  # so idle connections hold none of their own


def test_tls_1_2_has_that_of_the_connection_too_unless_it_was_resumed(site: Site) -> None:
    tls, context = site.tls(), site.client(version=TLS1_2)
    first = site.meet(tls, context)
    assert first.secured is not None
    assert first.secured.bindings["tls-unique"] == first.client.get_channel_binding("tls-unique")
    second = site.meet(tls, context, session=first.client.session)
    assert second.client.session_reused
    assert second.secured is not None
    assert list(second.secured.bindings) == ["tls-server-end-point"]


# Sessions


@pytest.mark.parametrize("version", [TLS1_2, TLS1_3])
def test_sessions_are_resumed_by_tickets_with_who_it_is(site: Site, version: ssl.TLSVersion) -> None:
    tls = site.tls(f"tls_server_ca_file: {site.users}\n")
    context = site.client(USERS.issue_for_user("alice"), version=version)
    first = site.meet(tls, context)
    assert first.client.session is not None
    assert first.client.session.has_ticket
    second = site.meet(tls, context, session=first.client.session)
    assert second.client.session_reused
    assert second.secured is not None
    assert second.secured.certificate_user == "alice"
    # Another certificate of the server's is another context, whose tickets are its own.
    third = site.meet(site.tls(f"tls_server_ca_file: {site.users}\n"), context, session=first.client.session)
    assert not third.client.session_reused


@pytest.mark.parametrize("version", [TLS1_2, TLS1_3])
def test_no_tickets_are_given_where_they_are_off(site: Site, version: ssl.TLSVersion) -> None:
    met = site.meet(site.tls("tls_session_timeout: 0\n"), site.client(version=version))
    assert met.client.session is None or not met.client.session.has_ticket


# Versions, ciphers, curves


def test_ciphers_can_be_chosen_for_tls_1_2(site: Site) -> None:
    tls = site.tls("tls_ciphers: ECDHE-ECDSA-AES128-GCM-SHA256\n")
    cipher = site.meet(tls, site.client(version=TLS1_2)).client.cipher()
    assert cipher is not None
    assert cipher[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"
    cipher = site.meet(tls, site.client(version=TLS1_3)).client.cipher()
    assert cipher is not None
    assert cipher[0].startswith("TLS_")


def test_ciphers_without_authentication_never_count(site: Site) -> None:
    names = [
        cipher["name"] for cipher in site.tls("tls_ciphers: ALL:aNULL:eNULL@SECLEVEL=0\n").default.context.get_ciphers()
    ]
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in names
    assert not [name for name in names if name.startswith(("ADH", "AECDH", "NULL")) or "NULL" in name]


@pytest.mark.parametrize(("options", "chosen"), [("", "AES128"), ("tls_prefer_server_ciphers: yes\n", "AES256")])
def test_whose_order_of_ciphers_counts(site: Site, options: str, chosen: str) -> None:
    context = site.client(version=TLS1_2)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    cipher = site.meet(site.tls(options), context).client.cipher()
    assert cipher is not None
    assert chosen in cipher[0]


def test_one_curve_can_be_chosen(site: Site) -> None:
    other = site.client(version=TLS1_2)
    other.set_ecdh_curve("prime256v1")
    site.meet(site.tls("tls_eccurve: prime256v1\n"), other)
    with pytest.raises(ssl.SSLError):
        site.meet(site.tls("tls_eccurve: secp384r1\n"), other)


@pytest.mark.parametrize(
    ("versions", "spoken"),
    [
        ("tls1_0 tls1_1 tls1_2 tls1_3", [TLS1_2, TLS1_3]),
        ("tls1_2", [TLS1_2, TLS1_2]),
        ("tls1_1 tls1_3", [TLS1_3, TLS1_3]),
    ],
)
def test_older_versions_are_not_spoken(site: Site, versions: str, spoken: list[ssl.TLSVersion]) -> None:
    context = site.tls(f"tls_versions: {versions}\n").default.context
    assert [context.minimum_version, context.maximum_version] == spoken


# What cannot be used


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("tls_ciphers: NONSENSE\n", "tls_ciphers NONSENSE cannot be used: No cipher can be selected."),
        ("tls_ciphers: TLS_AES_128_GCM_SHA256\n", "tls_ciphers TLS_AES_128_GCM_SHA256 cannot be used: "),
        ("tls_eccurve: curve\n", "tls_eccurve curve cannot be used: unknown elliptic curve name 'curve'"),
        ("tls_server_ca_file: {none}\n", "tls_server_ca_file {none} cannot be used: No such file"),
        ("tls_server_ca_file: {junk}\n", "tls_server_ca_file {junk} cannot be used: "),
        ("tls_server_ca_dir: {none}\n", "tls_server_ca_dir {none} cannot be used: No such file"),
        ("tls_server_ca_file: {users}\ntls_crl_file: {none}\n", "tls_crl_file {none} cannot be used: No such file"),
        ("tls_server_ca_file: {users}\ntls_crl_file: {junk}\n", "tls_crl_file {junk} cannot be used: "),
        ("tls_server_ca_file: {users}\ntls_crl_file: {users}\n", "tls_crl_file {users} cannot be used: it has no list"),
        ("tls_sni_dir: {none}\n", "tls_sni_dir {none} cannot be used: No such file"),
        ("tls_sni_dir: {sni}\n", "tls_sni_dir {sni}/a.pem cannot be used: it has no certificate in PEM"),
    ],
)
def test_what_cannot_be_used_is_named(site: Site, options: str, reason: str) -> None:
    (site.directory / "junk").write_text("junk")
    (site.directory / "sni").mkdir()
    (site.directory / "sni" / "a.pem").write_text("junk")
    paths = {"none": "/nowhere", "users": site.users, **{name: site.directory / name for name in ("junk", "sni")}}
    with pytest.raises(ConfigError) as caught:
        site.tls(options.format_map(paths))
    assert str(caught.value).startswith(f"/etc/cyrus.conf:3: imaps: {reason.format_map(paths)}")


def test_a_key_with_a_password_is_refused_and_the_terminal_not_asked(site: Site) -> None:
    path = make_certificate(site.directory)
    key = load_pem_private_key(path.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (site.directory / "locked.key").write_bytes(locked)
    with pytest.raises(ConfigError, match="cannot be used: no key without a password"):
        site.tls(f"tls_server_key: {site.directory}/locked.key\n")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("other", "cannot be used: the key is not that of the first certificate"),
        ("certificate", "cannot be used: no key without a password"),
    ],
)
def test_what_is_wrong_with_a_key_is_told(site: Site, key: str, reason: str) -> None:
    other = AUTHORITY.issue_for_hosts("other.test")
    (site.directory / "key").write_bytes(other.key if key == "other" else other.pem)
    with pytest.raises(ConfigError, match=reason):
        site.tls(f"tls_server_key: {site.directory}/key\n")


def test_a_certificate_among_the_revoked_makes_nobody_an_authority(site: Site) -> None:
    lists = site.directory / "lists"
    USERS.write_revoked(lists)
    lists.write_bytes(lists.read_bytes() + Authority("another.test").certificate.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigError, match="cannot be used: it has certificates that tls_server_ca_file has not"):
        site.tls(f"tls_server_ca_file: {site.users}\ntls_crl_file: {lists}\n")
