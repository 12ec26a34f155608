"""swaks speaks LMTP to a server and reads every kind of answer."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can install swaks")

_NOBODY_WAS_ACCEPTED = 24
"""swaks's exit status where all recipients were refused."""
_DATA_WAS_REFUSED = 26
_SENDER_WAS_REFUSED = 23


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server("maxmessagesize: 1M\npostuser: post\n") as server:
        yield server


def swaks(server: RunningServer, *words: str, to: str) -> tuple[int, str]:
    """The exit status, and what both sides said."""
    command = ["swaks", "--protocol", "LMTP", "--server", f"{LOOPBACK}:{server.port('lmtp')}", f"--to={to}"]
    command += ["--from", "anna@example.org", "--helo", "client.example.org", "--timeout", f"{WAIT_S:.0f}s", *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * WAIT_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def messages(server: RunningServer, user: User) -> int:
    with server.imap(user) as client:
        return int(client.select("INBOX", readonly=True)[1][0] or 0)


@pytest.mark.parametrize("how", [[], ["--pipeline"], ["--tls"], ["--tls", "--pipeline"]])
def test_each_recipient_has_a_status(server: RunningServer, how: list[str]) -> None:
    name = "-".join(["swaks", *[word.strip("-") for word in how]])
    one, two = server.add_user(name), server.add_user(f"{name}-2")
    status, said = swaks(server, *how, to=f"{one.name}@example.org,no-such-user,{two.name}")
    assert status == 0, said
    assert said.count("550 5.1.1 User unknown") == 1
    assert said.count("250 2.1.5 Success SESSIONID=<") == 2
    assert "221 2.0.0 bye" in said
    assert ("Begin TLS negotiation now" in said) == ("--tls" in how)
    assert (messages(server, one), messages(server, two)) == (1, 1)


def test_what_is_announced(server: RunningServer) -> None:
    _, said = swaks(server, "--quit-after", "EHLO", to="user")
    lines = [line.split("250", 1)[1] for line in said.splitlines() if " 250" in line]
    announced = ["8BITMIME", "BINARYMIME", "CHUNKING", "ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8", "SIZE 1048576"]
    assert [line[1:] for line in lines[1:-1]] == [*announced, "STARTTLS", "AUTH EXTERNAL", "IGNOREQUOTA"]


@pytest.mark.parametrize(
    ("words", "to", "status", "answered"),
    [
        ([], "no-such-user", _NOBODY_WAS_ACCEPTED, "550 5.1.1 User unknown"),
        ([], "no-such-user,+no-such-board", _NOBODY_WAS_ACCEPTED, "550 5.1.1 User unknown"),
        ([], "post+no-such-board", _NOBODY_WAS_ACCEPTED, "550 5.1.1 User unknown"),
        ([], "us er", _NOBODY_WAS_ACCEPTED, "501 5.5.4 Syntax error in parameters"),
        ([], "jürgen", _NOBODY_WAS_ACCEPTED, "553 5.6.7 Non-ASCII addresses need SMTPUTF8"),
        (["--data", "no header\\nhere\\n"], "user", _DATA_WAS_REFUSED, "554 5.6.0 Message contains invalid header"),
        (["--body", "large"], "user", _DATA_WAS_REFUSED, "552 5.3.4 Message size exceeds fixed limit"),
    ],
)
def test_what_is_refused(
    server: RunningServer, tmp_path: Path, words: list[str], to: str, status: int, answered: str
) -> None:
    if words == ["--body", "large"]:
        body = tmp_path / "body"
        body.write_text(("x" * 70 + "\n") * 16_000)
        words = ["--body", f"@{body}"]
    ended, said = swaks(server, *words, to=to)
    assert answered in said, said
    assert ended == status, said


def test_a_full_mailbox_is_for_another_time(server: RunningServer) -> None:
    reader = server.add_user("swaks-full")
    with server.imap(server.admin) as client:
        client.setquota(f"user/{reader.name}", "(STORAGE 0)")
    status, said = swaks(server, to=reader.name)
    assert status == _NOBODY_WAS_ACCEPTED
    assert "452 4.2.2 Over quota SESSIONID=<" in said


def test_a_board_takes_mail_by_both_of_its_addresses(server: RunningServer) -> None:
    with server.imap(server.admin) as client:
        client.create("swaks-board")
        client.setacl("swaks-board", "anyone", "lrp")
        client.create("swaks-notice")
        client.setacl("swaks-notice", "anyone", "lr")
    assert swaks(server, to="post+swaks-board@example.org,+swaks-board")[0] == 0
    status, said = swaks(server, to="post+swaks-notice")
    assert status == _NOBODY_WAS_ACCEPTED
    assert "550 5.7.1 Permission denied" in said


def test_it_speaks_over_a_unix_socket_too(server: RunningServer) -> None:
    reader = server.add_user("swaks-unix")
    command = ["swaks", "--protocol", "LMTP", "--socket", server.socket_path("lmtpunix"), "--to", reader.name]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * WAIT_S, check=False
    )
    assert done.returncode == 0, done
    assert messages(server, reader) == 1


def test_a_stranger_may_say_hello_and_go(server: RunningServer) -> None:
    conf = server.directory / "cyrus.conf"
    conf.write_text(conf.read_text().replace('cmd="lmtpd -a"', 'cmd="lmtpd"'))
    server.stop()
    server.start()
    status, said = swaks(server, to="user")
    assert "430 4.7.0 Authentication required" in said
    assert status == _SENDER_WAS_REFUSED
