"""The annotation call-out of Cyrus: an annotator is told of a message, and says which flags and annotations it gets.

It listens at a unix socket, or is a program that is run. It is sent a list, in pieces with their lengths before them,
in decimal digits and a line end, and then a length of 0:

    (FILENAME "…" ANNOTATIONS (entry (attribute value …) …) FLAGS (…) BODY (…) GUID …)

BODY is the body structure of IMAP, where each part that is no multipart has `(OFFSET … HEADERSIZE …)` at its end: where
its content begins in the file, and how long its header is. GUID is the SHA-1 of the message. It answers

    (+FLAGS (…) -FLAGS (…) ANNOTATION (entry (value.shared "…")) …)

in any order and number; one flag needs no parentheses. What it says is as good as an administrator's word: annotations
need no right. Whatever goes wrong, the message is stored as it was.
"""

import asyncio
import hashlib
import logging
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from angarium import mime
from angarium.config.options import HookSettings
from angarium.engine.rows import AccountId, AnnotationChange, Content
from angarium.errors import AngariumError, StoreDamaged
from angarium.flags import Flags, system_flag
from angarium.mime import Part
from angarium.operations.hooks.command import CommandRunner
from angarium.operations.hooks.dlist import (
    Atom,
    DlistIncomplete,
    DlistInvalid,
    Item,
    parse_dlist,
    serialize_dlist,
)
from angarium.store import AnnotationScope, Store

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 10.0
_REPLY_OCTETS: Final = 1 << 18
_PIECE_OCTETS: Final = 1 << 16
_PARSED_INLINE_OCTETS: Final = 4096
_STDIN_OCTETS: Final = 64 * 1024
_AT_ONCE: Final = 10
_ATTRIBUTES: Final = {"value.shared": True, "value.priv": False, "value.private": False}
_KEYWORD: Final = re.compile(r"[^\x00-\x20(){%*\"\\\]\x7f-\U0010ffff]{1,200}")
_SLICE_OCTETS: Final = 1 << 20
_BODY_OF_MESSAGE: Final = 8
"""Where in a message/rfc822 the structure of the message inside stands."""


class AnnotatorFailed(Exception):
    """It said nothing that can be used; `str()` says why."""


@dataclass(frozen=True, slots=True)
class GivenAnnotation:
    """An annotation of a message, as one gives or has given it."""

    entry: str
    is_shared: bool
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a message is to have."""

    flags: Flags
    """All of them, those that it had been given among them."""
    annotations: tuple[GivenAnnotation, ...] = ()
    """Beside, and in the place of, those that it had been given."""

    def changes(self, store: Store, owner: AccountId | None) -> tuple[AnnotationChange, ...]:
        """As the engine sets them, private ones as those of `owner`; what cannot be set is logged, and left out."""
        return tuple(_changes(store, owner, self.annotations))


class Annotator:
    """The annotator of a service; one to a worker, since it bounds how many messages it is asked about at once."""

    def __init__(self, settings: HookSettings, commands: CommandRunner | None = None) -> None:
        self._path = settings.annotation_callout
        self._commands = commands
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.is_asked_of_appends = self._path is not None and not settings.annotation_callout_disable_append
        """Whether it is asked about what clients append."""

    @property
    def is_on(self) -> bool:
        """Whether there is anybody to ask."""
        return self._path is not None

    async def ask(
        self,
        path: str,
        content: Content,
        flags: Flags,
        annotations: Sequence[GivenAnnotation] = (),
        *,
        session: str = "",
    ) -> Proposal:
        """What the annotator has the message get; `path` is its file. Raises nothing: a failure is logged, and the
        proposal is what had been given."""
        if self._path is None:
            return Proposal(flags)
        async with self._turns:
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    request = await asyncio.to_thread(_describe, path, content, flags, annotations)
                    reply = await self._exchange(self._path, request)
                return _proposal(reply, flags)
            except TimeoutError:
                reason = f"no answer within {_TIMEOUT_S:g} s"
            except (OSError, AngariumError, AnnotatorFailed, DlistInvalid) as error:
                reason = str(error) or type(error).__name__
        log.error("annotation_callout_failed", extra={"session": session, "reason": reason})
        return Proposal(flags)

    async def _exchange(self, path: Path, request: bytes) -> list[Item]:
        mode = (await asyncio.to_thread(os.stat, path)).st_mode
        framed = b"%d\n%b0\n" % (len(request), request)
        if stat.S_ISSOCK(mode):
            return await _ask_socket(path, framed)
        if not stat.S_ISREG(mode) or not mode & 0o111:
            raise AnnotatorFailed(f"{path} is neither a socket nor a program")
        if self._commands is None or len(framed) > _STDIN_OCTETS:
            raise AnnotatorFailed("the program cannot be told of this message")
        outcome = await self._commands.run((str(path),), stdin=framed, timeout_s=_TIMEOUT_S)
        try:
            return await _parse(outcome.output)
        except DlistIncomplete:
            raise AnnotatorFailed(f"the program ended with status {outcome.status} within its answer") from None


async def _ask_socket(path: Path, framed: bytes) -> list[Item]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(framed)
        await writer.drain()
        reply = bytearray()
        while len(reply) <= _REPLY_OCTETS:
            chunk = await reader.read(_PIECE_OCTETS)
            reply += chunk
            # Before that it is not worth the attempt.
            if not chunk or reply.rstrip().endswith(b")"):
                try:
                    return await _parse(bytes(reply))
                except DlistIncomplete:
                    if not chunk:
                        break
        raise AnnotatorFailed("its answer does not end")
    finally:
        writer.transport.abort()


async def _parse(reply: bytes) -> list[Item]:
    if len(reply) <= _PARSED_INLINE_OCTETS:
        return parse_dlist(reply)
    return await asyncio.to_thread(parse_dlist, reply)


# What it is told; in a thread


def _describe(path: str, content: Content, flags: Flags, annotations: Iterable[GivenAnnotation]) -> bytes:
    structure = parse_dlist(content.bodystructure)
    _add_places(structure, mime.decode_parts(content.parts))
    by_entry: dict[bytes, list[Item]] = {}
    for each in annotations:
        attribute = b"value.shared" if each.is_shared else b"value.priv"
        value: Item = Atom(b"NIL") if each.value is None else each.value
        by_entry.setdefault(each.entry.encode(), []).extend((attribute, value))
    given: list[Item] = []
    for entry, values in by_entry.items():
        given += [entry, values]
    return serialize_dlist(
        [
            Atom(b"FILENAME"),
            os.fsencode(path),
            Atom(b"ANNOTATIONS"),
            given,
            Atom(b"FLAGS"),
            [Atom(name.encode()) for name in flags.names()],
            Atom(b"BODY"),
            structure,
            Atom(b"GUID"),
            Atom(_sha1(path).encode()),
        ]
    )


def _add_places(structure: list[Item], part: Part) -> None:
    """Give each part that is no multipart its place in the file."""
    waiting = [(structure, part)]
    while waiting:
        items, part = waiting.pop()
        lists = [item for item in items if isinstance(item, list)]
        if part.is_multipart:
            if len(lists) < len(part.children):
                raise StoreDamaged("the parts of a message are not those of its structure")
            waiting += zip(lists, part.children, strict=False)
            continue
        if part.is_message and len(items) > _BODY_OF_MESSAGE:
            inside = items[_BODY_OF_MESSAGE]
            if isinstance(inside, list):
                waiting.append((inside, part.children[0]))
        places = (part.body_offset, part.header_size)
        offset, header = [Atom(b"%d" % number) for number in places]
        items.append([Atom(b"OFFSET"), offset, Atom(b"HEADERSIZE"), header])


def _sha1(path: str) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    with open(path, "rb") as file:
        while octets := file.read(_SLICE_OCTETS):
            digest.update(octets)
    return digest.hexdigest()


# What it says


def _proposal(reply: list[Item], given: Flags) -> Proposal:
    """AnnotatorFailed for what is none: nothing of it holds then."""
    names = {name.lower(): name for name in given.names()}
    annotations: list[GivenAnnotation] = []
    if len(reply) % 2:
        raise AnnotatorFailed("a word without a value")
    for word, value in zip(reply[::2], reply[1::2], strict=True):
        match _text(word).upper():
            case "+FLAGS":
                names |= {name.lower(): name for name in _flag_names(value)}
            case "-FLAGS":
                for name in _flag_names(value):
                    names.pop(name.lower(), None)
            case "ANNOTATION":
                annotations += _annotations_in(value)
            case other:
                raise AnnotatorFailed(f"{other!r} is none of its words")
    return Proposal(Flags.of(names.values()), tuple(annotations))


def _flag_names(value: Item) -> list[str]:
    """Those among them that a message can have; Cyrus has some that are its own affair."""
    names = [_text(item) for item in (value if isinstance(value, list) else [value])]
    return [name for name in names if system_flag(name) is not None or _KEYWORD.fullmatch(name)]


def _annotations_in(value: Item) -> Iterator[GivenAnnotation]:
    match value:
        case [entry, *attributes] if attributes and not isinstance(entry, list):
            for attribute in attributes:
                yield _annotation(_text(entry), attribute)
        case _:
            raise AnnotatorFailed("an annotation without an entry or a value")


def _annotation(entry: str, attribute: Item) -> GivenAnnotation:
    match attribute:
        case [(Atom() | bytes()) as name, (Atom() | bytes()) as value] if _text(name).lower() in _ATTRIBUTES:
            is_shared = _ATTRIBUTES[_text(name).lower()]
            if isinstance(value, Atom):
                return GivenAnnotation(entry, is_shared, None if value.is_nil else value.text)
            return GivenAnnotation(entry, is_shared, value)
        case _:
            raise AnnotatorFailed(f"an annotation {entry} without value.shared or value.priv")


def _text(item: Item) -> str:
    if isinstance(item, list):
        raise AnnotatorFailed("a list where a word was expected")
    octets = item.text if isinstance(item, Atom) else item
    try:
        return octets.decode("ascii")
    except UnicodeDecodeError:
        raise AnnotatorFailed("a word that is not ASCII") from None


def _changes(
    store: Store, owner: AccountId | None, annotations: Iterable[GivenAnnotation]
) -> Iterator[AnnotationChange]:
    policy = store.policy.annotations
    for each in annotations:
        entry = each.entry.lower()
        known = policy.find(AnnotationScope.MESSAGE, entry)
        try:
            if known is None or known.is_fact or not known.has(shared=each.is_shared):
                raise AnnotatorFailed("there is no such entry")
            if not each.is_shared and owner is None:
                raise AnnotatorFailed("nobody is there whose own it could be")
            policy.check_size(each.value)
            value = known.checked(each.value)
        except (AngariumError, AnnotatorFailed) as refusal:
            log.warning("annotation_callout_refused", extra={"entry": each.entry, "reason": str(refusal)})
            continue
        yield AnnotationChange(entry, None if each.is_shared else owner, value)
