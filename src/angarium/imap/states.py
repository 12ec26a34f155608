"""What is legal now: the states of a session (RFC 9051 §3) and the commands of each, as one table."""

from enum import Enum
from typing import Final

from . import commands as c
from .events import AppendBegun, ReplaceBegun

CommandType = type[c.Command] | type[AppendBegun | ReplaceBegun]


class State(Enum):
    """The states of RFC 9051 §3."""

    __hash__ = object.__hash__  # that of `Enum` is a function of Python, and this is asked for at each command

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


_ANY_STATE: Final[frozenset[CommandType]] = frozenset({c.Capability, c.Noop, c.Logout, c.Id, c.Language})

_AUTHENTICATED: Final[frozenset[CommandType]] = _ANY_STATE | {
    c.Enable,
    c.Select,
    c.Examine,
    c.Create,
    c.Delete,
    c.Rename,
    c.Subscribe,
    c.Unsubscribe,
    c.List,
    c.Lsub,
    c.Namespace,
    c.Status,
    c.Idle,
    AppendBegun,
    c.GetAcl,
    c.SetAcl,
    c.DeleteAcl,
    c.ListRights,
    c.MyRights,
    c.GetQuota,
    c.GetQuotaRoot,
    c.SetQuota,
    c.Compress,
    c.Unauthenticate,
    c.Comparator,
    c.RList,
    c.RLsub,
    c.XList,
    c.GetMetadata,
    c.SetMetadata,
    c.GetAnnotation,
    c.SetAnnotation,
    c.NotifySet,
    c.NotifyNone,
    # Whether a mailbox is needed depends on what is searched (RFC 7377 §2.2), so the session checks it
    c.ESearch,
}

LEGAL: Final[dict[State, frozenset[CommandType]]] = {
    State.NOT_AUTHENTICATED: _ANY_STATE | {c.StartTls, c.Authenticate, c.Login},
    State.AUTHENTICATED: _AUTHENTICATED,
    State.SELECTED: _AUTHENTICATED
    | {
        c.Check,
        c.Close,
        c.Unselect,
        c.Expunge,
        c.Search,
        c.Fetch,
        c.Store,
        c.Copy,
        c.Move,
        c.Sort,
        c.Thread,
        c.CancelUpdate,
        c.StoreAnnotation,
        ReplaceBegun,
    },
    State.LOGOUT: frozenset(),
}

_ONLY_BEFORE_LOGIN: Final[dict[CommandType, bytes]] = {
    c.Login: b"Already logged in",
    c.Authenticate: b"Already authenticated",
    c.StartTls: b"Can't Starttls after authentication",
}


def illegal_text(state: State, command: CommandType | None) -> bytes:
    """The text of the BAD for a command that is not legal in `state`.

    `command` is None for a command that does not exist: before login a stranger does not learn which do.
    """
    if state is State.NOT_AUTHENTICATED:
        return b"Please login first"
    if state is State.LOGOUT:
        return b"Logout in progress"
    if command is None:
        return b"Unrecognized command"
    return _ONLY_BEFORE_LOGIN.get(command, b"Please select a mailbox first")
