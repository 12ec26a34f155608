"""Virus scan at delivery: what a scanner says of a message, and what the options make of it (`virus_scan`)."""

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import Final

from angarium.config.options import HookSettings, InfectedMail, ScanCommand, UnscannedMail
from angarium.errors import DeliveryRefused, ScannerUnavailable, StoreBusy
from angarium.operations.hooks.clamd import ClamdFailed, found_by_clamd
from angarium.operations.hooks.command import CommandRunner

log = logging.getLogger(__name__)

QUARANTINE_KEYWORD: Final = "$Virus"
"""A message in quarantine has this keyword, and the field `quarantine_field`."""

_AT_ONCE: Final = 10
"""As many threads as a clamd has by default; others wait here, and not in its queue, which has an end."""
_NAME_CHARACTERS: Final = 100
_UNPRINTABLE: Final = re.compile(r"[^ -~]+")
_FOUND: Final = re.compile(r"^.*: (?P<name>.*) FOUND$", re.MULTILINE)
_CLEAN, _INFECTED = 0, 1


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing was found, or nobody was to look."""


@dataclass(frozen=True, slots=True)
class Infected:
    """A virus was found."""

    name: str
    """As the scanner calls it: printable ASCII, at most 100 characters."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody said anything."""

    reason: str


Verdict = Clean | Infected | Unavailable


@dataclass(frozen=True, slots=True)
class Screened:
    """What becomes of a message that is not refused."""

    virus: str = ""
    """Its name; empty for a message that is delivered as it is."""
    is_discarded: bool = False
    """It goes nowhere, and whoever brought it is told that all is well; else it goes into quarantine."""


_DELIVERED: Final = Screened()


class VirusScanner:
    """The scanner of a service; one to a worker, since it bounds how many scans there are at once."""

    def __init__(self, settings: HookSettings, commands: CommandRunner | None = None) -> None:
        self._settings = settings
        self._commands = commands
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_on(self) -> bool:
        """Whether there is anything to ask."""
        return self._settings.virus_scan is not None

    async def screen(self, message: memoryview, *, path: str, session: str = "") -> Screened:
        """What the options make of the scanner's verdict; what is found, and what could not be scanned, is logged.

        DeliveryRefused; ScannerUnavailable, which is temporary.
        """
        verdict = await self.scan(message, path=path)
        settings = self._settings
        match verdict:
            case Clean():
                return _DELIVERED
            case Infected(name):
                action = settings.virus_scan_infected
                log.info("virus_found", extra={"session": session, "virus": name, "action": action.value})
                if action is InfectedMail.REJECT:
                    raise DeliveryRefused(f"The message is infected: {name}")
                return Screened(name, is_discarded=action is InfectedMail.DISCARD)
            case Unavailable(reason):
                unscanned = settings.virus_scan_unavailable
                log.error("virus_scan_failed", extra={"session": session, "reason": reason, "action": unscanned.value})
                if unscanned is UnscannedMail.DEFER:
                    raise ScannerUnavailable(reason)
                return _DELIVERED

    async def scan(self, message: memoryview, *, path: str) -> Verdict:
        """What the scanner says; `path` is the message's file, which a command reads. Raises nothing."""
        settings = self._settings
        if settings.virus_scan is None or 0 < settings.virus_scan_maxsize < len(message):
            return Clean()
        timeout_s = settings.virus_scan_timeout.total_seconds()
        async with self._turns:
            try:
                async with asyncio.timeout(timeout_s):
                    if isinstance(settings.virus_scan, ScanCommand):
                        return await self._run(settings.virus_scan, path, timeout_s)
                    name = await found_by_clamd(settings.virus_scan, message)
            except TimeoutError:
                return Unavailable(f"no answer within {timeout_s:g} s")
            except (OSError, ClamdFailed, StoreBusy) as error:
                return Unavailable(str(error) or type(error).__name__)
        return Clean() if name is None else Infected(_printable(name))

    async def _run(self, command: ScanCommand, path: str, timeout_s: float) -> Verdict:
        if self._commands is None:
            return Unavailable("no commands can be run here")
        outcome = await self._commands.run(
            command.for_file(path), stdin_path="" if command.names_file else path, timeout_s=timeout_s
        )
        if outcome.timed_out:
            return Unavailable(f"no answer within {timeout_s:g} s")
        if outcome.status == _CLEAN:
            return Clean()
        output = outcome.output.decode("utf-8", "replace")
        if outcome.status == _INFECTED:
            match = _FOUND.search(output)
            return Infected(_printable(match["name"] if match else output.partition("\n")[0]))
        return Unavailable(f"status {outcome.status}: {_printable(output)}")


def quarantine_field(name: str) -> bytes:
    """The header field of a message in quarantine, its line end included."""
    return b"X-Virus-Status: Infected (%b)\r\n" % name.encode("ascii", "replace")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:_NAME_CHARACTERS] or "unknown"
