"""SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 7162 §3.1.5)."""

import asyncio
import time
from collections.abc import Iterator

from angarium import searchkey
from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition
from angarium.imap.serializer import serialize_esearch, serialize_search
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.searchkey import SearchKey
from angarium.sequenceset import UidSet

from .fetching import enable_condstore, numbers_of


async def search(session: ImapSession, command: c.Search) -> Completion:
    """SEARCH; with RETURN it is answered by ESEARCH. Results are not saved (RFC 5182): `$` and SAVE are refused."""
    started_s = time.perf_counter()
    if command.returns is not None and c.SearchReturn.SAVE in command.returns:
        raise CommandFailed(Answer(b"Invalid Search return option save", condition=Condition.BAD))
    _note_keys(session, command.key)
    selected = session.mailbox
    found = await messages.search(session.services.cache, selected, command.key)
    numbers = found.uids if command.by_uid else numbers_of(selected, found.uids)
    if command.returns is None:
        await _send(session, serialize_search(numbers, modseq=found.modseq))
    else:
        await _send(session, _esearch(session.tag, command, numbers, found.modseq))
    return Completion(b"Completed (%d msgs in %.3f secs)" % (len(numbers), time.perf_counter() - started_s))


async def _send(session: ImapSession, pieces: Iterator[bytes]) -> None:
    session.output.write(next(pieces))
    for piece in pieces:
        session.output.write(piece)
        await session.output.drain()
        await asyncio.sleep(0)


def _note_keys(session: ImapSession, key: SearchKey) -> None:
    for leaf in _leaves(key):
        match leaf:
            case searchkey.SequenceNumbers(numbers) | searchkey.Uids(numbers) if numbers.is_saved_result:
                raise CommandFailed(Answer(b"Invalid Search criteria", condition=Condition.BAD))
            case searchkey.ModSeq():
                enable_condstore(session, b"MODSEQ search")


def _leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys that are not made of others; the parser bounds how deep they are nested."""
    match key:
        case searchkey.And(keys):
            for inner in keys:
                yield from _leaves(inner)
        case searchkey.Or(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case searchkey.Not(inner):
            yield from _leaves(inner)
        case _:
            yield key


def _esearch(tag: bytes, command: c.Search, numbers: UidSet, modseq: int | None) -> Iterator[bytes]:
    returns = command.returns or frozenset()
    return serialize_esearch(
        tag,
        by_uid=command.by_uid,
        count=len(numbers) if c.SearchReturn.COUNT in returns else None,
        minimum=numbers.minimum if numbers and c.SearchReturn.MIN in returns else None,
        maximum=numbers.maximum if numbers and c.SearchReturn.MAX in returns else None,
        found=numbers if c.SearchReturn.ALL in returns else None,
        modseq=modseq,
    )
