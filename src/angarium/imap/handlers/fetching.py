"""FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4), and FETCH responses for whoever has to tell of messages."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from angarium.engine.rows import ModSeq, Uid
from angarium.fetchitem import BinarySection, BinarySize, BodySection, FetchAttribute, FetchItem, sets_seen
from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.fetchtemplate import END, FetchTemplate, serialize_literal_head
from angarium.imap.responses import Condition, ResponseCode, code_number, serialize_status
from angarium.imap.session import CommandFailed, Completion, FlagsTold, ImapSession
from angarium.operations import messages
from angarium.operations.messages import Column, FetchBatch, SectionColumn, SectionStream
from angarium.sequenceset import SequenceSet, UidSet
from angarium.store import SelectedMailbox

from .fetchcolumns import template_values

NO_MESSAGES: Final = Answer(b"No matching messages")
EXPUNGED: Final = Answer(b"Some of the messages no longer exist", ResponseCode.EXPUNGEISSUED)
_MISSING: Final = Answer(b"Some messages could not be read: their files are missing", ResponseCode.CORRUPTION)
_NO_SAVED_RESULT: Final = Answer(b"Search results are not saved here", condition=Condition.BAD)

_COPIED_OCTETS: Final = 4096
"""Sections up to this size are put together with what is around them."""

_Item = FetchAttribute | BodySection
_Columns = dict[_Item, Column]
_Section = bytes | SectionStream | None
_Head = tuple[bytes, tuple[bytes, ...]]
"""A response up to its sections, and the labels of these."""


async def fetch(session: ImapSession, command: c.Fetch) -> Completion:
    """FETCH."""
    started_s = time.perf_counter()
    if any(isinstance(item, BinarySection | BinarySize) for item in command.items):
        raise CommandFailed(Answer(b"Invalid Fetch attribute BINARY", condition=Condition.BAD))
    uids = chosen_uids(session.mailbox, command.messages, by_uid=command.by_uid)
    if not uids and not command.by_uid:
        raise CommandFailed(NO_MESSAGES)
    items = _items(session, command)
    since = None if command.changed_since is None else ModSeq(command.changed_since)
    missing = await send_fetch(session, uids, items, changed_since=since)
    if missing:
        # The files of messages that others expunged may be gone already, which is nobody's fault.
        lost = session.mailbox.view.indexes_of(missing).size
        raise CommandFailed(_MISSING if lost else EXPUNGED)
    return Completion(b"Completed (%.3f sec)" % (time.perf_counter() - started_s))


# Which messages


def chosen_uids(selected: SelectedMailbox, messages_asked: SequenceSet, *, by_uid: bool) -> UidSet:
    """The messages that a command names, of those that the client was told of."""
    if messages_asked.is_saved_result:
        raise CommandFailed(_NO_SAVED_RESULT)
    return selected.uids_from(messages_asked) if by_uid else selected.known_uids_of(messages_asked)


def numbers_of(selected: SelectedMailbox, uids: UidSet) -> UidSet:
    """The sequence numbers of messages that the client was told of."""
    return UidSet.from_array(selected.numbers_of(uids.to_array().astype(np.uint32)))


# Mod-sequences


def enable_condstore(session: ImapSession, by: bytes) -> None:
    """The client has shown that it knows mod-sequences; tell it the mailbox's once (RFC 7162 §3.1)."""
    if session.condstore:
        return
    session.condstore = True
    if session.selected is not None:
        code = code_number(b"HIGHESTMODSEQ", session.selected.highestmodseq)
        session.output.write(serialize_status(Condition.OK, b"CONDSTORE enabled by " + by, code=code))


def _items(session: ImapSession, command: c.Fetch) -> list[FetchItem]:
    """What is sent: MODSEQ is implied by CHANGEDSINCE (RFC 7162 §3.1.4.1), and both show a client that knows it."""
    items = list(command.items)
    if command.changed_since is not None and FetchAttribute.MODSEQ not in items:
        items.append(FetchAttribute.MODSEQ)
    if FetchAttribute.MODSEQ in items:
        enable_condstore(session, b"MODSEQ fetch" if command.changed_since is None else b"CHANGEDSINCE")
    return items


def flags_items(session: ImapSession) -> tuple[FetchAttribute, ...]:
    """What is told of a message whose flags changed: with MODSEQ for a client that knows it (RFC 7162 §3.1)."""
    if session.condstore:
        return (FetchAttribute.FLAGS, FetchAttribute.MODSEQ)
    return (FetchAttribute.FLAGS,)


# Responses


async def send_fetch(
    session: ImapSession, uids: UidSet, items: Iterable[FetchItem], *, changed_since: ModSeq | None = None
) -> UidSet:
    """Write FETCH responses in slices, at the client's pace; gives the messages whose files are missing.

    Sections without PEEK set `\\Seen`; the flags of these messages are then told with the sections.
    """
    wanted = tuple([item for item in dict.fromkeys(items) if isinstance(item, FetchAttribute | BodySection)])
    may_set_seen = sets_seen(wanted) and FetchAttribute.FLAGS not in wanted
    with_flags = tuple(dict.fromkeys((*wanted, *flags_items(session)))) if may_set_seen else wanted
    selected = session.mailbox
    missing: list[Uid] = []
    told: FlagsTold | None = None
    batches = messages.fetch(
        session.services.store,
        session.services.cache,
        session.user,
        selected,
        uids,
        with_flags,
        changed_since=changed_since,
    )
    plain_template, flags_template = FetchTemplate(wanted), FetchTemplate(with_flags)
    async with contextlib.aclosing(batches) as slices:
        async for batch in slices:
            if told is None:
                told_uids = batch.newly_seen if may_set_seen else uids
                told = FlagsTold(told_uids, selected.view.modseq, selected.seen)
            missing += batch.missing
            columns = dict(zip(with_flags, batch.columns, strict=True))
            numbers = selected.numbers_of(batch.uids).tolist()
            sections = [_sections(columns[item]) for item in wanted if isinstance(item, BodySection)]
            tells_flags = may_set_seen and batch.newly_seen
            literals = None if tells_flags else _small_literals(sections)
            if literals is not None:
                session.output.write(plain_template.responses(_rows(plain_template, numbers, columns, literals)))
                await session.output.drain()
                continue
            rows = _heads(plain_template, numbers, columns)
            if tells_flags:
                rows = _with_flags_where_new(batch, rows, _heads(flags_template, numbers, columns))
            await _send_sections(session, rows, sections)
    if told is not None and changed_since is None and not missing:
        _note_told(session, told, with_flags)
    return UidSet.from_numbers(missing)


def _note_told(session: ImapSession, told: FlagsTold, items: Sequence[_Item]) -> None:
    """What these responses have told in full is not told once more at the end of the command."""
    if all(item in items for item in flags_items(session)):
        session.flags_told = told


def _rows(
    template: FetchTemplate, numbers: list[int], columns: _Columns, sections: Iterable[list[bytes]] = ()
) -> Iterator[tuple[int | bytes, ...]]:
    values = [template_values(columns[attribute]) for attribute in template.attributes]
    literals = [octets for section in sections for octets in (map(len, section), section)]
    return zip(numbers, *values, *literals, strict=True)


def _heads(template: FetchTemplate, numbers: list[int], columns: _Columns) -> list[_Head]:
    return [(template.head(row), template.labels) for row in _rows(template, numbers, columns)]


def _with_flags_where_new(batch: FetchBatch, plain: list[_Head], with_flags: list[_Head]) -> list[_Head]:
    """FLAGS only for messages whose `\\Seen` this FETCH has set, as Cyrus does (RFC 9051 §6.4.5)."""
    newly = batch.newly_seen
    return [
        flags_head if uid in newly else plain_head
        for uid, plain_head, flags_head in zip(batch.uids.tolist(), plain, with_flags, strict=True)
    ]


def _sections(column: Column) -> list[_Section]:
    assert isinstance(column, SectionColumn)
    return column.values


def _small_literals(columns: list[list[_Section]]) -> list[list[bytes]] | None:
    """The columns, where all sections in them are small and can be literals."""
    chosen: list[list[bytes]] = []
    for column in columns:
        literals = [section for section in column if isinstance(section, bytes) and 0 < len(section) <= _COPIED_OCTETS]
        if len(literals) < len(column):
            return None
        chosen.append(literals)
    return chosen


async def _send_sections(session: ImapSession, heads: list[_Head], columns: list[list[_Section]]) -> None:
    """In pieces: what is before a section, and its octets, which are not copied."""
    output = session.output
    before = b""
    for (head, labels), *row in zip(heads, *columns, strict=True):
        before += head
        for label, section in zip(labels, row, strict=True):
            before += label
            match section:
                case None:
                    before += b"NIL"
                case b"":
                    before += b'""'
                case bytes():
                    output.write(before + serialize_literal_head(len(section)))
                    output.write(section)
                    before = b""
                case SectionStream():
                    output.write(before + serialize_literal_head(section.size_octets))
                    before = b""
                    async for chunk in section.chunks():
                        output.write(chunk)
                        await output.drain()
        before += END
        await output.drain()
    output.write(before)
