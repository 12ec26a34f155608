"""The queue of outgoing mail: what is due is sent, and sent again later where that fails for now.

One process at a time does this for the whole store: who has the lease. The others wait for it, and one of them goes on
when the first ends, however it does. Which accounts have mail the engine knows (`accounts_with_mail`), and it
announces OUTGOING when there is more. Each account is served by one task at a time, `BATCH` mails at a turn, and comes
behind those that are due then, so that no account keeps another one waiting for ever.

A mail leaves the queue after it was taken by the transport: at least once. Who ends between the two leaves it there,
and a second copy with the same Message-ID is sent; where the store alone takes nothing, as on a full disk, it is
remembered what was sent already. Where the transport itself is out of order, nothing is tried for
some time but one mail, and all goes on when that one has left; so a mail server that comes back finds the queue awake.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from angarium.compose import Action, Purpose
from angarium.engine.commands import Deliver
from angarium.engine.delivery import MAIL_TO_SEND, Dispatch, DispatchRow, PostponeDispatch, RemoveDispatch
from angarium.engine.interface import OUTGOING, Engine, MessageFile
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId
from angarium.engine.sources import Sources
from angarium.errors import AccountNotFound, AngariumError, MessageFileMissing, MessageNotFound
from angarium.names import MailboxName
from angarium.operations.outgoing.failures import expired_answers, report_of, why_silent
from angarium.operations.outgoing.options import QueueOptions, wait_s
from angarium.operations.outgoing.schedule import Schedule
from angarium.operations.outgoing.transport import Answer, Letter, Outcome, Sending, Transport, TransportUnavailable
from angarium.store import Actor

log = logging.getLogger(__name__)

BATCH: Final = 10
TURN_S: Final = 60
"""No further mail of an account is begun at one turn after this time."""
RESCAN_S: Final = 60.0
LOOK_INTERVAL_S: Final = 0.1
LONGEST_LOOK_INTERVAL_S: Final = 5.0
PAUSE_S: Final = 15
"""After the transport has failed; doubled each time, up to the longest."""
PAUSE_MAX_S: Final = 120
_TROUBLE_S: Final = 300
"""Until an account is tried again whose file could not be read."""
_NO_LEASE_S: Final = 30.0
"""Until it is tried again to have a lease whose file could not be made."""
_CLOSE_S: Final = 3.0

RETRY: Final = "retry now"
"""The detail of a note that stands for no mail: an administrator wants the account to be looked at. That of others is
the id of their message, which has no such space."""
_RETRY_KEPT_S: Final = 10
"""Such a note is made before what it is for, and announced with that; so it stays for some time."""
AUTHOR: Final = Actor.program("queue").author()


Keep = Callable[[AccountId, DispatchRow, MessageFile], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Counters:
    """What is called for each mail."""

    sent: Callable[[], None]
    postponed: Callable[[], None]
    failed: Callable[[], None]


class QueueRunner:
    """Belongs to one loop."""

    def __init__(
        self,
        engine: Engine,
        transport: Callable[[], Transport],
        sources: Sources,
        options: Callable[[], QueueOptions],
        *,
        lease: Lease,
        counters: Counters,
        keep: Keep | None = None,
        rescan_s: float = RESCAN_S,
    ) -> None:
        """`transport` and `options` are asked at each mail, since they may be others after a reload."""
        self._engine = engine
        self._transport = transport
        self._sources = sources
        self._options = options
        self._lease = lease
        self._counters = counters
        self._keep = keep
        """Takes what was to be sent on, could not be, and has nobody who can be told."""
        self._rescan_s = rescan_s
        self._schedule = Schedule()
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._is_called = True
        self._is_closing = False
        self._look_again_s = 0.0
        """By the loop's clock."""
        self._rescan_at_s: float = 0
        self._settled: set[int] = set()
        """Notes whose mail is known to the schedule."""
        self._wishes: set[int] = set()
        """Notes of administrators that the pause was cut short for."""
        self._unsettled: dict[tuple[AccountId, int], Sending] = {}
        """What was sent, or refused, while the queue does not know of it yet."""
        self._paused_until_s = 0
        self._pause_s = 0
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in a task of its own, that ends with `close`."""
        self._main = asyncio.get_running_loop().create_task(self._run())

    def announced(self, account: AccountId) -> None:
        """A listener for the engine's announcements."""
        if account == OUTGOING:
            self.wake()

    def wake(self) -> None:
        """Look at the queue now."""
        self._is_called = True
        self._woken.set()

    async def close(self) -> None:
        """End; what is being sent has a moment to be taken. The lease is given back last."""
        self._is_closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        left = [*self._tasks, *([] if self._main is None else [self._main])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    # The loop

    async def _run(self) -> None:
        while True:
            try:
                async with self._lease.held():
                    await self._lead()
            except OSError as error:
                log.error("queue_not_led", extra={"error": str(error)})
                await asyncio.sleep(_NO_LEASE_S)

    async def _lead(self) -> None:
        log.debug("queue_runner_started")
        while True:
            try:
                await self._look_in_time()
            except AngariumError as refusal:
                log.warning("queue_not_read", extra={"error": str(refusal)})
            except Exception:
                # Nobody else would send anything while this process has the lease.
                log.exception("queue_runner_failed")
            self.start_due()
            await self._wait()

    async def _look_in_time(self) -> None:
        """Calls of one moment are answered by one look, which reads all notes; where those are many, calls of more than
        a moment."""
        loop = asyncio.get_running_loop()
        if self._is_called:
            await asyncio.sleep(self._look_again_s - loop.time())
        began_s = loop.time()
        await self.look()
        lasted_s = loop.time() - began_s
        self._look_again_s = loop.time() + min(max(LOOK_INTERVAL_S, 10 * lasted_s), LONGEST_LOOK_INTERVAL_S)

    async def _wait(self) -> None:
        """Until somebody calls, a mail is due, or it is time to look anew."""
        now_s = self._sources.now_s()
        moments = [now_s + self._rescan_s]
        due_s = self._schedule.next_due_s
        if due_s is not None and len(self._tasks) < (1 if self._pause_s else self._options().parallel):
            moments.append(max(due_s, self._paused_until_s))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(moments) - now_s)):
                await self._woken.wait()
        self._woken.clear()

    async def look(self) -> None:
        """Find out what is due when: of accounts of which there are notes that nobody has looked at yet."""
        now_s = self._sources.now_s()
        if now_s >= self._rescan_at_s:
            self._rescan_at_s = now_s + self._rescan_s
            await self._engine.accounts_with_mail()  # which drops notes that stand for nothing
        elif not self._is_called:
            return
        self._is_called = False
        notes = [(number, row) for number, row in await self._engine.work() if row.kind == MAIL_TO_SEND]
        self._settled.intersection_update([number for number, _ in notes])
        new = dict.fromkeys(row.account for number, row in notes if number not in self._settled)
        for account in new:
            if account not in self._schedule.busy:
                await self._note(account)
        wishes = {number for number, row in notes if row.detail == RETRY}
        if wishes - self._wishes:
            self._paused_until_s = 0
        self._wishes = wishes
        for number, row in notes:
            if row.detail == RETRY and row.noted_at_s + _RETRY_KEPT_S <= now_s:
                await self._engine.work_done(number)

    def start_due(self) -> None:
        """Have tasks serve the accounts that are due, as many as may work at once."""
        now_s = self._sources.now_s()
        if now_s < self._paused_until_s or self._is_closing:
            return
        # After a failure one mail tries whether the transport is back.
        while len(self._tasks) < (1 if self._pause_s else self._options().parallel):
            account = self._schedule.take_due(now_s)
            if account is None:
                return
            task = asyncio.get_running_loop().create_task(self._serve(account))
            self._tasks.add(task)
            task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.start_due()
        self._woken.set()

    async def drained(self) -> None:
        """Wait until no task works."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # One account

    async def _serve(self, account: AccountId) -> None:
        try:
            userid = _userid(await self._engine.account_name(account))
            started_s = self._sources.now_s()
            due = [row for row in await self._engine.dispatches(account) if row.next_attempt_s <= started_s]
            for row in due[:BATCH]:
                now_s = self._sources.now_s()
                if now_s < self._paused_until_s or now_s - started_s > TURN_S:
                    break
                await self._attempt_safely(account, userid, row)
        except AccountNotFound:
            pass
        except Exception as error:  # noqa: BLE001 - logged; the account is not forgotten
            self._put_off(account, error)
            return
        finally:
            self._schedule.busy.discard(account)
        await self._note(account)

    async def _note(self, account: AccountId) -> None:
        """Put into the schedule when the account is due next."""
        try:
            rows = await self._engine.dispatches(account)
        except AccountNotFound:
            rows = []
        except Exception as error:  # noqa: BLE001 - logged; the account is not forgotten
            self._put_off(account, error)
            return
        self._settled.update([row.work for row in rows])
        self._schedule.finish(account, min((row.next_attempt_s for row in rows), default=None))

    def _put_off(self, account: AccountId, error: Exception) -> None:
        if isinstance(error, AngariumError):
            log.warning("queue_not_read", extra={"account": account, "error": str(error)})
        else:
            log.error("queue_runner_failed", extra={"account": account}, exc_info=error)
        self._schedule.finish(account, self._sources.now_s() + _TROUBLE_S)

    # One mail

    async def _attempt_safely(self, account: AccountId, userid: str, row: DispatchRow) -> None:
        """AngariumError where the store refuses."""
        try:
            await self._attempt(account, userid, row)
        except AngariumError:
            raise
        except Exception:
            # A mail that shows up a fault of ours holds up no other, and is not lost by it.
            log.exception("queue_runner_failed", extra=_fields(account, row))
            await self._postpone(account, row, dict.fromkeys(row.recipients, Answer(Outcome.LATER, "internal error")))

    async def _attempt(self, account: AccountId, userid: str, row: DispatchRow) -> None:
        key = (account, row.number)
        if await self._engine.dispatch(account, row.number) is None:
            self._unsettled.pop(key, None)
            return  # dropped meanwhile
        is_missing = False
        try:
            file = await self._engine.open_dispatch(account, row.number) if row.has_file else None
        except MessageNotFound:
            return
        except MessageFileMissing as missing:
            log.error("queue_file_missing", extra={**_fields(account, row), "error": str(missing)})
            file, is_missing = None, True
        try:
            sending = self._unsettled.get(key)
            if sending is None:
                sending = Sending(_missing(row)) if is_missing else await self._outcome(userid, row, file)
                by_outcome = _by_outcome(row, sending)
                self._log(account, row, by_outcome)
                if by_outcome[Outcome.SENT] or by_outcome[Outcome.NEVER]:
                    self._unsettled[key] = sending
            await self._settle(account, row, file, sending)
        finally:
            if file is not None:
                file.close()
        self._unsettled.pop(key, None)

    async def _outcome(self, userid: str, row: DispatchRow, file: MessageFile | None) -> Sending:
        if row.attempts and self._sources.now_s() >= row.expires_at_s:
            return Sending(expired_answers(row))
        return await self._send(userid, row, file)

    async def _send(self, userid: str, row: DispatchRow, file: MessageFile | None) -> Sending:
        parameters = _parameters(row, self._sources.now_s())
        if parameters is None:
            # RFC 2852 §4.1.1
            answer = Answer(Outcome.NEVER, "the time in which it was to be delivered is over", "5.4.7")
            return Sending(dict.fromkeys(row.recipients, answer))
        letter = Letter(
            sender=row.sender,
            recipients=row.recipients,
            head=row.head,
            file=file,
            offset=row.offset,
            size_octets=row.size_octets,
            parameters=parameters,
            userid=userid,
        )
        try:
            sending = await self._transport().send(letter)
        except TransportUnavailable as error:
            self._pause(str(error))
            return Sending(dict.fromkeys(row.recipients, Answer(Outcome.LATER, str(error))))
        self._pause_s = 0
        return sending

    def _pause(self, error: str) -> None:
        """Longer each time; what others find out meanwhile is the same failure."""
        now_s = self._sources.now_s()
        if now_s < self._paused_until_s:
            return
        self._pause_s = min(self._pause_s * 2 or PAUSE_S, PAUSE_MAX_S)
        self._paused_until_s = now_s + self._pause_s
        log.warning("transport_unavailable", extra={"error": error, "pause_s": self._pause_s})

    async def _settle(self, account: AccountId, row: DispatchRow, file: MessageFile | None, sending: Sending) -> None:
        """Make durable what an attempt gave, and tell the sender what has to be told."""
        by_outcome = _by_outcome(row, sending)
        reports = []
        if by_outcome[Outcome.NEVER]:
            reports += await self._report(account, row, file, by_outcome[Outcome.NEVER], Action.FAILED)
            if not reports and row.purpose == Purpose.REDIRECT and file is not None and self._keep is not None:
                await self._keep(account, row, file)
        if by_outcome[Outcome.SENT] and sending.deliver_by_lost:
            reports += await self._report(account, row, file, by_outcome[Outcome.SENT], Action.RELAYED)
        later = by_outcome[Outcome.LATER]
        # With the removal one report can be queued; any other before it, whose id tells a second one after a crash.
        replacement = reports.pop() if reports and not later else None
        if reports:
            await self._engine.write(account, Deliver(AUTHOR, dispatches=tuple(reports)))
        if later:
            await self._postpone(account, row, later)
        else:
            await self._engine.write(account, RemoveDispatch(row.number, AUTHOR, replacement))

    async def _postpone(self, account: AccountId, row: DispatchRow, later: Mapping[str, Answer]) -> None:
        next_s = self._sources.now_s() + wait_s(row.attempts + 1)
        error = next(iter(later.values())).text
        next_s = min(next_s, max(row.expires_at_s, self._sources.now_s() + 1))
        await self._engine.write(account, PostponeDispatch(row.number, tuple(later), next_s, error))

    async def _report(
        self,
        account: AccountId,
        row: DispatchRow,
        file: MessageFile | None,
        answers: Mapping[str, Answer],
        action: Action,
    ) -> list[Dispatch]:
        silent = why_silent(row, action)
        if silent is not None:
            log.info("outgoing_unreported", extra={**_fields(account, row), "reason": silent})
            return []
        options = self._options()
        return [await report_of(row, file, answers, action=action, options=options, now_s=self._sources.now_s())]

    def _log(self, account: AccountId, row: DispatchRow, outcomes: Mapping[Outcome, Mapping[str, Answer]]) -> None:
        """A line for each outcome, with the recipients whose it is."""
        for outcome, answers in outcomes.items():
            if not answers:
                continue
            fields = {
                **_fields(account, replace(row, recipients=tuple(answers))),
                "attempts": row.attempts + 1,
                "delay_s": max(0, self._sources.now_s() - row.queued_at_s),
                "answer": next(iter(answers.values())).text,
            }
            match outcome:
                case Outcome.SENT:
                    log.info("outgoing_sent", extra=fields)
                    self._counters.sent()
                case Outcome.LATER:
                    log.info("outgoing_postponed", extra=fields)
                    self._counters.postponed()
                case Outcome.NEVER:
                    log.warning("outgoing_failed", extra=fields)
                    self._counters.failed()


def _by_outcome(row: DispatchRow, sending: Sending) -> dict[Outcome, dict[str, Answer]]:
    by_outcome: dict[Outcome, dict[str, Answer]] = {outcome: {} for outcome in Outcome}
    for recipient in row.recipients:
        answer = sending.answers.get(recipient) or Answer(Outcome.LATER, "nothing was answered")
        by_outcome[answer.outcome][recipient] = answer
    return by_outcome


def _fields(account: AccountId, row: DispatchRow) -> dict[str, object]:
    return {
        "account": account,
        "number": row.number,
        "purpose": row.purpose,
        "sender": row.sender,
        "recipients": " ".join(row.recipients),
        "size_octets": row.size_octets,
        "message_id": row.message_id,
    }


def _parameters(row: DispatchRow, now_s: int) -> dict[str, str] | None:
    """With the time that is left of BY; None where none is, and the mail is to be returned then (RFC 2852 §4.1.1)."""
    parameters = dict(row.parameters)
    by = parameters.get("BY")
    if by is not None:
        seconds, _, mode = by.partition(";")
        left_s = int(seconds) - max(0, now_s - row.queued_at_s)
        if left_s <= 0 and mode.startswith("R"):
            return None
        parameters["BY"] = f"{left_s};{mode}"
    return parameters


def _missing(row: DispatchRow) -> dict[str, Answer]:
    """Until it expires: the file may come back from a backup."""
    return dict.fromkeys(row.recipients, Answer(Outcome.LATER, "the file of the message is missing"))


def _userid(account_name: str) -> str:
    userid = MailboxName.from_internal(account_name).userid
    return str(userid) if userid is not None else ""
