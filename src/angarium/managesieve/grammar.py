"""From words to a command (RFC 5804 §4).

What is taken that the grammar does not have: several spaces between words, and spaces at the end of a line. Quoted
strings may be as long as a line, since clients quote what is longer than 1024 octets, too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from angarium.managesieve.commands import (
    Authenticate,
    Capability,
    CheckScript,
    Command,
    DeleteScript,
    GetScript,
    HaveSpace,
    ListScripts,
    Logout,
    Noop,
    PutScript,
    RenameScript,
    SetActive,
    StartTls,
    Unauthenticate,
)


class Problem(Enum):
    """What is wrong with a command."""

    COMMAND_UNKNOWN = auto()
    SYNTAX = auto()
    """Of the command's arguments."""
    NAME = auto()
    """The name of a script is not UTF-8, or longer than any may be."""
    LINE_TOO_LONG = auto()
    STRING_TOO_LONG = auto()
    SCRIPT_TOO_LARGE = auto()
    SYNCHRONISING = auto()
    """A literal for which the client waits to be asked, which this protocol has not."""
    HTTP = auto()
    """A browser speaks, and what follows may be commands that a page made it send."""


class CommandInvalid(Exception):
    """What was sent is no command."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.name)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Word:
    """An atom, or a string as it is meant."""

    octets: bytes
    is_string: bool


@dataclass(frozen=True, slots=True)
class Announced:
    """A literal that follows the line."""

    size_octets: int
    synchronising: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or what of one stands between literals."""

    words: tuple[Word, ...]
    literal: Announced | None = None


class Argument(Enum):
    """What an argument is."""

    NAME = auto()
    SCRIPT = auto()
    NUMBER = auto()
    MECHANISM = auto()
    RESPONSE = auto()
    TAG = auto()


Value = str | bytes | int


@dataclass(frozen=True, slots=True)
class Signature:
    """What a command takes."""

    command: type[Command]
    arguments: tuple[Argument, ...] = ()
    optional: int = 0
    """How many of the last ones may be left out."""
    usage: str = "nothing"
    """For whoever gives something else."""


SIGNATURES: Final[Mapping[bytes, Signature]] = {
    b"AUTHENTICATE": Signature(
        Authenticate, (Argument.MECHANISM, Argument.RESPONSE), 1, "a mechanism and perhaps an initial response"
    ),
    b"CAPABILITY": Signature(Capability),
    b"CHECKSCRIPT": Signature(CheckScript, (Argument.SCRIPT,), usage="a script"),
    b"DELETESCRIPT": Signature(DeleteScript, (Argument.NAME,), usage="the name of a script"),
    b"GETSCRIPT": Signature(GetScript, (Argument.NAME,), usage="the name of a script"),
    b"HAVESPACE": Signature(
        HaveSpace, (Argument.NAME, Argument.NUMBER), usage="the name of a script and a number of octets"
    ),
    b"LISTSCRIPTS": Signature(ListScripts),
    b"LOGOUT": Signature(Logout),
    b"NOOP": Signature(Noop, (Argument.TAG,), 1, "nothing or a string"),
    b"PUTSCRIPT": Signature(PutScript, (Argument.NAME, Argument.SCRIPT), usage="the name of a script and the script"),
    b"RENAMESCRIPT": Signature(
        RenameScript, (Argument.NAME, Argument.NAME), usage="the name of a script and the new one"
    ),
    b"SETACTIVE": Signature(SetActive, (Argument.NAME,), usage="the name of a script, or an empty string"),
    b"STARTTLS": Signature(StartTls),
    b"UNAUTHENTICATE": Signature(Unauthenticate),
}
"""By name in capitals."""

# Each class of octets is left by one that is not in it, so no pattern goes back and forth over a line.
_WORD: Final = re.compile(
    rb' *(?:"((?:[^"\\\r\n\x00]|\\["\\])*+)"|\{([0-9]{1,10})(\+?)\}$|([!#-\x27*-\[\]-z|-~]+))(?= |$)'
)
_ESCAPED: Final = re.compile(rb'\\(["\\])')
_ANNOUNCED_AT_END: Final = re.compile(rb"\{([0-9]{1,10})\+\}\Z")
_WORDS_MAX: Final = 1000
"""No command takes as many; those behind them are not looked at."""
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,9}")
_NUMBER_MAX: Final = 0xFFFF_FFFF

_HTTP_METHODS: Final = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"}
)


def split_line(line: bytes) -> Line:
    """The words of a line without its end. CommandInvalid."""
    words: list[Word] = []
    position, end = 0, len(line.rstrip(b" "))
    while position < end and len(words) < _WORDS_MAX:
        match = _WORD.match(line, position, end)
        if match is None:
            raise CommandInvalid(Problem.SYNTAX)
        quoted, size, plus, atom = match.groups()
        if size is not None:
            return Line(tuple(words), Announced(int(size), synchronising=not plus))
        if quoted is not None:
            words.append(Word(_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted, is_string=True))
        else:
            words.append(Word(atom, is_string=False))
        position = match.end()
    return Line(tuple(words))


def announced_at_end(line: bytes) -> int | None:
    """The octets of the literal that a line announces which is no command; None: it announces none."""
    match = _ANNOUNCED_AT_END.search(line.rstrip(b" "))
    return None if match is None else int(match[1])


def find_signature(words: Sequence[Word]) -> Signature:
    """That of the command whose first words these are. CommandInvalid."""
    if not words or words[0].is_string:
        raise CommandInvalid(Problem.COMMAND_UNKNOWN)
    signature = SIGNATURES.get(words[0].octets.upper())
    if signature is None:
        raise CommandInvalid(Problem.HTTP if words[0].octets in _HTTP_METHODS else Problem.COMMAND_UNKNOWN)
    if len(words) - 1 > len(signature.arguments):
        raise CommandInvalid(Problem.SYNTAX)
    return signature


def parse_command(words: Sequence[Word]) -> Command:
    """The command of all its words. CommandInvalid."""
    signature = find_signature(words)
    given = words[1:]
    if len(given) < len(signature.arguments) - signature.optional:
        raise CommandInvalid(Problem.SYNTAX)
    values = [_PARSERS[argument](word) for argument, word in zip(signature.arguments, given, strict=False)]
    make: Callable[..., Command] = signature.command
    return make(*values)


def _parse_string(word: Word) -> bytes:
    if not word.is_string:
        raise CommandInvalid(Problem.SYNTAX)
    return word.octets


def _parse_name(word: Word) -> str:
    try:
        return _parse_string(word).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandInvalid(Problem.NAME) from error


def _parse_mechanism(word: Word) -> str:
    # One that is not ASCII is none that there is.
    return _parse_string(word).decode("ascii", "replace")


def _parse_number(word: Word) -> int:
    if word.is_string or _NUMBER.fullmatch(word.octets) is None or int(word.octets) > _NUMBER_MAX:
        raise CommandInvalid(Problem.SYNTAX)
    return int(word.octets)


_PARSERS: Final[Mapping[Argument, Callable[[Word], Value]]] = {
    Argument.NAME: _parse_name,
    Argument.SCRIPT: _parse_string,
    Argument.NUMBER: _parse_number,
    Argument.MECHANISM: _parse_mechanism,
    Argument.RESPONSE: _parse_string,
    Argument.TAG: _parse_string,
}
