"""`deliver`: addresses, rights, exit statuses; it speaks to real LMTP over a store in memory."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest
from tests.cli.stores import CommandLine, write_configuration
from tests.lmtp.post import Post, settings
from tests.store.world import World, name

from angarium.lmtp import lmtp_protocols

T = TypeVar("T")

LETTER = "Subject: Hello\n\nAll is well.\n.\n..\nThe end\n"


class Office:
    """LMTP at `socket/lmtp` below a store's directory, served by a thread."""

    def __init__(self, directory: Path, text: str = "") -> None:
        self.directory = directory
        self._text = text
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._servers: list[asyncio.Server] = []
        self.post: Post

    def __enter__(self) -> Self:
        write_configuration(self.directory, self._text)
        with (self.directory / "imapd.conf").open("a") as conf:
            conf.write(f"deliversocket: {self.directory}/socket/deliver\n")
        (self.directory / "socket").mkdir()
        self._thread.start()
        self.do(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives in the thread of the server."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(20)

    async def _begin(self) -> None:
        world = await World.open("memory", self.directory)
        await world.create("user.alice.lists", "alice lrswipkxtean anyone p")
        await world.create("user.alice.private", "alice lrswipkxtean")
        await world.create("user.bob.lists", "bob lrswipkxtean anyone p")
        await world.create("user.alice.a b", "alice lrswipkxtean anyone p")
        await world.create("user.jürgen", "jürgen lrswipkxtean")
        await world.create("board", "anyone p")
        await world.create("staff", "bob lrp")
        await world.create("notice", "anyone lr")
        self.post = Post(world, settings(self._text))
        await self._listen("lmtp")

    async def _listen(self, name: str) -> None:
        path = self.directory / "socket" / name
        self._servers.append(await self._loop.create_unix_server(lmtp_protocols(self.post.host()), path))

    async def _end(self) -> None:
        for server in self._servers:
            # Asked before close(), it waits for the connections too (Python 3.11).
            ended = self._loop.create_task(server.wait_closed())
            await asyncio.sleep(0)
            server.close()
            await ended
        await self.post.world.engine.close()

    def messages(self, mailbox: str) -> int:
        """How many are there."""
        return len(self.do(self.post.uids(mailbox)))

    def flags(self, mailbox: str) -> set[str]:
        """Those of the first message."""

        async def found() -> set[str]:
            store = self.post.world.store
            tree, entry = await store.locate(name(mailbox))
            view = await store.views.get(tree.account, entry.row.id)
            return set(view.flags_at(0).names())

        return self.do(found())

    def for_users_only(self, patch: pytest.MonkeyPatch) -> None:
        """From now on we are neither root nor the server, but bob, and there is a socket for the likes of us."""
        self.post.serves_users = True
        self.do(self._listen("deliver"))
        patch.setattr("angarium.lmtp.protocol.os.geteuid", lambda: 12_345)
        patch.setattr("angarium.lmtp.protocol._CREDENTIALS", FakeCredentials())
        patch.setattr("angarium.lmtp.session._name_of", lambda _uid: "bob")
        patch.setattr("angarium.cli.deliver._own_name", lambda: "bob")


class FakeCredentials:
    """Says of every peer that it is user 1001."""

    size = 12

    def unpack(self, _octets: bytes) -> tuple[int, int, int]:
        return 4711, 1001, 1001


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Office(tmp_path / "store") as office:
        yield office


class Deliver:
    """Runs `angarium deliver`."""

    def __init__(self, angarium: CommandLine, office: Office) -> None:
        self._angarium = angarium
        self._office = office

    def __call__(self, *words: str, message: str = LETTER) -> tuple[int, str]:
        answer = self._angarium("deliver", "--dir", self._office.directory, *words, stdin=message)
        assert answer.out == ""
        return answer.status, answer.err


@pytest.fixture
def deliver(angarium: CommandLine, office: Office) -> Deliver:
    return Deliver(angarium, office)


@pytest.mark.parametrize(
    ("words", "mailboxes"),
    [
        (["alice"], ["user.alice"]),
        (["alice@example.org", "bob"], ["user.alice", "user.bob"]),
        (["jürgen"], ["user.jürgen"]),
        (["-m", "lists", "alice", "bob"], ["user.alice.lists", "user.bob.lists"]),
        (["-m", "a b", "alice@example.org"], ["user.alice.a b"]),
        (["-m", "nosuch", "alice"], ["user.alice"]),
        (["-m", "private", "alice"], ["user.alice"]),
        (["-m", "board"], ["board"]),
        (["-m", "user.alice.lists"], ["user.alice.lists"]),
        (["-m", "user/alice/lists"], ["user.alice.lists"]),
        (["-m", "user/alice"], ["user.alice"]),
        (["-e", "-m", "lists", "--", "alice"], ["user.alice.lists"]),
        (["-e", "-m", "", "--", "alice"], ["user.alice"]),
        (["-d", "-D", "-q", "-r", "ann@example.net", "alice"], ["user.alice"]),
        (["-a", "bob", "-m", "staff"], ["staff"]),
    ],
)
def test_where_mail_goes(office: Office, deliver: Deliver, words: list[str], mailboxes: list[str]) -> None:
    assert deliver(*words) == (os.EX_OK, "")
    assert [office.messages(mailbox) for mailbox in mailboxes] == [1] * len(mailboxes)
    body = office.do(office.post.body(mailboxes[0]))
    assert body == b"All is well.\r\n.\r\n..\r\nThe end\r\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nosuch"], os.EX_NOUSER, "nosuch: Mailbox does not exist"),
        (["-m", "user.alice.nosuch"], os.EX_NOUSER, "user.alice.nosuch: Mailbox does not exist"),
        (["-m", "user.alice.private"], os.EX_NOUSER, "user.alice.private: Mailbox does not exist"),
        (["-m", "nosuch"], os.EX_NOUSER, "nosuch: Mailbox does not exist"),
        (["-m", "staff"], os.EX_NOUSER, "staff: Mailbox does not exist"),
        (["-m", "notice"], os.EX_NOPERM, "notice: Permission denied"),
        (["a\nb"], os.EX_NOUSER, "'a\\nb': not an address"),
        ([], os.EX_USAGE, "nobody to deliver to"),
        (["-F", "a(b", "alice"], os.EX_NOUSER, "alice: Syntax error in parameters"),
    ],
)
def test_what_is_refused(office: Office, deliver: Deliver, words: list[str], status: int, said: str) -> None:
    answered, err = deliver(*words)
    assert (answered, err.splitlines()[-1]) == (status, said)
    assert office.messages("user.alice") == 0


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["alice@example.org>\r\nRCPT TO:<bob"], os.EX_NOUSER),
        (["ali\udcffce"], os.EX_NOUSER),
        (["-r", "ann@example.net>\r\nRCPT TO:<bob", "bob"], os.EX_USAGE),
        (["-m", "a\r\nRSET", "bob"], os.EX_USAGE),
        (["-F", "a\udcff", "bob"], os.EX_USAGE),
        (["-a", "b\udcffb", "bob"], os.EX_USAGE),
    ],
)
def test_no_argument_is_a_command_to_the_server(
    office: Office, deliver: Deliver, words: list[str], status: int
) -> None:
    assert deliver(*words)[0] == status
    assert office.messages("user.alice") == office.messages("user.bob") == 0


def test_an_address_that_cannot_be_said_keeps_nobody_else_from_the_mail(office: Office, deliver: Deliver) -> None:
    assert deliver("a\r\nb", "alice")[0] == os.EX_NOUSER
    assert office.messages("user.alice") == 1


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("From ann Sat Nov 21 2026\nSubject: x\n\nb\n", "alice: Message contains invalid header"),
        ("no header\n\nb\n", "alice: Message contains invalid header"),
        ("Subject: x\n\na\0b\n", "alice: Message contains NUL characters"),
    ],
)
def test_a_message_that_cannot_be_stored(deliver: Deliver, message: str, said: str) -> None:
    assert deliver("alice", message=message) == (os.EX_DATAERR, f"{said}\n")


@pytest.mark.parametrize("message", ["", "\nbody only\n", "Subject: no end of line", "Subject: x\r\n\r\ncrlf\r\n"])
def test_messages_that_look_bad_and_are_taken(office: Office, deliver: Deliver, message: str) -> None:
    assert deliver("alice", message=message) == (os.EX_OK, "")
    assert b"\r\r\n" not in office.do(office.post.octets("user.alice"))


def test_flags_are_set(office: Office, deliver: Deliver) -> None:
    assert deliver("-F", "seen", "-F", "\\Flagged", "-F", "$Work", "alice", "bob") == (os.EX_OK, "")
    for user in ("alice", "bob"):
        assert office.flags(f"user.{user}") == {"\\Seen", "\\Flagged", "$Work"}


def test_a_message_that_is_there_already(office: Office, deliver: Deliver) -> None:
    letter = "Message-ID: <one@example.org>\n\nAll is well.\n"
    for words, messages in (([], 1), ([], 1), (["-D"], 2), (["-e"], 2)):
        assert deliver(*words, "alice", message=letter) == (os.EX_OK, "")
        assert office.messages("user.alice") == messages


def test_a_full_mailbox_is_tried_again_later_and_q_fills_it_all_the_same(office: Office, deliver: Deliver) -> None:
    office.do(office.post.quota("user.bob", 0))
    # The others have got it.
    assert deliver("alice", "bob", "nosuch") == (
        os.EX_TEMPFAIL,
        "bob: Over quota\nnosuch: Mailbox does not exist\n",
    )
    assert office.messages("user.alice") == 1
    assert deliver("-q", "bob") == (os.EX_OK, "")
    assert office.messages("user.bob") == 1


def test_the_return_path(office: Office, deliver: Deliver) -> None:
    for words, path in (
        (["-r", "ann@example.net"], "ann@example.net"),
        (["-f", "<ann@example.net>"], "ann@example.net"),
        (["-f", "änn@example.net"], "änn@example.net"),
        (["-r", ""], ""),
    ):
        assert deliver(*words, "alice") == (os.EX_OK, "")
        octets = office.do(office.post.octets("user.alice", office.messages("user.alice")))
        assert octets.startswith(f"Return-Path: <{path}>\r\n".encode())


def test_an_ordinary_user_delivers_with_rights_of_her_own(
    office: Office, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.for_users_only(monkeypatch)
    assert deliver("-m", "staff") == (os.EX_OK, "")
    assert deliver("-a", "bob", "-m", "staff", "-F", "seen") == (os.EX_OK, "")
    assert office.messages("staff") == 2
    assert deliver("-m", "private", "alice") == (os.EX_OK, "")
    assert office.messages("user.alice") == 1
    denied = (os.EX_NOPERM, "only root and the server's user may deliver so\n")
    assert deliver("-a", "alice", "alice") == denied
    assert deliver("-q", "alice") == denied


def test_without_a_server_mail_waits(angarium: CommandLine, tmp_path: Path) -> None:
    write_configuration(tmp_path)
    answer = angarium("deliver", "--dir", tmp_path, "alice", stdin=LETTER)
    assert answer.status == os.EX_TEMPFAIL
    assert answer.err.startswith(f"{tmp_path}/socket/lmtp: ")


@pytest.mark.parametrize("conf", [None, "nonsense\n"])
def test_a_configuration_that_cannot_be_used_has_mail_wait(
    angarium: CommandLine, tmp_path: Path, conf: str | None
) -> None:
    if conf is not None:
        (tmp_path / "imapd.conf").write_text(conf)
    answer = angarium("deliver", "-C", tmp_path / "imapd.conf", "alice", stdin=LETTER)
    assert answer.status == os.EX_TEMPFAIL
    assert "imapd.conf" in answer.err


def test_a_server_that_stops_has_mail_wait(office: Office, deliver: Deliver) -> None:
    office.post.shutdown = "Back at noon"
    assert deliver("alice") == (os.EX_TEMPFAIL, "the server says: Back at noon\n")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n", b"220 hello\r\n" * 2, b"220-x\r\n" * 200])
def test_what_is_no_lmtp_server_has_mail_wait(angarium: CommandLine, tmp_path: Path, said: bytes) -> None:
    write_configuration(tmp_path)
    (tmp_path / "socket").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket" / "lmtp"))
        listening.listen(1)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        answer = angarium("deliver", "--dir", tmp_path, "alice", stdin=LETTER)
        thread.join(20)
    assert answer.status == os.EX_TEMPFAIL


def test_days_of_duplicates_are_left_to_the_expiry(
    angarium: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_configuration(tmp_path)
    pruned: list[tuple[object, object]] = []

    def run(arguments: Any) -> int:
        pruned.append((arguments.duplicates.days, arguments.dir))
        return os.EX_OK

    monkeypatch.setattr("angarium.cli.expire.run", run)
    assert angarium("deliver", "-E", "3", "--dir", tmp_path).status == os.EX_OK
    assert pruned == [(3, tmp_path)]


def test_a_link_of_that_name_is_the_program(office: Office, tmp_path: Path) -> None:
    link = tmp_path / "deliver"
    link.symlink_to(Path(sys.executable).with_name("angarium"))
    command = [sys.executable, str(link), "--dir", str(office.directory), "alice"]
    done = subprocess.run(command, input=LETTER.encode(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (os.EX_OK, b"")
    assert office.messages("user.alice") == 1


def test_l_is_a_pipe_to_the_server(office: Office) -> None:
    command = [sys.executable, "-m", "angarium", "deliver", "--dir", str(office.directory), "-l"]
    said = b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice>\r\nDATA\r\nA: b\r\n\r\nc\r\n.\r\nQUIT\r\n"
    done = subprocess.run(command, input=said, capture_output=True, timeout=60, check=False)
    assert done.returncode == os.EX_OK, done
    assert done.stdout.startswith(b"220 ")
    assert done.stdout.endswith(b"221 2.0.0 bye\r\n")
    assert office.messages("user.alice") == 1
