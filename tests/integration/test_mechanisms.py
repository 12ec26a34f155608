"""Each SASL mechanism that Debian's imtest speaks, and each that our own client does."""

import base64
import itertools
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping

import pytest
from tests.server.kerberos import Realm, running_realm
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, run_angarium, running_server

from angarium.auth.kerberos import KerberosInitiator
from angarium.sasl.client import ClientSetting, begin_client

_IMTEST = "/usr/lib/cyrus/bin/imtest"
_NUMBERS = itertools.count(1)
_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    """A realm of Kerberos with a user, and keys of a server of IMAP."""
    with running_realm() as running:
        running.add_user("user")
        running.add_service("imap/localhost")
        yield running


@pytest.fixture(scope="module")
def server(realm: Realm) -> Iterator[RunningServer]:
    """A server that takes tickets of Kerberos too."""
    with running_server() as running:
        running.within = ["env", *[f"{name}={value}" for name, value in realm.environment.items()]]
        running.restart_with(f"sasl_keytab: {realm.keytab}\nfailedloginpause: 0\n")
        yield running


@pytest.fixture(scope="module")
def user(server: RunningServer) -> User:
    """Her password is her shared secret too."""
    user = server.user
    done = server.command("user", "shared-secret", "set", user.name, "--password-stdin", stdin=f"{user.password}\n")
    assert done.status == 0, done
    return user


def imtest(
    server: RunningServer,
    mechanism: str,
    *words: str,
    host: str = LOOPBACK,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What it prints; it logs out where it has logged in."""
    script = server.directory / f"imtest-{next(_NUMBERS)}"
    script.write_text('. LIST "" "*"\n. LOGOUT\n')
    done = subprocess.run(
        [_IMTEST, "-m", mechanism, *words, "-p", str(server.port("imap")), "-f", str(script), host],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("mechanism", _MECHANISMS)
def test_imtest_logs_in(server: RunningServer, user: User, mechanism: str) -> None:
    shown = imtest(server, mechanism, "-a", user.name, "-u", user.name, "-w", user.password)
    assert "Authenticated." in shown
    # With LOGIN it sends the command of this name.
    assert ("User logged in" if mechanism == "LOGIN" else "Success (no protection)") in shown
    assert "* LIST (\\HasNoChildren)" in shown


def test_imtest_acts_for_another(server: RunningServer, user: User) -> None:
    admin = server.admin
    shown = imtest(server, "SCRAM-SHA-256", "-a", admin.name, "-u", user.name, "-w", admin.password)
    assert "Authenticated." in shown
    shown = imtest(server, "SCRAM-SHA-256", "-a", user.name, "-u", admin.name, "-w", user.password)
    assert "Authentication failed." in shown


# Our own client


def setting(user: User, *, gss: KerberosInitiator | None = None) -> ClientSetting:
    return ClientSetting(
        service="imap",
        host="localhost",
        nonce=secrets.token_urlsafe,
        authcid=user.name,
        password=user.password,
        gss=gss,
    )


def authenticate(server: RunningServer, mechanism: str, client_setting: ClientSetting) -> str:
    """The tagged answer; a success is believed only where the server has proven what it must."""
    client = begin_client(mechanism, client_setting)
    connection = socket.create_connection((LOOPBACK, server.port("imap")), timeout=WAIT_S)
    with connection, connection.makefile("rwb") as stream:
        stream.readline()
        stream.write(f"a AUTHENTICATE {mechanism}\r\n".encode())
        stream.flush()
        start = client.start()
        while (line := stream.readline()).startswith(b"+"):
            challenge = base64.b64decode(line[2:])
            response = start if start is not None else client.step(challenge)
            start = None
            stream.write(base64.b64encode(response) + b"\r\n")
            stream.flush()
        if line.startswith(b"a OK"):
            client.succeed()
        return line.decode()


@pytest.mark.parametrize("mechanism", _MECHANISMS)
def test_our_client_logs_in(server: RunningServer, user: User, mechanism: str) -> None:
    assert authenticate(server, mechanism, setting(user)).startswith("a OK")


# Kerberos


def test_imtest_logs_in_with_a_ticket(server: RunningServer, realm: Realm) -> None:
    shown = imtest(server, "GSSAPI", host="localhost", environment=realm.tickets("user"))
    assert "Authenticated." in shown
    assert "Success (no protection)" in shown
    server.output.wait_for(" login ", "user=user", "mechanism=GSSAPI", "outcome=ok")


def test_imtest_without_a_ticket_does_not(server: RunningServer, realm: Realm) -> None:
    shown = imtest(server, "GSSAPI", host="localhost", environment=realm.environment)
    assert "Authentication failed." in shown


def test_our_client_logs_in_with_a_ticket(server: RunningServer, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in realm.tickets("user").items():
        monkeypatch.setenv(name, value)
    initiator = KerberosInitiator("imap", "localhost")
    assert authenticate(server, "GSSAPI", setting(server.user, gss=initiator)).startswith("a OK")


def test_our_imtest_takes_a_ticket_where_there_is_one(
    server: RunningServer, realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, user = str(server.port("imap")), server.user
    words = ("imtest", "-a", user.name, "-w", user.password, "-p", port, "localhost")
    for environment, mechanism in ((realm.tickets("user"), "GSSAPI"), (realm.environment, "SCRAM-SHA-512")):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        done = run_angarium(*words)
        assert f"C: A01 AUTHENTICATE {mechanism} " in done.output
        assert "\nAuthenticated.\n" in done.output


# Last, since those who guess are made to wait.


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256"])
def test_imtest_tells_that_a_password_is_wrong(server: RunningServer, user: User, mechanism: str) -> None:
    shown = imtest(server, mechanism, "-a", user.name, "-u", user.name, "-w", "wrong")
    assert "S: A01 NO [AUTHENTICATIONFAILED] authentication failure" in shown
    assert "Authentication failed." in shown
