"""STARTTLS with the clients that people and administrators use."""

import imaplib
import itertools
import ssl
import subprocess
from pathlib import Path

import imapclient
import pytest
from tests.integration.letters import note
from tests.server.mailclients import Mbsync, curl, mutt
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User

_NUMBERS = itertools.count(1)


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone, with a letter."""
    user = shared_server.add_user(f"starttls-{next(_NUMBERS)}")
    with shared_server.imap(user) as client:
        client.append("INBOX", "", "", note("One"))
    return user


def test_imaplib(shared_server: RunningServer, user: User) -> None:
    with imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S) as client:
        assert "STARTTLS" in client.capabilities
        assert client.starttls(shared_server.certificate())[0] == "OK"
        assert "STARTTLS" not in client.capabilities
        assert client.login(user.name, user.password)[0] == "OK"
        assert client.select() == ("OK", [b"1"])


def test_imaplib_that_does_not_trust_the_certificate(shared_server: RunningServer) -> None:
    client = imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S)
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(ssl.create_default_context())
    client.file.close()
    shared_server.output.wait_for("tls_failed")


def test_imapclient(shared_server: RunningServer, user: User) -> None:
    with imapclient.IMAPClient(LOOPBACK, shared_server.port("imap"), ssl=False, timeout=WAIT_S) as client:
        client.starttls(shared_server.certificate())
        client.login(user.name, user.password)
        assert client.select_folder("INBOX")[b"EXISTS"] == 1


def test_curl(shared_server: RunningServer, user: User) -> None:
    certificate = str(shared_server.directory / "tls" / "cert.pem")
    assert b"INBOX" in curl(shared_server, user, "", "--ssl-reqd", "--cacert", certificate)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl(shared_server: RunningServer, user: User, version: str) -> None:
    certificate = str(shared_server.directory / "tls" / "cert.pem")
    address = f"{LOOPBACK}:{shared_server.port('imap')}"
    words = ["-quiet", "-starttls", "imap", "-crlf", version, "-connect", address, "-CAfile", certificate]
    done = subprocess.run(
        ["openssl", "s_client", *words, "-verify_return_error"],
        input=f"a LOGIN {user.name} {user.password}\nb STATUS INBOX (MESSAGES)\nc LOGOUT\n",
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert "* STATUS INBOX (MESSAGES 1)" in done.stdout, done
    assert "c OK Completed" in done.stdout


def test_mbsync(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    client = Mbsync(shared_server, user, tmp_path, starttls=True)
    client.run()
    assert len(client.messages("INBOX")) == 1


def test_mutt(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    shown = mutt(shared_server, user, tmp_path, "<exit>", starttls=True)
    assert "One" in shown
    shared_server.output.wait_for(" login ", user.name, "tls=true")
