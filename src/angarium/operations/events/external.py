"""`notify_external`: a program that is run for each event, with the arguments that Cyrus's notifyd gives it."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from angarium.errors import TemporaryError

from .notification import Notification
from .sink import EventRefused, SinkFailed

_PAYLOAD_OCTETS_MAX: Final = 60_000
"""A worker's request to the master holds 64 KB."""


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended."""

    status: int
    timed_out: bool


RunProgram = Callable[[tuple[str, ...], bytes, float], Awaitable[ProgramEnd]]
"""Runs a command with an input for so many seconds at most. TemporaryError where it cannot be run now."""


class ExternalSink:
    """The status 0 means that the event was taken, 65 (EX_DATAERR) that it never will be; after others it is told
    again."""

    name = "external"
    at_once = 4

    def __init__(self, program: str, run: RunProgram, *, timeout_s: float) -> None:
        self._program = program
        self._run = run
        self._timeout_s = timeout_s

    async def send(self, notification: Notification) -> None:
        text = notification.payload(_PAYLOAD_OCTETS_MAX)
        try:
            end = await self._run(self._words(notification), text + b"\n", self._timeout_s)
        except TemporaryError as error:
            raise SinkFailed(str(error)) from error
        if end.timed_out:
            raise SinkFailed(f"{self._program} took longer than {self._timeout_s:.0f} s")
        if end.status == os.EX_DATAERR:
            raise EventRefused(f"{self._program} ended with {end.status}")
        if end.status != 0:
            raise SinkFailed(f"{self._program} ended with {end.status}")

    async def close(self) -> None:
        """Programs that run end by themselves."""

    def _words(self, notification: Notification) -> tuple[str, ...]:
        user, mailbox = [text.replace("\0", "") for text in (notification.user, notification.mailbox)]
        return (self._program, "-c", "EVENT", "-p", "", "-u", user, "-m", mailbox)
