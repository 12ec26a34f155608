"""TLS of a server that runs: certificates by name, clients' certificates, channel bindings, reload, and proxies."""

import base64
import contextlib
import hashlib
import imaplib
import poplib
import secrets
import signal
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server
from tests.worker.certificates import Authority

from angarium.sasl.client import ClientSetting, begin_client

_REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Site:
    """A server with its authorities."""

    server: RunningServer
    directory: Path
    authority: Authority
    user: User

    def trusting(self, user: str = "", version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """What a client needs that trusts the server, and shows the certificate of this user."""
        context = ssl.create_default_context(cafile=self.directory / "authority.pem")
        context.check_hostname = False
        if user:
            context.load_cert_chain(self.directory / f"{user}.pem")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

    @contextlib.contextmanager
    def imaps(self, context: ssl.SSLContext, name: str | None = None) -> Iterator[ssl.SSLSocket]:
        """A connection behind its greeting."""
        plain = socket.create_connection((LOOPBACK, self.server.port("imaps")), timeout=WAIT_S)
        with plain, context.wrap_socket(plain, server_hostname=name) as client:
            assert client.recv(1000).startswith(b"* OK")
            yield client

    def openssl(self, *words: str, said: str = "a LOGOUT\n") -> str:
        """What `openssl s_client` shows of a session on the port of imaps."""
        address = f"{LOOPBACK}:{self.server.port('imaps')}"
        trusted = str(self.directory / "authority.pem")
        done = subprocess.run(
            ["openssl", "s_client", "-connect", address, "-CAfile", trusted, "-crlf", "-ign_eof", *words],
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        return done.stdout


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    authority, users = Authority(), Authority("users.test")
    with running_server() as server:
        user = server.user
        directory = server.directory / "site"
        (directory / "sni").mkdir(parents=True)
        authority.write(directory / "authority.pem")
        authority.issue_for_hosts("mail.test", days=10.5).write(directory / "cert.pem")
        authority.issue_for_hosts("*.other.test").write(directory / "sni" / "other.pem")
        users.write(directory / "users.pem")
        for name in (user.name, "nobody"):
            users.issue_for_user(name).write(directory / f"{name}.pem")
        revoked = users.issue_for_user(user.name)
        revoked.write(directory / f"{_REVOKED}.pem")
        users.revoke(revoked)
        users.write_revoked(directory / "crl.pem")
        conf = server.directory / "imapd.conf"
        own = server.directory / "tls"
        text = conf.read_text()
        for name in ("cert.pem", "key.pem"):
            text = text.replace(f"{own}/{name}", f"{directory}/cert.pem")
        conf.write_text(text)
        server.restart_with(
            "workers: 2\nfailedloginpause: 0\n"
            "sasl_mech_list: PLAIN EXTERNAL SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512-PLUS\n"
            f"tls_server_ca_file: {directory}/users.pem\ntls_crl_file: {directory}/crl.pem\n"
            f"tls_sni_dir: {directory}/sni\npop3s_proxy_protocol_from: 127.0.0.0/8\n"
        )
        yield Site(server, directory, authority, user)


# Certificates


def test_a_client_is_shown_the_certificate_of_the_name_that_it_asks_for(site: Site) -> None:
    for name, shown in (("www.other.test", "DNS:*.other.test"), ("else.test", "DNS:mail.test")):
        text = site.openssl("-servername", name, "-verify_return_error")
        pem = text[text.index("-----BEGIN") : text.index("-----END")] + "-----END CERTIFICATE-----\n"
        words = ["openssl", "x509", "-noout", "-ext", "subjectAltName"]
        assert shown in subprocess.run(words, input=pem, capture_output=True, text=True, check=True, timeout=20).stdout
        assert "* BYE" in text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_protocol_is_agreed_on_or_the_client_refused(site: Site, version: str) -> None:
    assert "ALPN protocol: imap\n" in site.openssl(version, "-alpn", "h2,imap")
    text = site.openssl(version, "-alpn", "h2")
    assert "alert no application protocol" in text
    assert "* OK" not in text


@pytest.mark.parametrize("words", [("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1", "-cipher", "ALL:@SECLEVEL=0")])
def test_older_versions_are_refused(site: Site, words: tuple[str, ...]) -> None:
    assert "* OK" not in site.openssl(*words)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_whichever_worker(site: Site, version: ssl.TLSVersion) -> None:
    trusting = site.trusting()
    trusting.maximum_version = version
    port = site.server.port("imaps")
    known: ssl.SSLSession | None = None
    for place in range(10):
        with (
            socket.create_connection((LOOPBACK, port), timeout=WAIT_S) as plain,
            trusting.wrap_socket(plain, session=known) as client,
        ):
            _until(client, b"* OK")
            assert client.session_reused is (place > 0)
            known = client.session


def test_a_client_cannot_renegotiate(site: Site) -> None:
    text = site.openssl("-tls1_2", said="R\na LOGOUT\n")
    assert "RENEGOTIATING" not in text or "no renegotiation" in text


def test_who_speaks_in_plaintext_is_told_nothing(site: Site) -> None:
    with socket.create_connection((LOOPBACK, site.server.port("imaps")), timeout=WAIT_S) as client:
        client.sendall(b"a LOGIN user secret\r\n")
        heard = b""
        while data := client.recv(1000):
            heard += data
        assert heard[:1] in (b"", b"\x15")
        assert b"OK" not in heard


def test_what_expires_soon_is_told_once(site: Site) -> None:
    line = site.server.output.wait_for("certificate_expires")
    assert "days=10" in line
    assert str(site.directory / "cert.pem") in line
    assert len(site.server.output.having("certificate_expires")) == 1


# Clients' certificates


def test_a_certificate_logs_in(site: Site) -> None:
    with site.imaps(site.trusting(site.user.name)) as client:
        client.sendall(b"a CAPABILITY\r\nb AUTHENTICATE EXTERNAL =\r\n")
        heard = b""
        while b"\r\nb " not in heard or not heard.endswith(b"\r\n"):
            heard += client.recv(4000)
    assert b" AUTH=EXTERNAL" in heard
    assert b"\r\nb OK" in heard
    site.server.output.wait_for(" imaps[", " login ", "mechanism=EXTERNAL", "outcome=ok", 'cipher="TLSv1.3 TLS_')


def test_it_does_so_behind_starttls(site: Site) -> None:
    with imaplib.IMAP4(LOOPBACK, site.server.port("imap"), timeout=WAIT_S) as client:
        assert "AUTH=EXTERNAL" not in client.capabilities
        client.starttls(site.trusting(site.user.name))
        assert "AUTH=EXTERNAL" in client.capabilities
        assert client.authenticate("EXTERNAL", lambda _: b"")[0] == "OK"


def test_it_does_so_in_pop3(site: Site) -> None:
    client = poplib.POP3(LOOPBACK, site.server.port("pop3"), timeout=WAIT_S)
    assert "EXTERNAL" not in client.capa()["SASL"]
    client.stls(site.trusting(site.user.name))
    assert "EXTERNAL" in client.capa()["SASL"]
    assert client._shortcmd("AUTH EXTERNAL =").startswith(b"+OK")  # type: ignore[attr-defined]
    client.quit()


def test_it_does_so_in_managesieve(site: Site) -> None:
    with socket.create_connection((LOOPBACK, site.server.port("sieve")), timeout=WAIT_S) as plain:
        assert b"EXTERNAL" not in _until(plain, b"OK")
        plain.sendall(b"STARTTLS\r\n")
        _until(plain, b"OK")
        with site.trusting(site.user.name).wrap_socket(plain) as client:
            assert b"EXTERNAL" in _until(client, b"\r\nOK")
            client.sendall(b'AUTHENTICATE "EXTERNAL" ""\r\n')
            assert _until(client, b"\r\n").startswith(b"OK")


def test_it_is_nobody_elses_and_who_shows_none_is_not_offered_it(site: Site) -> None:
    with site.imaps(site.trusting("nobody")) as client:
        other = base64.b64encode(site.user.name.encode())
        client.sendall(b"a AUTHENTICATE EXTERNAL %s\r\n" % other)
        assert _until(client, b"\r\n").startswith(b"a NO")
    with site.imaps(site.trusting()) as client:
        client.sendall(b"a CAPABILITY\r\n")
        assert b"AUTH=EXTERNAL" not in _until(client, b"a OK")


def test_a_revoked_certificate_ends_the_connection(site: Site) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)), site.imaps(site.trusting(_REVOKED)):
        pass
    site.server.output.wait_for("tls_failed", "certificate revoked")


def _until(client: socket.socket, end: bytes) -> bytes:
    heard = b""
    while end not in heard or not heard.endswith(b"\r\n"):
        data = client.recv(4000)
        assert data, heard
        heard += data
    return heard


# Channel bindings


def end_point(client: ssl.SSLSocket) -> dict[str, bytes]:
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return {"tls-server-end-point": hashlib.sha256(certificate).digest()}


def scram_plus(site: Site, client: ssl.SSLSocket, bindings: dict[str, bytes], mechanism: str) -> bytes:
    """The tagged answer; a success is believed only where the server has proven what it must."""
    setting = ClientSetting(
        service="imap",
        host="localhost",
        nonce=secrets.token_urlsafe,
        authcid=site.user.name,
        password=site.user.password,
        bindings=bindings,
    )
    machine = begin_client(mechanism, setting)
    first = machine.start()
    assert first is not None
    client.sendall(f"a AUTHENTICATE {mechanism} {base64.b64encode(first).decode()}\r\n".encode())
    while (line := _until(client, b"\r\n")).startswith(b"+"):
        client.sendall(base64.b64encode(machine.step(base64.b64decode(line[2:]))) + b"\r\n")
    if line.startswith(b"a OK"):
        machine.succeed()
    return line


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["mail.test", "www.other.test"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"])
def test_scram_is_bound_to_the_certificate(site: Site, version: ssl.TLSVersion, name: str, mechanism: str) -> None:
    with site.imaps(site.trusting(version=version), name) as client:
        assert scram_plus(site, client, end_point(client), mechanism).startswith(b"a OK")


def test_scram_is_bound_to_the_connection_with_tls_1_2(site: Site) -> None:
    with site.imaps(site.trusting(version=ssl.TLSVersion.TLSv1_2)) as client:
        unique = client.get_channel_binding("tls-unique")
        assert unique is not None
        assert scram_plus(site, client, {"tls-unique": unique}, "SCRAM-SHA-256-PLUS").startswith(b"a OK")


@pytest.mark.parametrize(
    "bindings", [{"tls-server-end-point": bytes(32)}, {"tls-unique": bytes(12)}, {"tls-exporter": bytes(32)}]
)
def test_a_man_in_the_middle_has_another_binding(site: Site, bindings: dict[str, bytes]) -> None:
    with site.imaps(site.trusting(version=ssl.TLSVersion.TLSv1_3)) as client:
        assert not scram_plus(site, client, bindings, "SCRAM-SHA-256-PLUS").startswith(b"a OK")


# Proxies


def test_a_proxy_says_whom_it_speaks_for(site: Site) -> None:
    with socket.create_connection((LOOPBACK, site.server.port("pop3s")), timeout=WAIT_S) as plain:
        plain.sendall(b"PROXY TCP4 192.0.2.77 198.51.100.1 40000 995\r\n")
        with site.trusting().wrap_socket(plain) as client:
            assert client.recv(1000).startswith(b"+OK")
            client.sendall(f"USER {site.user.name}\r\nPASS {site.user.password}\r\nQUIT\r\n".encode())
            while client.recv(1000):
                pass
    site.server.output.wait_for(" pop3s[", " login ", "address=192.0.2.77", "outcome=ok")


def test_a_proxy_without_header_is_refused(site: Site) -> None:
    plain = socket.create_connection((LOOPBACK, site.server.port("pop3s")), timeout=WAIT_S)
    with plain, pytest.raises((ssl.SSLError, ConnectionError)):
        site.trusting().wrap_socket(plain)
    site.server.output.wait_for(" pop3s[", "proxy_header_refused", "there is no header")


# The end that comes too soon


@pytest.mark.parametrize("with_reset", [False, True])
def test_what_is_cut_off_in_the_midst_of_a_message_is_not_stored(site: Site, with_reset: bool) -> None:
    """Without the alert that ends TLS (RFC 8446 §6.1), as by somebody on the way who wants only a part to be stored."""
    with site.imaps(site.trusting()) as client:
        client.sendall(f"a LOGIN {site.user.name} {site.user.password}\r\n".encode())
        _until(client, b"a OK")
        before = _messages(client)
        client.sendall(b"b APPEND INBOX {100+}\r\nSubject: a\r\n\r\nhalf")
        _cut(client, with_reset=with_reset)
    with socket.create_connection((LOOPBACK, site.server.port("lmtp")), timeout=WAIT_S) as plain:
        _until(plain, b"220 ")
        plain.sendall(b"LHLO client.test\r\n")
        _until(plain, b"250 ")
        plain.sendall(b"STARTTLS\r\n")
        _until(plain, b"220 ")
        with site.trusting().wrap_socket(plain) as client:
            to = f"LHLO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<{site.user.name}>\r\nDATA\r\n"
            client.sendall(to.encode())
            _until(client, b"354 ")
            client.sendall(b"Subject: a\r\n\r\nhalf\r\n")
            _cut(client, with_reset=with_reset)
    with _sieve(site) as client:
        client.sendall(b'PUTSCRIPT "cut" {200+}\r\nkeep;\r\n')
        _cut(client, with_reset=with_reset)
    with site.imaps(site.trusting()) as client:
        client.sendall(f"a LOGIN {site.user.name} {site.user.password}\r\n".encode())
        _until(client, b"a OK")
        assert _messages(client) == before
    with _sieve(site) as client:
        client.sendall(b"LISTSCRIPTS\r\n")
        assert b"cut" not in _until(client, b"OK")


def _messages(client: socket.socket) -> bytes:
    client.sendall(b"s STATUS INBOX (MESSAGES UIDNEXT)\r\n")
    return _until(client, b"s OK").partition(b")")[0]


@contextlib.contextmanager
def _sieve(site: Site) -> Iterator[ssl.SSLSocket]:
    """A session of the user's."""
    with socket.create_connection((LOOPBACK, site.server.port("sieve")), timeout=WAIT_S) as plain:
        _until(plain, b"OK")
        plain.sendall(b"STARTTLS\r\n")
        _until(plain, b"OK")
        with site.trusting().wrap_socket(plain) as client:
            _until(client, b"\r\nOK")
            secret = base64.b64encode(f"\0{site.user.name}\0{site.user.password}".encode()).decode()
            client.sendall(f'AUTHENTICATE "PLAIN" "{secret}"\r\n'.encode())
            assert _until(client, b"\r\n").startswith(b"OK")
            yield client


def _cut(client: ssl.SSLSocket, *, with_reset: bool) -> None:
    """End the connection below TLS, and wait until the server has noticed."""
    if with_reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return
    client.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionError):
        while client.recv(1000):
            pass


# Reload


def test_a_new_certificate_is_taken_at_hup_and_nobody_is_dropped(site: Site) -> None:
    server, certificate = site.server, site.directory / "cert.pem"
    with site.imaps(site.trusting()) as before:
        old = before.getpeercert(binary_form=True)
        renewed = site.authority.issue_for_hosts("mail.test")
        renewed.write(certificate)
        lines = len(server.output)
        server.signal(signal.SIGHUP)
        server.output.wait_for(" server_reloaded ", after=lines)
        server.output.wait_for_lines(2, " reloaded", after=lines)
        with site.imaps(site.trusting()) as client:
            assert client.getpeercert(binary_form=True) == renewed.der != old
        before.sendall(b"a NOOP\r\n")
        assert _until(before, b"\r\n").startswith(b"a OK")
        # The last one is a certificate with the key of another.
        for unusable in (b"broken", b"", renewed.pem, site.authority.issue_for_hosts("mail.test").pem + renewed.key):
            certificate.write_bytes(unusable)
            lines = len(server.output)
            server.signal(signal.SIGHUP)
            assert str(certificate) in server.output.wait_for(" reload_refused ", after=lines)
            with site.imaps(site.trusting()) as client:
                assert client.getpeercert(binary_form=True) == renewed.der
            before.sendall(b"b NOOP\r\n")
            assert _until(before, b"\r\n").startswith(b"b OK")
        renewed.write(certificate)
