"""From a line to a command (RFC 1939 §9, RFC 2449 §4)."""

import re
from collections.abc import Callable
from typing import Final

from angarium.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    CommandType,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from angarium.pop3.events import Problem

NUMBER_MAX: Final = 0xFFFFFFFF
"""Larger numbers of messages and lines mean no more than this one."""

_DIGITS: Final = re.compile(rb"[0-9]{1,20}")
_WORD: Final = re.compile(rb"[!-~]{1,64}")
_HTTP_METHODS: Final = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"}
)


class CommandInvalid(Exception):
    """A line is no command."""

    def __init__(self, problem: Problem, command: CommandType | None = None) -> None:
        super().__init__(problem.name)
        self.problem = problem
        self.command = command


def parse_command(line: bytes) -> Command:
    """The command in a line without its end; CommandInvalid."""
    keyword, space, argument = line.partition(b" ")
    parse = _PARSERS.get(keyword.upper())
    if parse is None:
        raise CommandInvalid(Problem.HTTP if keyword in _HTTP_METHODS else Problem.UNKNOWN)
    # A space and nothing behind it is no argument, as with Cyrus.
    return parse(argument if space and argument else None)


def _user(argument: bytes | None) -> Command:
    return User(_required(argument, User))


def _pass(argument: bytes | None) -> Command:
    # All behind the one space, for passwords may have spaces in them (RFC 1939 §7).
    return Pass(_required(argument, Pass))


def _apop(argument: bytes | None) -> Command:
    # A name may have spaces in it, a digest has none.
    name, _, digest = _required(argument, Apop).rpartition(b" ")
    if not name or not digest:
        raise CommandInvalid(Problem.ARGUMENT_MISSING, Apop)
    return Apop(name, digest)


def _auth(argument: bytes | None) -> Command:
    if argument is None:
        return Auth("")
    mechanism, _, response = argument.partition(b" ")
    return Auth(_word(mechanism, Auth), response or None)


def _lang(argument: bytes | None) -> Command:
    return Lang() if argument is None else Lang(_word(argument, Lang))


def _alone(command: Callable[[], Command], kind: CommandType) -> Callable[[bytes | None], Command]:
    def parse(argument: bytes | None) -> Command:
        if argument is not None:
            raise CommandInvalid(Problem.ARGUMENT_EXTRA, kind)
        return command()

    return parse


def _list(argument: bytes | None) -> Command:
    return List(None if argument is None else _number(argument, List))


def _uidl(argument: bytes | None) -> Command:
    return Uidl(None if argument is None else _number(argument, Uidl))


def _retr(argument: bytes | None) -> Command:
    return Retr(_number(_required(argument, Retr), Retr))


def _dele(argument: bytes | None) -> Command:
    return Dele(_number(_required(argument, Dele), Dele))


def _top(argument: bytes | None) -> Command:
    number, _, lines = _required(argument, Top).strip(b" ").partition(b" ")
    if not lines:
        raise CommandInvalid(Problem.ARGUMENT_MISSING, Top)
    return Top(_number(number, Top), _number(lines, Top))


def _required(argument: bytes | None, kind: CommandType) -> bytes:
    if argument is None:
        raise CommandInvalid(Problem.ARGUMENT_MISSING, kind)
    return argument


def _number(octets: bytes, kind: CommandType) -> int:
    words = octets.split(b" ")
    words = [word for word in words if word]
    if len(words) > 1:
        raise CommandInvalid(Problem.ARGUMENT_EXTRA, kind)
    if not words or not _DIGITS.fullmatch(words[0]):
        raise CommandInvalid(Problem.NOT_A_NUMBER, kind)
    return min(int(words[0]), NUMBER_MAX)


def _word(octets: bytes, kind: CommandType) -> str:
    if not _WORD.fullmatch(octets):
        raise CommandInvalid(Problem.NOT_A_WORD, kind)
    return octets.decode("ascii")


_PARSERS: Final[dict[bytes, Callable[[bytes | None], Command]]] = {
    b"USER": _user,
    b"PASS": _pass,
    b"APOP": _apop,
    b"AUTH": _auth,
    b"STLS": _alone(Stls, Stls),
    b"CAPA": _alone(Capa, Capa),
    b"UTF8": _alone(Utf8, Utf8),
    b"LANG": _lang,
    b"STAT": _alone(Stat, Stat),
    b"LIST": _list,
    b"UIDL": _uidl,
    b"RETR": _retr,
    b"TOP": _top,
    b"DELE": _dele,
    b"RSET": _alone(Rset, Rset),
    b"NOOP": _alone(Noop, Noop),
    b"QUIT": _alone(Quit, Quit),
}
