"""Commands outside, and PAM, for which only the master forks (DESIGN §2): a worker asks, and awaits the outcome."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from angarium.errors import StoreBusy
from angarium.worker.control import CheckPam, ChildFinished, RunChild

NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ChildOutcome:
    """How a command ended."""

    status: int
    """The exit status; 128 plus the signal where one ended it, as shells count."""
    output: bytes
    """What it wrote to standard output and standard error, cut at a limit."""
    timed_out: bool


class ChildRunner:
    """A worker's way to the master's children."""

    def __init__(self, send: Callable[[RunChild | CheckPam], None]) -> None:
        self._send = send
        self._waiting: dict[int, asyncio.Future[ChildOutcome]] = {}
        self._last_number = 0

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        stdin: bytes = b"",
        stdin_path: str = "",
        environment: Mapping[str, str] = NO_VARIABLES,
        timeout_s: float = 60.0,
    ) -> ChildOutcome:
        """Run a command as the user of the server; it is killed after `timeout_s`.

        `stdin` has at most 64 KB; a file by its absolute path has any size, and must stay there until the command ends.
        `environment` has further variables. StoreBusy where the master runs as many as it may, or hears nothing.
        """
        variables = tuple(environment.items())
        return await self._ask(lambda number: RunChild(number, argv, stdin, timeout_s, stdin_path, variables))

    async def check_pam(self, service: str, user: str, password: str, address: str) -> int:
        """PAM's return code, of a child that has the rights of the master; 0: the password is right. `service` is
        one of `PAM_SERVICES`; the others have at most `PAM_OCTETS_MAX` octets, and no NUL. StoreBusy where PAM is
        asked too often, or gave no answer."""
        outcome = await self._ask(lambda number: CheckPam(number, service, user, password, address))
        if outcome.timed_out:
            raise StoreBusy("PAM gave no answer")
        return outcome.status

    async def _ask(self, request: Callable[[int], RunChild | CheckPam]) -> ChildOutcome:
        self._last_number += 1
        number = self._last_number
        future: asyncio.Future[ChildOutcome] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._send(request(number))
            return await future
        except OSError as error:
            raise StoreBusy("the master takes no request") from error
        finally:
            del self._waiting[number]

    def finished(self, message: ChildFinished) -> None:
        """Hand an outcome to whoever waits for it."""
        future = self._waiting.get(message.number)
        if future is None or future.done():
            return
        if message.refused:
            future.set_exception(StoreBusy("too many commands run already, or this one may not"))
        else:
            future.set_result(ChildOutcome(message.status, message.output, message.timed_out))
