"""Texts of SEARCH: from columns in memory where there are such, else from header fields and decoded bodies.

The columns are folded as the default collation compares; under another one header fields are read instead (RFC 5255
§4.2).

By default words are found however they are set apart, since lines end and fields are folded between any of them: white
space counts as one space, as it does in Cyrus. Under another collation each octet of it counts.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from angarium import mime
from angarium.collation import UNICODE_CASEMAP, Collation
from angarium.engine.rows import Content
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.slices import in_turns
from angarium.searchkey import FieldText, Header, SearchedField
from angarium.store import Mailbox, MailboxView, Mask

_MESSAGES = 64
"""Whose header fields are asked for together."""
_CHUNK_OCTETS = 1 << 16
Progress = Callable[[int, int], None]
"""Hears how many messages were looked at, of how many."""

_FIELD_END = re.compile(rb"\r?\n(?![ \t])")


def quietly(_done: int, _goal: int) -> None:
    """Nobody hears of it."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for, and in which form of a text it is found."""

    needle: str
    form: Callable[[str], str]

    def is_in_field(self, block: bytes) -> bool:
        """Whether one of the fields, given with their names, contains it."""
        if block == b"\r\n":
            return False
        return not self.needle or self.needle in _header_text(block, self.form, names=False)


def _wanted(text: str, collation: Collation) -> _Wanted:
    needle = collation.form(text)
    if collation is not UNICODE_CASEMAP:
        return _Wanted(needle, collation.form)
    needle = mime.merge_spaces(needle)
    # without a space it is found in a text as that stands, which takes a tenth of the time
    return _Wanted(needle, _form_of_words if " " in needle else collation.form)


class TextSearch:
    """Finds text in messages of one view, as a collation compares it."""

    def __init__(
        self, cache: MessageCache, mailbox: Mailbox, view: MailboxView, collation: Collation, progress: Progress
    ) -> None:
        self._cache = cache
        self._mailbox = mailbox
        self._view = view
        self._collation = collation
        self._progress = progress

    async def matching(self, key: FieldText | Header, within: Mask) -> Mask:
        """Rows that contain the text; right for rows of `within` only."""
        wanted = _wanted(key.text, self._collation)
        if isinstance(key, Header):
            return await self._header(key.name, wanted, within)
        if key.field in (SearchedField.BODY, SearchedField.TEXT):
            return await self._bodies(wanted, within, with_header=key.field is SearchedField.TEXT)
        if not wanted.needle or self._collation is not UNICODE_CASEMAP:
            return await self._header(key.field.value, wanted, within)
        columns = await self._cache.columns(self._mailbox.account, self._view)
        found = await in_turns(columns.text(key.field).rows_with(wanted.needle))
        return found[: len(within)]

    async def _header(self, name: str, wanted: _Wanted, within: Mask) -> Mask:
        """Any header field; the fields that were read are remembered for the next search."""
        mask = np.zeros(len(within), dtype=np.bool_)
        selection = mime.field_selection([name.encode("utf-8", "replace")])
        candidates = np.flatnonzero(within)
        for start in range(0, candidates.size, _MESSAGES):
            indexes = candidates[start : start + _MESSAGES]
            ids, uids = self._view.content[indexes].tolist(), self._view.uid[indexes].tolist()
            blocks = await self._cache.header_fields(self._mailbox.account, self._mailbox.id, selection, ids, uids)
            mask[indexes] = [block is not None and wanted.is_in_field(block) for block in blocks]
            self._progress(start + indexes.size, candidates.size)
            await asyncio.sleep(0)
        return mask

    async def _bodies(self, wanted: _Wanted, within: Mask, *, with_header: bool) -> Mask:
        mask = np.zeros(len(within), dtype=np.bool_)
        candidates = np.flatnonzero(within).tolist()
        for start in range(0, len(candidates), _MESSAGES):
            indexes = candidates[start : start + _MESSAGES]
            for index, content in zip(indexes, await self._contents(indexes), strict=True):
                mask[index] = content is not None and await self._message_has(
                    index, content, wanted, with_header=with_header
                )
                await asyncio.sleep(0)
            self._progress(start + len(indexes), len(candidates))
        return mask

    async def _contents(self, indexes: list[int]) -> list[Content | None]:
        return await self._cache.contents(
            self._mailbox.account,
            self._mailbox.id,
            self._view.content[indexes].tolist(),
            self._view.uid[indexes].tolist(),
        )

    async def _message_has(self, index: int, content: Content, wanted: _Wanted, *, with_header: bool) -> bool:
        file = await self._cache.open(self._mailbox.account, self._mailbox.id, int(self._view.uid[index]))
        if file is None:
            return False
        needle = wanted.needle
        if not needle:
            file.close()
            return True
        try:
            view = file.view()
            try:
                root = mime.decode_parts(content.parts)
                for text in searched_texts(view, root, wanted.form, with_header=with_header, overlap=len(needle) - 1):
                    if text is None:
                        await asyncio.sleep(0)
                    elif needle in text:
                        return True
                return False
            finally:
                view.release()
        finally:
            file.close()


def _form_of_words(text: str) -> str:
    return mime.merge_spaces(UNICODE_CASEMAP.form(text))


def _header_text(block: bytes, form: Callable[[str], str], *, names: bool) -> str:
    """Each field unfolded, its encoded words decoded."""
    fields = _FIELD_END.split(block)
    if not names:
        fields = [field.partition(b":")[2] for field in fields]
    return "\n".join([form(mime.decode_header(field)) for field in fields])


def searched_texts(
    view: memoryview, root: mime.Part, form: Callable[[str], str], *, with_header: bool, overlap: int
) -> Iterator[str | None]:
    """The texts of a message that BODY and TEXT look into, in their `form`: text parts, headers of messages inside it.

    Long ones come in pieces that overlap by `overlap` characters; None stands between, where the loop may turn.
    """
    if with_header:
        header = view[root.header_offset : root.header_offset + root.header_size]
        yield _header_text(bytes(header), form, names=True)
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if part.is_message:
            inner = part.children[0]
            header = view[inner.header_offset : inner.header_offset + inner.header_size]
            yield _header_text(bytes(header), form, names=True)
        if part.type == "TEXT":
            yield from _part_texts(view, part, form, overlap)
        waiting.extend(reversed(part.children))


def _part_texts(view: memoryview, part: mime.Part, form: Callable[[str], str], overlap: int) -> Iterator[str | None]:
    tail = ""
    for piece in mime.decode_text_in_chunks(_chunks(view, part), part.encoding, part.charset):
        text = form(tail + piece)
        yield text
        yield None
        tail = text[max(0, len(text) - overlap) :]


def _chunks(view: memoryview, part: mime.Part) -> Iterator[bytes]:
    end = part.body_offset + part.body_size
    for offset in range(part.body_offset, end, _CHUNK_OCTETS):
        yield bytes(view[offset : min(offset + _CHUNK_OCTETS, end)])
