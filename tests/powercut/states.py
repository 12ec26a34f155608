"""The states that a power cut may leave: synced data stays; unsynced data of a file is a prefix, possibly with a torn
last sector; unsynced directory entries are there or not, independently.
"""

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.powercut.record import (
    Create,
    Link,
    Mark,
    Mkdir,
    Operation,
    Rename,
    Rmdir,
    Sync,
    SyncDirectory,
    Truncate,
    Unlink,
    Write,
)

SECTOR = 512


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)

    def content(self, count: int, torn: float | None) -> bytes:
        """Durable data and the first `count` pending writes; of the next one a part, cut at a sector."""
        data = bytearray(self.durable)
        for change in self.pending[:count]:
            _apply(data, change)
        if torn is not None and count < len(self.pending):
            change = self.pending[count]
            if isinstance(change, Write):
                cut = int(len(change.data) * torn) // SECTOR * SECTOR
                _apply(data, Write(change.inode, change.offset, change.data[:cut]))
        return bytes(data)


@dataclass(slots=True)
class _Directory:
    durable: dict[str, int | str] = field(default_factory=dict)
    """Name to inode, or to the path of a directory."""
    pending: list[tuple[str, int | str | None]] = field(default_factory=list)
    """Entries that came (or, with None, went) since the last sync."""

    def now(self) -> dict[str, int | str]:
        return self.entries([True] * len(self.pending))

    def entries(self, kept: Sequence[bool]) -> dict[str, int | str]:
        entries = dict(self.durable)
        for (name, node), keep in zip(self.pending, kept, strict=True):
            if keep:
                if node is None:
                    entries.pop(name, None)
                else:
                    entries[name] = node
        return entries


@dataclass(frozen=True, slots=True)
class CrashState:
    """A disk after a power cut, and what had been acknowledged before it."""

    cut: int
    variant: str
    files: dict[str, bytes]
    directories: tuple[str, ...]
    marks: tuple[object, ...]

    def write_to(self, root: str) -> None:
        """Make it real below `root`."""
        for path in self.directories:
            os.makedirs(root + path, exist_ok=True)
        for path, data in self.files.items():
            with open(root + path, "wb") as file:
                file.write(data)


class Disk:
    """The model that operations are replayed on; `base` is what was there, durably, before the record began."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._files: dict[int, _File] = {}
        self._directories: dict[str, _Directory] = {base: _Directory()}
        self._marks: list[object] = []

    def replay(self, operation: Operation) -> None:
        """One operation."""
        match operation:
            case Create(path, inode):
                self._files[inode] = _File()
                self._enter(path, inode)
            case Write(inode, _, _) | Truncate(inode, _):
                self._files[inode].pending.append(operation)
            case Sync(inode):
                file = self._files[inode]
                for change in file.pending:
                    _apply(file.durable, change)
                file.pending.clear()
            case Link(source, target):
                self._enter(target, self._node(source))
            case Rename(source, target):
                self._enter(target, self._node(source))
                self._enter(source, None)
            case Unlink(path) | Rmdir(path):
                self._enter(path, None)
                self._directories.pop(path, None)
            case Mkdir(path):
                self._directories[path] = _Directory()
                self._enter(path, path)
            case SyncDirectory(path):
                directory = self._directories.get(path)
                if directory is not None:  # above the base: nobody's concern here
                    directory.durable = directory.now()
                    directory.pending.clear()
            case Mark(what):
                self._marks.append(what)

    def states(self, cut: int, chance: random.Random, samples: int) -> Iterator[CrashState]:
        """What the cut may leave: nothing of what is pending, all of it, and samples between."""
        yield self._state(cut, "nothing unsynced", lambda _: False, lambda _: (0, None))
        yield self._state(cut, "everything unsynced", lambda _: True, lambda pending: (pending, None))
        yield self._state(cut, "data without names", lambda _: False, lambda pending: (pending, None))
        yield self._state(cut, "names without data", lambda _: True, lambda _: (0, None))
        for sample in range(samples):
            yield self._state(
                cut,
                f"sample {sample}",
                lambda _: chance.random() < 0.5,
                lambda pending: (chance.randint(0, pending), chance.random()),
            )

    def _state(
        self,
        cut: int,
        variant: str,
        keeps_entry: Callable[[tuple[str, int | str | None]], bool],
        keeps_data: Callable[[int], tuple[int, float | None]],
    ) -> CrashState:
        contents: dict[int, bytes] = {}
        files: dict[str, bytes] = {}
        directories: list[str] = [self._base]
        waiting = [self._base]
        while waiting:
            path = waiting.pop()
            directory = self._directories.get(path)
            if directory is None:
                continue  # its removal was not synced: it is there, and empty of what we know
            for name, node in directory.entries([keeps_entry(entry) for entry in directory.pending]).items():
                child = f"{path}/{name}"
                if isinstance(node, str):
                    directories.append(child)
                    waiting.append(child)
                else:
                    if node not in contents:
                        file = self._files[node]
                        contents[node] = file.content(*keeps_data(len(file.pending)))
                    files[child] = contents[node]
        return CrashState(cut, variant, files, tuple(directories), tuple(self._marks))

    def _enter(self, path: str, node: int | str | None) -> None:
        directory = self._directories.get(os.path.dirname(path))
        if directory is not None:
            directory.pending.append((os.path.basename(path), node))

    def _node(self, path: str) -> int | str:
        return self._directories[os.path.dirname(path)].now()[os.path.basename(path)]


def crash_states(
    operations: Sequence[Operation], base: str, *, seed: int, samples: int, each_write: int = 1
) -> Iterator[CrashState]:
    """Every state after every operation, each different one once for the same acknowledgements.

    With `each_write` of n, only every nth of the writes: a later one's states hold prefixes that end at the others.
    """
    disk = Disk(base)
    chance = random.Random(seed)
    known: set[bytes] = set()
    for cut, operation in enumerate(operations):
        disk.replay(operation)
        if isinstance(operation, Mark) or (isinstance(operation, Write) and cut % each_write):
            continue
        for state in disk.states(cut, chance, samples):
            digest = _digest(state)
            if digest not in known:
                known.add(digest)
                yield state


def _digest(state: CrashState) -> bytes:
    digest = hashlib.blake2b(repr((state.marks, sorted(state.directories))).encode())
    for path in sorted(state.files):
        digest.update(path.encode() + b"\0" + hashlib.blake2b(state.files[path]).digest())
    return digest.digest()


def _apply(data: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Truncate):
        del data[change.size :]
        return
    end = change.offset + len(change.data)
    if len(data) < end:
        data.extend(bytes(end - len(data)))
    data[change.offset : end] = change.data
