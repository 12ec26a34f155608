"""Clients that people and administrators use besides: each does what a person does with it."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import aioimaplib
import imapclient
import pytest
from tests.integration.letters import note
from tests.server.programs import run
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User
from tests.server.terminal import Terminal

_NUMBERS = itertools.count(1)


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone, with three letters."""
    user = shared_server.add_user(f"other-{next(_NUMBERS)}")
    send(shared_server, user, "One", "Two", "Three")
    return user


def send(server: RunningServer, user: User, *subjects: str) -> None:
    """New mail."""
    with server.imap(user) as client:
        for subject in subjects:
            client.append("INBOX", None, None, note(subject))


def flags_of(server: RunningServer, user: User, mailbox: str = "INBOX") -> dict[str, set[str]]:
    """Subject to flags."""
    with imapclient.IMAPClient(LOOPBACK, server.port("imap"), ssl=False) as client:
        client.login(user.name, user.password)
        client.select_folder(mailbox, readonly=True)
        found = client.fetch(client.search(), ["FLAGS", "ENVELOPE"])
    return {
        data[b"ENVELOPE"].subject.decode(): {flag.decode() for flag in data[b"FLAGS"] if flag != b"\\Recent"}
        for data in found.values()
    }


# Synchronising and fetching


class OfflineImap:
    """Synchronises a user's mailboxes with maildirs, both ways."""

    def __init__(self, server: RunningServer, user: User, home: Path) -> None:
        self._home = home
        self.mail = home / "mail"
        (home / "rc").write_text(
            f"""\
[general]
accounts = Account
metadata = {home}/metadata
ui = basic
[Account Account]
localrepository = Near
remoterepository = Far
[Repository Near]
type = Maildir
localfolders = {self.mail}
[Repository Far]
type = IMAP
remotehost = {LOOPBACK}
remoteport = {server.port("imap")}
remoteuser = {user.name}
remotepass = {user.password}
ssl = no
starttls = no
auth_mechanisms = LOGIN
"""
        )

    def run(self) -> None:
        output = run("offlineimap", "-c", self._home / "rc", "-o", home=self._home)
        assert "ERROR" not in output, output

    def file_of(self, subject: str, mailbox: str = "INBOX") -> Path:
        found = [path for path in self.files(mailbox) if f"Subject: {subject}\n" in path.read_text()]
        assert len(found) == 1, found
        return found[0]

    def files(self, mailbox: str = "INBOX") -> list[Path]:
        return sorted(path for part in ("cur", "new") for path in (self.mail / mailbox / part).iterdir())


def test_offlineimap_synchronises_both_ways(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    near = OfflineImap(shared_server, user, tmp_path)
    near.run()
    assert len(near.files()) == 3
    one = near.file_of("One")
    one.rename(tmp_path / "mail" / "INBOX" / "cur" / (one.name.partition(":")[0] + ":2,FS"))
    near.file_of("Two").unlink()
    with shared_server.imap(user) as client:
        client.select("INBOX")
        client.store("3", "+FLAGS", "\\Answered")
        client.create("Work")
        client.append("Work", "", "", note("Elsewhere"))
    send(shared_server, user, "Four")
    near.run()
    assert flags_of(shared_server, user) == {"One": {"\\Flagged", "\\Seen"}, "Three": {"\\Answered"}, "Four": set()}
    assert near.file_of("Three").name.endswith(":2,R")
    assert near.file_of("Four").exists()
    assert near.file_of("Elsewhere", "Work").exists()
    before = {path: path.stat().st_ino for path in near.files()}
    near.run()
    assert {path: path.stat().st_ino for path in near.files()} == before


def test_fetchmail_takes_new_mail_away(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    box = tmp_path / "box"
    rc = tmp_path / "fetchmailrc"
    rc.write_text(
        f"set no bouncemail\n"
        f"poll {LOOPBACK} service {shared_server.port('imap')} protocol imap auth password\n"
        f'  user "{user.name}" password "{user.password}" mda "/bin/sh -c \'cat >>{box}\'" nokeep sslproto ""\n'
    )
    rc.chmod(0o600)
    words = ("fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", tmp_path / "pid")
    run(*words, home=tmp_path)
    assert [line for line in box.read_text().splitlines() if line.startswith("Subject: ")] == [
        "Subject: One",
        "Subject: Two",
        "Subject: Three",
    ]
    assert flags_of(shared_server, user) == {}
    run(*words, home=tmp_path, status=1)  # there is no mail


def test_getmail_takes_each_message_once(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    box = tmp_path / "box"
    (tmp_path / "getmailrc").write_text(
        f"""\
[retriever]
type = SimpleIMAPRetriever
server = {LOOPBACK}
port = {shared_server.port("imap")}
username = {user.name}
password = {user.password}
mailboxes = ("INBOX",)
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat >>{box}")
allow_root_commands = true
[options]
read_all = false
delivered_to = false
received = false
"""
    )
    words = ("getmail", "--getmaildir", tmp_path, "--rcfile", "getmailrc")
    assert "3 messages" in run(*words, home=tmp_path)
    send(shared_server, user, "Four")
    assert "1 messages" in run(*words, home=tmp_path)
    assert box.read_text().count("\nSubject: ") == 4
    assert flags_of(shared_server, user).keys() == {"One", "Two", "Three", "Four"}


# At a terminal


def test_alpine_reads_saves_flags_and_deletes(shared_server: RunningServer, user: User, tmp_path: Path) -> None:
    with shared_server.imap(user) as client:
        client.create("Kept")
    place = f"{{{LOOPBACK}:{shared_server.port('imap')}/imap/notls/novalidate-cert/user={user.name}}}"
    pinerc = tmp_path / ".pinerc"
    pinerc.write_text(
        f"inbox-path={place}INBOX\n"
        f'folder-collections="Mail" {place}[]\n'
        "user-domain=example.org\n"
        "feature-list=enable-flag-cmd,expunge-without-confirm,quit-without-confirm\n"
        "last-version-used=6.26\n"
    )
    with Terminal(["alpine", "-p", str(pinerc), "-i", "-n", "1", "-passfile", "/nonexistent"], home=tmp_path) as alpine:
        alpine.expect("ENTER PASSWORD")
        alpine.type(f"{user.password}\r")
        alpine.expect("Preserve password")
        alpine.type("n")
        alpine.expect("Three")
        alpine.type("\r")
        alpine.expect("A short note.")
        alpine.type("s")
        alpine.expect("SAVE")
        alpine.type("Kept\r")
        alpine.expect("DEL")  # what is saved elsewhere is marked here
        alpine.type("n")
        alpine.expect("Two")
        alpine.type("*")
        alpine.expect("Flag New")
        alpine.type("*")
        alpine.expect("MESSAGE")
        alpine.type("q")
        assert alpine.wait_ended() == 0
    flags = flags_of(shared_server, user)
    assert flags_of(shared_server, user, "Kept").keys() == {"One"}
    assert "\\Flagged" in flags["Two"]


# Administrators


def cyradm(server: RunningServer, *commands: str, user: User | None = None) -> str:
    """What Cyrus's cyradm shows."""
    who = user or server.admin
    port = str(server.port("imap"))
    login = ("--user", who.name, "--password", who.password, "--port", port, "--notls", "--auth", "plain")
    return run("cyradm", *login, LOOPBACK, stdin="\n".join([*commands, "exit", ""]))


def test_cyradm_looks_after_mailboxes(shared_server: RunningServer) -> None:
    name = f"kept-{next(_NUMBERS)}"
    top = f"user/{name}"
    shown = cyradm(
        shared_server,
        f"createmailbox {top}",
        f"createmailbox {top}/Work",
        f"setaclmailbox {top} helper lrs",
        f"listaclmailbox {top}",
        f"setquota {top} 1024",
        f"listquota {top}",
        f"renamemailbox {top}/Work {top}/Projects",
        f"listmailbox {top}*",
    )
    assert "helper lrs" in shown
    assert f"{name} lrswipkxtecdan" in shown
    assert "STORAGE 0/1024 (0%)" in shown
    assert f"{top}/Projects (\\HasNoChildren)" in shown
    shown = cyradm(
        shared_server,
        f"deleteaclmailbox {top} helper",
        f"listaclmailbox {top}",
        f"setaclmailbox {top}* {shared_server.admin.name} c",
        f"deletemailbox {top}/Projects",
        f"listmailbox {top}*",
    )
    assert "helper" not in shown
    assert f"{top}/Projects (" not in shown
    assert f"{top} (\\HasNoChildren)" in shown


def test_cyradm_tells_what_a_user_may_not(shared_server: RunningServer, user: User) -> None:
    shown = cyradm(shared_server, 'createmailbox "Other Users/somebody/Box"', user=user)
    assert "Permission denied" in shown


# Libraries


def test_imapclient_does_what_a_program_does(shared_server: RunningServer, user: User) -> None:
    with imapclient.IMAPClient(LOOPBACK, shared_server.port("imap"), ssl=False) as client:
        client.login(user.name, user.password)
        assert client.namespace().personal
        client.create_folder("Grüße")
        assert "Grüße" in {name for _, _, name in client.list_folders()}
        client.select_folder("INBOX")
        (two,) = client.search(["SUBJECT", "Two"])
        client.add_flags([two], [imapclient.FLAGGED, "$Work"])
        assert set(client.get_flags([two])[two]) >= {imapclient.FLAGGED, b"$Work"}
        client.move([two], "Grüße")
        assert client.folder_status("Grüße", ["MESSAGES"])[b"MESSAGES"] == 1
        client.idle()
        send(shared_server, user, "Four")
        assert any(b"EXISTS" in response for response in client.idle_check(timeout=WAIT_S))
        client.idle_done()
        client.delete_messages(client.search(["SUBJECT", "Four"]))
        client.expunge()
        assert len(client.search()) == 2
        client.delete_folder("Grüße")


def test_aioimaplib_hears_of_new_mail_in_idle(shared_server: RunningServer, user: User) -> None:
    async def work() -> None:
        client = aioimaplib.IMAP4(host=LOOPBACK, port=shared_server.port("imap"), timeout=WAIT_S)
        await client.wait_hello_from_server()
        assert (await client.login(user.name, user.password)).result == "OK"
        assert (await client.select("INBOX")).result == "OK"
        idle = await client.idle_start(timeout=WAIT_S)
        await asyncio.to_thread(send, shared_server, user, "Four")
        heard: list[bytes] = []
        while not any(line.endswith(b"EXISTS") for line in heard):
            heard += await client.wait_server_push()
        client.idle_done()
        await asyncio.wait_for(idle, WAIT_S)
        found = await client.uid_search("SUBJECT Four")
        assert found.lines[0] == b"4"
        fetched = await client.uid("fetch", "4", "(FLAGS BODY.PEEK[TEXT])")
        assert any(b"A short note." in bytes(line) for line in fetched.lines)
        assert (await client.uid("store", "4", "+FLAGS (\\Deleted)")).result == "OK"
        assert (await client.expunge()).result == "OK"
        await client.logout()

    asyncio.run(work())


_PERL = r"""
use Mail::IMAPClient; use strict; use warnings;
my ($host, $port, $user, $password) = @ARGV;
my $c = Mail::IMAPClient->new(Server => $host, Port => $port, User => $user, Password => $password, Uid => 1) or die $@;
$c->create("Perl") or die $c->LastError;
my $uid = $c->append("Perl", "Subject: from Perl\r\nFrom: a\@example.org\r\n\r\nBody\r\n") or die $c->LastError;
$c->select("Perl") or die $c->LastError;
print "count ", $c->message_count, "\n";
print "found ", join(",", $c->search("SUBJECT", "perl")), "\n";
print "subject ", $c->subject($uid), "\n", "body ", $c->body_string($uid), "\n";
$c->set_flag("Flagged", $uid) or die $c->LastError;
print "flags ", join(" ", grep { !/Recent/ } $c->flags($uid)), "\n";
print "type ", $c->get_bodystructure($uid)->bodytype, "\n";
$c->move("INBOX", $uid) or die $c->LastError;
$c->expunge; print "left ", $c->message_count("Perl"), "\n";
$c->select("INBOX"); print "inbox ", $c->message_count, "\n";
$c->idle or die $c->LastError; $c->idle_data(0); $c->done or die $c->LastError;
$c->delete("Perl") or die $c->LastError;
$c->logout;
"""

_PHP = r"""<?php
[$_, $host, $port, $user, $password] = $argv;
$place = "{" . "$host:$port/imap/notls/novalidate-cert}";
$c = imap_open($place . "INBOX", $user, $password) or die(imap_last_error());
imap_createmailbox($c, $place . "Php") or die(imap_last_error());
imap_append($c, $place . "INBOX", "Subject: from PHP\r\nFrom: a@example.org\r\n\r\nBody\r\n") or die(imap_last_error());
imap_check($c);
$n = imap_num_msg($c);
echo "count $n\n", "found ", implode(",", imap_search($c, 'SUBJECT "from php"')), "\n";
echo "subject ", imap_fetch_overview($c, "$n")[0]->subject, "\n", "body ", imap_body($c, $n), "\n";
imap_setflag_full($c, "$n", "\\Flagged") or die(imap_last_error());
imap_mail_move($c, "$n", "Php") or die(imap_last_error());
imap_expunge($c);
echo "moved ", imap_status($c, $place . "Php", SA_ALL)->messages, "\n";
echo "sorted ", implode(",", imap_sort($c, SORTSUBJECT, 0)), "\n";
imap_deletemailbox($c, $place . "Php") or die(imap_last_error());
imap_errors(); imap_close($c);
"""


@pytest.mark.parametrize(
    ("program", "script", "wanted"),
    [
        (
            "perl",
            _PERL,
            "count 1\nfound 1\nsubject from Perl\nbody Body\n\nflags \\Flagged \\Seen\ntype TEXT\nleft 0\ninbox 4\n",
        ),
        ("php", _PHP, "count 4\nfound 4\nsubject from PHP\nbody Body\n\nmoved 1\nsorted 1,3,2\n"),
    ],
)
def test_libraries_of_other_languages(
    shared_server: RunningServer, user: User, tmp_path: Path, program: str, script: str, wanted: str
) -> None:
    file = tmp_path / "script"
    file.write_text(script)
    shown = run(program, file, LOOPBACK, str(shared_server.port("imap")), user.name, user.password)
    assert shown.replace("\r\n", "\n") == wanted


def test_two_clients_see_each_other(shared_server: RunningServer, user: User) -> None:
    def open_client() -> imapclient.IMAPClient:
        client = imapclient.IMAPClient(LOOPBACK, shared_server.port("imap"), ssl=False)
        client.login(user.name, user.password)
        client.select_folder("INBOX")
        return client

    changes: list[Callable[[imapclient.IMAPClient], object]] = [
        lambda client: client.add_flags([1], [imapclient.SEEN]),
        lambda client: client.delete_messages([2]),
        lambda client: client.expunge(),
    ]
    with open_client() as one, open_client() as other:
        for change in changes:
            change(one)
        other.noop()
        assert sorted(other.search()) == [1, 3]
        assert imapclient.SEEN in other.get_flags([1])[1]
