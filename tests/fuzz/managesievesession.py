"""A session of ManageSieve over a store in memory, from its greeting to its end."""

import re
from typing import Final

from tests.fuzz.conversation import Conversations
from tests.managesieve.office import Office, settings

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


_conversations = Conversations(lambda world: Office(world, settings("max_commands_before_login: 50")))


def run(data: bytes) -> None:
    """What it says are lines of words, literals as long as they say, and it ends when the client does."""
    if not data:
        return
    said, office = _conversations.converse(data)
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
