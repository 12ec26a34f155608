"""What a `cmd` of cyrus.conf means.

A command that names a program of Cyrus is served here, is not needed, or is explained; it is never run, since another
program of that name (a web server's `httpd`) may be installed. Anything else is run as it stands.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

from .quantities import DurationUnit, parse_duration

ALIASES: Final = {"expire": "cyr_expire", "proxyd": "imapd", "pop3proxyd": "pop3d", "lmtpproxyd": "lmtpd"}
"""Debian's names behind its `cyrus` program, and the names of proxies."""

NOT_SERVED: Final = {
    "httpd": "HTTP, CalDAV, CardDAV and JMAP are not served yet",
    "nntpd": "NNTP is not served yet",
    "sync_server": "replication is not served yet",
    "sync_client": "replication is not served yet",
    "mupdate": "several servers as one are not served yet",
    "fud": "the finger-like service is not served yet",
    "ptloader": "groups from outside are not served yet",
    "squatter": "full-text search is not served yet",
    "calalarmd": "calendar alarms are not served yet",
    "promstatsd": "metrics are not served yet",
    "cyr_virusscan": "the scan of stored mail is not served yet; the option virus_scan has deliveries scanned",
    "fetchnews": "NNTP is not served yet",
    "quota": "the quota tool is not served yet",
    "ipurge": "the purging tool is not served yet; use cyr_expire",
    "unexpunge": "the unexpunge tool is not served yet",
    "reconstruct": "reconstruction is not run from cyrus.conf yet",
    "ctl_mboxlist": "the dump of the mailbox list is not served yet",
    "ctl_conversationsdb": "conversations beyond thread ids are not served yet",
    "arbitron": "the counting of readers is not served yet",
    "cyr_userseen": "the removal of old seen state is not served yet",
    "chk_cyrus": "the consistency check is not served yet",
    "backupd": "backups over the network are not served",
    "ctl_backups": "backups over the network are not served",
}

NOT_NEEDED: Final = {
    "idled": "changes are announced among the workers themselves",
    "notifyd": "notifications need no daemon of their own",
    "tls_prune": "TLS sessions are resumed by tickets, without a database",
    "ptexpire": "there is no cache of groups",
    "cvt_cyrusdb": "there is one kind of database",
    "ctl_zoneinfo": "there is no database of time zones",
    "relocate_by_id": "directories of mailboxes never have names",
    "mkimap": "directories are made as they are needed",
}

# Flags of every service of Cyrus, and how many words follow each.
_MASTER_FLAGS: Final = {"-C": 1, "-U": 1, "-T": 1, "-D": 0, "-X": 0, "-H": 0}
_FLAGS: Final = {
    "imapd": {"-s": 0, "-p": 1, "-N": 0, "-q": 0},
    "lmtpd": {"-a": 0, "-s": 0, "-u": 0},
    "pop3d": {"-s": 0, "-k": 0, "-p": 1},
    "smmapd": {"-p": 0},
    "timsieved": {"-s": 0},
    "ctl_cyrusdb": {"-r": 0, "-c": 0, "-x": 0},
    "ctl_deliver": {"-d": 0, "-E": 1, "-f": 1},
    "cyr_expire": {
        "-E": 1, "-X": 1, "-D": 1, "-A": 1, "-p": 1, "-u": 1, "-t": 0, "-x": 0, "-c": 0, "-a": 0, "-v": 0,
    },
}  # fmt: skip
_WITHOUT_EFFECT: Final = {
    "-C": "there is one imapd.conf for all",
    "-U": "workers serve any number of connections",
    "-T": "workers do not end for want of connections",
    "-D": "there is no debugger to attach",
    "-X": "there is no core file to ask for",
    "-H": "proxy_protocol_from in imapd.conf names the proxies whose headers are read",
}
_IN_ACCOUNTS: Final = "marks of duplicates are in the accounts, and in no file of their own"
_WITHOUT_EFFECT_OF: Final = {
    "imapd": {
        "-p": "a layer of security outside the connection is not taken on trust",
        "-N": "passwords are always checked",
        "-q": "quota always holds",
    },
    "pop3d": {
        "-k": "KPOP has gone with Kerberos 4; clients that have Kerberos 5 log in by AUTH GSSAPI",
        "-p": "a layer of security outside the connection is not taken on trust",
    },
    "ctl_cyrusdb": {"-x": "there is nothing to clean up"},
    "ctl_deliver": {"-f": _IN_ACCOUNTS},
    "cyr_expire": {
        "-A": "archiving is not served yet",
        "-a": "there are no annotations of expiry yet",
        "-c": "references of threads do not expire",
        "-t": "keywords that no message has are not removed yet",
        "-v": "what is removed is not logged",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImapService:
    """`imapd`; with `-s`, TLS from the first octet."""

    tls: bool


@dataclass(frozen=True, slots=True)
class LmtpService:
    """`lmtpd`; with `-a`, any TCP peer may deliver. On a unix socket every peer may."""

    preauthorised: bool
    serves_users: bool = False
    """`-u`, which is ours: each peer on the unix socket is a user of the machine, with her own rights alone."""
    tls: bool = False
    """`-s`, which is ours: TLS from the first octet."""


@dataclass(frozen=True, slots=True)
class Pop3Service:
    """`pop3d`; with `-s`, TLS from the first octet."""

    tls: bool


@dataclass(frozen=True, slots=True)
class SmmapService:
    """`smmapd`, which MTAs ask for recipients; with `-p`, mail for a mailbox that is not there is mail for its user."""

    ignores_subaddress: bool


@dataclass(frozen=True, slots=True)
class SieveService:
    """`timsieved`: ManageSieve; with `-s`, which is ours, TLS from the first octet."""

    tls: bool = False


@dataclass(frozen=True, slots=True)
class RecoverCommand:
    """`ctl_cyrusdb -r`: the store opens by itself after a crash, so there is nothing left to do but say so."""


@dataclass(frozen=True, slots=True)
class CheckpointCommand:
    """`ctl_cyrusdb -c`: take rotated snapshots of the databases."""


@dataclass(frozen=True, slots=True)
class ExpireCommand:
    """`cyr_expire`, or the older `ctl_deliver -E`; each age is None where nothing of the kind is removed."""

    duplicates: timedelta | None = None
    """`-E`: marks of duplicate suppression."""
    expunged: timedelta | None = None
    """`-X`: expunged messages; `-x` keeps them."""
    deleted: timedelta | None = None
    """`-D`: deleted mailboxes."""
    prefix: str | None = None
    """`-p`: only mailboxes whose names begin so."""
    user: str | None = None
    """`-u`: only mailboxes of this user."""


@dataclass(frozen=True, slots=True)
class NotServedYet:
    """A program of Cyrus whose work is not done here."""

    program: str
    why: str


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """A program of Cyrus whose work needs no program here."""

    program: str
    why: str


@dataclass(frozen=True, slots=True)
class ExternalCommand:
    """A command of the machine; its first word is looked up in PATH unless it is a path."""

    argv: tuple[str, ...]


Command = (
    ImapService
    | LmtpService
    | Pop3Service
    | SmmapService
    | SieveService
    | RecoverCommand
    | CheckpointCommand
    | ExpireCommand
    | NotServedYet
    | NotNeeded
    | ExternalCommand
)


@dataclass(frozen=True, slots=True)
class Classified:
    """A command, and the flags of it that have no effect, each with the reason."""

    command: Command
    without_effect: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Flags:
    """Flags of a command; the last one of a name wins, as with getopt."""

    values: dict[str, str] = field(default_factory=dict)


def classify_command(cmd: str) -> Classified:
    """What a command line means; it is split at spaces, without quoting, as Cyrus does. Raises ValueError."""
    argv = tuple(cmd.split())
    if not argv:
        raise ValueError("the command is empty")
    program, arguments = _program(argv)
    if program in NOT_SERVED:
        return Classified(NotServedYet(program, NOT_SERVED[program]))
    if program in NOT_NEEDED:
        return Classified(NotNeeded(program, NOT_NEEDED[program]))
    if program not in _FLAGS:
        return Classified(ExternalCommand(argv))
    flags = _parse_flags(program, arguments)
    # A program's own flag hides the one that every service has (`-X`, `-D` of cyr_expire).
    reasons = {flag: why for flag, why in _WITHOUT_EFFECT.items() if flag not in _FLAGS[program]}
    reasons |= _WITHOUT_EFFECT_OF.get(program, {})
    without_effect = tuple((flag, reasons[flag]) for flag in flags.values if flag in reasons)
    return Classified(_command(program, flags), without_effect)


def _program(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The name of the program and its arguments, behind `nice` and Debian's `cyrus`.

    Both are looked through only where a program of Cyrus is behind them, so that `nice backup` is run as it stands.
    """
    rest = argv
    if PurePosixPath(rest[0]).name in ("nice", "ionice"):
        rest = rest[1:]
        while rest and rest[0].startswith("-"):
            # `-n 19`, `-c 3` take a word; `-19`, `-n19` do not.
            rest = rest[2:] if re.fullmatch(r"-[nc]", rest[0]) else rest[1:]
    if len(rest) > 1 and PurePosixPath(rest[0]).name == "cyrus":
        rest = rest[1:]
    if not rest:
        return PurePosixPath(argv[0]).name, argv[1:]
    name = PurePosixPath(rest[0]).name
    return ALIASES.get(name, name), rest[1:]


def _parse_flags(program: str, arguments: tuple[str, ...]) -> _Flags:
    known = _MASTER_FLAGS | _FLAGS[program]
    flags = _Flags()
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not re.fullmatch(r"-[A-Za-z].*", word):
            raise ValueError(f"{program} takes no '{word}'; allowed: {' '.join(sorted(known))}")
        letters = word[1:]
        while letters:
            flag, letters = f"-{letters[0]}", letters[1:]
            if flag not in known:
                raise ValueError(f"{program} has no flag '{flag}'; allowed: {' '.join(sorted(known))}")
            value = ""
            if known[flag]:
                if not letters and not words:
                    raise ValueError(f"{flag} of {program} needs a value")
                value, letters = letters or words.pop(0), ""
            flags.values[flag] = value
    return flags


def _command(program: str, flags: _Flags) -> Command:
    given = flags.values
    match program:
        case "imapd":
            return ImapService(tls="-s" in given)
        case "lmtpd":
            return LmtpService(preauthorised="-a" in given, serves_users="-u" in given, tls="-s" in given)
        case "pop3d":
            return Pop3Service(tls="-s" in given)
        case "smmapd":
            return SmmapService(ignores_subaddress="-p" in given)
        case "timsieved":
            return SieveService(tls="-s" in given)
        case "ctl_cyrusdb":
            return _database_command(flags)
        case "ctl_deliver" if "-E" not in given:
            return NotNeeded(
                program, "what it prints is read by nobody here; `angarium duplicates list` is for a terminal"
            )
        case _:
            return ExpireCommand(
                duplicates=_days(flags, "-E"),
                expunged=None if "-x" in given else _days(flags, "-X"),
                deleted=_days(flags, "-D"),
                prefix=given.get("-p"),
                user=given.get("-u"),
            )


def _database_command(flags: _Flags) -> RecoverCommand | CheckpointCommand:
    recover, checkpoint = "-r" in flags.values, "-c" in flags.values
    if recover == checkpoint:
        raise ValueError("ctl_cyrusdb takes either -r or -c")
    return RecoverCommand() if recover else CheckpointCommand()


def _days(flags: _Flags, flag: str) -> timedelta | None:
    text = flags.values.get(flag)
    if text is None:
        return None
    try:
        return parse_duration(text, DurationUnit.DAYS)
    except ValueError as error:
        raise ValueError(f"{flag} {text}: {error}; allowed: a duration such as 1d12h, or a number of days") from None
