"""What others have to say about a message on its way in: scanners for viruses, annotators."""
# ruff: noqa: RUF009 - `option` and `optional` make dataclass fields, as `field` does.

import re
import shlex
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from angarium.config.kinds import Choice, Duration, FilePath, Size, Switch, ValueRefused
from angarium.config.option import option, optional

CLAMD_PORT: Final = 3310
_FILE: Final = "{file}"
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,255})(?::(?P<port>\d{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ClamdSocket:
    """A clamd at a unix socket."""

    path: Path


@dataclass(frozen=True, slots=True)
class ClamdHost:
    """A clamd at a TCP port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ScanCommand:
    """A program that ends with 0 for clean, 1 for infected, and anything else where it could not say, as `clamscan`
    does."""

    words: tuple[str, ...]

    @property
    def names_file(self) -> bool:
        """Whether the file is an argument; else it is the program's standard input."""
        return any(_FILE in word for word in self.words)

    def for_file(self, path: str) -> tuple[str, ...]:
        """The command for a file."""
        return tuple([word.replace(_FILE, path) for word in self.words])


Scanner = ClamdSocket | ClamdHost | ScanCommand


class InfectedMail(StrEnum):
    """What becomes of a message with a virus."""

    REJECT = "reject"
    DISCARD = "discard"
    QUARANTINE = "quarantine"


class UnscannedMail(StrEnum):
    """What becomes of a message of which the scanner said nothing."""

    DEFER = "defer"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class ScannerAddress:
    """Where the scanner is."""

    allowed: str = "clamd: and the path of a unix socket or HOST:PORT, or command: and a command by its whole path"
    name: str = "scanner"
    unit: str = ""

    def parse(self, text: str) -> Scanner:
        kind, _, rest = text.partition(":")
        match kind.lower():
            case "clamd" if rest.startswith("/"):
                return ClamdSocket(FilePath().parse(rest))
            case "clamd":
                return _clamd_host(rest)
            case "command":
                return _scan_command(rest)
        raise ValueRefused("neither clamd nor a command")


def _clamd_host(text: str) -> ClamdHost:
    match = _HOST.fullmatch(text)
    port = CLAMD_PORT if match is None or match["port"] is None else int(match["port"])
    if match is None or not 0 < port < 65_536:
        raise ValueRefused("neither a path nor a host and a port")
    return ClamdHost(match["host"].strip("[]"), port)


def _scan_command(text: str) -> ScanCommand:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueRefused("a quotation mark is missing") from error
    if not words or not words[0].startswith("/") or "\0" in text:
        raise ValueRefused("a command begins with an absolute path")
    return ScanCommand(tuple(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """Who is asked about a message before it is delivered."""

    virus_scan: Scanner | None = optional(
        ScannerAddress(),
        added=True,
        meaning="Who looks for viruses in mail that is delivered: a clamd, as `clamd:/run/clamav/clamd.ctl`, or a "
        "program, as `command:/usr/bin/clamscan --no-summary {file}`, which ends with 0 for a clean message and with 1 "
        "for an infected one. Without `{file}` the message is its standard input.",
    )
    virus_scan_timeout: timedelta = option(
        Duration(minimum=timedelta(seconds=1)), "1m", added=True, meaning="How long a scan may take."
    )
    virus_scan_maxsize: int = option(
        Size(),
        "100M",
        added=True,
        meaning="Messages that are larger are not scanned; 0 has all scanned. A clamd takes no more than its own "
        "`StreamMaxLength`.",
    )
    virus_scan_infected: InfectedMail = option(
        Choice(InfectedMail),
        "reject",
        added=True,
        meaning="What becomes of an infected message: `reject` refuses it (550), `discard` takes it and forgets it, "
        "`quarantine` delivers it with the keyword `$Virus` and the header field `X-Virus-Status`.",
    )
    virus_scan_unavailable: UnscannedMail = option(
        Choice(UnscannedMail),
        "defer",
        added=True,
        meaning="What becomes of a message where the scanner gives no answer: `defer` has the sender try again later, "
        "`deliver` delivers it as it is.",
    )
    annotation_callout: Path | None = optional(
        FilePath(),
        meaning="A unix socket at which an annotator listens (`Cyrus::Annotator::Daemon`), or a program that is one: "
        "before a message is delivered or appended it is told of it, and gives flags and annotations. A failure is "
        "logged, and the message delivered as it was.",
    )
    annotation_callout_disable_append: bool = option(
        Switch(), "no", meaning="Ask the annotator about deliveries only, and not about what clients append."
    )
