"""Debian's Postfix asks `smmapd` for recipients before it accepts mail for them."""

import os
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.letters import note
from tests.server.postfix import Postfix, running_postfix
from tests.server.running import LOOPBACK, RunningServer, User, running_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Postfix")


class Post:
    """A server whose socket map Postfix asks, and Postfix in front of it."""

    def __init__(self, server: RunningServer, postfix: Postfix) -> None:
        self.server = server
        self.postfix = postfix
        self._sent = 0
        self._users = 0

    def add_user(self) -> User:
        self._users += 1
        return self.server.add_user(f"mapped{self._users}")

    def hand_in(self, *to: str, options: tuple[str, ...] = ()) -> dict[str, tuple[int, str]]:
        """Give a message to Postfix by SMTP; those whom it refuses, each with its answer."""
        with smtplib.SMTP(LOOPBACK, self.postfix.port) as client:
            try:
                refused = client.sendmail("anna@example.org", to, note("mapped"), options)
            except smtplib.SMTPRecipientsRefused as error:
                refused = error.recipients
        if len(refused) < len(to):
            self._sent += 1
            self.postfix.wait_for_removed(self._sent)
        return {address: (code, text.decode()) for address, (code, text) in refused.items()}

    def messages(self, user: User, mailbox: str = "INBOX") -> int:
        with self.server.imap(user) as client:
            return int(client.select(mailbox, readonly=True)[1][0] or 0)


def _options(directory: Path, delimiter: str) -> str:
    return f"""
virtual_mailbox_maps = socketmap:unix:{directory}/smmap:recipients
recipient_delimiter = {delimiter}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def sockets(server: RunningServer) -> Path:
    return server.open_sockets({"smmap": "smmapd", "lenient": "smmapd -p", "post": "lmtpd"})


@pytest.fixture(scope="module")
def post(server: RunningServer, sockets: Path) -> Iterator[Post]:
    """Postfix asks for the whole address, and delivers over a unix socket."""
    with running_postfix(f"lmtp:unix:{sockets}/post", options=_options(sockets, "")) as postfix:
        yield Post(server, postfix)


def test_an_unknown_user_is_refused_before_the_message(post: Post) -> None:
    reader = post.add_user()
    refused = post.hand_in(f"{reader.name}@example.org", "no-such-user@example.org")
    assert list(refused) == ["no-such-user@example.org"]
    code, text = refused["no-such-user@example.org"]
    assert (code, "5.1.1" in text, "User unknown" in text) == (550, True, True)
    assert post.messages(reader) == 1


def test_a_subaddress_is_accepted_where_its_mailbox_is_there(post: Post) -> None:
    reader = post.add_user()
    with post.server.imap(reader) as client:
        client.create("Lists")
        client.setacl("Lists", "anyone", "p")
    refused = post.hand_in(f"{reader.name}+Lists@example.org", f"{reader.name}+Nowhere@example.org")
    assert list(refused) == [f"{reader.name}+Nowhere@example.org"]
    assert (post.messages(reader, "Lists"), post.messages(reader)) == (1, 0)


def test_a_board_gets_its_mail_and_a_missing_one_is_refused(post: Post) -> None:
    reader = post.add_user()
    admin = post.server.admin
    with post.server.imap(admin) as client:
        assert client.create("board")[0] == "OK"
        assert client.setacl("board", "anyone", "lrp")[0] == "OK"
    assert list(post.hand_in("+board@example.org", "+no-board@example.org")) == ["+no-board@example.org"]
    assert post.messages(reader, '"Shared Folders/board"') == 1


def test_a_full_mailbox_is_put_off_before_the_message_and_gets_it_once_there_is_room(post: Post) -> None:
    reader = post.add_user()
    with post.server.imap(post.server.admin) as client:
        client.setquota(f"user/{reader.name}", "(STORAGE 0)")
    ((code, text),) = post.hand_in(f"{reader.name}@example.org").values()
    assert (code, "4." in text) == (451, True)
    with post.server.imap(post.server.admin) as client:
        client.setquota(f"user/{reader.name}", "(STORAGE 1000)")
    assert post.hand_in(f"{reader.name}@example.org") == {}
    assert post.messages(reader) == 1


def test_an_address_in_utf8_is_looked_up_and_delivered_to(post: Post) -> None:
    reader = post.server.add_user("jürgen")
    address = "jürgen@example.org"
    assert post.hand_in(address, options=("SMTPUTF8",)) == {}
    ((code, _),) = post.hand_in("niemänd@example.org", options=("SMTPUTF8",)).values()
    assert code == 550
    stored = Path(post.server.command("path", "-u", reader.name).output.strip()) / "1."
    assert b" with UTF8LMTPA;" in stored.read_bytes()


def test_with_p_a_subaddress_needs_no_mailbox(server: RunningServer, sockets: Path) -> None:
    options = _options(sockets, "").replace("/smmap:", "/lenient:")
    with running_postfix(f"lmtp:unix:{sockets}/post", options=options) as postfix:
        post = Post(server, postfix)
        reader = server.add_user("lenient")
        assert post.hand_in(f"{reader.name}+Nowhere@example.org") == {}
        assert post.messages(reader) == 1


def test_a_map_that_does_not_answer_has_mail_put_off(server: RunningServer, sockets: Path) -> None:
    options = _options(sockets, "").replace("/smmap:", "/absent:")
    with running_postfix(f"lmtp:unix:{sockets}/post", options=options) as postfix:
        ((code, _),) = Post(server, postfix).hand_in("anybody@example.org").values()
        assert code == 451
