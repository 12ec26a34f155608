"""Deliver a message from standard input to users, or to a mailbox.

USER is a user's name or address. -m alone names a mailbox as an administrator does, as board or user/alice/Lists; with
users it is one below each of theirs, and their INBOX takes what has no such mailbox. Where root or the server's user
runs it, it may do all that the server's LMTP service may; everybody else delivers with rights of her own.

Exit statuses are those of sysexits: 67 no such user or mailbox, 65 a message that cannot be stored, 77 not permitted,
69 refused for good by the mailbox or its owner, 75 for now; that last one, too, where some recipients got the message.
"""

import argparse
import os
import pwd
import re
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from angarium.cli.lmtpclient import LmtpClient, ServerReply
from angarium.cli.location import Location, add_location_arguments, location_of
from angarium.cli.serverunavailable import ServerUnavailable
from angarium.config import Settings, load_settings
from angarium.errors import ConfigError
from angarium.flags import system_flag

_ATOM: Final = re.compile(r"[!#-'*+\-./0-9=?A-Z^-z{|}~\x80-\U0010ffff]+")
_TO_QUOTE: Final = re.compile(r'(["\\])')
_UNSPEAKABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What stands in no command: it would end it, or is no text."""
_NOT_XTEXT: Final = re.compile(rb"[^!-*,-<>-~]")

_NO_ADDRESS: Final = ServerReply(501, "5.5.4", "not an address")
_TEXTS: Final = {"5.1.1": "Mailbox does not exist"}
"""In Cyrus's words, where LMTP has others; by enhanced status code."""
_STATUSES: Final = {
    "5.1.1": os.EX_NOUSER,
    "5.5.4": os.EX_NOUSER,
    "5.6.7": os.EX_NOUSER,
    "5.7.1": os.EX_NOPERM,
    "5.2.2": os.EX_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class _Refused:
    recipient: str
    reply: ServerReply

    @property
    def status(self) -> int:
        if self.reply.code < 500:
            return os.EX_TEMPFAIL
        return _STATUSES.get(self.reply.enhanced, os.EX_DATAERR)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("users", metavar="USER", nargs="*", help="a recipient")
    parser.add_argument("-m", metavar="MBOX", dest="mailbox", default="", help="the mailbox, or one below each user's")
    parser.add_argument("-a", metavar="USER", dest="sender", help="whose right to post it is; else that of anonymous")
    parser.add_argument("-r", "-f", metavar="ADDR", dest="return_path", help="where it came from (Return-Path)")
    parser.add_argument("-F", metavar="FLAG", dest="flags", action="append", default=[], help="mark it, as with seen")
    parser.add_argument("-q", dest="ignore_quota", action="store_true", help="deliver to a full mailbox too")
    duplicates = parser.add_mutually_exclusive_group()
    duplicates.add_argument(
        "-e", dest="duplicates", action="store_const", const="YES", help="not what is there already, by its Message-ID"
    )
    duplicates.add_argument(
        "-D", dest="duplicates", action="store_const", const="NO", help="also what is there already"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "-E",
        metavar="DAYS",
        dest="prune",
        help="forget what duplicates are known by after so many days; deliver nothing",
    )
    other.add_argument("-l", dest="relay", action="store_true", help="speak LMTP on standard input and output")
    parser.add_argument("-d", action="store_true", help="has no effect")
    add_location_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    location = location_of(arguments)
    if arguments.prune is not None:
        return _prune(arguments.prune, location)
    if not arguments.relay and not arguments.users and not arguments.mailbox:
        return _say("nobody to deliver to", os.EX_USAGE)
    for word in (arguments.mailbox, arguments.sender or "", arguments.return_path or "", *arguments.flags):
        if _UNSPEAKABLE.search(word):
            return _say(f"{word!r} is not a name", os.EX_USAGE)
    try:
        return _run(arguments, load_settings(location.imapd_conf).settings)
    except (ServerUnavailable, ConfigError, OSError) as error:
        # An administrator puts it right, and the mail waits for that.
        return _say(str(error), os.EX_TEMPFAIL)


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    client, is_trusted = _connect(settings)
    with client:
        if arguments.relay:
            client.relay(sys.stdin.buffer, sys.stdout.buffer)
            return os.EX_OK
        own_name = _own_name()
        if not is_trusted and (arguments.ignore_quota or arguments.sender not in (None, own_name)):
            return _say("only root and the server's user may deliver so", os.EX_NOPERM)
        client.greet(socket.gethostname())
        refused = _deliver(client, arguments, settings, own_name)
        client.quit()
    for each in refused:
        _say(f"{each.recipient}: {_TEXTS.get(each.reply.enhanced, each.reply.text)}", each.status)
    statuses = [each.status for each in refused]
    # One recipient for whom it has to be tried again has it tried again for all; others know the message by then.
    return os.EX_TEMPFAIL if os.EX_TEMPFAIL in statuses else next(iter(statuses), os.EX_OK)


def _connect(settings: Settings) -> tuple[LmtpClient, bool]:
    """The server, and whether it trusts us. ServerUnavailable."""
    directories = settings.directories
    if os.geteuid() == 0 or _is_ours(directories.lmtpsocket):
        return LmtpClient(directories.lmtpsocket), True
    return LmtpClient(directories.deliversocket), False


def _is_ours(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _deliver(client: LmtpClient, arguments: argparse.Namespace, settings: Settings, own_name: str) -> list[_Refused]:
    """Those who did not get the message."""
    unspeakable = [user for user in arguments.users if _UNSPEAKABLE.search(user)]
    refused = [_Refused(repr(user), _NO_ADDRESS) for user in unspeakable]
    names = [user for user in arguments.users if user not in unspeakable]
    if arguments.users:
        addresses = [_with_detail(user, arguments.mailbox) for user in names]
    else:
        names = [arguments.mailbox]
        addresses = [_of_mailbox(arguments.mailbox, settings)]
    if not names:
        return refused
    parameters = _parameters(arguments, is_exact=not arguments.users)
    return_path = own_name if arguments.return_path is None else arguments.return_path.strip().strip("<>")
    mail = f"MAIL FROM:<{return_path}>"
    if arguments.sender:
        mail += f" AUTH={_xtext(arguments.sender)}"
    if not all(address.isascii() for address in (return_path, *addresses)):
        mail += " SMTPUTF8"
    begun, replies = client.begin(mail, [f"RCPT TO:<{address}>{parameters}" for address in addresses])
    if not begun.is_positive:
        return [_Refused(return_path, begun)]
    refused += [_Refused(name, reply) for name, reply in zip(names, replies, strict=True) if not reply.is_positive]
    accepted = [name for name, reply in zip(names, replies, strict=True) if reply.is_positive]
    if accepted:
        outcomes = client.send_message(_message(), len(accepted))
        refused += [
            _Refused(name, reply) for name, reply in zip(accepted, outcomes, strict=True) if not reply.is_positive
        ]
    return refused


def _message() -> BinaryIO:
    return sys.stdin.buffer


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


# Addresses and parameters


def _with_detail(user: str, mailbox: str) -> str:
    local_part, at, domain = user.rpartition("@")
    if not at:
        local_part, domain = user, ""
    return _address(f"{local_part}+{mailbox}" if mailbox else local_part, domain)


def _of_mailbox(name: str, settings: Settings) -> str:
    """The address of a mailbox by its administrator's name; in a name without the separator dots are it, as of old."""
    separator = "/" if settings.namespace.unixhierarchysep and "/" in name else "."
    name, _, domain = name.partition("@")
    top, _, below = name.partition(separator)
    if top != "user" or not below:
        return _address(f"{settings.lmtp.postuser}+{name}", domain)
    user, _, detail = below.partition(separator)
    return _address(f"{user}+{detail}" if detail else user, domain)


def _address(local_part: str, domain: str) -> str:
    if not _ATOM.fullmatch(local_part):
        quoted = _TO_QUOTE.sub(r"\\\1", local_part)
        local_part = f'"{quoted}"'
    return f"{local_part}@{domain}" if domain else local_part


def _parameters(arguments: argparse.Namespace, *, is_exact: bool) -> str:
    parameters = ""
    if arguments.ignore_quota:
        parameters += " IGNOREQUOTA"
    if arguments.flags:
        parameters += f" XFLAGS={_xtext(' '.join(map(_flag, arguments.flags)))}"
    if arguments.duplicates is not None:
        parameters += f" XDUPLICATES={arguments.duplicates}"
    return parameters + (" XEXACT" if is_exact else "")


def _flag(name: str) -> str:
    """A shell may have eaten the backslash."""
    is_system = not name.startswith("\\") and system_flag(f"\\{name}") is not None
    return f"\\{name}" if is_system else name


def _xtext(text: str) -> str:
    """RFC 3461 §4."""
    return _NOT_XTEXT.sub(lambda match: b"+%02X" % match[0][0], text.encode()).decode("ascii")


# The rest


def _prune(days: str, location: Location) -> int:
    # It opens the store, for which much is loaded that a delivery does without.
    from angarium.cli import expire

    parser = argparse.ArgumentParser(prog="deliver")
    expire.add_arguments(parser)
    where: Sequence[str] = ("-C", str(location.imapd_conf))
    if location.directory is not None:
        where = ("--dir", str(location.directory))
    return expire.run(parser.parse_args(["-E", days, *where]))


def _say(text: str, status: int) -> int:
    sys.stderr.write(f"{text}\n")
    return status
