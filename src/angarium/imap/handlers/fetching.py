"""FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4), and FETCH responses for whoever has to tell of messages."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from angarium.engine.rows import ModSeq, Uid
from angarium.fetchitem import Annotation, BinarySection, BinarySize, FetchAttribute, FetchItem, Preview, sets_seen
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer
from angarium.imap.fetchtemplate import END, FetchTemplate, SectionItem, serialize_literal_head
from angarium.imap.responses import Condition, ResponseCode, code_downgraded, code_number
from angarium.imap.session import CommandFailed, Completion, FlagsTold, ImapSession
from angarium.operations import messages
from angarium.operations.messages import Column, FetchBatch, NumberColumn, SectionColumn, SectionStream
from angarium.sequenceset import SequenceSet, UidSet
from angarium.store import SelectedMailbox

from .annotationcolumn import annotated_at_once, annotation_column, check_annotations
from .fetchcolumns import template_values
from .messagelimit import Limited, concluded, message_limit, require_count, tell_apart, within_limit
from .resyncing import send_vanished_earlier

NO_MESSAGES: Final = Answer(b"No matching messages")
EXPUNGED: Final = Answer(b"Some of the messages no longer exist", ResponseCode.EXPUNGEISSUED)
_MISSING: Final = Answer(b"Some messages could not be read: their files are missing", ResponseCode.CORRUPTION)
_UNKNOWN_CTE: Final = Answer(b"Unknown content-transfer-encoding", ResponseCode.UNKNOWN_CTE)

_COPIED_OCTETS: Final = 4096
"""Sections up to this size are put together with what is around them."""

_Item = FetchAttribute | Preview | Annotation | SectionItem
_Columns = dict[_Item, Column]
_Section = bytes | SectionStream | int | None
_Head = tuple[bytes, tuple[bytes, ...]]
"""A response up to its sections, and the labels of these."""


async def fetch(session: ImapSession, command: c.Fetch) -> Completion:
    """FETCH."""
    started_s = time.perf_counter()
    uids = chosen_uids(session.mailbox, command.messages, by_uid=command.by_uid)
    if not uids and not command.by_uid and not command.messages.is_saved_result:
        raise CommandFailed(NO_MESSAGES)
    items = _items(session, command)
    since = None if command.changed_since is None else ModSeq(command.changed_since)
    if command.vanished and since is not None:
        await send_vanished_earlier(session, _named_uids(session, command), since)
    limited = _within_limit(session, command, uids, since)
    untold = await send_fetch(session, limited.uids, items, changed_since=since, descending=bool(limited.code))
    if untold.missing or untold.undecodable:
        tell_apart(session, limited)
    if untold.missing:
        # The files of messages that others expunged may be gone already, which is nobody's fault.
        lost = session.mailbox.view.indexes_of(untold.missing).size
        raise CommandFailed(_MISSING if lost else EXPUNGED)
    if untold.undecodable:
        raise CommandFailed(_UNKNOWN_CTE)
    text = b"Completed (%.3f sec)" % (time.perf_counter() - started_s)
    done = Completion(text, code_downgraded(untold.downgraded) if untold.downgraded else b"")
    return concluded(session, done, limited)


def _within_limit(session: ImapSession, command: c.Fetch, uids: UidSet, since: ModSeq | None) -> Limited:
    """The messages that are told of; a window that is too wide is refused (RFC 9738 §3.1)."""
    if command.partial is not None:
        uids = command.partial.of(uids)
    if message_limit(session) is None:
        return Limited(uids)
    limited = within_limit(session, uids if since is None else messages.changed_after(session.mailbox, uids, since))
    if limited.code and command.partial is not None:
        require_count(message_limit(session), len(uids))
    return limited


# Which messages


def chosen_uids(selected: SelectedMailbox, messages_asked: SequenceSet, *, by_uid: bool) -> UidSet:
    """The messages that a command names, of those that the client was told of."""
    return selected.uids_from(messages_asked) if by_uid else selected.known_uids_of(messages_asked)


def _named_uids(session: ImapSession, command: c.Fetch) -> UidSet:
    """The UIDs that a command names, whether anything has them or not."""
    if command.messages.is_saved_result:
        return chosen_uids(session.mailbox, command.messages, by_uid=True)
    last = session.mailbox.told().ranges[-1:]
    return command.messages.resolve(last[0][1] if last else 0)


def numbers_of(selected: SelectedMailbox, uids: UidSet) -> UidSet:
    """The sequence numbers of messages that the client was told of."""
    return UidSet.from_array(selected.numbers_of(uids.to_array().astype(np.uint32)))


# Mod-sequences


def enable_condstore(session: ImapSession, by: bytes) -> None:
    """The client has shown that it knows mod-sequences; tell it the mailbox's once (RFC 7162 §3.1)."""
    if session.condstore:
        return
    session.enable(Extension.CONDSTORE)
    if session.selected is not None:
        code = code_number(b"HIGHESTMODSEQ", session.selected.highestmodseq)
        session.tell(Condition.OK, b"CONDSTORE enabled by " + by, code)


def _items(session: ImapSession, command: c.Fetch) -> list[FetchItem]:
    """What is sent: MODSEQ is implied by CHANGEDSINCE (RFC 7162 §3.1.4.1), and both show a client that knows it."""
    items = list(command.items)
    if command.changed_since is not None and FetchAttribute.MODSEQ not in items:
        items.append(FetchAttribute.MODSEQ)
    if FetchAttribute.MODSEQ in items:
        enable_condstore(session, b"MODSEQ fetch" if command.changed_since is None else b"CHANGEDSINCE")
    check_annotations([item for item in items if isinstance(item, Annotation)])
    if Preview() in items and Preview(lazy=True) in items:
        items.remove(Preview(lazy=True))
    return items


def flags_items(session: ImapSession) -> tuple[FetchAttribute, ...]:
    """What is told of a message whose flags changed.

    With UID and MODSEQ for a client that knows mod-sequences (RFC 7162 §3.2.4); UIDFETCH has the UID anyway.
    """
    if not session.condstore:
        return (FetchAttribute.FLAGS,)
    if Extension.UIDONLY in session.enabled:
        return (FetchAttribute.FLAGS, FetchAttribute.MODSEQ)
    return (FetchAttribute.FLAGS, FetchAttribute.UID, FetchAttribute.MODSEQ)


# Responses


@dataclass(frozen=True, slots=True)
class Untold:
    """Messages that have got no FETCH response, or not a whole one."""

    missing: UidSet
    """Their files are lost."""
    undecodable: UidSet
    """They have parts in an unknown transfer encoding (RFC 3516 §4.3)."""
    downgraded: UidSet
    """These have got one, with less than there is to tell (RFC 6858 §3)."""


async def send_fetch(
    session: ImapSession,
    uids: UidSet,
    items: Iterable[FetchItem],
    *,
    changed_since: ModSeq | None = None,
    descending: bool = False,
) -> Untold:
    """Write FETCH responses in slices, at the client's pace; `descending`, those of the highest UIDs first.

    Sections without PEEK set `\\Seen`; the flags of these messages are then told with the sections.
    """
    wanted = tuple(dict.fromkeys(items))
    annotations = [item for item in wanted if isinstance(item, Annotation)]
    has_binary = any(isinstance(item, BinarySection | BinarySize) for item in wanted)
    may_set_seen = sets_seen(wanted) and FetchAttribute.FLAGS not in wanted
    with_flags = tuple(dict.fromkeys((*wanted, *flags_items(session)))) if may_set_seen else wanted
    selected = session.mailbox
    missing: list[Uid] = []
    undecodable: list[Uid] = []
    downgraded: list[Uid] = []
    told: FlagsTold | None = None
    read = [item for item in with_flags if not isinstance(item, Annotation)]
    batches = messages.fetch(
        session.services.store,
        session.services.cache,
        session.user,
        selected,
        uids,
        read,
        changed_since=changed_since,
        rows_at_most=annotated_at_once(selected, annotations),
        descending=descending,
        takes_utf8=session.parser.dialect.quotes_utf8,
        decodes_parameters=session.is_rev2,
    )
    uid_only = Extension.UIDONLY in session.enabled
    plain_template = FetchTemplate(wanted, uid_only=uid_only)
    flags_template = FetchTemplate(with_flags, uid_only=uid_only)
    async with contextlib.aclosing(batches) as slices:
        async for batch in slices:
            if told is None:
                told_uids = batch.newly_seen if may_set_seen else uids
                told = FlagsTold(told_uids, selected.view.modseq, selected.seen)
            missing += batch.missing
            undecodable += batch.undecodable
            downgraded += batch.downgraded
            columns: _Columns = dict(zip(read, batch.columns, strict=True))
            for item in annotations:
                columns[item] = await annotation_column(selected, item, batch.uids)
            numbers = (batch.uids if uid_only else selected.numbers_of(batch.uids)).tolist()
            sections = [_sections(columns[item]) for item in wanted if isinstance(item, SectionItem)]
            tells_flags = may_set_seen and batch.newly_seen
            literals = None if tells_flags or has_binary else _small_literals(sections)
            if literals is not None:
                session.output.write(plain_template.responses(_rows(plain_template, numbers, columns, literals)))
                await session.output.drain()
                continue
            rows = _heads(plain_template, numbers, columns)
            if tells_flags:
                rows = _with_flags_where_new(batch, rows, _heads(flags_template, numbers, columns))
            await _send_sections(session, rows, sections)
    if told is not None and changed_since is None and not missing and not undecodable:
        _note_told(session, told, with_flags)
    return Untold(*map(UidSet.from_numbers, (missing, undecodable, downgraded)))


def _note_told(session: ImapSession, told: FlagsTold, items: Sequence[_Item]) -> None:
    """What these responses have told in full is not told once more at the end of the command."""
    if all(item in items for item in flags_items(session) if item is not FetchAttribute.UID):
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


def _sections(column: Column) -> Sequence[_Section]:
    assert isinstance(column, SectionColumn | NumberColumn)
    return column.values


def _small_literals(columns: Sequence[Sequence[_Section]]) -> list[list[bytes]] | None:
    """The columns, where all sections in them are small and can be literals."""
    chosen: list[list[bytes]] = []
    for column in columns:
        literals = [section for section in column if isinstance(section, bytes) and 0 < len(section) <= _COPIED_OCTETS]
        if len(literals) < len(column):
            return None
        chosen.append(literals)
    return chosen


async def _send_sections(session: ImapSession, heads: list[_Head], columns: Sequence[Sequence[_Section]]) -> None:
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
                case int():
                    before += b"%d" % section
                case b"":
                    before += b'""'
                case bytes():
                    output.write(before + serialize_literal_head(len(section), is_binary=b"\0" in section))
                    output.write(section)
                    before = b""
                case SectionStream():
                    output.write(before + serialize_literal_head(section.size_octets, is_binary=section.has_nul))
                    before = b""
                    async for chunk in section.chunks():
                        output.write(chunk)
                        await output.drain()
        before += END
        await output.drain()
    output.write(before)
