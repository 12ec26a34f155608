"""The table of what is legal."""

from typing import get_args

import pytest

from angarium.lmtp import replies
from angarium.lmtp.commands import Command, Data, Lhlo, Mail, Quit, Rcpt, Vrfy
from angarium.lmtp.replies import Reply
from angarium.lmtp.states import LEGAL, CommandType, State, refusal_of


def test_each_state_has_its_row() -> None:
    assert set(LEGAL) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
def test_each_command_is_legal_or_has_a_refusal(state: State) -> None:
    for command in get_args(Command):
        refusal = refusal_of(state, command)
        assert (refusal is None) == (command in LEGAL[state])
        assert refusal is None or refusal.code in (503, 530)


@pytest.mark.parametrize(
    ("state", "command", "refusal"),
    [
        (State.CONNECTED, Mail, replies.NOT_GREETED),
        (State.CONNECTED, Rcpt, replies.NO_TRANSACTION),
        (State.CONNECTED, Vrfy, None),
        (State.READY, Mail, None),
        (State.READY, Rcpt, replies.NO_TRANSACTION),
        (State.READY, Data, replies.NO_RECIPIENTS),
        (State.MAIL, Mail, replies.NESTED_MAIL),
        (State.MAIL, Rcpt, None),
        (State.MAIL, Data, replies.NO_RECIPIENTS),
        (State.MAIL, Lhlo, None),
        (State.RCPT, Mail, replies.NESTED_MAIL),
        (State.RCPT, Data, None),
        (State.UNAUTHORISED, Mail, replies.AUTHENTICATION_REQUIRED),
        (State.UNAUTHORISED, Vrfy, replies.AUTHENTICATION_REQUIRED),
        (State.UNAUTHORISED, Quit, None),
    ],
)
def test_what_is_legal(state: State, command: CommandType, refusal: Reply | None) -> None:
    assert refusal_of(state, command) == refusal
