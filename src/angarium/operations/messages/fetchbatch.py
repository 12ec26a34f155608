"""Making the batches of one FETCH from the view, from contents, from what is remembered, and from message files."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from angarium.engine.interface import MessageFile
from angarium.engine.rows import Content, ContentId, Uid
from angarium.fetchitem import BinarySection, BinarySize, BodySection, FetchAttribute, Partial, Preview
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
    TextColumn,
)
from angarium.operations.messages.sectionreader import (
    ReadSections,
    SectionItem,
    SectionReader,
    SectionValue,
    Unreadable,
    field_selection,
    is_top_fields,
    is_within_message,
    part_of_block,
)
from angarium.sequenceset import UidSet
from angarium.store import Indexes, SelectedMailbox
from angarium.store.objectids import email_object_id, thread_object_id

FetchedItem = FetchAttribute | Preview | SectionItem
"""What a FETCH of messages can ask for."""

_BATCH_OCTETS = 1 << 19

_CONTENT_ATTRIBUTES: dict[FetchAttribute, Callable[[Content], bytes]] = {
    FetchAttribute.ENVELOPE: attrgetter("envelope"),
    FetchAttribute.BODY: attrgetter("body"),
    FetchAttribute.BODYSTRUCTURE: attrgetter("bodystructure"),
}

_RECENT = np.uint16(1 << 15)
"""Beside the system flags, which are in the low bits."""
_CODE_BITS = np.uint64(16)
_KEYWORDS_BESIDE_CODE = 48
"""So many have room in one number with the system flags."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some messages, and what was got for each of them; the lists are empty where nothing needs them."""

    indexes: Indexes
    contents: list[Content]
    texts: Mapping[FetchedItem, Sequence[str | None]]
    """Of digests and previews."""

    def take(self, places: list[int]) -> "_Slice":
        return _Slice(
            self.indexes[np.array(places, dtype=np.intp)],
            [self.contents[place] for place in places] if self.contents else [],
            {item: [values[place] for place in places] for item, values in self.texts.items()},
        )


class BatchMaker:
    """Makes batches for one FETCH; holds the view and the seen state as they were when it began."""

    def __init__(
        self,
        cache: MessageCache,
        selected: SelectedMailbox,
        items: Sequence[FetchedItem],
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
        self._sections = [item for item in items if isinstance(item, SectionItem)]
        self._texts = [item for item in items if isinstance(item, Preview) or item is FetchAttribute.DIGEST_SHA1]
        self._reader = SectionReader(cache, self._account, self._mailbox, self._sections)
        self._needs_content = any(_needs_content(item) for item in items)

    @property
    def reads_files(self) -> bool:
        """Whether message files are read."""
        return bool(self._sections or self._texts)

    @property
    def reads_what_is_remembered(self) -> bool:
        """Whether all that is read from message files is remembered by the cache, as fields of their top headers."""
        return all(map(is_top_fields, self._sections))

    async def batches(self, indexes: Indexes) -> AsyncGenerator[FetchBatch, None]:
        """The rows at `indexes`: one batch, or several where sections are large."""
        rows, missing = await self._gather(indexes)
        if not self._sections:
            yield self._batch(rows, {}, missing)
            return
        if missing:
            yield self._batch(rows.take([]), {}, missing)
        if self.reads_what_is_remembered:
            yield await self._header_fields_batch(rows)
            return
        async for batch in self._section_batches(rows):
            yield batch

    async def _gather(self, indexes: Indexes) -> tuple[_Slice, list[Uid]]:
        """Contents, digests and previews of the messages, and those of which one is lost."""
        if not self._needs_content and not self._texts:
            return _Slice(indexes, [], {}), []
        ids, uids = self._view.content[indexes].tolist(), self._view.uid[indexes].tolist()
        contents: list[Content | None] = []
        if self._needs_content:
            contents = await self._cache.contents(self._account, self._mailbox, ids, uids)
        texts: dict[FetchedItem, Sequence[str | None]] = {}
        for item in self._texts:
            texts[item] = await self._texts_of(item, ids, uids)
        required: list[Sequence[Content | str | None]] = [contents] if self._needs_content else []
        required += [values for item, values in texts.items() if item != Preview(lazy=True)]
        there = list(range(len(uids)))
        missing: list[Uid] = []
        if any(None in values for values in required):
            whole = [None not in values for values in zip(*required, strict=True)]
            there = [place for place, is_whole in enumerate(whole) if is_whole]
            missing = [Uid(uid) for uid, is_whole in zip(uids, whole, strict=True) if not is_whole]
        known = [content for content in map(contents.__getitem__, there) if content is not None] if contents else []
        chosen = {item: [values[place] for place in there] for item, values in texts.items()}
        return _Slice(indexes[there] if missing else indexes, known, chosen), missing

    async def _texts_of(self, item: FetchedItem, ids: list[int], uids: list[int]) -> Sequence[str | None]:
        if not isinstance(item, Preview):
            return await self._cache.sha1_digests(self._account, self._mailbox, ids, uids)
        if item.lazy:
            return await self._cache.known_previews(self._account, ids)
        return await self._cache.previews(self._account, self._mailbox, ids, uids)

    async def _header_fields_batch(self, rows: _Slice) -> FetchBatch:
        """The one thing of message files that is remembered, so no row needs a look of its own."""
        cached = await self._cached_fields(rows.indexes)
        missing: list[Uid] = []
        if any(None in values for values in cached.values()):
            whole = [None not in values for values in zip(*cached.values(), strict=True)]
            there = [place for place, is_whole in enumerate(whole) if is_whole]
            missing = self._view.uid[rows.indexes[~np.array(whole, dtype=np.bool_)]].tolist()
            cached = {section: [values[place] for place in there] for section, values in cached.items()}
            rows = rows.take(there)
        sections = {id(section): _partials(values, section.partial) for section, values in cached.items()}
        return self._batch(rows, sections, missing)

    async def _section_batches(self, rows: _Slice) -> AsyncGenerator[FetchBatch, None]:
        cached = await self._cached_fields(rows.indexes)
        ids, uids = self._view.content[rows.indexes].tolist(), self._view.uid[rows.indexes].tolist()
        read = _Read()
        try:
            for place, (number, uid) in enumerate(zip(ids, uids, strict=True)):
                fields = {section: values[place] for section, values in cached.items()}
                content = rows.contents[place] if rows.contents else None
                read.add(place, Uid(uid), await self._reader.read(Uid(uid), ContentId(number), content, fields))
                if read.octets >= _BATCH_OCTETS or read.files:
                    yield self._batch_of(read, rows)
                    read.close()
                    read = _Read()
            if read.places or read.missing or read.undecodable:
                yield self._batch_of(read, rows)
        finally:
            read.close()

    async def _cached_fields(self, indexes: Indexes) -> dict[BodySection, list[bytes | None]]:
        """HEADER.FIELDS of the messages themselves, which clients ask for all the time."""
        sections = [
            section for section in self._sections if isinstance(section, BodySection) and is_top_fields(section)
        ]
        if not sections:
            return {}
        ids, uids = self._view.content[indexes].tolist(), self._view.uid[indexes].tolist()
        return {
            section: await self._cache.header_fields(self._account, self._mailbox, field_selection(section), ids, uids)
            for section in sections
        }

    def _batch_of(self, read: "_Read", rows: _Slice) -> FetchBatch:
        columns = dict(zip(map(id, self._sections), map(list, zip(*read.values, strict=True)), strict=False))
        return self._batch(rows.take(read.places), columns, read.missing, read.undecodable)

    def _batch(
        self,
        rows: _Slice,
        sections: Mapping[int, list[SectionValue]],
        missing: Sequence[Uid],
        undecodable: Sequence[Uid] = (),
    ) -> FetchBatch:
        columns = tuple([self._column(item, rows, sections.get(id(item), [])) for item in self._items])
        return FetchBatch(self._view.uid[rows.indexes], columns, tuple(missing), self._newly_seen, tuple(undecodable))

    def _column(self, item: FetchedItem, rows: _Slice, sections: list[SectionValue]) -> Column:
        match item:
            case FetchAttribute.DIGEST_SHA1:
                return BytesColumn([text.encode() for text in rows.texts[item] if text is not None])
            case FetchAttribute():
                return self._attribute_column(item, rows.indexes, rows.contents)
            case Preview():
                return TextColumn(list(rows.texts[item]))
            case BinarySize():
                return NumberColumn([value for value in sections if isinstance(value, int)])
            case BodySection() | BinarySection():
                return SectionColumn([value for value in sections if not isinstance(value, int)])
            case _:
                assert_never(item)

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
                raise ValueError(f"{item} is read from files")

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


class _Read:
    """Rows of a batch that were read from files, and the files that its streams read."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.values: list[list[SectionValue]] = []
        self.missing: list[Uid] = []
        self.undecodable: list[Uid] = []
        self.files: list[MessageFile] = []
        self.octets = 0

    def add(self, place: int, uid: Uid, read: ReadSections | Unreadable) -> None:
        if isinstance(read, Unreadable):
            (self.missing if read is Unreadable.MISSING else self.undecodable).append(uid)
            return
        self.places.append(place)
        self.values.append(read.values)
        self.octets += sum([len(value) for value in read.values if isinstance(value, bytes)])
        if read.file is not None:
            self.files.append(read.file)

    def close(self) -> None:
        for file in self.files:
            file.close()
        self.files = []


def _ranks(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Small numbers that are equal where `bits` are; there are fewer than 65,536 rows."""
    return np.unique(bits, return_inverse=True)[1].astype(np.uint64)


def _needs_content(item: FetchedItem) -> bool:
    if isinstance(item, FetchAttribute):
        return item in _CONTENT_ATTRIBUTES
    return not isinstance(item, Preview) and is_within_message(item)


def _partials(blocks: list[bytes | None], partial: Partial | None) -> list[SectionValue]:
    return [None if block is None else part_of_block(block, partial) for block in blocks]
