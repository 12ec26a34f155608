"""A ManageSieve client (RFC 5804): what `sieveshell` and `installsieve` need of a server."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from angarium.cli.clientlogin import identity_of, is_tls_demanded, tls_wish_of
from angarium.cli.dialogue import (
    Address,
    Login,
    ResponseLine,
    SieveWords,
    Wire,
    serialize_argument,
    serialize_literal,
    start_tls,
)
from angarium.cli.serverunavailable import ServerUnavailable

PORT = "4190"


class ScriptRefused(Exception):
    """The server says no; `str()` is what it says."""


@dataclass(frozen=True, slots=True)
class ListedScript:
    """A script of the user."""

    name: str
    is_active: bool


def parse_address(text: str, *, port: str = PORT) -> Address:
    """`host`, `host:port`, `[address]:port`, or an address of IPv6 as it is."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return Address(host, rest.removeprefix(":") or port)
    if text.count(":") == 1:
        host, _, named = text.partition(":")
        return Address(host, named or port)
    return Address(text, port)


@contextmanager
def logged_in(arguments: argparse.Namespace, address: Address) -> "Iterator[ManageSieveClient]":
    """A client that has logged in, under TLS where the server has it. ServerUnavailable, LoginRefused, OSError."""
    context = tls_wish_of(arguments).context()
    with Wire(address, show=_show_nothing) as wire:
        words = SieveWords(wire)
        offer = words.greet()
        if offer.starttls or is_tls_demanded(arguments):
            offer = start_tls(words, wire, offer, context)
        Login(words, wire, identity_of(arguments, certificate=address.is_path), show=_show_nothing).log_in(offer)
        yield ManageSieveClient(wire, words)


class ManageSieveClient:
    """Commands on the scripts of a user; each may raise ScriptRefused, and ServerUnavailable."""

    def __init__(self, wire: Wire, words: SieveWords) -> None:
        self._wire = wire
        self._words = words

    def scripts(self) -> list[ListedScript]:
        """In the server's order."""
        lines, _ = self._ask(b"LISTSCRIPTS")
        return [ListedScript(line.text, "ACTIVE" in line.atoms) for line in lines]

    def get(self, name: str) -> bytes:
        """The script as it is stored."""
        lines, _ = self._ask(b"GETSCRIPT", _encoded(name))
        if not lines:
            raise ServerUnavailable("the server says OK without a script")
        return lines[0].strings[0]

    def put(self, name: str, script: bytes) -> str:
        """Store a script; what the server warns of, or nothing."""
        return self._warnings_of(b"PUTSCRIPT", _encoded(name), serialize_literal(script))

    def check(self, script: bytes) -> str:
        """As `put`, and nothing is stored."""
        return self._warnings_of(b"CHECKSCRIPT", serialize_literal(script))

    def delete(self, name: str) -> None:
        self._ask(b"DELETESCRIPT", _encoded(name))

    def activate(self, name: str) -> None:
        """With an empty name, no script is active then."""
        self._ask(b"SETACTIVE", _encoded(name))

    def rename(self, name: str, new_name: str) -> None:
        self._ask(b"RENAMESCRIPT", _encoded(name), _encoded(new_name))

    def quit(self) -> None:
        """Say goodbye; whether the server hears it does not matter any more."""
        try:
            self._ask(b"LOGOUT")
        except (ServerUnavailable, ScriptRefused):
            pass

    def _warnings_of(self, *words: bytes) -> str:
        _, end = self._ask(*words)
        return end.text.strip() if end.code[:1] == (b"WARNINGS",) else ""

    def _ask(self, *words: bytes) -> tuple[list[ResponseLine], ResponseLine]:
        self._wire.send(b" ".join(words) + b"\r\n")
        lines, end = self._words.read_answer()
        if end.condition != "OK":
            raise ScriptRefused(end.text.strip() or "unknown error")
        return lines, end


def _encoded(name: str) -> bytes:
    return serialize_argument(name.encode("utf-8", "surrogateescape"))


def _show_nothing(_: str) -> None:
    pass
