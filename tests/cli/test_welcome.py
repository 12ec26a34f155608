from pathlib import Path

import pytest
from tests.cli.listeners import LISTENERS, listener

from angarium.cli.firstusers import FirstUser
from angarium.cli.welcome import welcome
from angarium.config import ImapService

USERS = (FirstUser("user", "secret", False), FirstUser("admin", "secreter", True))


def test_a_person_learns_how_to_connect() -> None:
    text = welcome(Path("/my mail"), LISTENERS, USERS, starttls=(), certificate=Path("/c"))
    for line in (
        "  imap      host 127.0.0.1  port 1143  security none, on this machine only",
        "  imaps     host ::1  port 1993  security SSL/TLS",
        "  lmtp      host 127.0.0.1  port 2003",
        "  lmtpunix  socket /d/socket/lmtp",
        "  user          user   password secret",
        "  administrator admin   password secreter",
        "  The passwords are kept in /my mail/first-users.",
        "  More users: angarium user add NAME --dir '/my mail'",
        "  Try it: curl --user user imap://127.0.0.1:1143/",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize(
    ("called", "is_on_path", "shown"),
    [(".venv/bin/angarium", False, ".venv/bin/angarium"), ("/usr/local/bin/angarium", True, "angarium")],
)
def test_the_program_is_called_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, is_on_path: bool, shown: str
) -> None:
    (tmp_path / "angarium").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) if is_on_path else "")
    monkeypatch.setattr("sys.argv", [called, "serve"])
    text = welcome(Path("/d"), LISTENERS, (), starttls=(), certificate=None)
    assert f"  More users: {shown} user add NAME --dir /d" in text.splitlines()


def test_nothing_is_said_of_what_is_not_known() -> None:
    text = welcome(Path("/d"), LISTENERS, (), starttls=(), certificate=None)
    for word in ("curl", "first-users", "certificate"):
        assert word not in text
    assert "curl" not in welcome(Path("/d"), LISTENERS[1:], USERS, starttls=(), certificate=None)


def test_a_plain_port_that_others_reach_is_not_said_to_be_for_this_machine() -> None:
    open_to_all = listener("imap", ImapService(tls=False), ("0.0.0.0", 143))
    text = welcome(Path("/d"), [open_to_all], (), starttls=(), certificate=None)
    assert "  imap      host 0.0.0.0  port 143  security none" in text.splitlines()


def test_starttls_is_what_to_choose_where_it_is_offered() -> None:
    text = welcome(Path("/d"), LISTENERS, USERS, starttls={"imap"}, certificate=Path("/c"))
    assert "  imap      host 127.0.0.1  port 1143  security STARTTLS, or none on this machine" in text.splitlines()
    open_to_all = listener("imap", ImapService(tls=False), ("0.0.0.0", 143))
    text = welcome(Path("/d"), [open_to_all], (), starttls={"imap"}, certificate=Path("/c"))
    assert "  imap      host 0.0.0.0  port 143  security STARTTLS" in text.splitlines()
