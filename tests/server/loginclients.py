"""Programs that log in once, each by the mechanism that it is told: those of others, and ours.

They are given a place and a way, and fail where the program says that it was not let in. The server's log says by which
mechanism it was.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.server.programs import run
from tests.server.running import ANGARIUM, RunningServer, User
from tests.server.terminal import Terminal

HOST: Final = "localhost"
"""The name of the server in its certificate and in its keys of Kerberos."""
BEARER: Final = ("OAUTHBEARER", "XOAUTH2")
_TESTS: Final = {"imap": "imtest", "pop3": "pop3test", "sieve": "sivtest", "lmtp": "lmtptest"}
_GNUTLS_12: Final = "NORMAL:-VERS-TLS1.3"


@dataclass(frozen=True, slots=True)
class Place:
    """A server, and all that its user has to log in with."""

    server: RunningServer
    user: User
    token: str
    certificate: Path
    """With its key."""
    tickets: Mapping[str, str]
    """The environment of who has one of Kerberos."""
    no_tickets: Mapping[str, str]
    home: Path

    def port(self, protocol: str) -> str:
        return str(self.server.port(protocol))

    @property
    def trusted(self) -> Path:
        """What the server's certificate is verified by."""
        return self.server.directory / "tls" / "cert.pem"

    def write(self, name: str, text: str) -> Path:
        """A file that nobody else may read, as programs demand."""
        file = self.home / name
        file.touch(mode=0o600)
        file.write_text(text)
        return file


@dataclass(frozen=True, slots=True)
class Way:
    """How to log in; `login`, `user` and `apop` are commands of the protocols. Where there is no mechanism, the client
    chooses by itself."""

    protocol: str
    mechanism: str
    tls: bool = False

    def secret(self, place: Place) -> str:
        return place.token if self.mechanism in BEARER else place.user.password

    def environment(self, place: Place) -> Mapping[str, str]:
        """With a ticket, where one is to be shown."""
        return {"HOME": str(place.home), **(place.tickets if self.mechanism == "GSSAPI" else place.no_tickets)}

    def run(self, place: Place, *words: str | Path, stdin: str = "", status: int = 0) -> str:
        """What a program prints."""
        return run(*words, stdin=stdin, environment=self.environment(place), status=status)


# imtest, pop3test, sivtest, lmtptest


def cyrus_program(protocol: str) -> str:
    """That of Cyrus for a protocol."""
    return f"/usr/lib/cyrus/bin/{_TESTS[protocol]}"


def cyrus_test(place: Place, way: Way) -> None:
    _imtest(place, way, cyrus_program(way.protocol))


def own_test(place: Place, way: Way) -> None:
    _imtest(place, way, str(ANGARIUM), _TESTS[way.protocol])


def _imtest(place: Place, way: Way, *program: str) -> None:
    user = place.user
    words = ["-a", user.name, "-u", user.name, "-w", way.secret(place), "-m", way.mechanism]
    if way.tls:
        words += ["-t", str(place.certificate) if way.mechanism == "EXTERNAL" else ""]
    shown = way.run(place, *program, *words, "-p", place.port(way.protocol), HOST)
    assert "\nAuthenticated.\n" in shown, shown
    assert f"Security strength factor: {256 if way.tls else 0}\n" in shown


# For several protocols


def curl(place: Place, way: Way) -> None:
    user = place.user
    words = ["--max-time", "20", "--silent", "--show-error", "--cacert", str(place.trusted)]
    if way.tls:
        words.append("--ssl-reqd")
    if way.mechanism in BEARER:
        words += ["--user", user.name, "--oauth2-bearer", place.token]
    elif way.mechanism == "EXTERNAL":
        words += ["--user", user.name, "--cert", str(place.certificate)]
    elif way.mechanism == "GSSAPI":
        words += ["--user", ":"]
    else:
        words += ["--user", f"{user.name}:{user.password}"]
    if way.mechanism:
        words += ["--login-options", "AUTH=+APOP" if way.mechanism == "apop" else f"AUTH={way.mechanism}"]
    way.run(place, "curl", *words, f"{way.protocol}://{HOST}:{place.port(way.protocol)}/")


def openssl(place: Place, way: Way) -> None:
    """Typed by hand, under TLS."""
    user = place.user
    identity = user.name if way.mechanism == "EXTERNAL" else f"\0{user.name}\0{user.password}"
    initial = base64.b64encode(identity.encode()).decode()
    typed, answer = {
        "imap": (f"a AUTHENTICATE {way.mechanism} {initial}\nb LOGOUT\n", "a OK "),
        "pop3": (f"AUTH {way.mechanism} {initial}\nQUIT\n", "+OK Mailbox locked and ready "),
        "sieve": (f'AUTHENTICATE "{way.mechanism}" "{initial}"\nLOGOUT\n', 'OK "Logout Complete"'),
        "lmtp": (f"LHLO me\nAUTH {way.mechanism} {initial}\nQUIT\n", "235 2.7.0 Authenticated!"),
    }[way.protocol]
    words = ["-starttls", way.protocol, "-connect", f"{HOST}:{place.port(way.protocol)}", "-crlf", "-ign_eof", "-quiet"]
    words += ["-cert", str(place.certificate), "-CAfile", str(place.trusted), "-verify_return_error"]
    assert answer in way.run(place, "openssl", "s_client", *words, stdin=typed)


def fetchmail(place: Place, way: Way) -> None:
    user = place.user
    command = way.mechanism in ("login", "user", "apop")
    protocol = "apop" if way.mechanism == "apop" else way.protocol
    auth = "" if way.mechanism == "apop" else f"auth {'password' if command else way.mechanism.lower()}"
    tls = f'sslproto "TLS1.2+" sslcertck sslcertfile "{place.trusted}"' if way.tls else 'sslproto ""'
    if way.mechanism == "EXTERNAL":
        tls += f' sslcert "{place.certificate}" sslkey "{place.certificate}"'
    rc = place.write(
        "fetchmailrc",
        f"poll {HOST} protocol {protocol} port {place.port(way.protocol)} {auth}\n"
        f'user "{user.name}" password "{user.password}" keep {tls} mda "cat"\n',
    )
    files = ["--fetchmailrc", str(rc), "--pidfile", f"{place.home}/pid", "--idfile", f"{place.home}/ids"]
    way.run(place, "fetchmail", "--nosyslog", *files, status=1)  # there is no mail


def getmail(place: Place, way: Way) -> None:
    option = {"apop": "use_apop = true", "CRAM-MD5": "use_cram_md5 = true", "XOAUTH2": "use_xoauth2 = true"}
    secret = place.write("secret", way.secret(place))
    place.write(
        "getmailrc",
        f"""\
[retriever]
type = Simple{way.protocol.upper()}{"SSL" if way.tls else ""}Retriever
server = {HOST}
port = {place.port(f"{way.protocol}s" if way.tls else way.protocol)}
username = {place.user.name}
password_command = ("cat", "{secret}")
{option.get(way.mechanism, "")}
[destination]
type = Maildir
path = {place.home}/box/
[options]
verbose = 1
""",
    )
    for part in ("cur", "new", "tmp"):
        (place.home / "box" / part).mkdir(parents=True, exist_ok=True)
    assert "0 messages" in way.run(place, "getmail", "--getmaildir", place.home, "--rcfile", "getmailrc")


def mutt(place: Place, way: Way) -> None:
    user = place.user
    scheme = "pop" if way.protocol == "pop3" else way.protocol
    rc = place.write(
        "muttrc",
        f"""\
set folder="{place.home}" record="" postponed="" header_cache="" quit=yes sleep_time=0
set imap_pass="{user.password}" pop_pass="{user.password}"
set imap_oauth_refresh_command="echo {place.token}" pop_oauth_refresh_command="echo {place.token}"
set imap_authenticators="{way.mechanism.lower()}" pop_authenticators="{way.mechanism.lower()}"
set certificate_file="{place.trusted}" ssl_verify_host=no ssl_use_tlsv1_3={"no" if "PLUS" in way.mechanism else "yes"}
set ssl_starttls={"yes" if way.tls else "no"} ssl_force_tls={"yes" if way.tls else "no"}
{f'set ssl_client_cert="{place.certificate}"' if way.mechanism == "EXTERNAL" else ""}
push "<exit>"
""",
    )
    words = ["mutt", "-n", "-F", str(rc), "-f", f"{scheme}://{user.name}@{HOST}:{place.port(way.protocol)}/"]
    with Terminal(words, home=place.home, environment=way.environment(place)) as terminal:
        assert terminal.wait_ended() == 0


# For one protocol


def gsasl(place: Place, way: Way) -> None:
    """IMAP; it binds under TLS 1.3 only by what Python cannot give."""
    user = place.user
    words = ["--imap", "--mechanism", way.mechanism, "--authentication-id", user.name, "--password", user.password]
    words += ["--authorization-id", user.name, "--anonymous-token", "me", "--quality-of-protection", "qop-auth"]
    words += ["--realm", "", "--x509-ca-file", str(place.trusted)]
    if not way.mechanism.endswith("-PLUS"):
        words += ["--no-cb"]
    if way.tls:
        words += ["--priority", _GNUTLS_12] if way.mechanism.endswith("-PLUS") else []
    else:
        words += ["--no-starttls"]
    if way.mechanism == "EXTERNAL":
        words += ["--x509-cert-file", str(place.certificate), "--x509-key-file", str(place.certificate)]
    shown = way.run(place, "gsasl", *words, HOST, place.port("imap"))
    assert "Client authentication finished" in shown, shown


def mbsync(place: Place, way: Way) -> None:
    """IMAP; it makes Cyrus SASL speak."""
    own = f"ClientCertificate {place.certificate}\nClientKey {place.certificate}\n"
    tls = f"SSLType STARTTLS\nCertificateFile {place.trusted}\nSystemCertificates no\n" if way.tls else "SSLType None\n"
    (place.home / "near").mkdir(exist_ok=True)
    rc = place.write(
        "mbsyncrc",
        f"IMAPStore far\nHost {HOST}\nPort {place.port('imap')}\nUser {place.user.name}\nPass {place.user.password}\n"
        f"AuthMechs {way.mechanism}\n{tls}{own if way.mechanism == 'EXTERNAL' else ''}\n"
        f"MaildirStore near\nPath {place.home}/near/\nInbox {place.home}/near/INBOX\n\n"
        "Channel all\nFar :far:\nNear :near:\nCreate Near\nSyncState *\n",
    )
    way.run(place, "mbsync", "--config", rc, "all")


def offlineimap(place: Place, way: Way) -> None:
    """IMAP; it lists what there is. Its STARTTLS is left out: imaplib2 reads and writes in two threads, which may
    wait for one another where the tickets of TLS 1.3 come."""
    port = place.port("imaps" if way.tls else "imap")
    tls = f"ssl = yes\nsslcacertfile = {place.trusted}\n" if way.tls else "ssl = no\nstarttls = no\n"
    rc = place.write(
        "offlineimaprc",
        f"[general]\naccounts = all\nmetadata = {place.home}/metadata\n"
        "[Account all]\nlocalrepository = near\nremoterepository = far\n"
        f"[Repository near]\ntype = Maildir\nlocalfolders = {place.home}/near\n"
        f"[Repository far]\ntype = IMAP\nremotehost = {HOST}\nremoteport = {port}\n"
        f"remoteuser = {place.user.name}\nremotepass = {place.user.password}\noauth2_access_token = {place.token}\n"
        f"auth_mechanisms = {way.mechanism}\n{tls}",
    )
    assert "Remote repository" in way.run(place, "offlineimap", "-c", rc, "--info")


def mpop(place: Place, way: Way) -> None:
    """POP3."""
    own = f"tls_cert_file {place.certificate}\ntls_key_file {place.certificate}\n"
    tls = f"tls on\ntls_starttls on\ntls_trust_file {place.trusted}\n" if way.tls else "tls off\n"
    rc = place.write(
        "mpoprc",
        f"account default\nhost {HOST}\nport {place.port('pop3')}\nuser {place.user.name}\n"
        f"password {way.secret(place)}\nauth {way.mechanism.lower() or 'on'}\nkeep on\ndelivery mbox {place.home}/box\n"
        f"uidls_file {place.home}/uidls\n{tls}{own if way.mechanism == 'EXTERNAL' else ''}",
    )
    way.run(place, "mpop", "-C", rc, "--quiet")


def sieveshell(place: Place, way: Way) -> None:
    """ManageSieve. It takes what is strongest, and a ticket before all."""
    user = place.user
    words = ["-u", user.name, "-a", user.name, "-p", user.password, "-e", "list", f"{HOST}:{place.port('sieve')}"]
    way.run(place, "sieveshell", *words)


def sieve_connect(place: Place, way: Way) -> None:
    """ManageSieve; the password comes by a descriptor."""
    words = ["-s", HOST, "-p", place.port("sieve"), "-u", place.user.name, "--tlscafile", str(place.trusted)]
    words += [] if way.tls else ["--clearchan"]
    words += ["--clientkeycert", str(place.certificate)] if way.mechanism == "EXTERNAL" else []
    words += ["--authmech", way.mechanism, "--passwordfd", "0", "--list"]
    way.run(place, "sieve-connect", *words, stdin=f"{place.user.password}\n")


def swaks(place: Place, way: Way) -> None:
    """LMTP, up to the login."""
    user = place.user
    words = ["--protocol", "LMTP", "--server", f"{HOST}:{place.port('lmtp')}", "--auth", way.mechanism]
    words += ["--auth-user", user.name, "--auth-password", user.password, "--to", user.name, "--quit-after", "AUTH"]
    words += ["--tls", "--tls-verify", "--tls-ca-path", str(place.trusted)] if way.tls else []
    assert "235 2.7.0 Authenticated!" in way.run(place, "swaks", *words)
