"""What a translation is asked for, and what it gives."""

import enum
import re
from dataclasses import dataclass
from typing import Final

MAX_SOURCE_OCTETS: Final = 256 * 1024

_HEADER_LINE: Final = re.compile(r"([!-9;-~]+):[ \t]*(.*)")


class SourceRefused(ValueError):
    """What was given is no text that could be translated; `str()` says why."""


class Verdict(enum.Enum):
    """What became of something that stood in the source."""

    LEFT_OUT = "not translated"
    """It is in the script as a comment alone: somebody must look at it."""
    DIFFERENT = "translated, and not quite the same"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know about a translation."""

    line: int
    """Of the source, from 1."""
    verdict: Verdict
    text: str
    """One sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A script, and what there is to know about it."""

    script: str
    remarks: tuple[Remark, ...]
    """In the order of the source."""


@dataclass(frozen=True, slots=True)
class VacationText:
    """What a vacation answer says."""

    body: str
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the source does not say: whose it was, and how mailboxes are called here."""

    user: str | None = None
    """Addresses without a domain and paths that hold this name are the user's own."""
    domain: str | None = None
    """Of addresses that have none."""
    separator: str = "/"
    prefix: str = ""
    """What stands before the name of every mailbox of a user, separator and all, as `INBOX.`."""
    vacation: VacationText | None = None
    """None: vacation answers are left out, with the command to be completed as a comment."""


def read_source(octets: bytes) -> str:
    """The text, lines ended by LF alone; UTF-8, or else Latin-1, in which any octets are a text. SourceRefused."""
    if len(octets) > MAX_SOURCE_OCTETS:
        raise SourceRefused(f"the file is larger than {MAX_SOURCE_OCTETS} octets")
    if b"\0" in octets:
        raise SourceRefused("the file is no text: it holds NUL")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_vacation_text(octets: bytes) -> VacationText:
    """The text of a file as the program vacation has it: a header with the subject perhaps, an empty line, the text.
    SourceRefused."""
    text = read_source(octets)
    head, blank, body = text.partition("\n\n")
    fields = [_HEADER_LINE.fullmatch(line) for line in head.splitlines()]
    if not blank or not all(fields):
        return VacationText(text.strip("\n"))
    subjects = [field[2].strip() for field in fields if field is not None and field[1].lower() == "subject"]
    # `$SUBJECT` is what vacation of sendmail and BSD puts the subject of the mail in for.
    subject = next((each for each in subjects if each and "$SUBJECT" not in each), None)
    return VacationText(body.strip("\n"), subject)
