"""What was read of a database, remembered until some process announces that it changed (DESIGN §6).

A commit is announced before it is answered, so nobody who was told of one meets an older state. What a process left
unannounced because it died in between comes to light with the stamp's next change by time.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from angarium.engine.rows import AccountId

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

Stamp = Callable[[AccountId], int | None]
"""Gives a number that is another one after each change of this account (or site database) that any process has
announced, by one for each, and at the latest after a second; None where nobody can tell."""

USERS_CHANGES = AccountId("users.db")
"""As what changes of credentials are announced; those of the catalogue are changes of SITE."""


def nobody_can_tell(_: AccountId) -> None:
    """The `Stamp` of an engine that hears no announcements of others: all is read anew each time."""


class Remembered(Generic[Key, Value]):
    """Rows of one stamp; for the loop. No more than `limit`."""

    __slots__ = ("_limit", "_stamp", "_values")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._stamp: int | None = None
        self._values: dict[Key, Value] = {}

    def get(self, stamp: int | None, key: Key, read: Callable[[], Value]) -> Value:
        """The value of this stamp; `stamp` was asked for before this call, so that what is read is no older."""
        if stamp is None:
            return read()
        if stamp != self._stamp:
            self._values.clear()
            self._stamp = stamp
        elif key in self._values:
            return self._values[key]
        value = read()
        if len(self._values) >= self._limit:
            self._values.clear()
        self._values[key] = value
        return value

    def put(self, stamp: int, key: Key, value: Value) -> None:
        """What is known of this stamp without a read."""
        if stamp != self._stamp:
            self._values.clear()
            self._stamp = stamp
        self._values[key] = value
