"""Notes in `work.db` of mail to send: what gathers while a transaction is written is the next, since each is a sync."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import apsw

from angarium.engine.rows import AccountId, WorkRow
from angarium.engine.sqlite.work import mail_done, note_work

Change = Callable[[apsw.Connection], list[list[int]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What one caller wants changed."""

    answer: asyncio.Future[list[int]]
    added: tuple[WorkRow, ...] = ()
    account: AccountId | None = None
    removed: tuple[int, ...] = ()
    """Of this account."""

    def make(self, connection: apsw.Connection) -> list[int]:
        """Gives the numbers of what was added."""
        if self.account is not None:
            mail_done(connection, self.account, self.removed)
        return [note_work(connection, row) for row in self.added]


class Notes:
    """Adds and removes notes; belongs to the engine's loop."""

    def __init__(self, write: Callable[[Change], Awaitable[list[list[int]]]]) -> None:
        """`write` makes a change of `work.db` in a transaction, durable on return."""
        self._write = write
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, rows: Sequence[WorkRow]) -> list[int]:
        """Durable on return; gives their numbers."""
        return await self._change(_Waiting(asyncio.get_running_loop().create_future(), added=tuple(rows)))

    async def remove(self, account: AccountId, numbers: Collection[int]) -> None:
        """Those of one account; durable on return."""
        await self._change(_Waiting(asyncio.get_running_loop().create_future(), (), account, tuple(numbers)))

    async def _change(self, waiting: _Waiting) -> list[int]:
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write_all())
        return await waiting.answer

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    answers = await self._write(partial(_make_all, batch))
                except Exception as error:  # noqa: BLE001  told to all who wait
                    for waiting in batch:
                        if not waiting.answer.done():
                            waiting.answer.set_exception(error)
                else:
                    for waiting, answer in zip(batch, answers, strict=True):
                        if not waiting.answer.done():
                            waiting.answer.set_result(answer)
        finally:
            self._writing = None


def _make_all(batch: Sequence[_Waiting], connection: apsw.Connection) -> list[list[int]]:
    return [waiting.make(connection) for waiting in batch]
