"""What was read of a database, remembered until some process announces that it changed (DESIGN §6).

A commit is announced before it is answered, so nobody who was told of one meets an older state; and who could change
nothing reads anew, since one that is not announced yet may be why. What a process left unannounced because it died in
between comes to light within a second, when the database itself is asked.
"""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

import apsw

from angarium.engine.rows import AccountId, AccountState, ModSeq
from angarium.engine.sqlite.query import fetch_one

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

Stamp = tuple[int, int]
"""How many changes of an account (or site database) all processes have announced, those of some others perhaps among
them; and a number that is another one each second."""

StampOf = Callable[[AccountId], Stamp | None]
"""Gives the stamp of this moment; None where nobody can tell."""

USERS_CHANGES = AccountId("users.db")
"""As what changes of credentials are announced; those of the catalogue are changes of SITE."""


class Freshness(NamedTuple):
    """How an account stands."""

    state: AccountState
    settings_modseq: ModSeq
    """Last change of a script, or of an annotation of a mailbox or of the account."""


def nobody_can_tell(_: AccountId) -> None:
    """The `StampOf` of an engine that hears no announcements of others: all is read anew each time."""


class Remembered(Generic[Key, Value]):
    """What was read by one connection, for the loop. No more than `limit`."""

    __slots__ = ("_connection", "_limit", "_stamp", "_values", "_version")

    def __init__(self, connection: apsw.Connection, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._stamp: Stamp | None = None
        self._version: int | None = None
        """SQLite's own number of what was read; another one after each commit of other connections."""
        self._values: dict[Key, Value] = {}

    def get(self, stamp: Stamp | None, key: Key, read: Callable[[], Value]) -> Value:
        """The value as of `stamp`, which was asked for before this call, so that what is read is no older."""
        if stamp is None:
            return read()
        if stamp != self._stamp:
            self._renew(stamp)
        if key in self._values:
            return self._values[key]
        value = read()
        if len(self._values) >= self._limit:
            self._values.clear()
        self._values[key] = value
        return value

    def known(self, stamp: Stamp | None, key: Key) -> Value | None:
        """The value as `get` gives it, if that is known without a read; else None."""
        return self._values.get(key) if stamp is not None and stamp == self._stamp else None

    def put(self, stamp: Stamp, key: Key, value: Value) -> None:
        """What is known of this stamp without a read."""
        if stamp != self._stamp:
            self._values.clear()
            self._stamp, self._version = stamp, None
        self._values[key] = value

    def forget(self) -> None:
        """Read all anew, whatever the stamp."""
        self._values.clear()

    def _renew(self, stamp: Stamp) -> None:
        if self._stamp is None or stamp[0] != self._stamp[0]:
            self._values.clear()
            self._stamp, self._version = stamp, None
            return
        row = fetch_one(self._connection, "PRAGMA data_version")
        version = None if row is None else int(row[0])
        if version != self._version:
            self._values.clear()
        self._stamp, self._version = stamp, version


class Settled(Generic[Key, Value]):
    """What was read of an account's settings, for the loop; messages come and go without a change of it. No more than
    `limit`."""

    __slots__ = ("_fits", "_limit", "_modseqs", "_values")

    def __init__(self, limit: int, *, fits: Callable[[Value], bool] = lambda _: True) -> None:
        """`fits` tells whether a value is small enough to be kept."""
        self._limit = limit
        self._fits = fits
        self._modseqs: tuple[ModSeq, ModSeq] | None = None
        self._values: dict[Key, Value] = {}

    def get(self, freshness: Freshness, key: Key, read: Callable[[], Value]) -> Value:
        """The value as of `freshness`, which was asked for before this call, so that what is read is no older."""
        # With a mailbox, which is a change of names, what it is annotated with comes and goes.
        modseqs = freshness.state.folder_modseq, freshness.settings_modseq
        if modseqs != self._modseqs:
            self._values.clear()
            self._modseqs = modseqs
        if key in self._values:
            return self._values[key]
        value = read()
        if self._fits(value):
            if len(self._values) >= self._limit:
                self._values.clear()
            self._values[key] = value
        return value
