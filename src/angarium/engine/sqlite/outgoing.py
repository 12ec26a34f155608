"""Writes that queue mail to send, and the notes in `work.db` that keep it from being forgotten.

A note is durable before the line that it is for, and goes when that line is durably gone, or was never written. What a
crash leaves in between is a note without a line: nobody executes a command whose note is older than five minutes, so
one that is older than ten, and of which no line has the number, stands for nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from itertools import islice
from typing import TypeVar

from angarium.engine.commands import Command, Deliver, Delivered, RemoveDispatch, Result
from angarium.engine.delivery import MAIL_TO_SEND, NOTE_STALE_AFTER_S, dispatches_of
from angarium.engine.rows import AccountId, WorkRow
from angarium.engine.sources import Sources
from angarium.engine.sqlite import dispatches
from angarium.engine.sqlite.accounts import OpenAccounts
from angarium.engine.sqlite.dispatches import Noted, Renote
from angarium.engine.sqlite.notes import Notes
from angarium.engine.sqlite.writer import Writer
from angarium.errors import AccountNotFound, AngariumError, DiskFailed, StoreDamaged

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def concerns_queue(command: Command) -> bool:
    """Whether a command is to be written by `Outgoing`."""
    return isinstance(command, RemoveDispatch) or (isinstance(command, Deliver) and bool(command.dispatches))


class Outgoing:
    """Writes commands that concern the queue; belongs to the engine's loop."""

    def __init__(
        self,
        *,
        notes: Notes,
        work: Callable[[], Awaitable[list[tuple[int, WorkRow]]]],
        writer: Writer,
        accounts: OpenAccounts,
        sources: Sources,
    ) -> None:
        """`work` reads all notes."""
        self._notes = notes
        self._work = work
        self._writer = writer
        self._accounts = accounts
        self._sources = sources
        self._tasks: set[asyncio.Task[object]] = set()
        self._standing: set[int] = set()
        """Old notes that were seen to stand for a line: so many accounts are not opened again and again."""

    async def write(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        """As `Engine.write_batch`. Who does not wait for it any more does not stop it."""
        return await asyncio.shield(self.start(self._write(account, commands)))

    async def accounts(self) -> list[AccountId]:
        """See `Engine.accounts_with_mail`."""
        notes: dict[AccountId, dict[int, int]] = {}
        for number, row in await self._work():
            if row.kind == MAIL_TO_SEND:
                notes.setdefault(row.account, {})[number] = row.noted_at_s
        self._standing.intersection_update([number for own in notes.values() for number in own])
        return [account for account, own in notes.items() if await self._drop_stale(account, own)]

    async def note_again(self, account: AccountId) -> None:
        """Note lines whose notes are lost; two that do so at one time do it once."""
        try:
            await self._note_again(account)
        except AngariumError as refusal:
            log.warning("mail_not_noted", extra={"account": account, "error": str(refusal)})

    def start(self, work: Coroutine[None, None, Answer]) -> "asyncio.Task[Answer]":
        """Have something done that the engine waits for before it closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Let what is under way come to its end."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to who waits, where somebody still does

    async def _write(self, account: AccountId, commands: Sequence[Command]) -> list[Result | Exception]:
        try:
            opened = await self._accounts.open(account)
            noted = await self._note(account, commands)
        except AngariumError as refusal:
            return [refusal] * len(commands)
        removed = {
            command.number: dispatches.read_work(opened.reader, command.number)
            for command in commands
            if isinstance(command, RemoveDispatch)
        }
        try:
            answers = await self._writer.submit(account, noted)
        except AngariumError:
            await self._forget(account, [work for each in noted if isinstance(each, Noted) for work in each.works])
            raise
        done: list[int] = []
        for each, answer in zip(noted, answers, strict=True):
            if isinstance(each, Noted):
                done += await self._surplus(account, each, answer)
                if isinstance(each.command, RemoveDispatch) and not isinstance(answer, Exception):
                    work = removed[each.command.number]
                    # A line of this very batch was not there to be looked at.
                    done += [work] if work is not None else await self._without_line(account, noted)
        await self._forget(account, done)
        return answers

    async def _note(self, account: AccountId, commands: Sequence[Command]) -> list[Command | Noted]:
        """The commands with their notes, all of which are durable together."""
        now_s = self._sources.now_s()
        queued = [dispatch for command in commands for dispatch in dispatches_of(command)]
        rows = [WorkRow(account, MAIL_TO_SEND, dispatch.message_id, now_s) for dispatch in queued]
        numbers = iter(await self._notes.add(rows) if rows else [])
        return [
            Noted(command, tuple(islice(numbers, len(dispatches_of(command)))), now_s)
            if isinstance(command, Deliver | RemoveDispatch)
            else command
            for command in commands
        ]

    async def _note_again(self, account: AccountId) -> None:
        works = await self._works(account)  # before the notes: each is older than its line
        noted = [number for number, row in await self._work() if row.account == account]
        lost = works.difference(noted)
        if lost:
            log.warning("mail_noted_again", extra={"account": account, "lines": len(lost)})
            rows = [WorkRow(account, MAIL_TO_SEND, "", self._sources.now_s()) for _ in lost]
            numbers = await self._notes.add(rows)
            await self._writer.submit(account, (Renote(dict(zip(lost, numbers, strict=True))),))
            await self._forget(account, set(numbers) - await self._works(account))

    async def _surplus(self, account: AccountId, noted: Noted, answer: Result | Exception) -> list[int]:
        """Notes of lines that were not written."""
        match answer:
            case Delivered(dispatched=dispatched):
                return [work for work, is_queued in zip(noted.works, dispatched, strict=True) if not is_queued]
            case DiskFailed() | StoreDamaged():
                return []  # of which a crash may yet show that they were
            case AngariumError():
                return list(noted.works)
            case Exception():
                return []
            case _ if noted.works:
                return await self._without_line(account, (noted,))
            case _:
                return []

    async def _without_line(self, account: AccountId, noted: Sequence[Command | Noted]) -> list[int]:
        works = [work for each in noted if isinstance(each, Noted) for work in each.works]
        written = await self._works(account) if works else set()
        return [work for work in works if work not in written]

    async def _works(self, account: AccountId) -> set[int]:
        return dispatches.read_works((await self._accounts.open(account)).reader)

    async def _forget(self, account: AccountId, numbers: Collection[int]) -> None:
        """What cannot be removed now is stale, and goes later."""
        if numbers:
            try:
                await self._notes.remove(account, numbers)
            except AngariumError as refusal:
                log.warning("work_not_removed", extra={"account": account, "error": str(refusal)})

    async def _drop_stale(self, account: AccountId, notes: dict[int, int]) -> bool:
        """Whether there is anything left that may stand for mail."""
        before_s = self._sources.now_s() - NOTE_STALE_AFTER_S
        old = {number for number, noted_at_s in notes.items() if noted_at_s < before_s} - self._standing
        if not old:
            return True
        try:
            stale = old - await self._works(account)
            self._standing |= old - stale
        except AccountNotFound:
            stale = old
        except AngariumError as refusal:
            log.warning("queue_not_read", extra={"account": account, "error": str(refusal)})
            return True
        await self._forget(account, stale)
        return len(stale) < len(notes)
