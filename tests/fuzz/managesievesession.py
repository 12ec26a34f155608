"""A session of ManageSieve over a store in memory, from its greeting to its end."""

import asyncio
import re
from pathlib import Path
from typing import Final

from tests.errorlog import no_errors_logged
from tests.managesieve.office import Office, settings
from tests.store.world import World

_RUNS: Final = 100
"""With one store."""
_HANGS_S: Final = 60.0
_STRING: Final = rb'(?:"(?:[^"\\\r\n\x00]|\\["\\])*+"|\{([0-9]+)\}\r\n)'
_WORDS: Final = re.compile(rb" ?(?:" + _STRING + rb"|[()]|[A-Z/-]+)")

_LOGIN: Final = b'AUTHENTICATE "PLAIN" "AGFsaWNlAHNlY3JldA=="\r\n'
_SCRIPTS: Final = b"""\
PUTSCRIPT "a" {37+}
require "fileinto"; fileinto "Spam";

HAVESPACE "b" 400
PUTSCRIPT {1+}
b "keep;"
CHECKSCRIPT {9+}
nonsense;
SETACTIVE "a"
LISTSCRIPTS
GETSCRIPT "a"
RENAMESCRIPT "b" "c"
DELETESCRIPT "c"
SETACTIVE ""
CAPABILITY
NOOP "x"
UNAUTHENTICATE
LOGOUT
"""
_OTHERS: Final = b"""\
CAPABILITY
STARTTLS
NOOP {3+}
abc
AUTHENTICATE "PLAIN"
{20+}
AGFsaWNlAHNlY3JldA==
PUTSCRIPT "x" {99999+}
LOGIN
AUTHENTICATE "LOGIN"
"*"
GET / HTTP/1.1
"""

SEEDS: Final = [
    b"\x20" + _LOGIN + _SCRIPTS.replace(b"\n", b"\r\n"),
    b"\x80" + _OTHERS.replace(b"\n", b"\r\n"),
]
"""The first octet is where the octets are cut."""
WORDS: Final = [
    *(b"PUTSCRIPT ", b"CHECKSCRIPT ", b"SETACTIVE ", b"GETSCRIPT ", b"DELETESCRIPT ", b"RENAMESCRIPT ", b"HAVESPACE "),
    *(b"LISTSCRIPTS\r\n", b"CAPABILITY\r\n", b"NOOP ", b"LOGOUT\r\n", b"UNAUTHENTICATE\r\n", b"STARTTLS\r\n", _LOGIN),
    *(b"AUTHENTICATE ", b'"PLAIN"', b'"LOGIN"', b'"*"\r\n', b'"YWxpY2U="\r\n', b'"a"', b'"b"', b'""', b'"\xc3\xbc"'),
    *(
        b"{3+}\r\n",
        b"{0+}\r\n",
        b"{3}\r\n",
        b"{40000+}\r\n",
        b"keep;",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b'"',
        b"\\",
        b" ",
    ),
]


class _Now:
    """The store of now."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.runs = 0
        self.office: Office | None = None

    def fresh_enough(self) -> Office:
        if self.office is None or self.runs % _RUNS == 0:
            if self.office is not None:
                self.runner.run(self.office.world.engine.close())
            world = self.runner.run(World.open("memory", Path()))
            self.office = Office(world, settings("max_commands_before_login: 50"))
        self.runs += 1
        return self.office


_now = _Now()


def run(data: bytes) -> None:
    """What it says are lines of words, literals as long as they say, and it ends when the client does."""
    if not data:
        return
    office = _now.fresh_enough()
    stream = data[1:]
    cut = data[0] * len(stream) // 256

    async def converse() -> bytes:
        async with asyncio.timeout(_HANGS_S):
            return await office.converse([stream[:cut], stream[cut:]])

    with no_errors_logged():
        said = _now.runner.run(converse())
    position = 0
    while position < len(said):
        position = _end_of_line(said, position)
    assert not office.seats


def _end_of_line(said: bytes, position: int) -> int:
    while not said.startswith(b"\r\n", position):
        match = _WORDS.match(said, position)
        assert match is not None, said[position : position + 80]
        position = match.end() + int(match[1] or 0)
        assert position <= len(said)
    return position + 2
