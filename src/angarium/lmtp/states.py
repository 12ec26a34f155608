"""What is legal now: the states of a session and the commands of each, as one table (RFC 5321 §4.1.4, RFC 3030 §2)."""

from enum import Enum, auto
from typing import Final

from angarium.lmtp import replies
from angarium.lmtp.commands import Auth, Bdat, Command, Data, Help, Lhlo, Mail, Noop, Quit, Rcpt, Rset, StartTls, Vrfy
from angarium.lmtp.replies import Reply


class State(Enum):
    """How far a session is."""

    UNAUTHORISED = auto()
    """The peer may not deliver; it stays so until there is AUTH."""
    CONNECTED = auto()
    """Before LHLO."""
    READY = auto()
    MAIL = auto()
    """A transaction without recipients."""
    RCPT = auto()
    """A transaction with recipients."""
    CHUNKS = auto()
    """A transaction whose message comes by BDAT, the last chunk not yet."""
    REFUSED = auto()
    """Likewise, where a chunk was refused already: nothing more is taken until RSET, or the last one."""
    ENDED = auto()


CommandType = type[Command]

_ALWAYS: Final[frozenset[CommandType]] = frozenset({Lhlo, StartTls, Auth, Rset, Noop, Help, Quit})
_CHUNKS: Final[frozenset[CommandType]] = _ALWAYS | {Vrfy, Bdat}

LEGAL: Final[dict[State, frozenset[CommandType]]] = {
    State.UNAUTHORISED: _ALWAYS,
    State.CONNECTED: _ALWAYS | {Vrfy},
    State.READY: _ALWAYS | {Vrfy, Mail},
    State.MAIL: _ALWAYS | {Vrfy, Rcpt},
    State.RCPT: _ALWAYS | {Vrfy, Rcpt, Data, Bdat},
    State.CHUNKS: _CHUNKS,
    State.REFUSED: _CHUNKS,
    State.ENDED: frozenset(),
}

_ILLEGAL: Final[dict[CommandType, Reply]] = {
    Rcpt: replies.NO_TRANSACTION,
    # RFC 2033 §4.2: without a recipient there is no 354.
    Data: replies.NO_RECIPIENTS,
    Bdat: replies.NO_RECIPIENTS,
}


def refusal_of(state: State, command: CommandType) -> Reply | None:
    """The reply to a command that is not legal in `state`; None if it is legal."""
    if command in LEGAL[state]:
        return None
    if state is State.UNAUTHORISED:
        return replies.AUTHENTICATION_REQUIRED
    if command is Mail:
        return replies.NOT_GREETED if state is State.CONNECTED else replies.NESTED_MAIL
    if state in (State.CHUNKS, State.REFUSED):
        return replies.MESSAGE_BEGUN
    return _ILLEGAL[command]
