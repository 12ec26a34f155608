"""`deliver` as other programs call it, run by root and by other users of the machine."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.running import RunningServer, run_angarium, running_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other users")

LETTER = "Subject: delivered\n\nAll is well.\n"
CALLER = "daemon"
"""A user that every machine has."""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def conf(server: RunningServer) -> Path:
    """An imapd.conf that everybody may read, for a service where everybody may deliver."""
    sockets = server.open_sockets({"deliver": "lmtpd -u"})
    private = (server.directory / "imapd.conf").read_text()
    path = sockets / "imapd.conf"
    path.write_text(f"{private}\ndeliversocket: {sockets}/deliver\n")
    path.chmod(0o644)
    return path


def _messages(server: RunningServer, user: str, mailbox: str = "INBOX") -> int:
    with server.imap(server.add_user(user) if user != "user" else server.user) as client:
        return int(client.select(mailbox, readonly=True)[1][0] or 0)


def test_root_delivers_anywhere(server: RunningServer, conf: Path) -> None:
    before = _messages(server, "user")
    done = run_angarium("deliver", "-C", conf, "-q", "-r", "ann@example.org", "user", stdin=LETTER)
    assert done.status == os.EX_OK, done
    assert _messages(server, "user") == before + 1
    assert run_angarium("deliver", "-C", conf, "nosuch", stdin=LETTER).status == os.EX_NOUSER


def test_another_user_has_rights_of_her_own(server: RunningServer, conf: Path) -> None:
    pwd.getpwnam(CALLER)
    with server.imap(server.admin) as client:
        for board, who in (("theirs", CALLER), ("ours", "user")):
            assert client.create(board)[0] == "OK"
            assert client.setacl(board, "anyone", "lr")[0] == "OK"
            assert client.setacl(board, who, "lrp")[0] == "OK"

    def deliver(*words: str) -> int:
        return run_angarium("deliver", "-C", conf, *words, stdin=LETTER, run_as=CALLER).status

    before = _messages(server, "user")
    assert deliver("-m", "theirs") == os.EX_OK
    assert deliver("-m", "ours") == os.EX_NOPERM
    assert deliver("user") == os.EX_OK
    assert deliver("-a", "user", "-m", "ours") == os.EX_NOPERM
    assert deliver("-q", "user") == os.EX_NOPERM
    assert _messages(server, "user") == before + 1
