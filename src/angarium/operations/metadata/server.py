"""GETMETADATA and SETMETADATA of the server, which has the empty name (RFC 5464 §3.2.1.1).

All users read what is shared, and administrators set it; each user has annotations of her own, which are in her
account. `motd` and `shutdown` are files (what the workers tell of them comes within a second).
"""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from angarium.engine.commands import SetAnnotations
from angarium.engine.rows import AnnotationChange
from angarium.errors import DiskFailed, PermissionDenied, PrivateAnnotationsUnsupported
from angarium.store import Actor, AnnotationScope, Store
from angarium.store.annotations import VENDOR

from .entries import Metadata, MetadataQuery, MetadataValue, gather, split_name

_FILES: Final = {"/motd": "motd", f"{VENDOR}/shutdown": "shutdown"}
_SPACE: Final = f"{VENDOR}/freespace"
_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class ServerPlaces:
    """Where the server's own entries look."""

    messages: Path
    """The directory of `motd` and `shutdown`."""
    partitions: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class _Space:
    free_kib: int
    total_kib: int

    def __bytes__(self) -> bytes:
        return b"%d;%d" % (self.free_kib, self.total_kib)


async def get_server_metadata(store: Store, actor: Actor, places: ServerPlaces, query: MetadataQuery) -> Metadata:
    """Nobody who is logged in is refused."""
    stored: dict[tuple[str, bool], bytes] = {
        (entry, True): value for entry, value in (await store.engine.server_annotations()).items()
    }
    if actor.account is not None:
        own = await store.engine.annotations(actor.account, None)
        stored |= {(row.entry, False): row.value for row in own}
    policy = store.policy.annotations

    async def read(entry: str, is_shared: bool) -> bytes | None:
        value = stored.get((entry, is_shared))
        known = policy.find(AnnotationScope.SERVER, entry)
        if value is not None or known is None or not known.has(shared=is_shared):
            return value
        return await _fact(store, actor, places, entry)

    return await gather(query, policy.entries(AnnotationScope.SERVER), stored, read)


async def shared_server_values(store: Store, places: ServerPlaces) -> dict[str, bytes]:
    """What all share and administrators set, by entry."""
    values = await store.engine.server_annotations()
    for entry, file in _FILES.items():
        value = await asyncio.to_thread(_read_file, places.messages / file)
        if value is not None:
            values[entry] = value
    return values


async def set_server_metadata(
    store: Store, actor: Actor, places: ServerPlaces, values: Sequence[MetadataValue]
) -> None:
    """Set all values, durably, or none: what may be refused comes first.

    PermissionDenied, AnnotationInvalid, AnnotationTooLarge, AnnotationLimitExceeded, PrivateAnnotationsUnsupported.
    """
    own: list[AnnotationChange] = []
    shared: dict[str, bytes | None] = {}
    for each in values:
        entry, is_shared = split_name(each.entry)
        value = _checked(store, actor, entry, each.value, is_shared=is_shared)
        if is_shared:
            shared[entry] = value
        elif actor.account is None:
            raise PrivateAnnotationsUnsupported("who has no account has no annotations of her own")
        else:
            own.append(AnnotationChange(entry, actor.account, value))
    if own and actor.account is not None:
        limit = store.policy.annotations.count
        await store.engine.write(actor.account, SetAnnotations(None, tuple(own), actor.author(), count_limit=limit))
    for entry in shared.keys() & _FILES.keys():
        await asyncio.to_thread(_write_file, places.messages / _FILES[entry], shared[entry])
    if shared:
        # Also where there are files only: whoever hears of it looks at these too.
        kept = {entry: value for entry, value in shared.items() if entry not in _FILES}
        await store.engine.set_server_annotations(kept)


def _checked(store: Store, actor: Actor, entry: str, value: bytes | None, *, is_shared: bool) -> bytes | None:
    policy = store.policy.annotations
    known = policy.find(AnnotationScope.SERVER, entry)
    if known is None or known.is_fact or not known.has(shared=is_shared):
        raise PermissionDenied(f"{entry} cannot be set")
    is_administrator = actor.is_admin and (actor.userid is None or actor.userid.domain is None)
    if (is_shared or known.is_administrators) and not is_administrator:
        raise PermissionDenied("what all share of the server is the administrators'")
    policy.check_size(value)
    return known.checked(value)


async def _fact(store: Store, actor: Actor, places: ServerPlaces, entry: str) -> bytes | None:
    if entry in _FILES:
        return await asyncio.to_thread(_read_file, places.messages / _FILES[entry])
    if entry.startswith(_SPACE):
        spaces = await asyncio.to_thread(_spaces, places.partitions.values())
        return _space(entry.removeprefix(_SPACE), spaces) if spaces else None
    if entry == f"{VENDOR}/usermodseq" and actor.account is not None:
        return b"%d" % (await store.engine.state(actor.account)).modseq
    return None


def _space(which: str, spaces: Sequence[_Space]) -> bytes:
    """`freespace`, what is free where most is; `total`, of all partitions; `percent/most`, where most of it is free."""
    if which == "/total":
        return bytes(_Space(sum(each.free_kib for each in spaces), sum(each.total_kib for each in spaces)))
    if which == "/percent/most":
        return bytes(max(spaces, key=lambda each: each.free_kib / max(each.total_kib, 1)))
    return b"%d" % max(each.free_kib for each in spaces)


def _spaces(directories: Iterable[Path]) -> list[_Space]:
    spaces: dict[int, _Space] = {}
    for directory in directories:
        try:
            device, found = os.stat(directory).st_dev, os.statvfs(directory)
        except OSError:
            continue  # not mounted: there is no space to tell of
        unit = found.f_frsize
        spaces[device] = _Space(found.f_bavail * unit // 1024, found.f_blocks * unit // 1024)
    return list(spaces.values())


def _read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes().removesuffix(b"\n")
    except OSError:
        return None


def _write_file(path: Path, value: bytes | None) -> None:
    """Whole or not at all, since workers read it meanwhile."""
    new = path.with_name(f"{path.name}.new")
    try:
        if value is None:
            path.unlink(missing_ok=True)
            return
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(value + b"\n")
            file.flush()
            os.fsync(descriptor)
        new.rename(path)
    except OSError as error:
        raise DiskFailed(f"{path} cannot be written: {error.strerror}") from error
