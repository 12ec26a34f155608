"""A connection of a socket map over a store in memory: any octets, cut in two."""

import asyncio
from pathlib import Path
from typing import Final

from tests.errorlog import no_errors_logged
from tests.lmtp.post import settings
from tests.store.world import World

from angarium.names import UserId
from angarium.smmap.lookup import answer
from angarium.smmap.netstring import NetstringInvalid, NetstringParser

SEEDS: Final = [
    b"\x80" + b"9:map alice,14:map alice+Work,10:map nosuch,7:foo bar,5:alice,4:map ,0:,",
    b"\x40" + "13:map ü+x@b.c,6:map +b,12:map user.bob,".encode(),
]
"""The first octet is where the octets are cut."""
WORDS: Final = [
    b"map ",
    b"alice",
    b"+Work",
    b"@example.org",
    b":",
    b",",
    b"9:",
    b"0:,",
    b"\0",
    b"\xff",
    b'"',
    b"+",
    b".",
]

_runner = asyncio.Runner()
_world = _runner.run(World.open("memory", Path()))
_settings = settings("lmtp_fuzzy_mailbox_match: yes\npostuser: post\nautocreate_quota: 500\nautocreate_post: yes")


async def _no_groups(_: UserId) -> frozenset[str]:
    return frozenset()


def run(data: bytes) -> None:
    """Each request has an answer of a known kind, and what is no netstring ends it."""
    if not data:
        return
    cut = data[0] * (len(data) - 1) // 256
    parser = NetstringParser()
    with no_errors_logged():
        for chunk in (data[1 : 1 + cut], data[1 + cut :]):
            parser.receive_data(chunk)
            try:
                while (request := parser.next_string()) is not None:
                    asked = answer(_world.store, _settings, request, groups_of=_no_groups, ignores_subaddress=False)
                    said = _runner.run(asked)
                    assert said.partition(b" ")[0] in (b"OK", b"NOTFOUND", b"PERM"), said
            except NetstringInvalid:
                return
