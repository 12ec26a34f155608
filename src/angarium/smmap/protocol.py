"""`SmmapProtocol`: one connection of an MTA, which asks one thing after another and may stay for hours.

There is a task only while requests are answered; answers come in the order of the requests. Reading stops while
`_READ_AHEAD_OCTETS` lie unanswered, and so does answering for a client that does not read.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final, cast

from angarium.smmap import lookup
from angarium.smmap.host import SmmapHost
from angarium.smmap.netstring import NetstringInvalid, NetstringParser, netstring

log = logging.getLogger(__name__)

_READ_AHEAD_OCTETS: Final = 64 * 1024
_ANSWERS_A_TURN: Final = 32
"""How many requests that came together are answered before others have their turn."""


class SmmapProtocol(asyncio.Protocol):
    """One connection; made by the event loop."""

    __slots__ = (
        "_active_at_s",
        "_can_write",
        "_host",
        "_is_at_end",
        "_is_lost",
        "_is_reading_paused",
        "_leave",
        "_loop",
        "_parser",
        "_session",
        "_task",
        "_timer",
        "_transport",
    )

    _transport: asyncio.Transport

    def __init__(self, host: SmmapHost) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._parser = NetstringParser()
        self._session = host.store.sources.random_id()
        self._task: asyncio.Task[None] | None = None
        """Answers; None while there is nothing to answer."""
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._timer: asyncio.TimerHandle | None = None
        self._active_at_s = 0.0
        self._leave: Callable[[], None] | None = None
        self._is_at_end = False
        """Nothing more is answered than what has come."""
        self._is_lost = False
        self._is_reading_paused = False

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._host.shutdown_text() is None:
            self._leave = self._host.admit(_address_of(self._transport), self, self._session)
        if self._leave is None:
            # An MTA takes that for a passing fault, and asks again.
            self._transport.close()
            return
        self._note_activity()
        self._timer = self._loop.call_later(self._timeout_s, self._check_silence)

    def data_received(self, data: bytes) -> None:
        if self._is_at_end:
            return
        self._note_activity()
        self._parser.receive_data(data)
        if self._parser.buffered_octets > _READ_AHEAD_OCTETS and not self._is_reading_paused:
            self._is_reading_paused = True
            self._transport.pause_reading()
        if self._task is None:
            self._task = self._loop.create_task(self._answer_all())

    def eof_received(self) -> bool:
        self._end()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        self._is_lost = self._is_at_end = True
        self._can_write.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._leave is not None:
            self._leave()
            self._leave = None

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()
        self._note_activity()

    # What the worker calls

    def close_for_shutdown(self) -> None:
        """Close: at once where nothing is being answered, else after it."""
        self._end()

    def abort(self) -> None:
        """Drop the transport now."""
        self._transport.abort()

    def wake(self) -> None:
        """Take notice of a shutdown file."""
        if self._host.shutdown_text() is not None:
            self._end()

    # The task

    async def _answer_all(self) -> None:
        try:
            await self._answer_what_came()
        except NetstringInvalid as error:
            # Where the next request would begin is not known.
            self._is_at_end = True
            self._write(lookup.malformed(str(error)))
        except Exception:
            log.exception("session_failed", extra={"session": self._session})
            self._is_at_end = True
        finally:
            self._task = None
            if self._is_at_end:
                self._transport.close()
            elif self._is_reading_paused:
                self._is_reading_paused = False
                self._transport.resume_reading()

    async def _answer_what_came(self) -> None:
        host = self._host
        answered = 0
        while not self._is_lost and (request := self._parser.next_string()) is not None:
            answer = await lookup.answer(
                host.store,
                host.settings,
                request,
                groups_of=host.groups_of,
                ignores_subaddress=host.ignores_subaddress,
            )
            self._write(answer)
            await self._can_write.wait()
            answered += 1
            if answered % _ANSWERS_A_TURN == 0:
                await asyncio.sleep(0)

    def _write(self, answer: bytes) -> None:
        if not self._is_lost:
            self._transport.write(netstring(answer))

    # The end

    def _end(self) -> None:
        self._is_at_end = True
        if self._task is None:
            self._transport.close()

    @property
    def _timeout_s(self) -> float:
        return self._host.settings.lmtp.lmtp_timeout.total_seconds()

    def _note_activity(self) -> None:
        self._active_at_s = self._loop.time()

    def _check_silence(self) -> None:
        remaining_s = self._active_at_s + self._timeout_s - self._loop.time()
        if remaining_s <= 0:
            # One that does not read its answers is silent too.
            self._transport.abort()
            return
        self._timer = self._loop.call_later(remaining_s, self._check_silence)


def _address_of(transport: asyncio.Transport) -> str:
    if transport.get_extra_info("socket").family == socket.AF_UNIX:
        return ""
    address, _, _ = transport.get_extra_info("peername")[0].partition("%")
    return str(address).removeprefix("::ffff:")
