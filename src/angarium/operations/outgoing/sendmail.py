"""Mail through the program of `sendmail`, which the master runs: its exit status is one of sysexits."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from angarium.engine.interface import Engine
from angarium.errors import StoreBusy
from angarium.operations.outgoing.transport import Answer, Letter, Outcome, Sending, TransportUnavailable

TIMEOUT_S: Final = 300.0
_CHUNK_OCTETS: Final = 256 * 1024
_CANNOT_EXEC: Final = 127
_NEVER: Final = {os.EX_DATAERR: "5.6.0", os.EX_NOUSER: "5.1.1", os.EX_NOHOST: "5.1.2"}
"""What is wrong with the mail itself. All else may be the machine's fault, and pass: Postfix says EX_UNAVAILABLE of a
queue that it cannot write to."""


class Ended(Protocol):
    """How a program ended."""

    @property
    def status(self) -> int: ...

    @property
    def output(self) -> bytes: ...

    @property
    def timed_out(self) -> bool: ...


class RunProgram(Protocol):
    """Runs a program with a file as its input; StoreBusy where none can be run now."""

    async def __call__(
        self, argv: tuple[str, ...], *, stdin_path: str, environment: Mapping[str, str], timeout_s: float
    ) -> Ended: ...


class SendmailTransport:
    """A program that takes a message from its standard input, and the envelope from its arguments."""

    def __init__(
        self,
        engine: Engine,
        run: RunProgram,
        *,
        program: Path,
        partition: str,
        user_variable: str = "",
        takes_dsn: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._engine = engine
        self._run = run
        self._program = program
        self._partition = partition
        self._user_variable = user_variable
        self._takes_dsn = takes_dsn
        self._timeout_s = timeout_s

    async def send(self, letter: Letter) -> Sending:
        by = letter.parameters.get("BY", "")
        if by.partition(";")[2].startswith("R"):
            text = "the mail program cannot be told of a time of delivery"
            return _all(letter, Answer(Outcome.NEVER, text, "5.3.3"))
        ended = await self._run_with(letter)
        output = ended.output.decode("utf-8", "replace").strip()
        if ended.timed_out:
            raise TransportUnavailable(f"{self._program} took longer than {self._timeout_s:.0f} seconds")
        if ended.status == os.EX_OK:
            return _all(letter, Answer(Outcome.SENT), deliver_by_lost=bool(by))
        text = f"{self._program} ended with status {ended.status}" + (f": {output[-500:]}" if output else "")
        if ended.status in _NEVER:
            return _all(letter, Answer(Outcome.NEVER, text, _NEVER[ended.status]))
        if ended.status == _CANNOT_EXEC:
            raise TransportUnavailable(text)
        return _all(letter, Answer(Outcome.LATER, text))

    def close(self) -> None:
        """Programs end by themselves, or at their time limit; the master kills what is left."""

    async def _run_with(self, letter: Letter) -> Ended:
        environment = {self._user_variable: letter.userid} if self._user_variable and letter.userid else {}
        async with self._engine.stage(self._partition) as staged:
            staged.write(letter.head)
            if letter.file is not None:
                offset = letter.offset
                while chunk := await letter.file.read(offset, _CHUNK_OCTETS):
                    staged.write(chunk)
                    offset += len(chunk)
                    # What is in the page cache is read without waiting, and others are to have their turn.
                    await asyncio.sleep(0)
            file = await staged.finish()
            try:
                return await self._run(
                    self._arguments(letter), stdin_path=file.path, environment=environment, timeout_s=self._timeout_s
                )
            except StoreBusy as error:
                raise TransportUnavailable(str(error)) from error

    def _arguments(self, letter: Letter) -> tuple[str, ...]:
        """`-i`: a line with nothing but a dot is one; `--`: no address is an option."""
        words = [str(self._program), "-i", "-f", letter.sender or "<>"]
        if self._takes_dsn:
            if notify := letter.parameters.get("NOTIFY"):
                words += ["-N", notify.lower()]
            if ret := letter.parameters.get("RET"):
                words += ["-R", ret.lower()]
        return (*words, "--", *letter.recipients)


def _all(letter: Letter, answer: Answer, *, deliver_by_lost: bool = False) -> Sending:
    return Sending(dict.fromkeys(letter.recipients, answer), deliver_by_lost)
