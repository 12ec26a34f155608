"""What is legal in which state."""

import pytest

from angarium.imap import commands as c
from angarium.imap.events import AppendBegun, ReplaceBegun
from angarium.imap.states import LEGAL, CommandType, State, illegal_text


def test_every_command_is_legal_somewhere() -> None:
    legal: set[CommandType] = set().union(*LEGAL.values())
    assert legal == {*c.Command.__args__, AppendBegun, ReplaceBegun}


def test_a_selected_session_can_do_what_an_authenticated_one_can() -> None:
    assert LEGAL[State.AUTHENTICATED] < LEGAL[State.SELECTED]


@pytest.mark.parametrize(
    ("state", "command", "text"),
    [
        (State.NOT_AUTHENTICATED, c.Login, None),
        (State.NOT_AUTHENTICATED, c.Select, b"Please login first"),
        (State.NOT_AUTHENTICATED, c.Fetch, b"Please login first"),
        (State.NOT_AUTHENTICATED, AppendBegun, b"Please login first"),
        (State.NOT_AUTHENTICATED, None, b"Please login first"),
        (State.AUTHENTICATED, AppendBegun, None),
        (State.AUTHENTICATED, c.Fetch, b"Please select a mailbox first"),
        (State.AUTHENTICATED, c.Login, b"Already logged in"),
        (State.SELECTED, c.Authenticate, b"Already authenticated"),
        (State.SELECTED, c.StartTls, b"Can't Starttls after authentication"),
        (State.SELECTED, c.Fetch, None),
        (State.NOT_AUTHENTICATED, c.Language, None),
        (State.AUTHENTICATED, c.ESearch, None),
        (State.AUTHENTICATED, c.Sort, b"Please select a mailbox first"),
        (State.AUTHENTICATED, ReplaceBegun, b"Please select a mailbox first"),
        (State.SELECTED, None, b"Unrecognized command"),
        (State.LOGOUT, c.Noop, b"Logout in progress"),
    ],
)
def test_a_command_out_of_place_is_refused_in_words(
    state: State, command: CommandType | None, text: bytes | None
) -> None:
    assert (None if command in LEGAL[state] else illegal_text(state, command)) == text
