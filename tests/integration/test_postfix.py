"""Debian's Postfix hands mail over, and Debian's mail clients read it."""

import contextlib
import email
import email.policy
import os
import re
import smtplib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from tests.integration.letters import DOCUMENT, PHOTO, letter, note
from tests.server.mailclients import Mbsync, curl, mutt
from tests.server.memorywatch import MemoryWatch
from tests.server.postfix import Postfix, running_postfix
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")

MANY = 300
LARGE = note("large", "".join([f"{number:08}{'.' * 62}\r\n" for number in range(730_000)]))
MEBIBYTE = 1 << 20
GROWTH_MAX = 16 * MEBIBYTE


class Post:
    """A server, and Postfix in front of it."""

    def __init__(self, server: RunningServer, postfix: Postfix) -> None:
        self.server = server
        self.postfix = postfix
        self._counting = threading.Lock()
        self._sent = 0
        self._users = 0

    def add_user(self, stem: str = "reader") -> User:
        self._users += 1
        return self.server.add_user(f"{stem}{self._users}")

    def hand_in(
        self,
        message: EmailMessage | bytes,
        *to: str,
        sender: str = "anna@example.org",
        bounces: int = 0,
        options: Sequence[str] = (),
    ) -> None:
        """Give a message to Postfix by SMTP; so many bounces come of it. For any thread."""
        octets = message if isinstance(message, bytes) else message.as_bytes()
        with smtplib.SMTP(LOOPBACK, self.postfix.port) as client:
            client.sendmail(sender, to, octets, options)
        with self._counting:
            self._sent += 1 + bounces

    def wait(self, *, within_s: float = WAIT_S) -> None:
        """Until Postfix is done with everything."""
        self.postfix.wait_for_removed(self._sent, within_s=within_s)

    def send(self, *messages: EmailMessage | bytes, to: str, options: Sequence[str] = ()) -> None:
        """Have messages delivered, in this order."""
        for message in messages:
            self.hand_in(message, to, options=options)
            self.wait()


@contextlib.contextmanager
def _running_post(*, by_socket: bool, server_options: str = "", postfix_options: str = "") -> Iterator[Post]:
    """Postfix delivers over a unix socket, or over TCP."""
    with running_server(server_options) as server:
        if by_socket:
            transport = f"lmtp:unix:{server.open_sockets({'lmtpopen': 'lmtpd'})}/lmtpopen"
        else:
            transport = f"lmtp:inet:{LOOPBACK}:{server.port('lmtp')}"
        with running_postfix(transport, options=postfix_options) as postfix:
            yield Post(server, postfix)


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with _running_post(by_socket=False) as post:
        yield post


@pytest.fixture(scope="module")
def post_by_socket() -> Iterator[Post]:
    with _running_post(by_socket=True) as post:
        yield post


@pytest.fixture(params=["post", "post_by_socket"])
def either_post(request: pytest.FixtureRequest) -> Post:
    """Both, for what is about the delivery."""
    post = request.getfixturevalue(request.param)
    assert isinstance(post, Post)
    return post


@pytest.fixture(scope="module", params=[False, True], ids=["post", "post_by_socket"])
def post_for_many(request: pytest.FixtureRequest) -> Iterator[Post]:
    """Postfix holds mail back until it is told, and then delivers as much as there is at once."""
    with _running_post(
        by_socket=request.param,
        server_options="autocreate_quota: 0\nautocreate_post: yes\n",
        postfix_options=f"""
defer_transports = lmtp
default_process_limit = {MANY}
lmtp_destination_concurrency_limit = {MANY}
lmtp_destination_recipient_limit = {MANY}
initial_destination_concurrency = {MANY}
""",
    ) as post:
        yield post


@pytest.fixture
def reader(post: Post) -> User:
    """A user of this test alone."""
    return post.add_user()


def address(user: User, *, detail: str = "") -> str:
    return f"{user.name}{detail}@example.org"


def _stored(server: RunningServer, user: str) -> Path:
    """The file of the first message in the user's INBOX."""
    done = server.command("path", f"user/{user}")
    assert done.status == 0, done
    return Path(done.output.strip()) / "1."


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
    assert _stored(either_post.server, reader.name).stat().st_nlink == 4


def test_the_queue_empties_when_the_server_comes_back(either_post: Post) -> None:
    reader = either_post.add_user()
    either_post.server.kill()
    either_post.hand_in(note("waits"), address(reader))
    either_post.postfix.wait_for_deferred(1)
    either_post.server.start()
    either_post.postfix.flush()
    either_post.wait()

    assert list(_mailbox(either_post.server, reader)) == ["waits"]


def test_a_message_for_300_users_is_one_file_that_each_of_them_has(post_for_many: Post) -> None:
    server = post_for_many.server
    names = [f"many{number}" for number in range(MANY)]
    post_for_many.hand_in(note("for all"), *[f"{name}@example.org" for name in names])
    post_for_many.postfix.wait_for_deferred(1)
    post_for_many.postfix.flush()
    # An account is made for each of them.
    post_for_many.wait(within_s=4 * WAIT_S)

    with server.imap(server.admin) as client:
        for name in names:
            inbox = f"user/{name}"
            assert client.setacl(inbox, server.admin.name, "lrs")[0] == "OK"
            assert client.status(inbox, "(MESSAGES)")[1] == [f"{inbox} (MESSAGES 1)".encode()]
    assert _stored(server, names[0]).stat().st_nlink == MANY


def test_300_messages_at_once_arrive_each_of_them_once(post_for_many: Post) -> None:
    reader = post_for_many.add_user()
    subjects = [f"one of many {number}" for number in range(MANY)]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda subject: post_for_many.hand_in(note(subject), address(reader)), subjects))
    post_for_many.postfix.wait_for_deferred(MANY)
    post_for_many.postfix.flush()
    post_for_many.wait()

    with post_for_many.server.imap(reader) as client:
        assert client.select() == ("OK", [str(MANY).encode()])
        _, answers = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    found = [parse(answer[1])["Subject"] for answer in answers if isinstance(answer, tuple)]
    assert sorted(found) == sorted(subjects)


def test_a_message_of_50_megabytes_arrives_as_it_is_and_takes_little_memory(either_post: Post) -> None:
    assert len(LARGE) > 50 * MEBIBYTE
    reader = either_post.add_user()
    either_post.send(note("first"), to=address(reader))
    with MemoryWatch(either_post.server.pid) as watch:
        either_post.send(LARGE, to=address(reader))

    assert curl(either_post.server, reader, "INBOX;UID=2").endswith(b"\r\n" + LARGE)
    assert 0 < watch.most - watch.before <= GROWTH_MAX, f"{watch.most / MEBIBYTE:.1f} MB of private memory"


def test_an_address_in_utf8_is_delivered_to_with_its_mailbox(either_post: Post) -> None:
    reader = either_post.add_user("jürgen")
    with either_post.server.imap(reader) as client:
        client.create("Entw&APw-rfe")
        client.setacl("Entw&APw-rfe", "anyone", "p")

    either_post.send(note("to a user"), to=address(reader), options=["SMTPUTF8"])
    either_post.send(note("to a mailbox"), to=address(reader, detail="+Entwürfe"), options=["SMTPUTF8"])

    assert list(_mailbox(either_post.server, reader)) == ["to a user"]
    with either_post.server.imap(reader) as client:
        assert client.select("Entw&APw-rfe") == ("OK", [b"1"])


def test_a_board_has_an_address(either_post: Post) -> None:
    server = either_post.server
    with server.imap(server.admin) as client:
        client.create("board")
        client.setacl("board", "anyone", "lrp")
    either_post.send(note("for everybody"), to="+board@example.org")
    assert b"Subject: for everybody\r\n" in curl(server, either_post.add_user(), "Shared%20Folders/board;UID=1")


def test_mail_for_a_full_mailbox_waits_until_there_is_room(either_post: Post) -> None:
    server = either_post.server
    reader = either_post.add_user()
    with server.imap(server.admin) as client:
        client.setquota(f"user/{reader.name}", "(STORAGE 0)")
        either_post.hand_in(note("waits for room"), address(reader))
        either_post.postfix.wait_for(f"to=<{address(reader)}>", "status=deferred", "Over quota")
        either_post.postfix.wait_for_deferred(1)
        client.setquota(f"user/{reader.name}", "(STORAGE 1000)")
    either_post.postfix.flush()
    either_post.wait()
    assert list(_mailbox(server, reader)) == ["waits for room"]
