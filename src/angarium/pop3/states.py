"""What is legal now: the states of a session and the commands of each, as one table (RFC 1939 §3)."""

from enum import Enum, auto
from typing import Final

from angarium.pop3.commands import (
    Apop,
    Auth,
    Capa,
    CommandType,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)


class State(Enum):
    """How far a session is. UPDATE is no state of its own here: nothing is taken in it, and ENDED follows."""

    AUTHORIZATION = auto()
    TRANSACTION = auto()
    ENDED = auto()


_ALWAYS: Final[frozenset[CommandType]] = frozenset({Capa, Lang, Quit})

LEGAL: Final[dict[State, frozenset[CommandType]]] = {
    State.AUTHORIZATION: _ALWAYS | {User, Pass, Apop, Auth, Stls, Utf8},
    State.TRANSACTION: _ALWAYS | {Stat, List, Uidl, Retr, Top, Dele, Rset, Noop},
    State.ENDED: frozenset(),
}
