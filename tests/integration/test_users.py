"""What administrators do with `angarium user` and `angarium cyr_deny`, while the server runs and users are at work."""

import imaplib
import itertools
import poplib
import re
import time
from base64 import b32decode, b64encode
from hashlib import sha512

import pytest
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User

from angarium.auth.totp import STEP_S, code_of
from angarium.sasl.client import ClientSetting
from angarium.sasl.client.scram import ScramClient
from angarium.sasl.scram import ScramHash

_NUMBERS = itertools.count(1)


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone."""
    return shared_server.add_user(f"user-{next(_NUMBERS)}")


def refusal(server: RunningServer, user: User) -> str:
    """What the server says to a login that fails."""
    client = imaplib.IMAP4(LOOPBACK, server.port("imap"), timeout=WAIT_S)
    try:
        with pytest.raises(imaplib.IMAP4.error) as refused:
            client.login(user.name, user.password)
    finally:
        client.shutdown()
    return str(refused.value)


def scram(server: RunningServer, user: User) -> str:
    """OK, or how the server refuses a login by SCRAM."""
    exchange = ScramClient(
        ScramHash.SHA_256,
        ClientSetting(service="imap", host="h", nonce=lambda: "n" * 20, authcid=user.name, password=user.password),
    )
    client = imaplib.IMAP4(LOOPBACK, server.port("imap"), timeout=WAIT_S)
    try:
        return str(
            client.authenticate(exchange.name, lambda data: exchange.step(data) if data else exchange.start())[0]
        )
    except imaplib.IMAP4.error as error:
        return str(error)
    finally:
        client.shutdown()


def farewell(client: imaplib.IMAP4) -> bytes:
    """What the server says, without being asked, at the end of a session."""
    said = client.readline()
    assert client.readline() == b""
    client.state = "LOGOUT"
    client.shutdown()
    return said


CHANGED = b"* BYE [EXPIRED] Credentials have changed, please log in again\r\n"
WITHDRAWN = b"* BYE [AUTHORIZATIONFAILED] Access has been withdrawn\r\n"


def test_an_app_password_lets_in_where_it_may_and_until_it_is_revoked(shared_server: RunningServer, user: User) -> None:
    made = shared_server.command("user", "app-password", "add", user.name, "phone", "--services", "imap")
    phone = User(user.name, made.output.strip())
    done = shared_server.command("user", "app-password", "add", user.name, "mailer", "--services", "pop3")
    mailer = User(user.name, done.output.strip())
    assert re.fullmatch(r"(?:[a-z2-9]{4}-){5}[a-z2-9]{4}", phone.password)
    refusal(shared_server, mailer)
    shared_server.output.wait_for("app_password_refused", user.name, "not for imap")
    with shared_server.imap(phone) as session, shared_server.imap(user) as other:
        assert session.select()[0] == "OK"
        shared_server.output.wait_for(" login ", user.name, "app_password=phone")
        done = shared_server.command("user", "app-password", "revoke", user.name, "phone")
        assert (done.status, done.output) == (0, f"revoked the app password phone of {user.name}\n")
        assert farewell(session) == CHANGED
        assert other.noop()[0] == "OK"
    refusal(shared_server, phone)


def test_a_code_is_taken_once_and_scram_not_at_all(shared_server: RunningServer, user: User) -> None:
    assert scram(shared_server, user) == "OK"
    uri, secret_text = shared_server.command("user", "totp", "enable", user.name).output.splitlines()
    assert f"secret={secret_text}" in uri
    secret = b32decode(secret_text)
    with shared_server.imap(user):
        pass
    step = int(time.time()) // STEP_S
    # One step behind for the confirmation, so that the present one is still to be used.
    done = shared_server.command("user", "totp", "confirm", user.name, "--code-stdin", stdin=code_of(secret, step - 1))
    assert done.status == 0, done
    assert "AUTHENTICATIONFAILED" in refusal(shared_server, user)
    assert "AUTHENTICATIONFAILED" in scram(shared_server, user)
    with_code = User(user.name, user.password + code_of(secret, step + 1))
    with shared_server.imap(with_code) as session:
        assert session.noop()[0] == "OK"
    assert "AUTHENTICATIONFAILED" in refusal(shared_server, with_code)
    assert shared_server.command("user", "totp", "disable", user.name).status == 0
    with shared_server.imap(user):
        assert scram(shared_server, user) == "OK"


def test_an_imported_hash_is_upgraded_by_a_login(shared_server: RunningServer) -> None:
    user = User(f"user-{next(_NUMBERS)}", "an old password")
    stored = "{SSHA512}" + b64encode(sha512(user.password.encode() + b"salt").digest() + b"salt").decode()
    file = shared_server.directory / "import"
    file.write_text(f"{user.name}:{stored}:1000:1000::/home/{user.name}::\nnobody-else:!:19000\n")
    done = shared_server.command("user", "import", file)
    assert (done.status, done.output) == (65, "1 added, 0 there already, 1 left out\n")
    assert "'nobody-else': the user is locked" in done.errors
    assert "AUTHENTICATIONFAILED" in scram(shared_server, user)
    with shared_server.imap(user) as session:
        shared_server.output.wait_for("password_hash_upgraded", user.name)
        assert session.noop()[0] == "OK"
        assert scram(shared_server, user) == "OK"
        with shared_server.imap(user) as other:
            assert other.noop()[0] == "OK"
        assert session.noop()[0] == "OK"
    (line,) = [each for each in shared_server.command("user", "list", "-l").output.splitlines() if user.name in each]
    assert line.split("\t")[3] == "ok"


def test_a_denied_user_is_kept_out_as_by_cyrus(shared_server: RunningServer, user: User) -> None:
    with shared_server.imap(user) as session:
        done = shared_server.command("cyr_deny", "-s", "imap", "-m", "Sorry", user.name)
        assert (done.status, done.output, done.errors) == (0, "", "")
        assert farewell(session) == WITHDRAWN
    assert "[AUTHORIZATIONFAILED] Login failed: authorization failure" in refusal(shared_server, user)
    assert "authorization failure" in scram(shared_server, user)
    assert f"{user.name}\timap\tSorry\n" in shared_server.command("cyr_deny", "-l").output
    assert shared_server.command("cyr_deny", "-a", user.name).status == 0
    with shared_server.imap(user) as session:
        assert session.noop()[0] == "OK"


def test_another_password_ends_the_sessions_of_all_protocols_that_stand_on_the_old_one(
    shared_server: RunningServer, user: User
) -> None:
    made = shared_server.command("user", "app-password", "add", user.name, "phone")
    with shared_server.imap(user) as session, shared_server.imap(User(user.name, made.output.strip())) as phone:
        pop = poplib.POP3(LOOPBACK, shared_server.port("pop3"), timeout=WAIT_S)
        pop.user(user.name)
        pop.pass_(user.password)
        done = shared_server.command("user", "passwd", user.name, "--password-stdin", stdin="another\n")
        assert done.status == 0, done
        assert farewell(session) == CHANGED
        assert pop.file.readline() == b"-ERR [AUTH] Credentials have changed, please log in again\r\n"
        pop.close()
        assert phone.noop()[0] == "OK"


def test_a_disabled_user_is_logged_out_and_kept_out(shared_server: RunningServer, user: User) -> None:
    with shared_server.imap(user) as session:
        assert shared_server.command("user", "disable", user.name).output == f"disabled {user.name}\n"
        assert farewell(session) == WITHDRAWN
    refusal(shared_server, user)
    assert shared_server.command("user", "enable", user.name).status == 0
    with shared_server.imap(user) as session:
        assert session.noop()[0] == "OK"


def test_who_acts_for_another_is_logged_out_with_what_the_login_stands_on(
    shared_server: RunningServer, user: User
) -> None:
    admin = shared_server.admin.name
    words = ("user", "app-password")
    made = shared_server.command(*words, "add", admin, f"for-{user.name}").output.strip()
    client = imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S)
    client.authenticate("PLAIN", lambda _: f"{user.name}\0{admin}\0{made}".encode())
    shared_server.command(*words, "revoke", admin, f"for-{user.name}")
    assert farewell(client) == CHANGED


def test_a_shared_secret_is_for_the_mechanisms_that_need_one(shared_server: RunningServer, user: User) -> None:
    done = shared_server.command("user", "shared-secret", "set", user.name, "--password-stdin", stdin="shared\n")
    assert done.status == 0, done
    with imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S) as client:
        assert "AUTH=CRAM-MD5" in client.capabilities
        assert client.login_cram_md5(user.name, "shared")[0] == "OK"
        assert shared_server.command("user", "shared-secret", "remove", user.name).status == 0
        assert farewell(client) == CHANGED
    with imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S) as client:
        assert "AUTH=CRAM-MD5" not in client.capabilities


def test_the_last_logins_are_kept(shared_server: RunningServer, user: User) -> None:
    for _ in range(2):
        with shared_server.imap(user):
            pass
    for _ in range(100):
        lines = shared_server.command("user", "logins", user.name).output.splitlines()
        if len(lines) == 2:
            break
        time.sleep(0.1)
    parts = [line.split("\t") for line in lines]
    assert [fields[1:6] for fields in parts] == [["imap", LOOPBACK, "-", "plaintext", "-"]] * 2
    assert parts[0][6] != parts[1][6]
    assert [fields[7:] for fields in parts] == [["-"]] * 2
