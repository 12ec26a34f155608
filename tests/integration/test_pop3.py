"""POP3 as real clients speak it: each fetches and deletes as a person's does."""

import itertools
import poplib
import re
from pathlib import Path

import pytest
from tests.integration.letters import letter, note
from tests.server.programs import run
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User
from tests.server.terminal import Terminal

_NUMBERS = itertools.count(1)
_POP3TEST = "/usr/lib/cyrus/bin/pop3test"


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone, with three letters."""
    user = shared_server.add_user(f"pop-{next(_NUMBERS)}")
    deliver(shared_server, user, "One", "Two", "Three")
    return user


def deliver(server: RunningServer, user: User, *subjects: str) -> None:
    """New mail."""
    messages = [note(subject, "Text.\r\n.with a dot\r\n") for subject in subjects]
    server.deliver(*messages, recipient=user.name)


def subjects_of(server: RunningServer, user: User) -> list[str]:
    """What is left in the INBOX."""
    with server.imap(user) as client:
        client.select(readonly=True)
        headers = [
            part[1] for part in client.fetch("1:*", "BODY[HEADER.FIELDS (SUBJECT)]")[1] if isinstance(part, tuple)
        ]
    return [header.strip().removeprefix(b"Subject: ").decode() for header in headers]


# Python


def test_poplib(shared_server: RunningServer, user: User) -> None:
    message = letter("a photo").as_bytes()
    shared_server.deliver(message, recipient=user.name)
    client = poplib.POP3(LOOPBACK, shared_server.port("pop3"), timeout=WAIT_S)
    assert "STLS" in client.capa()
    client.stls(context=shared_server.certificate())
    assert "SCRAM-SHA-256" in client.capa()["SASL"]
    client.user(user.name)
    client.pass_(user.password)
    sizes = [int(line.split()[1]) for line in client.list()[1]]
    assert client.stat() == (4, sum(sizes))
    _, lines, octets = client.retr(4)
    fetched = b"".join([line + b"\r\n" for line in lines])
    assert fetched.endswith(message)
    assert len(fetched) == sizes[3] <= octets
    assert client.top(1, 1)[1][-1] == b"Text."
    assert client.retr(1)[1][-1] == b".with a dot"
    client.dele(2)
    client.quit()
    assert subjects_of(shared_server, user) == ["One", "Three", "a photo"]


def test_poplib_over_tls_with_utf8(shared_server: RunningServer, user: User) -> None:
    client = poplib.POP3_SSL(LOOPBACK, shared_server.port("pop3s"), timeout=WAIT_S, context=shared_server.certificate())
    assert client.utf8().startswith(b"+OK")
    assert "SCRAM-SHA-256" in client.capa()["SASL"]
    client.user(user.name)
    client.pass_(user.password)
    names = [line.split()[1] for line in client.uidl()[1]]
    assert len(set(names)) == 3
    client.close()
    # What was only begun has no effect, and names last.
    client = poplib.POP3_SSL(LOOPBACK, shared_server.port("pop3s"), timeout=WAIT_S, context=shared_server.certificate())
    client.user(user.name)
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\] Invalid login"):
        client.pass_("wrong")
    client.user(user.name)
    client.pass_(user.password)
    assert [line.split()[1] for line in client.uidl()[1]] == names
    client.quit()


# Programs


@pytest.mark.parametrize("words", [[], ["--ssl-reqd"]])
def test_curl(shared_server: RunningServer, user: User, tmp_path: Path, words: list[str]) -> None:
    url = f"pop3://{LOOPBACK}:{shared_server.port('pop3')}/"
    login = ["--insecure", "--silent", "--show-error", "--user", f"{user.name}:{user.password}", *words]
    listed = run("curl", *login, url)
    assert [line.split()[0] for line in listed.splitlines()] == ["1", "2", "3"]
    assert "\n.with a dot" in run("curl", *login, f"{url}2").replace("\r", "")
    over_tls = f"pop3s://{LOOPBACK}:{shared_server.port('pop3s')}/1"
    assert "Subject: One" in run("curl", *login, over_tls)


def test_fetchmail(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    box = tmp_path / "box"
    rc = tmp_path / "fetchmailrc"
    rc.write_text(
        f"poll {LOOPBACK} protocol pop3 port {shared_server.port('pop3')} uidl\n"
        f'user "{user.name}" password "{user.password}" keep sslproto ""\n'
        f'mda "cat >>{box}"\n'
    )
    rc.chmod(0o600)
    words = (
        "fetchmail",
        "--fetchmailrc",
        rc,
        "--nosyslog",
        "--idfile",
        tmp_path / "ids",
        "--pidfile",
        tmp_path / "pid",
    )
    run(*words, home=tmp_path)
    deliver(shared_server, user, "Four")
    run(*words, home=tmp_path)
    assert box.read_text().count("\nSubject: ") == 4
    run(*words, "--nokeep", "--fetchall", home=tmp_path)
    assert subjects_of(shared_server, user) == []


def test_getmail(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    box = tmp_path / "box"
    (tmp_path / "getmailrc").write_text(
        f"""\
[retriever]
type = SimplePOP3SSLRetriever
server = {LOOPBACK}
port = {shared_server.port("pop3s")}
username = {user.name}
password = {user.password}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat >>{box}")
allow_root_commands = true
[options]
read_all = false
delete = true
delivered_to = false
received = false
"""
    )
    words = ("getmail", "--getmaildir", tmp_path, "--rcfile", "getmailrc")
    assert "3 messages" in run(*words, home=tmp_path)
    assert box.read_text().count("\nSubject: ") == 3
    assert subjects_of(shared_server, user) == []


def test_mpop(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    rc = tmp_path / "mpoprc"
    box = tmp_path / "box"
    rc.write_text(
        f"""\
account default
host {LOOPBACK}
port {shared_server.port("pop3")}
user {user.name}
password {user.password}
tls on
tls_starttls on
tls_certcheck off
auth scram-sha-256
keep off
delivery mbox {box}
uidls_file {tmp_path}/uidls
"""
    )
    rc.chmod(0o600)
    assert "PIPELINING" in run("mpop", "-C", rc, "--serverinfo", home=tmp_path)
    run("mpop", "-C", rc, "--quiet", home=tmp_path)
    assert box.read_text().count("\nSubject: ") == 3
    assert subjects_of(shared_server, user) == []


def test_mutt(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    (tmp_path / "Mail").mkdir()
    rc = tmp_path / "muttrc"
    rc.write_text(
        f"""\
set pop_pass="{user.password}"
set pop_delete=yes
set certificate_file="{shared_server.directory}/tls/cert.pem"
set ssl_verify_host=no
set header_cache=""
set delete=yes
set quit=yes
unset wait_key
"""
    )
    place = f"pop://{user.name}@{LOOPBACK}:{shared_server.port('pop3')}"
    with Terminal(["mutt", "-n", "-F", str(rc), "-f", place], home=tmp_path) as mutt:
        mutt.expect("Three")
        mutt.type("\r")
        mutt.expect("with a dot")
        mutt.type("q")
        mutt.expect("Three")
        mutt.type("d")
        mutt.type("q")
        assert mutt.wait_ended() == 0
    assert len(subjects_of(shared_server, user)) == 2


def test_pop3test(shared_server: RunningServer, user: User) -> None:
    words = ["-u", user.name, "-a", user.name, "-w", user.password, "-p", str(shared_server.port("pop3"))]
    shown = run(_POP3TEST, *words, "-m", "user", LOOPBACK, stdin="STAT\r\nQUIT\r\n")
    assert "+OK Mailbox locked and ready SESSIONID=<" in shown
    assert re.search(r"^\+OK 3 [0-9]+", shown, re.MULTILINE)


def test_openssl(shared_server: RunningServer, user: User) -> None:
    place = f"{LOOPBACK}:{shared_server.port('pop3')}"
    dialogue = f"USER {user.name}\nPASS {user.password}\nSTAT\nQUIT\n"
    words = ("-starttls", "pop3", "-connect", place, "-quiet", "-ign_eof", "-crlf")
    shown = run("openssl", "s_client", *words, stdin=dialogue)
    assert "+OK Name is a valid mailbox" in shown
    assert re.search(r"^\+OK 3 [0-9]+", shown, re.MULTILINE)


def test_the_log_and_the_table_of_sessions_know_it(shared_server: RunningServer, user: User) -> None:
    client = poplib.POP3(LOOPBACK, shared_server.port("pop3"), timeout=WAIT_S)
    client.user(user.name)
    client.pass_(user.password)
    (line,) = [each for each in shared_server.command("who").output.splitlines() if user.name in each]
    assert "pop3" in line
    assert f"user.{user.name}" in line
    client.retr(1)
    client.dele(1)
    client.quit()
    ended = shared_server.output.wait_for(" session_ended ", f"user={user.name}")
    assert "retrieved=1" in ended
    assert "deleted=1" in ended
