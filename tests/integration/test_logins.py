"""Each client that people and administrators have, by each mechanism that it knows, in each protocol."""

import base64
import re
import smtplib
import time
from collections.abc import Callable, Iterator

import pytest
from tests.auth.identityprovider import AUDIENCE, ISSUER, new_key, public_fields, running_provider, signed
from tests.integration.letters import note
from tests.server.kerberos import running_realm
from tests.server.loginclients import (
    HOST,
    Place,
    Way,
    curl,
    cyrus_program,
    cyrus_test,
    fetchmail,
    getmail,
    gsasl,
    mbsync,
    mpop,
    mutt,
    offlineimap,
    openssl,
    own_test,
    sieve_connect,
    sieveshell,
    swaks,
)
from tests.server.postfix import running_postfix
from tests.server.programs import run
from tests.server.running import ANGARIUM, LOOPBACK, WAIT_S, running_server
from tests.worker.certificates import Authority

Client = Callable[[Place, Way], None]

_SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")
_CYRUS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", *_SCRAM, "GSSAPI")
_SASL = tuple([name for name in _CYRUS if name != "LOGIN"])
"""What imtest has of these: to it LOGIN is the command."""
_OF_OURS = ("EXTERNAL", "OAUTHBEARER", "XOAUTH2")
"""The others are looked at where our own programs are."""
_OLD = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5")

_ONLY_TLS_1_2 = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MaxProtocol = TLSv1.2
"""
_KNOWN: list[tuple[Client, str, tuple[str, ...], tuple[str, ...]]] = [
    # Client, protocol, mechanisms without TLS, and those under it.
    (cyrus_test, "imap", (*_SASL, "ANONYMOUS", "login"), ("login", "SCRAM-SHA-512", "GSSAPI", "EXTERNAL")),
    (cyrus_test, "pop3", (*_CYRUS, "user", "apop"), ("SCRAM-SHA-512", "GSSAPI", "EXTERNAL")),
    (cyrus_test, "sieve", _CYRUS, ("SCRAM-SHA-512", "GSSAPI", "EXTERNAL")),
    (cyrus_test, "lmtp", _CYRUS, ("SCRAM-SHA-512", "GSSAPI", "EXTERNAL")),
    *[(own_test, protocol, ("GSSAPI",), _OF_OURS) for protocol in ("imap", "pop3", "sieve", "lmtp")],
    (sieveshell, "sieve", ("GSSAPI",), ()),
    (sieve_connect, "sieve", (), (*_OLD, "GSSAPI", "EXTERNAL")),
    (curl, "imap", (*_OLD, "GSSAPI"), ("PLAIN", "EXTERNAL", "OAUTHBEARER")),
    (curl, "pop3", (*_OLD, "GSSAPI", "apop"), ("PLAIN", "EXTERNAL", "OAUTHBEARER")),
    *[(openssl, protocol, (), ("PLAIN", "EXTERNAL")) for protocol in ("imap", "pop3", "sieve", "lmtp")],
    (fetchmail, "imap", ("login", "CRAM-MD5", "GSSAPI"), ("login", "EXTERNAL")),
    (fetchmail, "pop3", ("user", "CRAM-MD5", "GSSAPI", "apop"), ("user",)),
    (getmail, "imap", ("login", "CRAM-MD5"), ("login", "XOAUTH2")),
    (getmail, "pop3", ("user", "apop"), ("user",)),
    (mutt, "imap", (*_OLD, "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI"), ("SCRAM-SHA-256", "EXTERNAL", "OAUTHBEARER")),
    (mutt, "pop3", (*_OLD, "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI", "apop"), ("SCRAM-SHA-256", "OAUTHBEARER")),
    (
        gsasl,
        "imap",
        (*_OLD, "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI", "ANONYMOUS"),
        ("EXTERNAL", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"),
    ),
    (
        mpop,
        "pop3",
        (*_OLD, "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI", "user", "apop"),
        ("SCRAM-SHA-256", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"),
    ),
    (mbsync, "imap", _SASL, ("SCRAM-SHA-512", "EXTERNAL")),
    (offlineimap, "imap", ("PLAIN", "CRAM-MD5"), ("PLAIN", "XOAUTH2")),
    (swaks, "lmtp", ("PLAIN", "LOGIN", "CRAM-MD5"), ("PLAIN",)),
]
_CASES = [
    pytest.param(client, Way(protocol, mechanism, tls), id=f"{client.__name__}-{protocol}-{mechanism}{'-tls' * tls}")
    for client, protocol, plain, encrypted in _KNOWN
    for tls, mechanisms in ((False, plain), (True, encrypted))
    for mechanism in mechanisms
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that has all mechanisms; its user may deliver mail, too."""
    key, authority = new_key("ES256"), Authority("users.test")
    with running_realm() as realm, running_provider() as provider, running_server() as server:
        provider.keys = [public_fields(key, "e")]
        user = server.user
        realm.add_user(user.name)
        for service in ("imap", "pop", "sieve", "lmtp"):
            realm.add_service(f"{service}/localhost")
        authorities = authority.write(server.directory / "users-ca.pem")
        certificate = server.directory / "user.pem"
        authority.issue_for_user(user.name).write(certificate)
        conf = server.directory / "cyrus.conf"
        conf.write_text(conf.read_text().replace('cmd="lmtpd -a"', 'cmd="lmtpd"'))
        server.within = ["env", *[f"{name}={value}" for name, value in realm.environment.items()]]
        server.restart_with(
            f"workers: 1\nfailedloginpause: 0\nallowanonymouslogin: yes\nlmtp_admins: {user.name}\n"
            f"pop3s_sasl_mech_list: PLAIN XOAUTH2\nsasl_keytab: {realm.keytab}\ntls_server_ca_file: {authorities}\n"
            f"oauth_jwks: {provider.url}/keys\noauth_issuer: {ISSUER}\noauth_audience: {AUDIENCE}\noauth_scope: mail\n"
        )
        words = ("user", "shared-secret", "set", user.name, "--password-stdin")
        assert server.command(*words, stdin=f"{user.password}\n").status == 0
        yield Place(
            server=server,
            user=user,
            token=signed(key, "ES256", key_id="e", sub=user.name, exp=int(time.time()) + 3600),
            certificate=certificate,
            tickets=realm.tickets(user.name),
            no_tickets=realm.environment,
            home=tmp_path_factory.mktemp("home"),
        )


@pytest.mark.parametrize(("client", "way"), _CASES)
def test_a_client_logs_in(place: Place, client: Client, way: Way) -> None:
    after = len(place.server.output)
    client(place, way)
    mechanism = {"login": "plaintext", "user": "plaintext", "apop": "APOP"}.get(way.mechanism, way.mechanism)
    line = place.server.output.wait_for(" login ", f"mechanism={mechanism}", after=after)
    assert re.search(rf" {way.protocol}s?\[", line)
    assert " session=" in line
    assert " outcome=ok" in line
    assert f" tls={str(way.tls).lower()}" in line
    assert mechanism == "ANONYMOUS" or f" user={place.user.name} " in line


def test_curl_speaks_xoauth2_where_there_is_nothing_better(place: Place) -> None:
    after = len(place.server.output)
    words = ["--user", place.user.name, "--oauth2-bearer", place.token, "--cacert", str(place.trusted)]
    run("curl", "--silent", "--show-error", "--max-time", "20", *words, f"pop3s://{HOST}:{place.port('pop3s')}/")
    place.server.output.wait_for(" pop3s[", " login ", "mechanism=XOAUTH2 ", " outcome=ok", after=after)


def test_postfix_delivers_with_a_password(place: Place) -> None:
    """As the manual has it; it would take a ticket before all, and fail without one."""
    options = (
        "lmtp_sasl_mechanism_filter = !gssapi, static:all\n"
        "lmtp_sasl_auth_enable = yes\nlmtp_sasl_security_options = noanonymous\n"
        f"lmtp_sasl_password_maps = static:{place.user.name}:{place.user.password}\n"
        f"lmtp_tls_security_level = verify\nlmtp_tls_CAfile = {place.trusted}\nlmtp_tls_verify_cert_match = {HOST}\n"
    )
    after = len(place.server.output)
    with running_postfix(f"lmtp:inet:{LOOPBACK}:{place.port('lmtp')}", options=options) as postfix:
        with smtplib.SMTP(LOOPBACK, postfix.port, timeout=WAIT_S) as sender:
            sender.sendmail("anna@example.org", [f"{place.user.name}@example.org"], note("by a password"))
        postfix.wait_for(" status=sent ")
    line = place.server.output.wait_for(" lmtp[", " login ", " outcome=ok", " tls=true", after=after)
    assert f" user={place.user.name} " in line
    with place.server.imap(place.user) as client:
        client.select()
        assert client.search(None, 'SUBJECT "by a password"')[1] != [b""]
        client.store("1:*", "+FLAGS", "\\Deleted")
        client.expunge()


# Bound to the connection


@pytest.mark.parametrize("protocol", ["imap", "pop3", "sieve", "lmtp"])
def test_cyrus_binds_the_login_and_calls_the_mechanism_as_if_it_did_not(place: Place, protocol: str) -> None:
    openssl_conf = place.write("openssl.cnf", _ONLY_TLS_1_2)
    user, after = place.user, len(place.server.output)
    words = ["-t", "", "-m", "SCRAM-SHA-256-PLUS", "-a", user.name, "-u", user.name, "-w", user.password]
    environment = {**place.no_tickets, "OPENSSL_CONF": str(openssl_conf)}
    shown = run(cyrus_program(protocol), *words, "-p", place.port(protocol), HOST, environment=environment)
    assert base64.b64encode(b"p=tls-unique").decode() in shown
    assert "\nAuthenticated.\n" in shown
    place.server.output.wait_for(" login ", "mechanism=SCRAM-SHA-256 ", 'cipher="TLSv1.2 ', after=after)


# Whom they act for, and what they choose by themselves


@pytest.mark.parametrize("client", [curl, mutt, mpop])
def test_a_client_finds_a_way_by_itself(place: Place, client: Client) -> None:
    protocol, after = "pop3" if client is mpop else "imap", len(place.server.output)
    for tls in (False, True):
        client(place, Way(protocol, "", tls))
        place.server.output.wait_for(f" {protocol}[", " login ", " outcome=ok", f" tls={str(tls).lower()}", after=after)


def test_imtest_acts_for_another(place: Place) -> None:
    admin, user = place.server.admin, place.user
    way = Way("imap", "SCRAM-SHA-256")
    for by, acting_for, shown in ((admin, user, "Authenticated."), (user, admin, "Authentication failed.")):
        words = ["-m", way.mechanism, "-a", by.name, "-u", acting_for.name, "-w", by.password]
        assert shown in way.run(place, cyrus_program("imap"), *words, "-p", place.port("imap"), HOST)


def test_our_imtest_takes_a_ticket_where_there_is_one(place: Place) -> None:
    words = ["-a", place.user.name, "-w", place.user.password, "-p", place.port("imap"), HOST]
    for environment, mechanism in ((place.tickets, "GSSAPI"), (place.no_tickets, "SCRAM-SHA-512")):
        shown = run(ANGARIUM, "imtest", *words, environment=environment)
        assert f"C: A01 AUTHENTICATE {mechanism} " in shown
        assert "\nAuthenticated.\n" in shown


# Refusals


def test_imtest_without_a_ticket_is_not_let_in(place: Place) -> None:
    words = ["-m", "GSSAPI", "-p", place.port("imap"), HOST]
    assert "\nAuthentication failed." in run(cyrus_program("imap"), *words, environment=place.no_tickets)


@pytest.mark.parametrize(
    ("protocol", "mechanism", "said"),
    [
        ("imap", "login", "S: L01 NO [AUTHENTICATIONFAILED] Login failed: authentication failure"),
        ("imap", "CRAM-MD5", "S: A01 NO [AUTHENTICATIONFAILED] authentication failure"),
        ("imap", "DIGEST-MD5", "S: A01 NO [AUTHENTICATIONFAILED] authentication failure"),
        ("imap", "SCRAM-SHA-256", "S: A01 NO [AUTHENTICATIONFAILED] authentication failure"),
        ("pop3", "user", "S: -ERR [AUTH] Invalid login"),
        ("pop3", "apop", "S: -ERR [AUTH] Invalid login"),
        ("pop3", "SCRAM-SHA-256", "S: -ERR [AUTH] Invalid login"),
        ("sieve", "PLAIN", 'S: NO "Authentication Error"'),
        ("lmtp", "PLAIN", "S: 535 5.7.8 authentication failure"),
    ],
)
def test_a_wrong_password_is_told(place: Place, protocol: str, mechanism: str, said: str) -> None:
    place.server.command("lockouts", "clear", "--all")  # those who guess are made to wait
    words = ["-m", mechanism, "-a", place.user.name, "-u", place.user.name, "-w", "wrong"]
    shown = run(cyrus_program(protocol), *words, "-p", place.port(protocol), HOST, environment=place.no_tickets)
    assert f"\n{said}" in shown
    assert "\nAuthentication failed. generic failure\nSecurity strength factor: 0\n" in shown
