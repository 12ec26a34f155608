"""A session of POP3 over a store in memory, from its greeting to its end."""

from typing import Final

from tests.fuzz.conversation import Conversations
from tests.imap.commandtexts import MAILS
from tests.pop3.office import Office, settings
from tests.store.world import World

_LOGIN: Final = b"USER alice\r\nPASS secret\r\n"
_ALL: Final = b"""\
STAT
LIST
LIST 1
UIDL
UIDL 2
RETR 1
RETR 2
TOP 1 0
TOP 2 1
DELE 1
RETR 1
RSET
DELE 2
NOOP
LANG
LANG de
QUIT
"""
_BEFORE: Final = b"""\
CAPA
AUTH
UTF8
STLS
APOP alice 0123456789abcdef
AUTH PLAIN
*
AUTH LOGIN
YWxpY2U=
!
LANG fr
USER
PASS x
TOP 1
AUTH PLAIN AGFsaWNlAHNlY3JldA==
STAT
"""

SEEDS: Final = [
    b"\x10" + _LOGIN + _ALL.replace(b"\n", b"\r\n"),
    b"\x80" + _BEFORE.replace(b"\n", b"\r\n") + _ALL,
    b"\xf0AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\nDELE 1\r\nDELE 2\r\nQUIT\r\n",
]
"""The first octet is where the octets are cut."""
WORDS: Final = [
    *(_LOGIN, b"STAT\r\n", b"LIST", b"UIDL", b"RETR ", b"TOP ", b"DELE ", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n"),
    *(b"CAPA\r\n", b"AUTH ", b"PLAIN", b"LOGIN", b"APOP ", b"STLS\r\n", b"UTF8\r\n", b"LANG ", b"*\r\n", b"="),
    *(b" 1", b" 2", b" 0", b" 4294967296", b"\r", b"\n", b"\r\n", b"\0", b"\xff", b"AGFsaWNlAHNlY3JldA==\r\n"),
]


def _office(world: World) -> Office:
    return Office(world, settings("max_bad_commands: 1000")).with_secrets()


_conversations = Conversations(_office, lambda office: office.add("user.alice", *MAILS))


def run(data: bytes) -> None:
    """Each answer is one, whole, and the session ends when the client does."""
    if not data:
        return
    said, office = _conversations.converse(data)
    assert said.startswith(b"+OK ")
    assert said.endswith(b"\r\n")
    is_within = False
    for line in said.split(b"\r\n")[:-1]:
        if is_within:
            is_within = line != b"."
        elif line.endswith(b" follows"):
            is_within = True
        elif not (line.startswith((b"+OK", b"-ERR ", b"+ "))):
            # In another language the words tell less.
            assert b"LANG" in data.upper(), line
            return
    assert not is_within
    assert not office.seats
