"""A login tried by hand: the dialogue is shown, and then the terminal is passed through to the server."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from angarium.cli.clientlogin import add_name_arguments, add_proof_arguments, identity_of, is_tls_demanded, tls_wish_of
from angarium.cli.dialogue import (
    Address,
    ImapWords,
    Login,
    LoginRefused,
    LoginWords,
    SessionSocket,
    Wire,
    pass_through,
    start_tls,
)
from angarium.cli.printable import printable
from angarium.cli.serverunavailable import ServerUnavailable

EPILOG = """\
What is shown holds the password where the mechanism sends it (PLAIN, LOGIN), or the token. Certificates are not looked
at without --verify or --ca. The exit status is 0 for a refused login, too, as with Cyrus (77 with -x or -X), and 69
without a server.

What connects to the socket of -x or -X is logged in already; only its owner may. A program that says goodbye leaves the
session to the next one, in IMAP and LMTP; it ends when none has come for ten minutes."""


@dataclass(frozen=True, slots=True)
class TriedProtocol:
    """What is tried."""

    words: Callable[[Wire], LoginWords]
    port: str
    tls_port: str | None = None
    """Where TLS comes first; None where it never does."""
    mechanisms: str = ""
    """What -m takes beside mechanisms."""


def add_test_arguments(parser: argparse.ArgumentParser, protocol: TriedProtocol) -> None:
    parser.epilog = EPILOG
    parser.add_argument("host", metavar="HOST", nargs="?", default="localhost", help="the server, or a socket's path")
    parser.add_argument("-p", metavar="PORT", dest="port", help=f"the port; {_ports(protocol)}")
    add_name_arguments(parser)
    add_proof_arguments(parser, password_option="-w", mechanisms=protocol.mechanisms)
    if protocol.tls_port is not None:
        parser.add_argument("-s", dest="is_tls_first", action="store_true", help="begin with TLS")
    parser.add_argument(
        "-t", metavar="FILE", dest="keyfile", help='begin TLS by command; FILE has a certificate and its key, "" none'
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("-f", metavar="FILE", dest="commands", type=Path, help="send FILE after the login")
    source.add_argument(
        "-x", metavar="PATH", dest="socket", type=Path, help="lend the session to programs that connect to a socket"
    )
    source.add_argument("-X", metavar="PATH", dest="daemon_socket", type=Path, help="the same, in the background")
    parser.add_argument(
        "-I", metavar="FILE", dest="pid_file", type=Path, help="write the id of the process, for -x, -X"
    )
    parser.add_argument("-n", metavar="NUMBER", dest="logins", type=_count, default=1, help="log in so many times")
    parser.add_argument("-i", dest="without_initial", action="store_true", help="have the server ask first")
    parser.add_argument("-z", dest="is_timed", action="store_true", help="say how long the logins took, and end")
    parser.add_argument(
        "-k", metavar="BITS", dest="least_bits", type=int, default=0, help="the least strength of encryption"
    )
    parser.add_argument("-l", metavar="BITS", help="has no effect: no mechanism encrypts by itself")
    parser.add_argument("-o", metavar="OPTION=VALUE", action="append", help="has no effect")
    parser.add_argument("-c", action="store_true", help="has no effect")
    parser.add_argument("-v", dest="is_verbose", action="store_true", help="say more of TLS and the mechanism")
    if protocol.words is ImapWords:
        parser.add_argument("-q", dest="compresses", action="store_true", help="compress what follows the login")
    parser.set_defaults(is_tls_first=False, compresses=False)


def run_test(arguments: argparse.Namespace, protocol: TriedProtocol) -> int:
    port = arguments.port or (protocol.tls_port if arguments.is_tls_first and protocol.tls_port else protocol.port)
    test = _Test(arguments, protocol, Address(arguments.host, port))
    try:
        return test.run()
    except ServerUnavailable as error:
        sys.stderr.write(printable(f"angarium: {error}") + "\n")
        return os.EX_UNAVAILABLE


class _Test:
    def __init__(self, arguments: argparse.Namespace, protocol: TriedProtocol, address: Address) -> None:
        self._arguments = arguments
        self._protocol = protocol
        self._address = address
        self._context = tls_wish_of(arguments, keyfile=arguments.keyfile).context()
        is_known = bool(arguments.keyfile) or address.is_path
        self._identity = identity_of(arguments, certificate=is_known)

    def run(self) -> int:
        """All logins, each on a connection of its own; the terminal is for the last."""
        if self._arguments.pid_file is not None:
            _write_pid(self._arguments.pid_file, os.getpid())
        with self._commands() as source:
            return self._run(source)

    def _run(self, source: int) -> int:
        status = os.EX_OK
        began_s = time.monotonic()
        for number in range(1, self._arguments.logins + 1):
            if number > 1:
                _show("")
            with Wire(self._address, show=_show) as wire:
                words = self._protocol.words(wire)
                is_logged_in = self._log_in(wire, words)
                path = self._arguments.socket or self._arguments.daemon_socket
                if number < self._arguments.logins or self._arguments.is_timed:
                    _end(wire, words)
                elif path is not None and is_logged_in:
                    self._lend(wire, words, path)
                elif path is not None:
                    _end(wire, words)
                    status = os.EX_NOPERM
                else:
                    is_shown = self._arguments.commands is not None
                    pass_through(wire, source, sys.stdout.buffer, farewell=words.farewell, is_shown=is_shown)
            _show("Connection closed.")
        if self._arguments.is_timed:
            _show(f"took {time.monotonic() - began_s:.3f} seconds")
        return status

    def _lend(self, wire: Wire, words: LoginWords, path: Path) -> None:
        """To programs, until they have done with it. The socket goes when this process is told to end, too."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with SessionSocket(path) as opened:
            if self._arguments.daemon_socket is not None:
                _go_into_background(self._arguments.pid_file)
            if opened.lend(wire, words):
                _end(wire, words)

    def _log_in(self, wire: Wire, words: LoginWords) -> bool:
        """Whether the server lets us in."""
        is_logged_in = False
        try:
            self._try(wire, words)
        except LoginRefused as error:
            _show(f"Authentication failed. {error}")
        else:
            is_logged_in = True
            _show("Authenticated.")
        _show(f"Security strength factor: {wire.strength_bits}")
        compresses = is_logged_in and self._arguments.compresses
        if compresses and isinstance(words, ImapWords) and words.compress():
            wire.start_compression()
        return is_logged_in

    def _try(self, wire: Wire, words: LoginWords) -> None:
        arguments = self._arguments
        if arguments.is_tls_first:
            wire.start_tls(self._context)
        offer = words.greet()
        if arguments.keyfile is not None and not arguments.is_tls_first:
            offer = start_tls(words, wire, offer, self._context)
        if arguments.is_verbose and wire.is_tls:
            _show(f"SHA-256 of the server's certificate: {wire.certificate_digest}")
        if is_tls_demanded(arguments) and not wire.is_tls:
            raise LoginRefused("there is no certificate without TLS")
        if wire.strength_bits < arguments.least_bits:
            raise LoginRefused("no mechanism available")
        login = Login(
            words,
            wire,
            self._identity,
            show=_show,
            sends_initial=not arguments.without_initial,
            is_verbose=arguments.is_verbose,
        )
        login.log_in(offer)

    @contextmanager
    def _commands(self) -> Iterator[int]:
        """The descriptor that they come from."""
        file = self._arguments.commands
        if file is None:
            yield sys.stdin.fileno()
            return
        with file.open("rb") as opened:
            yield opened.fileno()


def _end(wire: Wire, words: LoginWords) -> None:
    """Say goodbye, and show what the server says until it closes the connection."""
    wire.send_line(words.farewell)
    try:
        while True:
            wire.read_line()
    except ServerUnavailable:
        pass


def _go_into_background(pid_file: Path | None) -> None:
    """Goes on in a child that has no terminal; this process ends. OSError."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        if pid_file is not None:
            _write_pid(pid_file, child)
        # Nothing is cleaned up: it is the child's now.
        os._exit(os.EX_OK)
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _write_pid(file: Path, pid: int) -> None:
    """OSError."""
    file.write_text(f"{pid}\n")


def _show(text: str) -> None:
    # As what is passed through: octets that may be no text.
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def _ports(protocol: TriedProtocol) -> str:
    return protocol.port if protocol.tls_port is None else f"{protocol.port}, with -s {protocol.tls_port}"


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no number of logins")
    return int(word)
