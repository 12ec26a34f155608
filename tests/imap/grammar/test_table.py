"""The table of commands."""

from angarium.imap import commands as c
from angarium.imap.grammar import COMMANDS, UID_COMMANDS


def test_every_command_has_a_name() -> None:
    assert {entry.command for entry in (*COMMANDS.values(), *UID_COMMANDS.values())} == set(c.Command.__args__)


def test_names_and_titles_go_together() -> None:
    assert all(entry.title.upper() == name for name, entry in COMMANDS.items())
    assert {entry.title for entry in UID_COMMANDS.values()} == {b"Uid"}
