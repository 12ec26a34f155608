"""What is legal now: the states of a session and the commands of each, as one table (RFC 5804 §2, §4)."""

from enum import Enum, auto
from typing import Final

from angarium.managesieve import responses
from angarium.managesieve.commands import (
    Authenticate,
    Capability,
    CheckScript,
    Command,
    DeleteScript,
    GetScript,
    HaveSpace,
    ListScripts,
    Logout,
    Noop,
    PutScript,
    RenameScript,
    SetActive,
    StartTls,
    Unauthenticate,
)
from angarium.managesieve.responses import Response


class State(Enum):
    """How far a session is."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    ENDED = auto()
    """Nothing more is executed, whatever was sent (§2.3)."""


CommandType = type[Command]

_ALWAYS: Final[frozenset[CommandType]] = frozenset({Capability, Logout, Noop})

LEGAL: Final[dict[State, frozenset[CommandType]]] = {
    State.NOT_AUTHENTICATED: _ALWAYS | {Authenticate, StartTls},
    State.AUTHENTICATED: _ALWAYS
    | {
        HaveSpace,
        PutScript,
        CheckScript,
        ListScripts,
        SetActive,
        GetScript,
        DeleteScript,
        RenameScript,
        Unauthenticate,
    },
    State.ENDED: frozenset(),
}


def refusal_of(state: State, command: CommandType) -> Response | None:
    """The answer to a command that is not legal in `state`; None if it is legal."""
    if command in LEGAL[state]:
        return None
    if state is State.NOT_AUTHENTICATED:
        return responses.AUTHENTICATE_FIRST
    return responses.TLS_TOO_LATE if command is StartTls else responses.ALREADY_AUTHENTICATED
