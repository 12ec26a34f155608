"""Debian's Postfix hands mail over, and Debian's mail clients read it."""

import email
import email.policy
import os
import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from tests.integration.letters import DOCUMENT, PHOTO, letter, note
from tests.server.mailclients import Mbsync, curl, mutt
from tests.server.postfix import Postfix, running_postfix
from tests.server.running import LOOPBACK, RunningServer, User, running_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")


class Post:
    """A server, and Postfix in front of it."""

    def __init__(self, server: RunningServer, postfix: Postfix) -> None:
        self.server = server
        self.postfix = postfix
        self._sent = 0
        self._users = 0

    def add_user(self) -> User:
        self._users += 1
        return self.server.add_user(f"reader{self._users}")

    def hand_in(
        self, message: EmailMessage | bytes, *to: str, sender: str = "anna@example.org", bounces: int = 0
    ) -> None:
        """Give a message to Postfix by SMTP; so many bounces come of it."""
        octets = message if isinstance(message, bytes) else message.as_bytes()
        with smtplib.SMTP(LOOPBACK, self.postfix.port) as client:
            client.sendmail(sender, to, octets)
        self._sent += 1 + bounces

    def wait(self) -> None:
        """Until Postfix is done with everything."""
        self.postfix.wait_for_removed(self._sent)

    def send(self, *messages: EmailMessage | bytes, to: str) -> None:
        """Have messages delivered, in this order."""
        for message in messages:
            self.hand_in(message, to)
            self.wait()


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    """Postfix delivers over TCP."""
    with (
        running_server() as server,
        running_postfix(f"lmtp:inet:{LOOPBACK}:{server.port('lmtp')}") as postfix,
    ):
        yield Post(server, postfix)


@pytest.fixture(scope="module")
def post_by_socket() -> Iterator[Post]:
    """Postfix delivers over a unix socket."""
    with running_server() as server, running_postfix(f"lmtp:unix:{_open_socket(server)}") as postfix:
        yield Post(server, postfix)


@pytest.fixture(params=["post", "post_by_socket"])
def either_post(request: pytest.FixtureRequest) -> Post:
    """Both, for what is about the delivery."""
    post = request.getfixturevalue(request.param)
    assert isinstance(post, Post)
    return post


def _open_socket(server: RunningServer) -> Path:
    """Have the server listen at a socket that Postfix's user may reach, as administrators do: all below DIR is
    private."""
    open_directory = server.directory.parent / "lmtp"
    open_directory.mkdir(mode=0o755)
    owner = server.directory.stat()
    os.chown(open_directory, owner.st_uid, owner.st_gid)
    conf = server.directory / "cyrus.conf"
    path = open_directory / "lmtp"
    conf.write_text(conf.read_text().replace(f"{server.directory}/socket/lmtp", str(path)))
    server.stop()
    server.start()
    assert server.socket_path("lmtpunix") == str(path)
    return path


@pytest.fixture
def reader(post: Post) -> User:
    """A user of this test alone."""
    return post.add_user()


def address(user: User, *, detail: str = "") -> str:
    return f"{user.name}{detail}@example.org"


def parse(octets: bytes) -> Message:
    return email.message_from_bytes(octets, policy=email.policy.default)


def test_curl_lists_searches_and_fetches_what_postfix_delivered(post: Post, reader: User) -> None:
    sent = letter("curl reads this")
    post.send(sent, note("and not this"), to=address(reader))

    assert b"INBOX" in curl(post.server, reader, "")
    assert curl(post.server, reader, "INBOX?SUBJECT%20curl").split() == [b"*", b"SEARCH", b"1"]
    received = parse(curl(post.server, reader, "INBOX;UID=1"))
    assert isinstance(received, EmailMessage)
    assert [part.get_content() for part in received.iter_attachments()] == [PHOTO, DOCUMENT]
    assert received["Subject"] == "curl reads this"
    assert received["Return-Path"] == "<anna@example.org>"
    assert "by mta.example.net (Postfix)" in str(received.get_all("Received"))


def test_everything_behind_the_trace_header_is_as_it_was_sent(either_post: Post) -> None:
    reader = either_post.add_user()
    sent = letter("untouched").as_bytes()
    either_post.send(sent, to=address(reader))

    received = curl(either_post.server, reader, "INBOX;UID=1")

    assert received.endswith(b"\r\n" + sent)


def test_curl_appends(post: Post, reader: User, tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_bytes(letter("sent by curl").as_bytes())

    curl(post.server, reader, "INBOX", "--upload-file", str(file))

    assert curl(post.server, reader, "INBOX;MAILINDEX=1") == file.read_bytes()


def test_mbsync_synchronises_both_ways_and_the_second_time_nothing_moves(
    post: Post, reader: User, tmp_path: Path
) -> None:
    server = post.server
    post.send(letter("one"), note("two"), note("three"), to=address(reader))
    with server.imap(reader) as client:
        client.create("Archive")
        client.append("Archive", None, None, note("kept"))
    mbsync = Mbsync(server, reader, tmp_path)

    mbsync.run()

    near = {parse(path.read_bytes())["Subject"]: path for path in mbsync.messages("INBOX")}
    assert sorted(near) == ["one", "three", "two"]
    assert [parse(path.read_bytes())["Subject"] for path in mbsync.messages("Archive")] == ["kept"]

    # Here a message is new, one is marked, one goes; there one is marked, and one is new.
    near["two"].rename(mbsync.maildirs / "INBOX" / "cur" / f"{_unique(near['two'])}:2,FS")
    near["three"].unlink()
    (mbsync.maildirs / "INBOX" / "cur" / "1.new.host:2,S").write_bytes(note("four").replace(b"\r\n", b"\n"))
    with server.imap(reader) as client:
        client.select()
        client.store("1", "+FLAGS", "(\\Answered)")
    post.send(note("five"), to=address(reader))
    mbsync.run()

    assert _mailbox(server, reader) == {
        "one": "\\Answered",
        "two": "\\Flagged \\Seen",
        "four": "\\Seen",
        "five": "",
    }
    flags = {parse(path.read_bytes())["Subject"]: path.name.partition(":2,")[2] for path in mbsync.messages("INBOX")}
    assert flags == {"one": "R", "two": "FS", "four": "S", "five": ""}

    before = mbsync.state(), _status(server, reader)
    mbsync.run()
    assert (mbsync.state(), _status(server, reader)) == before


def _unique(path: Path) -> str:
    return path.name.partition(":")[0]


def _mailbox(server: RunningServer, user: User) -> dict[str, str]:
    """Flags by subject; `\\Recent` aside."""
    found = {}
    with server.imap(user) as client:
        client.select(readonly=True)
        _, answers = client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        for answer in answers:
            if isinstance(answer, tuple):
                flags = re.search(rb"FLAGS \((.*?)\)", answer[0])
                assert flags is not None
                names = sorted(name for name in flags[1].decode().split() if name != "\\Recent")
                found[parse(answer[1])["Subject"]] = " ".join(names)
    return found


def _status(server: RunningServer, user: User) -> list[object]:
    with server.imap(user) as client:
        return [client.status(name, "(MESSAGES UIDNEXT HIGHESTMODSEQ)") for name in ("INBOX", "Archive")]


def test_mutt_reads_flags_copies_and_deletes(post: Post, reader: User, tmp_path: Path) -> None:
    post.send(letter("for mutt"), note("to be deleted"), to=address(reader))
    with post.server.imap(reader) as client:
        client.create("Copies")

    shown = mutt(
        post.server,
        reader,
        tmp_path,
        "<search>for mutt<enter><display-message><exit><flag-message><copy-message>=Copies<enter>"
        f"<pipe-message>cat >{tmp_path}/piped<enter>"
        "<search>to be deleted<enter><delete-message><sync-mailbox><exit>",
    )

    assert "for mutt" in shown
    piped = (tmp_path / "piped").read_bytes()
    assert b"Subject: for mutt" in piped
    assert _mailbox(post.server, reader) == {"for mutt": "\\Flagged \\Seen"}
    with post.server.imap(reader) as client:
        assert client.status("Copies", "(MESSAGES)")[1] == [b"Copies (MESSAGES 1)"]


def test_imaplib_reads_flags_copies_moves_and_deletes(post: Post, reader: User) -> None:
    post.send(letter("imaplib"), note("moves"), note("goes"), to=address(reader))
    with post.server.imap(reader) as client:
        client.create("Other")
        assert client.select() == ("OK", [b"3"])
        _, answers = client.fetch("1", "(BODY.PEEK[2])")
        part = answers[0]
        assert isinstance(part, tuple)
        assert (
            email.message_from_bytes(b"Content-Transfer-Encoding: base64\r\n\r\n" + part[1]).get_payload(decode=True)
            == PHOTO
        )
        client.store("1", "+FLAGS", "(\\Flagged $Important)")
        assert client.search(None, "KEYWORD", "$Important")[1] == [b"1"]
        assert client.uid("COPY", "1", "Other")[0] == "OK"
        assert client.uid("MOVE", "2", "Other")[0] == "OK"
        client.uid("STORE", "3", "+FLAGS", "(\\Deleted)")
        assert client.expunge()[0] == "OK"
        assert client.uid("SEARCH", "ALL")[1] == [b"1"]
        assert client.select("Other") == ("OK", [b"2"])
        assert client.search(None, "FLAGGED", "SUBJECT", "imaplib")[1] == [b"1"]
        assert client.search(None, "SUBJECT", "moves")[1] == [b"2"]


def test_the_sender_of_mail_for_an_unknown_user_is_told(either_post: Post) -> None:
    reader = either_post.add_user()
    either_post.hand_in(note("lost"), "no-such-user@example.org", sender=address(reader), bounces=1)
    either_post.wait()

    bounce = parse(curl(either_post.server, reader, "INBOX;UID=1"))

    assert bounce["Return-Path"] == "<>"
    assert bounce.get_content_type() == "multipart/report"
    assert "Status: 5.1.1" in bounce.as_string()
    assert "550 5.1.1" in bounce.as_string()


def test_a_subaddress_goes_to_its_mailbox_where_senders_may_post(post: Post, reader: User) -> None:
    with post.server.imap(reader) as client:
        client.create("Lists")
        client.create("Private")
        assert client.setacl("Lists", "anyone", "p")[0] == "OK"

    post.send(note("to a list"), to=address(reader, detail="+Lists"))
    post.send(note("to a private one"), to=address(reader, detail="+Private"))
    post.send(note("to none"), to=address(reader, detail="+Nowhere"))

    assert b"Subject: to a list\r\n" in curl(post.server, reader, "Lists;UID=1")
    assert sorted(_mailbox(post.server, reader)) == ["to a private one", "to none"]


def test_one_message_for_many_recipients_is_one_file(either_post: Post) -> None:
    reader = either_post.add_user()
    others = [either_post.add_user() for _ in range(3)]
    subject = "for all"
    either_post.hand_in(note(subject), *[address(user) for user in (reader, *others)])
    either_post.wait()

    for user in (reader, *others):
        assert list(_mailbox(either_post.server, user)) == [subject]
    done = either_post.server.command("path", f"user/{reader.name}")
    assert done.status == 0, done
    assert (Path(done.output.strip()) / "1.").stat().st_nlink == 4


def test_the_queue_empties_when_the_server_comes_back(either_post: Post) -> None:
    reader = either_post.add_user()
    either_post.server.kill()
    either_post.hand_in(note("waits"), address(reader))
    either_post.postfix.wait_for("status=deferred")
    either_post.server.start()
    either_post.postfix.flush()
    either_post.wait()

    assert list(_mailbox(either_post.server, reader)) == ["waits"]
