"""From a command line to a command (RFC 5321 §4.1, RFC 2033 §4, RFC 3030 §2, and the parameters of RFC 1870, 2852,
3461, 4954, 6152 and 6531).

Cyrus takes an address without a domain, and so do we; a domain may hold what no host name would (`_`). A source route
is read and dropped (RFC 5321 §4.1.1.3). HELO and EHLO are no commands here (RFC 2033 §4.1). An address may be in UTF-8;
whether the transaction allows that, the session knows.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final

from angarium.flags import system_flag
from angarium.lmtp.commands import (
    Auth,
    Bdat,
    Body,
    Command,
    Data,
    Help,
    Lhlo,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Rset,
    StartTls,
    Vrfy,
)


class Problem(Enum):
    """What is wrong with a command line."""

    LINE_TOO_LONG = auto()
    COMMAND_UNKNOWN = auto()
    SYNTAX = auto()
    """Of the command's arguments."""
    PARAMETER_UNKNOWN = auto()
    CHUNK = auto()
    """A BDAT that does not tell how many octets follow, so that nobody knows where the next command begins."""
    HTTP = auto()
    """A browser speaks, and what follows may be commands that a page made it send."""


class CommandInvalid(Exception):
    """The line is no command."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.name)
        self.problem = problem


# Each class of octets is left by one that is not in it, so no pattern goes back and forth over a line.
# RFC 6531 §3.3: what is beyond ASCII may stand wherever letters may.
_QUOTED: Final = rb'"(?:[ !#-\[\]-~\x80-\xff]|\\[ -~])*"'
_UNQUOTED: Final = rb"[!#-'*+\-./0-9=?A-Z^-z{|}~\x80-\xff]+"
_DOMAIN: Final = rb"(?:[A-Za-z0-9._\x80-\xff-]+|\[[!-Z^-~]*\])"
_ROUTE: Final = rb"@" + _DOMAIN + rb"(?:,@" + _DOMAIN + rb")*:"
_ADDRESS: Final = rb"(?:" + _QUOTED + rb"|" + _UNQUOTED + rb")(?:@" + _DOMAIN + rb")?"

_MAIL: Final = re.compile(rb"FROM: ?<(?:(?:" + _ROUTE + rb")?(" + _ADDRESS + rb"))?>((?: .*)?)", re.IGNORECASE)
_RCPT: Final = re.compile(rb"TO: ?<(?:" + _ROUTE + rb")?(" + _ADDRESS + rb")>((?: .*)?)", re.IGNORECASE)
_PARAMETER: Final = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]+))?")
_CLIENT_NAME: Final = re.compile(rb"[!-~]{1,255}")
_SIZE: Final = re.compile(rb"[0-9]{1,20}")
_CHUNK: Final = re.compile(rb"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)
_BY: Final = re.compile(rb"-?[0-9]{1,9};[NR]T?", re.IGNORECASE)
# RFC 9051 §9: an atom, without a backslash.
_KEYWORD: Final = re.compile(r"[!#$&'+,./0-9:;<=>?@A-Z^_`a-z|~-]{1,100}")
_XTEXT: Final = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_XTEXT_CODE: Final = re.compile(rb"\+([0-9A-F]{2})")

_HTTP_METHODS: Final = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"}
)

_AUTH: Final = re.compile(rb" *([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/=]+))? *")
"""RFC 4954 §4.1; names of mechanisms as in RFC 4422 §3.1."""
_MAIL_PARAMETERS: Final = frozenset({b"SIZE", b"BODY", b"AUTH", b"SMTPUTF8", b"RET", b"ENVID", b"BY"})
_RCPT_PARAMETERS: Final = frozenset({b"IGNOREQUOTA", b"NOTIFY", b"ORCPT", b"XFLAGS", b"XDUPLICATES", b"XEXACT"})
_NOTIFY_EVENTS: Final = frozenset({"SUCCESS", "FAILURE", "DELAY"})


def parse_command(line: bytes) -> Command:
    """The command on a line without its CRLF. CommandInvalid."""
    # RFC 5321 §4.1.1: blanks before the end are to be tolerated.
    verb, _, arguments = line.rstrip(b" \t").partition(b" ")
    parse = _PARSERS.get(verb.upper())
    if parse is None:
        raise CommandInvalid(Problem.HTTP if verb in _HTTP_METHODS else Problem.COMMAND_UNKNOWN)
    return parse(arguments)


def without_8bit(address: str) -> str:
    """The address with an X for each octet above 127, as Cyrus takes it without `lmtp_strict_rfc2821`."""
    return "".join([chr(octet) if octet < 128 else "X" for octet in address.encode(errors="surrogateescape")])


def is_utf8(address: str) -> bool:
    """Whether an address came as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in address)


def _parse_lhlo(arguments: bytes) -> Lhlo:
    if _CLIENT_NAME.fullmatch(arguments) is None:
        raise CommandInvalid(Problem.SYNTAX)
    return Lhlo(arguments.decode("ascii"))


def _parse_mail(arguments: bytes) -> Mail:
    match = _MAIL.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.SYNTAX)
    return_path = _decode_address(match[1] or b"")
    if not match[2]:
        return Mail(return_path)
    parameters = _parse_parameters(match[2], _MAIL_PARAMETERS)
    return Mail(
        return_path,
        _parse_size(parameters.get(b"SIZE", b"0")),
        _parse_body(parameters.get(b"BODY")),
        _parse_submitter(parameters.get(b"AUTH", b"<>")),
        _has_keyword(parameters, b"SMTPUTF8"),
        _parse_ret(parameters.get(b"RET")),
        _parse_envid(parameters.get(b"ENVID")),
        _parse_by(parameters.get(b"BY")),
    )


def _parse_rcpt(arguments: bytes) -> Rcpt:
    match = _RCPT.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.SYNTAX)
    address = _decode_address(match[1])
    if not match[2]:
        return Rcpt(address)
    parameters = _parse_parameters(match[2], _RCPT_PARAMETERS)
    return Rcpt(
        address,
        _has_keyword(parameters, b"IGNOREQUOTA"),
        _parse_notify(parameters.get(b"NOTIFY")),
        _parse_orcpt(parameters.get(b"ORCPT")),
        _parse_flags(parameters.get(b"XFLAGS")),
        _parse_duplicates(parameters.get(b"XDUPLICATES")),
        _has_keyword(parameters, b"XEXACT"),
    )


def _parse_auth(arguments: bytes) -> Auth:
    match = _AUTH.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.SYNTAX)
    return Auth(match[1].decode().upper(), match[2])


def _parse_bdat(arguments: bytes) -> Bdat:
    match = _CHUNK.fullmatch(arguments)
    if match is None:
        raise CommandInvalid(Problem.CHUNK)
    return Bdat(int(match[1]), is_last=match[2] is not None)


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
    return "" if value == b"<>" else _decode_xtext(value)


def _parse_ret(value: bytes | None) -> str:
    if value is None:
        return ""
    ret = value.upper()
    if ret not in (b"FULL", b"HDRS"):
        raise CommandInvalid(Problem.SYNTAX)
    return ret.decode("ascii")


def _parse_envid(value: bytes | None) -> str:
    return "" if value is None else _decode_xtext(value)


def _parse_by(value: bytes | None) -> str:
    if value is None:
        return ""
    if _BY.fullmatch(value) is None:
        raise CommandInvalid(Problem.SYNTAX)
    return value.decode("ascii").upper()


def _parse_notify(value: bytes | None) -> tuple[str, ...]:
    if value is None:
        return ()
    events = tuple(value.decode("latin-1").upper().split(","))
    if events != ("NEVER",) and (len(set(events)) < len(events) or not _NOTIFY_EVENTS.issuperset(events)):
        raise CommandInvalid(Problem.SYNTAX)
    return events


def _parse_orcpt(value: bytes | None) -> str:
    if value is None:
        return ""
    kind, semicolon, address = value.partition(b";")
    if not semicolon or _PARAMETER.fullmatch(kind) is None or not kind.isascii():
        raise CommandInvalid(Problem.SYNTAX)
    return f"{kind.decode('ascii')};{_decode_text(address) if not address.isascii() else _decode_xtext(address)}"


def _parse_flags(value: bytes | None) -> tuple[str, ...]:
    names = () if value is None else tuple(_decode_xtext(value).split(" "))
    if not all(system_flag(name) is not None or _KEYWORD.fullmatch(name) for name in names):
        raise CommandInvalid(Problem.SYNTAX)
    return names


def _parse_duplicates(value: bytes | None) -> bool | None:
    if value is None:
        return None
    if value.upper() not in (b"YES", b"NO"):
        raise CommandInvalid(Problem.SYNTAX)
    return value.upper() == b"YES"


def _has_keyword(parameters: Mapping[bytes, bytes], keyword: bytes) -> bool:
    """Whether a parameter is there that has no value."""
    if parameters.get(keyword):
        raise CommandInvalid(Problem.SYNTAX)
    return keyword in parameters


def _decode_address(address: bytes) -> str:
    # What is no UTF-8 is seen by its surrogates, of which no name has any.
    return address.decode(errors="surrogateescape")


def _decode_xtext(value: bytes) -> str:
    """RFC 3461 §4."""
    if _XTEXT.fullmatch(value) is None:
        raise CommandInvalid(Problem.SYNTAX)
    return _decode_text(_XTEXT_CODE.sub(lambda match: bytes((int(match[1], 16),)), value))


def _decode_text(text: bytes) -> str:
    try:
        return text.decode()
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
    b"BDAT": _parse_bdat,
    b"STARTTLS": _without_arguments(StartTls()),
    b"AUTH": _parse_auth,
    b"RSET": _without_arguments(Rset()),
    b"NOOP": lambda _: Noop(),
    b"HELP": lambda _: Help(),
    b"VRFY": _parse_vrfy,
    b"QUIT": _without_arguments(Quit()),
}
