"""Untagged data responses to octets (RFC 9051 §7.2 to §7.4, RFC 3501 §7.2, RFC 2971, RFC 4314, RFC 9208, RFC 7162).

Each function gives a whole line. FETCH has a module of its own (`fetchtemplate`), and so have status responses
(`responses`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from angarium.sequenceset import UidSet

from .commands import StatusItem
from .terminals import (
    serialize_astring,
    serialize_flags,
    serialize_nstring,
    serialize_numbers,
    serialize_ranges,
    serialize_string,
)

_PIECE_NUMBERS = 10_000
"""Of message numbers or UIDs, or ranges of them; a hundred nanoseconds each."""

_PIECE_PARTS = 500
"""Of a response that is made of many small ones."""

_VANISHED_RANGES = 300
"""In one response: some 6 KB, since clients read line by line."""

Ranges = Sequence[tuple[int, int]]
"""Of message numbers or UIDs, both ends included, in the order in which they are sent."""

SearchedMailbox = tuple[bytes, int]
"""Its name and its UIDVALIDITY."""

Namespace = Sequence[tuple[bytes, bytes | None]]
"""(prefix, delimiter) pairs; empty where there are no such mailboxes."""


def serialize_capability(words: bytes) -> bytes:
    """CAPABILITY (RFC 9051 §7.2.2), with what is announced."""
    return b"* CAPABILITY " + words + b"\r\n"


def serialize_enabled(capabilities: Iterable[bytes]) -> bytes:
    """ENABLED (RFC 9051 §7.2.1)."""
    return b"".join([b"* ENABLED", *[b" " + capability for capability in capabilities], b"\r\n"])


def serialize_exists(messages: int) -> bytes:
    """EXISTS (RFC 9051 §7.4.1)."""
    return b"* %d EXISTS\r\n" % messages


def serialize_recent(messages: int) -> bytes:
    """RECENT (RFC 3501 §7.3.2)."""
    return b"* %d RECENT\r\n" % messages


def serialize_expunge(number: int) -> bytes:
    """EXPUNGE (RFC 9051 §7.5.1)."""
    return b"* %d EXPUNGE\r\n" % number


def serialize_vanished(uids: UidSet, *, earlier: bool = False) -> Iterator[bytes]:
    """VANISHED (RFC 7162 §3.2.10): as many responses as keep each line short; none where nothing has gone."""
    name = b"* VANISHED (EARLIER) " if earlier else b"* VANISHED "
    for start in range(0, len(uids.ranges), _VANISHED_RANGES):
        yield name + UidSet(uids.ranges[start : start + _VANISHED_RANGES]).serialize() + b"\r\n"


def serialize_flags_response(flags: Iterable[str]) -> bytes:
    """FLAGS (RFC 9051 §7.3.5)."""
    return b"* FLAGS " + serialize_flags(flags) + b"\r\n"


def serialize_list(
    attributes: Iterable[bytes],
    delimiter: bytes | None,
    mailbox: bytes,
    *,
    name: bytes = b"LIST",
    childinfo: Iterable[bytes] = (),
    oldname: bytes | None = None,
) -> bytes:
    """LIST (RFC 9051 §7.3.1), or LSUB by `name`.

    `childinfo` names the selection options that something below matched, `oldname` what the mailbox was asked for as.
    """
    children = list(childinfo)
    extended: list[bytes] = []
    if children:
        extended.append(b"CHILDINFO (" + b" ".join([serialize_string(option) for option in children]) + b")")
    if oldname is not None:
        extended.append(b"OLDNAME (" + serialize_astring(oldname) + b")")
    return b"* %b (%b) %b %b%b\r\n" % (
        name,
        b" ".join(attributes),
        serialize_nstring(delimiter),
        serialize_astring(mailbox),
        b" (" + b" ".join(extended) + b")" if extended else b"",
    )


def serialize_status_response(mailbox: bytes, items: Iterable[tuple[StatusItem, bytes]]) -> bytes:
    """STATUS (RFC 9051 §7.3.3), in the order of `items`."""
    values = b" ".join([b"%b %b" % (item.value, value) for item, value in items])
    return b"* STATUS %b (%b)\r\n" % (serialize_astring(mailbox), values)


def serialize_namespace(
    personal: Namespace, others: Namespace, shared: Namespace, *, translations: Mapping[bytes, bytes] | None = None
) -> bytes:
    """NAMESPACE (RFC 9051 §7.3.2, RFC 2342 §5), with the TRANSLATION of prefixes that have one (RFC 5255 §3.4)."""
    return b"* NAMESPACE %b %b %b\r\n" % tuple(
        _serialize_namespace(kind, translations or {}) for kind in (personal, others, shared)
    )


def _serialize_namespace(namespace: Namespace, translations: Mapping[bytes, bytes]) -> bytes:
    if not namespace:
        return b"NIL"
    lines: list[bytes] = []
    for prefix, delimiter in namespace:
        translation = translations.get(prefix)
        extension = b"" if translation is None else b' "TRANSLATION" (%b)' % serialize_string(translation)
        lines.append(b"(%b %b%b)" % (serialize_string(prefix), serialize_nstring(delimiter), extension))
    return b"(" + b"".join(lines) + b")"


def serialize_language(tags: Iterable[str]) -> bytes:
    """LANGUAGE (RFC 5255 §3.3): one is that which is spoken from here on, several are those that there are."""
    return b"* LANGUAGE (" + b" ".join([serialize_astring(tag.encode("ascii")) for tag in tags]) + b")\r\n"


def serialize_id(parameters: Iterable[tuple[bytes, bytes | None]]) -> bytes:
    """ID (RFC 2971 §3.2); NIL without parameters."""
    pairs = [serialize_string(field) + b" " + serialize_nstring(value) for field, value in parameters]
    return b"* ID (" + b" ".join(pairs) + b")\r\n" if pairs else b"* ID NIL\r\n"


def serialize_search(numbers: UidSet, *, modseq: int | None = None) -> Iterator[bytes]:
    """SEARCH (RFC 3501 §7.2.5), with the highest mod-sequence found where one was asked for (RFC 7162 §3.1.5).

    In pieces, each of them some milliseconds of work at the most; nearly all answers are one.
    """
    return _serialize_numbers(b"* SEARCH", numbers.to_array(), modseq)


def serialize_sort(numbers: NDArray[np.integer], *, modseq: int | None = None) -> Iterator[bytes]:
    """SORT (RFC 5256 §4), with a mod-sequence as SEARCH (RFC 7162 §3.1.6), and in pieces as that."""
    return _serialize_numbers(b"* SORT", numbers, modseq)


def serialize_thread(threads: Iterator[bytes]) -> Iterator[bytes]:
    """THREAD (RFC 5256 §4) around the thread lists, which come in pieces."""
    yield b"* THREAD"
    separator = b" "
    for piece in threads:
        yield separator + piece
        separator = b""
    yield b"\r\n"


def _serialize_numbers(piece: bytes, array: NDArray[np.integer], modseq: int | None) -> Iterator[bytes]:
    tail = b"\r\n" if modseq is None else b" (MODSEQ %d)\r\n" % modseq
    for start in range(0, array.size, _PIECE_NUMBERS):
        if start:
            yield piece
            piece = b""
        piece += serialize_numbers(array[start : start + _PIECE_NUMBERS].tolist())
    yield piece + tail


def serialize_esearch(
    tag: bytes,
    *,
    by_uid: bool,
    mailbox: SearchedMailbox | None = None,
    count: int | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    found: Ranges | None = None,
    partial: tuple[bytes, Ranges] | None = None,
    modseq: int | None = None,
) -> Iterator[bytes]:
    """ESEARCH (RFC 9051 §7.3.4) in Cyrus's order; what is None, and an empty set, are left out. In pieces as SEARCH.

    `mailbox` is told in the answer to the command ESEARCH (RFC 7377 §2.1); `partial` is the window as the client asked
    for it and what stands there (RFC 9394 §3.1).
    """
    parts = [_esearch_head(tag, mailbox, by_uid=by_uid)]
    for name, number in ((b"COUNT", count), (b"MIN", minimum), (b"MAX", maximum)):
        if number is not None:
            parts.append(b" %b %d" % (name, number))
    head, ranges, end = b" ALL ", found or (), b""
    if partial is not None:
        head, ranges, end = b" PARTIAL (%b " % partial[0], partial[1], b")"
        parts += (head, b"NIL)") if not ranges else ()
    for start in range(0, len(ranges), _PIECE_NUMBERS):
        if start:
            yield b"".join(parts)
            parts.clear()
        parts += (b"," if start else head, serialize_ranges(ranges[start : start + _PIECE_NUMBERS]))
    if ranges:
        parts.append(end)
    if modseq is not None:
        parts.append(b" MODSEQ %d" % modseq)
    parts.append(b"\r\n")
    yield b"".join(parts)


def serialize_context_update(
    tag: bytes,
    removed: Iterable[tuple[int, Ranges]],
    added: Iterable[tuple[int, Ranges]],
    *,
    by_uid: bool,
    mailbox: SearchedMailbox | None = None,
) -> Iterator[bytes]:
    """ESEARCH with REMOVEFROM and ADDTO, each where there are any (RFC 5267 §4.3): pairs of a position and what stands
    there. In pieces as SEARCH."""
    parts = [_esearch_head(tag, mailbox, by_uid=by_uid)]
    for name, pairs in ((b" REMOVEFROM ", removed), (b" ADDTO ", added)):
        start = name + b"("
        for position, ranges in pairs:
            parts.append(b"%b%d " % (start, position))
            for at in range(0, len(ranges), _PIECE_NUMBERS):
                parts.append((b"," if at else b"") + serialize_ranges(ranges[at : at + _PIECE_NUMBERS]))
                if len(parts) > _PIECE_PARTS or at:
                    yield b"".join(parts)
                    parts.clear()
            start = b" "
        if start == b" ":
            parts.append(b")")
    parts.append(b"\r\n")
    yield b"".join(parts)


def _esearch_head(tag: bytes, mailbox: SearchedMailbox | None, *, by_uid: bool) -> bytes:
    correlators = b"TAG " + serialize_string(tag)
    if mailbox is not None:
        name, uidvalidity = mailbox
        correlators += b" MAILBOX %b UIDVALIDITY %d" % (serialize_astring(name), uidvalidity)
    return b"* ESEARCH (%b)%b" % (correlators, b" UID" if by_uid else b"")


def serialize_comparator(active: str, matching: Iterable[str]) -> bytes:
    """COMPARATOR (RFC 5255 §4.8); `matching` are told where there are several."""
    names = b" ".join([serialize_astring(name.encode("ascii")) for name in matching])
    return b"* COMPARATOR " + serialize_astring(active.encode("ascii")) + (b" (%b)" % names if names else b"") + b"\r\n"


def serialize_acl(mailbox: bytes, entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """ACL (RFC 4314 §3.6): (identifier, rights) pairs."""
    return _serialize_astrings(b"ACL", [mailbox, *[octets for entry in entries for octets in entry]])


def serialize_listrights(mailbox: bytes, identifier: bytes, required: bytes, optional: Iterable[bytes]) -> bytes:
    """LISTRIGHTS (RFC 4314 §3.7): what the identifier always has, then what can be granted, tied rights together."""
    return _serialize_astrings(b"LISTRIGHTS", [mailbox, identifier, required, *optional])


def serialize_myrights(mailbox: bytes, rights: bytes) -> bytes:
    """MYRIGHTS (RFC 4314 §3.8)."""
    return _serialize_astrings(b"MYRIGHTS", [mailbox, rights])


def serialize_quota(root: bytes, resources: Iterable[tuple[bytes, int, int]]) -> bytes:
    """QUOTA (RFC 9208 §4.2.1): (resource, usage, limit)."""
    values = b" ".join([b"%b %d %d" % resource for resource in resources])
    return b"* QUOTA %b (%b)\r\n" % (serialize_astring(root), values)


def serialize_quotaroot(mailbox: bytes, roots: Iterable[bytes]) -> bytes:
    """QUOTAROOT (RFC 9208 §4.2.2)."""
    return _serialize_astrings(b"QUOTAROOT", [mailbox, *roots])


def _serialize_astrings(name: bytes, strings: Iterable[bytes]) -> bytes:
    return b"* " + name + b" " + b" ".join([serialize_astring(octets) for octets in strings]) + b"\r\n"
