"""Programs that mail is piped to, as far as Sieve does what they do."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_ADDRESS: Final = re.compile(r"[^\s@\"<>(),;:\\\[\]]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_FORMAIL: Final = re.compile(r"\bformail\b")
_SENDMAIL: Final = re.compile(r"(?:sendmail|SENDMAIL)\b")
_INTERVAL: Final = re.compile(r"([0-9]{1,6})([smhdw]?)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "": 86400, "d": 86400, "w": 7 * 86400}
_SENDMAIL_VALUES: Final = frozenset({"-f", "-r", "-F", "-o"})
_DELIVER_VALUES: Final = frozenset({"-a", "-f", "-r", "-F", "-E", "-p", "-d", "-C"})


@dataclass(frozen=True, slots=True)
class Answers:
    """vacation, or what does as it does."""

    days: int | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sends:
    """Forwards to these."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivers:
    """Files into a mailbox of the user by its components; none: INBOX."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindsDuplicates:
    """`formail -D`: succeeds where the message was there before."""


@dataclass(frozen=True, slots=True)
class CallsProcmail:
    pass


@dataclass(frozen=True, slots=True)
class OtherProgram:
    """What Sieve has nothing for; the reason says so."""

    reason: str


Program = Answers | Sends | Delivers | FindsDuplicates | CallsProcmail | OtherProgram


def is_address(text: str) -> bool:
    """Whether mail can be redirected to it."""
    return _ADDRESS.fullmatch(text) is not None


def is_local_part(text: str) -> bool:
    """Whether it is the name of a user of the machine, as it stands alone for an address."""
    return _LOCAL_PART.fullmatch(text) is not None


def program_of(words: Sequence[str], command: str) -> Program:
    """What a command does; `command` is how it is written, where it is more than one program."""
    words = list(words)
    while words and (words[0] in ("exec", "IFS=", "&&") or re.fullmatch(r"[A-Z]+=.*", words[0], re.DOTALL)):
        words.pop(0)
    name = words[0].rpartition("/")[2] if words else ""
    if name == "procmail":
        return CallsProcmail()
    if re.search(r"[;&|<>()]", command):
        return _compound(command)
    match name:
        case "vacation":
            return _vacation(words[1:])
        case "sendmail":
            return _sendmail(words[1:])
        case "deliver" | "cyrdeliver" if "dovecot" not in words[0]:
            return _deliver(words[1:])
        case "deliver" | "dovecot-lda" | "dovecot-deliver":
            return _dovecot(words[1:])
        case "formail":
            return _formail(words[1:])
        case _:
            return OtherProgram(f"Sieve runs no programs ({name or command})")


def _compound(command: str) -> Program:
    is_answer = _has_option(re.split(r"[|;]", command), _FORMAIL, r"-[A-Za-z]*r")
    if re.search(r"\bvacation\b", command) or (is_answer and _has_option(command.split("\n"), _SENDMAIL, r"-[a-z]*t")):
        return Answers()
    if _FORMAIL.search(command):
        return OtherProgram("Sieve runs no programs (formail and others)")
    return OtherProgram("Sieve runs no commands of the shell")


def _has_option(parts: Iterable[str], program: re.Pattern[str], option: str) -> bool:
    """Whether one of the parts has the program and the option behind it."""
    for part in parts:
        found = program.search(part)
        if found is not None and re.search(option, part[found.end() :]):
            return True
    return False


def _vacation(words: Sequence[str]) -> Answers:
    days: int | None = None
    addresses: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        option, value = word[:2], word[2:]
        if option in ("-a", "-t", "-r", "-f", "-m", "-s", "-i") and not value and waiting and option != "-i":
            value = waiting.pop(0)
        if option in ("-t", "-r") and (interval := _INTERVAL.fullmatch(value)):
            days = min(max(-(-int(interval[1]) * _SECONDS[interval[2]] // 86400), 1), 365)
        elif option == "-a":
            addresses.append(value)
    return Answers(days, tuple(addresses))


def _sendmail(words: Sequence[str]) -> Program:
    addresses: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in _SENDMAIL_VALUES and waiting:
            waiting.pop(0)
        elif word == "-t":
            return OtherProgram("sendmail would take the recipients from the message")
        elif not word.startswith("-"):
            addresses.append(word)
    return Sends(tuple(addresses)) if addresses else OtherProgram("sendmail is given no recipient")


def _deliver(words: Sequence[str]) -> Program:
    """That of Cyrus: `-m user.joe.lists`, or `-m lists joe`."""
    mailbox = ""
    users: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in _DELIVER_VALUES and waiting:
            waiting.pop(0)
        elif word == "-m" and waiting:
            mailbox = waiting.pop(0)
        elif not word.startswith("-"):
            users.append(word)
    names = [name for name in re.split(r"[./]", mailbox) if name]
    if not users and names[:1] == ["user"] and len(names) > 1:
        return Delivers(tuple(names[2:]))
    if len(users) == 1:
        return Delivers(tuple(names))
    return OtherProgram("deliver is given no mailbox of the user")


def _dovecot(words: Sequence[str]) -> Program:
    waiting = list(words)
    mailbox = ""
    while waiting:
        word = waiting.pop(0)
        if word == "-m" and waiting:
            mailbox = waiting.pop(0)
        elif word in ("-d", "-a", "-f", "-r", "-c", "-p") and waiting:
            waiting.pop(0)
    names = tuple(name for name in re.split(r"[./]", mailbox) if name)
    return Delivers(() if names in (("INBOX",), ("inbox",)) else names)


def _formail(words: Sequence[str]) -> Program:
    if words[:1] == ["-D"] or (words and re.fullmatch(r"-[a-z]*D", words[0])):
        return FindsDuplicates()
    return OtherProgram("Sieve runs no programs (formail)")
