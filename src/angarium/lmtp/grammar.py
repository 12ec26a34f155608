"""From a command line to a command (RFC 5321 §4.1, RFC 2033 §4, and the parameters of RFC 1870, 4954 and 6152).

Cyrus takes an address without a domain, and so do we; a domain may hold what no host name would (`_`). A source route
is read and dropped (RFC 5321 §4.1.1.3). HELO and EHLO are no commands here (RFC 2033 §4.1).
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from angarium.lmtp.commands import Body, Command, Data, Help, Lhlo, Mail, Noop, Quit, Rcpt, Rset, Vrfy


class Problem(Enum):
    """What is wrong with a command line."""

    LINE_TOO_LONG = auto()
    COMMAND_UNKNOWN = auto()
    SYNTAX = auto()
    """Of the command's arguments."""
    PARAMETER_UNKNOWN = auto()
    HTTP = auto()
    """A browser speaks, and what follows may be commands that a page made it send."""


class CommandInvalid(Exception):
    """The line is no command."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.name)
        self.problem = problem


# Each class of octets is left by one that is not in it, so no pattern goes back and forth over a line.
_QUOTED: Final = rb'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_UNQUOTED: Final = rb"[!#-'*+\-./0-9=?A-Z^-z{|}~]+"
_DOMAIN: Final = rb"(?:[A-Za-z0-9._-]+|\[[!-Z^-~]*\])"
_ROUTE: Final = rb"@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*:"
_ADDRESS: Final = rb"(?:" + _QUOTED + rb"|" + _UNQUOTED + rb")(?:@" + _DOMAIN + rb")?"

_MAIL: Final = re.compile(rb"FROM: ?<(?:(?:" + _ROUTE + rb")?(" + _ADDRESS + rb"))?>((?: .*)?)", re.IGNORECASE)
_RCPT: Final = re.compile(rb"TO: ?<(?:" + _ROUTE + rb")?(" + _ADDRESS + rb")>((?: .*)?)", re.IGNORECASE)
_PARAMETER: Final = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_CLIENT_NAME: Final = re.compile(rb"[!-~]{1,255}")
_SIZE: Final = re.compile(rb"[0-9]{1,20}")
_XTEXT: Final = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_XTEXT_CODE: Final = re.compile(rb"\+([0-9A-F]{2})")

_HTTP_METHODS: Final = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"}
)

_MAIL_PARAMETERS: Final = frozenset({b"SIZE", b"BODY", b"AUTH"})
_RCPT_PARAMETERS: Final = frozenset({b"IGNOREQUOTA"})


def parse_command(line: bytes) -> Command:
    """The command on a line without its CRLF. CommandInvalid."""
    # RFC 5321 §4.1.1: blanks before the end are to be tolerated.
    verb, _, arguments = line.rstrip(b" \t").partition(b" ")
    parse = _PARSERS.get(verb.upper())
    if parse is None:
        raise CommandInvalid(Problem.HTTP if verb in _HTTP_METHODS else Problem.COMMAND_UNKNOWN)
    return parse(arguments)


def _parse_lhlo(arguments: bytes) -> Lhlo:
    if _CLIENT_NAME.fullmatch(arguments) is None:
        raise CommandInvalid(Problem.SYNTAX)
    return Lhlo(arguments.decode("ascii"))


def _parse_mail(arguments: bytes) -> Mail:
    match = _MAIL.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.SYNTAX)
    return_path = (match[1] or b"").decode("ascii")
    if not match[2]:
        return Mail(return_path)
    parameters = _parse_parameters(match[2], _MAIL_PARAMETERS)
    return Mail(
        return_path,
        _parse_size(parameters.get(b"SIZE", b"0")),
        _parse_body(parameters.get(b"BODY")),
        _parse_submitter(parameters.get(b"AUTH", b"<>")),
    )


def _parse_rcpt(arguments: bytes) -> Rcpt:
    match = _RCPT.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.SYNTAX)
    address = match[1].decode("ascii")
    if not match[2]:
        return Rcpt(address)
    parameters = _parse_parameters(match[2], _RCPT_PARAMETERS)
    if parameters.get(b"IGNOREQUOTA", b""):
        raise CommandInvalid(Problem.SYNTAX)
    return Rcpt(address, ignore_quota=b"IGNOREQUOTA" in parameters)


def _parse_vrfy(arguments: bytes) -> Vrfy:
    if not arguments:
        raise CommandInvalid(Problem.SYNTAX)
    return Vrfy()


def _parse_parameters(text: bytes, known: frozenset[bytes]) -> dict[bytes, bytes]:
    """Values by keyword in upper case; empty for a keyword alone, since no `=` stands before nothing."""
    parameters: dict[bytes, bytes] = {}
    for word in filter(None, text.split(b" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise CommandInvalid(Problem.SYNTAX)
        keyword = match[1].upper()
        if keyword not in known:
            raise CommandInvalid(Problem.PARAMETER_UNKNOWN)
        if keyword in parameters:
            raise CommandInvalid(Problem.SYNTAX)
        parameters[keyword] = match[2] or b""
    return parameters


def _parse_size(value: bytes) -> int:
    if _SIZE.fullmatch(value) is None:
        raise CommandInvalid(Problem.SYNTAX)
    return int(value)


def _parse_body(value: bytes | None) -> Body | None:
    if value is None:
        return None
    try:
        return Body(value.decode("ascii").upper())
    except ValueError as error:
        raise CommandInvalid(Problem.SYNTAX) from error


def _parse_submitter(value: bytes) -> str:
    if value == b"<>":
        return ""
    if _XTEXT.fullmatch(value) is None:
        raise CommandInvalid(Problem.SYNTAX)
    decoded = _XTEXT_CODE.sub(lambda match: bytes((int(match[1], 16),)), value)
    try:
        return decoded.decode()
    except UnicodeDecodeError as error:
        raise CommandInvalid(Problem.SYNTAX) from error


def _without_arguments(command: Command) -> Callable[[bytes], Command]:
    def parse(arguments: bytes) -> Command:
        if arguments:
            raise CommandInvalid(Problem.SYNTAX)
        return command

    return parse


_PARSERS: Final[Mapping[bytes, Callable[[bytes], Command]]] = {
    b"LHLO": _parse_lhlo,
    b"MAIL": _parse_mail,
    b"RCPT": _parse_rcpt,
    b"DATA": _without_arguments(Data()),
    b"RSET": _without_arguments(Rset()),
    b"NOOP": lambda _: Noop(),
    b"HELP": lambda _: Help(),
    b"VRFY": _parse_vrfy,
    b"QUIT": _without_arguments(Quit()),
}
