from pathlib import Path

from tests.cli.listeners import LISTENERS

from angarium.cli.firstusers import FirstUser
from angarium.cli.welcome import welcome

USERS = (FirstUser("user", "secret", False), FirstUser("admin", "secreter", True))


def test_a_person_learns_how_to_connect() -> None:
    text = welcome(Path("/my mail"), LISTENERS, USERS, certificate=Path("/c"))
    for line in (
        "  imap      host 127.0.0.1  port 1143",
        "  imaps     host ::1  port 1993  TLS",
        "  lmtpunix  socket /d/socket/lmtp",
        "  user          user   password secret",
        "  administrator admin   password secreter",
        "  The passwords are kept in /my mail/first-users.",
        "  More users: angarium user add NAME --dir '/my mail'",
        "  Try it: curl --user user:secret imap://127.0.0.1:1143/",
    ):
        assert line in text.splitlines()


def test_nothing_is_said_of_what_is_not_known() -> None:
    text = welcome(Path("/d"), LISTENERS, (), certificate=None)
    for word in ("curl", "first-users", "certificate"):
        assert word not in text
    assert "curl" not in welcome(Path("/d"), LISTENERS[1:], USERS, certificate=None)
