"""The command line: one module a command, of which only the one that is called is imported.

Exit statuses are those of sysexits. What goes wrong is one line for each fault on standard error, never a traceback.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol, cast

from angarium import __version__
from angarium.cli.exitstatus import exit_status
from angarium.errors import AngariumError

log = logging.getLogger(__name__)

_SAME_NAMES: Final = (
    "cyr_deny",
    "deliver",
    "imtest",
    "installsieve",
    "lmtptest",
    "pop3test",
    "saslpasswd2",
    "sasldblistusers2",
    "sieveshell",
    "sivtest",
    "testsaslauthd",
)
LINKS: Final = {
    **{name: name for name in _SAME_NAMES},
    "ctl_deliver": "duplicates",
    "cyr_expire": "expire",
    "mbpath": "path",
}
"""Commands that are meant where the program is called through a link, by the name that Cyrus has for them."""
_STANDARD_ERROR: Final = 2
_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells count."""


class CommandModule(Protocol):
    """What the module of a command holds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Gives the exit status; raises AngariumError, or OSError for files that were named."""


@dataclass(frozen=True, slots=True)
class _Command:
    module: str
    summary: str


COMMANDS: Final = {
    "serve": _Command("serve", "run the server"),
    "user": _Command("user", "add, change, remove and list users"),
    "saslpasswd2": _Command("saslpasswd2", "give a user a password and a shared secret, or remove her"),
    "sasldblistusers2": _Command("sasldblistusers2", "list shared secrets, or the users of a sasldb"),
    "testsaslauthd": _Command("testsaslauthd", "ask a saslauthd about a password"),
    "cyr_deny": _Command("cyrdeny", "keep users out of services, or let them in again"),
    "path": _Command("path", "print the directory of a mailbox (mbpath)"),
    "lockouts": _Command("lockouts", "list or release who is held back"),
    "who": _Command("who", "list who is connected"),
    "conf": _Command("conf", "check the configuration"),
    "checkpoint": _Command("checkpoint", "fold logs in and take snapshots of the databases (ctl_cyrusdb -c)"),
    "expire": _Command("expire", "remove what was expunged or deleted long enough ago (cyr_expire)"),
    "duplicates": _Command("duplicates", "show or forget what duplicates are known by (ctl_deliver)"),
    "sieve": _Command("sieve", "manage, check, test and translate Sieve scripts"),
    "queue": _Command("queue", "list, retry and drop outgoing mail that waits"),
    "deliver": _Command("deliver", "deliver a message from standard input"),
    "sieveshell": _Command("sieveshell", "manage scripts on a server"),
    "installsieve": _Command("installsieve", "put a script on a server, or take one from it"),
    "imtest": _Command("imtest", "try a login over IMAP"),
    "pop3test": _Command("pop3test", "try a login over POP3"),
    "sivtest": _Command("sivtest", "try a login over ManageSieve"),
    "lmtptest": _Command("lmtptest", "try a login over LMTP"),
    "install-links": _Command("installlinks", "make links with the names that Cyrus has"),
    "reconstruct": _Command("reconstruct", "rebuild accounts from the directories of their mailboxes"),
    "version": _Command("version", "print the version"),
}


class _Parser(argparse.ArgumentParser):
    """Refuses as all commands do."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(os.EX_USAGE, f"angarium: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit status. Help and wrong usage raise SystemExit with it."""
    _open_standard_streams()
    words = _called_words(sys.argv) if argv is None else list(argv)
    try:
        arguments, module = _parse(words)
        status = module.run(arguments)
        sys.stdout.flush()
    except AngariumError as error:
        _report(str(error) or type(error).__name__)
        return exit_status(error)
    except BrokenPipeError:
        # The reader, as in `angarium user list | head`, has seen enough; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return os.EX_OK
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _report(f"{where}{error.strerror or error}")
        return os.EX_IOERR
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        log.debug("command_failed", exc_info=True)
        _report(f"internal error: {type(error).__name__}: {error}")
        return os.EX_SOFTWARE
    return status


def _open_standard_streams() -> None:
    """Those that the caller has closed: a file of the store that got such a number would get what is printed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(_STANDARD_ERROR, "w")


def _called_words(argv: Sequence[str]) -> list[str]:
    name = os.path.basename(argv[0])
    return [LINKS[name], *argv[1:]] if name in LINKS else list(argv[1:])


def _parse(words: Sequence[str]) -> tuple[argparse.Namespace, CommandModule]:
    called = words[0] if words else ""
    parser = _Parser(
        prog="angarium",
        description="A mail store, its tools, and clients to try it. What needs the store finds it by --dir or -C.",
        epilog="`angarium COMMAND --help` tells more. Exit statuses are those of sysexits: 0 is well, 64 wrong usage, "
        "65 something refused for what it is, 75 try again, 78 a fault in the configuration.",
    )
    parser.add_argument("--version", action="version", version=f"Angarium {__version__}")
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    module: CommandModule | None = None
    refuser = parser
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.summary)
        if name == called:
            refuser = subparser
            # Its threads would be made at the import of numpy, and the master must have none when it forks.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            module = cast(CommandModule, importlib.import_module(f"angarium.cli.{command.module}"))
            subparser.description = module.__doc__
            subparser.formatter_class = argparse.RawDescriptionHelpFormatter
            module.add_arguments(subparser)
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        # The parser itself would show how all commands are used, and not this one.
        refuser.error(f"unrecognized arguments: {' '.join(unknown)}")
    assert module is not None, "the parser takes a command first"
    return arguments, module


def _report(text: str) -> None:
    for line in text.splitlines():
        sys.stderr.write(f"angarium: {line}\n")
