"""Last logins and last uses of app passwords (`logins.db`, 0600): advisory, so they are written together, some seconds
later, and are not synced one by one.

They stand in a file of their own, since `users.db` is remembered by who reads it for as long as nobody writes it.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import apsw

from angarium.engine.sqlite.query import fetch_all
from angarium.engine.sqlite.site import SiteDatabase
from angarium.engine.users import LOGINS_KEPT, AppPasswordUse, LoginRow
from angarium.errors import AngariumError

log = logging.getLogger(__name__)

_NOTES_MAX: Final = 10_000
"""Logins that wait to be written; those beyond are not noted."""
_COLUMNS: Final = "userid, at, service, address, client, mechanism, session, app_password, app_password_name, acted_by"
"""As the fields of a `LoginRow` follow one another."""


class LoginNotes:
    """`note` and `flush` are for the loop; all else runs in the thread of the site's databases, where the file is
    opened when it is first needed."""

    def __init__(
        self,
        open_database: Callable[[], SiteDatabase],
        in_thread: Callable[[Callable[[], None]], Awaitable[None]],
        *,
        delay_s: float,
    ) -> None:
        self._open_database = open_database
        self._in_thread = in_thread
        self._delay_s = delay_s
        self._database: SiteDatabase | None = None
        self._notes: list[LoginRow] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._is_stopped = False

    def note(self, login: LoginRow) -> None:
        """Costs nothing that one would wait for."""
        if self._is_stopped or len(self._notes) >= _NOTES_MAX:
            return
        self._notes.append(login)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay_s, self._begin_to_flush)

    async def flush(self) -> None:
        """Write what waits; what cannot be written is lost, which the log says."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        notes, self._notes = self._notes, []
        if notes:
            await self._in_thread(lambda: self._write(notes))

    async def stop(self) -> None:
        """Write what waits, and note nothing more."""
        self._is_stopped = True
        if self._flushing is not None:
            await self._flushing
        await self.flush()

    def logins(self, userid: str) -> list[LoginRow]:
        """Newest first."""
        rows = fetch_all(
            self._opened().open_reader,
            f"SELECT {_COLUMNS} FROM login WHERE userid = ? ORDER BY number DESC LIMIT {LOGINS_KEPT}",
            (userid,),
        )
        return [LoginRow(*row) for row in rows]

    def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        """By number."""
        statement = "SELECT number, at, address FROM app_password_use WHERE userid = ?"
        rows = fetch_all(self._opened().open_reader, statement, (userid,))
        return {number: AppPasswordUse(at_s, address) for number, at_s, address in rows}

    def forget(self, userid: str) -> None:
        """All of a user who goes; what cannot be forgotten keeps nobody from going."""
        try:
            self._opened().write(lambda connection: _forget(connection, userid))
        except (OSError, apsw.Error, AngariumError) as error:
            log.warning("logins_not_forgotten", extra={"userid": userid, "reason": str(error)})

    def checkpoint(self) -> None:
        """Fold the write-ahead log in."""
        if self._database is not None:
            self._database.checkpoint()

    def close(self) -> None:
        """Close the file, where it was opened."""
        if self._database is not None:
            self._database.close()

    def _begin_to_flush(self) -> None:
        self._timer = None
        self._flushing = asyncio.get_running_loop().create_task(self.flush())

    def _opened(self) -> SiteDatabase:
        if self._database is None:
            self._database = self._open_database()
        return self._database

    def _write(self, notes: Sequence[LoginRow]) -> None:
        try:
            self._opened().write(lambda connection: _insert(connection, notes))
        except (OSError, apsw.Error, AngariumError) as error:
            log.warning("logins_not_noted", extra={"count": len(notes), "reason": str(error)})


def _insert(connection: apsw.Connection, notes: Sequence[LoginRow]) -> None:
    newest: defaultdict[str, deque[LoginRow]] = defaultdict(lambda: deque(maxlen=LOGINS_KEPT))
    uses: dict[tuple[str, int], LoginRow] = {}
    for login in notes:
        newest[login.userid].append(login)
        if login.app_password is not None:
            uses[login.acted_by or login.userid, login.app_password] = login
    connection.executemany(
        "INSERT OR REPLACE INTO app_password_use (userid, number, at, address) VALUES (?, ?, ?, ?)",
        ((userid, number, login.at_s, login.address) for (userid, number), login in uses.items()),
    )
    for userid, logins in newest.items():
        connection.executemany(
            f"INSERT INTO login ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            logins,
        )
        connection.execute(
            "DELETE FROM login WHERE userid = ?1 AND number <= (SELECT number FROM login WHERE userid = ?1"
            f" ORDER BY number DESC LIMIT 1 OFFSET {LOGINS_KEPT})",
            (userid,),
        )


def _forget(connection: apsw.Connection, userid: str) -> None:
    for table in ("login", "app_password_use"):
        connection.execute(f"DELETE FROM {table} WHERE userid = ?", (userid,))
