"""Making the batches of one FETCH from the view, from contents, and from message files."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from angarium import mime
from angarium.engine.interface import MessageFile
from angarium.engine.rows import Content, Uid
from angarium.fetchitem import BodySection, FetchAttribute, Partial, SectionKind
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.columns import (
    BytesColumn,
    Column,
    DateColumn,
    FetchBatch,
    FlagsColumn,
    MessageFlags,
    NumberColumn,
    SectionColumn,
    SectionStream,
)
from angarium.sequenceset import UidSet
from angarium.store import Indexes, SelectedMailbox
from angarium.store.objectids import email_object_id, thread_object_id

STREAMED_FROM_OCTETS = 1 << 18
"""Sections of this size and above are read while they are sent."""
_BATCH_OCTETS = 1 << 19

_CONTENT_ATTRIBUTES: dict[FetchAttribute, Callable[[Content], bytes]] = {
    FetchAttribute.ENVELOPE: attrgetter("envelope"),
    FetchAttribute.BODY: attrgetter("body"),
    FetchAttribute.BODYSTRUCTURE: attrgetter("bodystructure"),
}
_MIME_KINDS = {
    SectionKind.WHOLE: mime.SectionKind.BODY,
    SectionKind.HEADER: mime.SectionKind.HEADER,
    SectionKind.HEADER_FIELDS: mime.SectionKind.HEADER,
    SectionKind.HEADER_FIELDS_NOT: mime.SectionKind.HEADER,
    SectionKind.TEXT: mime.SectionKind.TEXT,
    SectionKind.MIME: mime.SectionKind.MIME,
}

_RECENT = np.uint16(1 << 15)
"""Beside the system flags, which are in the low bits."""
_CODE_BITS = np.uint64(16)
_KEYWORDS_BESIDE_CODE = 48
"""So many have room in one number with the system flags."""

_SectionValue = bytes | SectionStream | None


class BatchMaker:
    """Makes batches for one FETCH; holds the view and the seen state as they were when it began."""

    def __init__(
        self,
        cache: MessageCache,
        selected: SelectedMailbox,
        items: Sequence[FetchAttribute | BodySection],
        newly_seen: UidSet,
    ) -> None:
        self._cache = cache
        self._selected = selected
        self._view = selected.view
        self._seen = selected.seen
        self._account = selected.mailbox.account
        self._mailbox = selected.mailbox.id
        self._items = items
        self._newly_seen = newly_seen
        self._sections = [item for item in items if isinstance(item, BodySection)]
        self._needs_content = any(
            item in _CONTENT_ATTRIBUTES if isinstance(item, FetchAttribute) else _is_within_message(item)
            for item in items
        )

    @property
    def has_sections(self) -> bool:
        """Whether message files are read."""
        return bool(self._sections)

    @property
    def has_fields_alone(self) -> bool:
        """Whether all that is read from message files are fields of their top headers, which the cache remembers."""
        return all(map(_is_top_fields, self._sections))

    async def batches(self, indexes: Indexes) -> AsyncGenerator[FetchBatch, None]:
        """The rows at `indexes`: one batch, or several where sections are large."""
        present: list[Content] = []
        missing: list[Uid] = []
        if self._needs_content:
            ids, uids = self._view.content[indexes].tolist(), self._view.uid[indexes].tolist()
            contents = await self._cache.contents(self._account, self._mailbox, ids, uids)
            present = [content for content in contents if content is not None]
            if len(present) < len(contents):
                missing = [uid for uid, content in zip(uids, contents, strict=True) if content is None]
                indexes = indexes[np.array([content is not None for content in contents], dtype=np.bool_)]
        if not self._sections:
            yield self._batch(indexes, present, {}, missing)
            return
        if missing:
            yield self._batch(indexes[:0], [], {}, missing)
        if self.has_fields_alone:
            yield await self._header_fields_batch(indexes, present)
            return
        async for batch in self._section_batches(indexes, present):
            yield batch

    async def _header_fields_batch(self, indexes: Indexes, contents: list[Content]) -> FetchBatch:
        """The one thing of message files that is remembered, so no row needs a look of its own."""
        cached = await self._cached_fields(indexes)
        missing: list[Uid] = []
        if any(None in values for values in cached.values()):
            there = np.array([None not in values for values in zip(*cached.values(), strict=True)], dtype=np.bool_)
            missing = self._view.uid[indexes[~there]].tolist()
            kept = np.flatnonzero(there).tolist()
            cached = {section: [values[row] for row in kept] for section, values in cached.items()}
            contents = [contents[row] for row in kept] if contents else contents
            indexes = indexes[there]
        sections = {id(section): _partials(cached[section], section.partial) for section in self._sections}
        return self._batch(indexes, contents, sections, missing)

    async def _section_batches(self, indexes: Indexes, contents: list[Content]) -> AsyncGenerator[FetchBatch, None]:
        cached = await self._cached_fields(indexes)
        rows = _Rows()
        try:
            for row, index in enumerate(indexes.tolist()):
                fields = {section: values[row] for section, values in cached.items()}
                await self._read_row(rows, row, index, contents[row] if contents else None, fields)
                if rows.octets >= _BATCH_OCTETS or rows.files:
                    yield self._batch_of(rows, indexes, contents)
                    rows.close()
                    rows = _Rows()
            if rows.places or rows.missing:
                yield self._batch_of(rows, indexes, contents)
        finally:
            rows.close()

    async def _cached_fields(self, indexes: Indexes) -> dict[BodySection, list[bytes | None]]:
        """HEADER.FIELDS of the messages themselves, which clients ask for all the time."""
        sections = [section for section in self._sections if _is_top_fields(section)]
        if not sections:
            return {}
        ids, uids = self._view.content[indexes].tolist(), self._view.uid[indexes].tolist()
        return {
            section: await self._cache.header_fields(self._account, self._mailbox, _selection(section), ids, uids)
            for section in sections
        }

    async def _read_row(
        self, rows: "_Rows", row: int, index: int, content: Content | None, fields: dict[BodySection, bytes | None]
    ) -> None:
        """Read the sections of one message; where its file is lost the row is missing."""
        uid = int(self._view.uid[index])
        file: MessageFile | None = None
        values: list[_SectionValue] = []
        try:
            for section in self._sections:
                if fields and section in fields:  # the hash of a section costs a microsecond
                    block = fields[section]
                    if block is None:
                        rows.missing.append(Uid(uid))
                        return
                    values.append(_partial(block, section.partial))
                    continue
                if file is None:
                    file = await self._cache.open(self._account, self._mailbox, uid)
                    if file is None:
                        rows.missing.append(Uid(uid))
                        return
                values.append(await _read_section(file, section, content))
            rows.add(row, values)
            if any(isinstance(value, SectionStream) for value in values) and file is not None:
                rows.files.append(file)
                file = None
        finally:
            if file is not None:
                file.close()

    def _batch_of(self, rows: "_Rows", indexes: Indexes, contents: list[Content]) -> FetchBatch:
        chosen = [contents[place] for place in rows.places] if contents else []
        columns = dict(zip(map(id, self._sections), map(list, zip(*rows.values, strict=True)), strict=False))
        return self._batch(indexes[np.array(rows.places, dtype=np.intp)], chosen, columns, rows.missing)

    def _batch(
        self,
        indexes: Indexes,
        contents: list[Content],
        sections: dict[int, list[_SectionValue]],
        missing: Sequence[Uid],
    ) -> FetchBatch:
        columns = tuple(
            [
                SectionColumn(sections.get(id(item), []))
                if isinstance(item, BodySection)
                else self._attribute_column(item, indexes, contents)
                for item in self._items
            ]
        )
        return FetchBatch(self._view.uid[indexes], columns, tuple(missing), self._newly_seen)

    def _attribute_column(self, item: FetchAttribute, indexes: Indexes, contents: list[Content]) -> Column:
        view = self._view
        match item:
            case FetchAttribute.FLAGS:
                return self._flags_column(indexes)
            case FetchAttribute.UID:
                return NumberColumn(view.uid[indexes].tolist())
            case FetchAttribute.INTERNALDATE:
                return DateColumn(view.date_s[indexes].tolist(), view.zone_min[indexes].tolist())
            case FetchAttribute.MODSEQ:
                return NumberColumn(self._seen.modseqs(view, indexes).tolist())
            case FetchAttribute.RFC822_SIZE:
                return NumberColumn(view.size_octets[indexes].tolist())
            case FetchAttribute.SAVEDATE:
                return DateColumn(view.saved_s[indexes].tolist(), [0] * len(indexes))
            case FetchAttribute.EMAILID:
                return BytesColumn([email_object_id(email).encode() for email in view.email_id[indexes].tolist()])
            case FetchAttribute.THREADID:
                return BytesColumn([thread_object_id(thread).encode() for thread in view.thread_id[indexes].tolist()])
            case FetchAttribute.ENVELOPE | FetchAttribute.BODY | FetchAttribute.BODYSTRUCTURE:
                return BytesColumn(list(map(_CONTENT_ATTRIBUTES[item], contents)))
            case FetchAttribute.DIGEST_SHA1:
                raise ValueError(f"{item} is not served")

    def _flags_column(self, indexes: Indexes) -> FlagsColumn:
        """Few combinations of flags stand for many messages, so only the combinations are made into values."""
        view = self._view
        codes = self._seen.flags(view, indexes) | self._selected.is_recent(view.uid[indexes]) * _RECENT
        low, high = view.keywords_low[indexes], view.keywords_high[indexes]
        if len(view.row.keywords) <= _KEYWORDS_BESIDE_CODE:
            combinations = codes | low << _CODE_BITS
        else:
            combinations = _ranks(low) << _CODE_BITS | _ranks(high) << 2 * _CODE_BITS | codes
        _, rows, index = np.unique(combinations, return_index=True, return_inverse=True)
        bits = zip(codes[rows].tolist(), low[rows].tolist(), high[rows].tolist(), strict=True)
        distinct = [
            MessageFlags(view.flags_of(code & ~int(_RECENT), low_bits, high_bits), bool(code & int(_RECENT)))
            for code, low_bits, high_bits in bits
        ]
        return FlagsColumn(distinct, index)


class _Rows:
    """Rows of a batch that is being made, and the files that its streams read."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.values: list[list[_SectionValue]] = []
        self.missing: list[Uid] = []
        self.files: list[MessageFile] = []
        self.octets = 0

    def add(self, place: int, values: list[_SectionValue]) -> None:
        self.places.append(place)
        self.values.append(values)
        self.octets += sum(len(value) for value in values if isinstance(value, bytes))

    def close(self) -> None:
        for file in self.files:
            file.close()
        self.files = []


def _ranks(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Small numbers that are equal where `bits` are; there are fewer than 65,536 rows."""
    return np.unique(bits, return_inverse=True)[1].astype(np.uint64)


def _is_whole_message(section: BodySection) -> bool:
    return not section.part and section.kind is SectionKind.WHOLE


def _is_top_fields(section: BodySection) -> bool:
    return bool(section.fields) and not section.part


def _is_within_message(section: BodySection) -> bool:
    """Whether it is found by the ranges of parts, which are in the content."""
    return not _is_whole_message(section) and not _is_top_fields(section)


def _selection(section: BodySection) -> mime.FieldSelection:
    return mime.field_selection(section.fields, exclude=section.kind is SectionKind.HEADER_FIELDS_NOT)


def _partial(block: bytes, partial: Partial | None) -> bytes:
    return block if partial is None else block[partial.offset : partial.offset + partial.count]


def _partials(blocks: list[bytes | None], partial: Partial | None) -> list[_SectionValue]:
    return [None if block is None else _partial(block, partial) for block in blocks]


async def _read_section(file: MessageFile, section: BodySection, content: Content | None) -> _SectionValue:
    octets = _range_of(file, section, content)
    if octets is None:
        return None
    if section.fields:
        block = await file.read(octets.offset, octets.size)
        return _partial(mime.select_fields(block, _selection(section)), section.partial)
    if section.partial is not None:
        start = min(section.partial.offset, octets.size)
        octets = replace(octets, offset=octets.offset + start, size=min(section.partial.count, octets.size - start))
    if octets.size >= STREAMED_FROM_OCTETS:
        return SectionStream(file, octets.offset, octets.size)
    return await file.read(octets.offset, octets.size)


def _range_of(file: MessageFile, section: BodySection, content: Content | None) -> mime.ByteRange | None:
    if _is_whole_message(section) or content is None:
        return mime.ByteRange(0, file.size_octets)
    return mime.section(mime.decode_parts(content.parts), section.part, _MIME_KINDS[section.kind])
