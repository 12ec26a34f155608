"""The workers' shared state (DESIGN §2): one memory-mapped file, in which each process writes only its own segment.

    header   magic, version, numbers of segments and sessions, a secret of this file
    segment  header: pid, heartbeat, highest session in use, sessions in use
             metrics              u64 each, only ever raised
             change slots         u64 each, only ever raised, kept when a segment gets another owner
             watched slots        u64 each: how many accounts of a change slot somebody here waits for
             scores of logins     as `sharedscores` has them
             session keys         three columns of u64: service, address, user; 0 is free
             session records      512 octets each, under a sequence number

Segment 0 belongs to tools, which take a flock on the file while they write. A reader takes no lock: a counter is one
aligned machine word, and a record is read again while its sequence number is odd or has changed. The file lives as long
as a server; it is made anew at each start and holds nothing that must be kept.
"""

import errno
import fcntl
import functools
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from angarium.errors import DiskFull, StoreDamaged

TOOL_SEGMENT: Final = 0
CHANGE_SLOTS: Final = 4096
METRICS: Final = 256
SESSIONS_MAX: Final = 16_384
SCORES_OCTETS: Final = 640 * 1024 + 8
"""Of a segment."""
STATE_FILE: Final = "state"

_MAGIC: Final = b"ANGSTATE"
_VERSION: Final = 5
_PAGE: Final = 4096
_FILE_HEADER: Final = struct.Struct("<8sIII16s")
_RECORD_OCTETS: Final = 512
_SEQUENCE_OCTETS: Final = 8
_RECORD: Final = struct.Struct("<Qd24s64s128s264s")
"""What follows the sequence number; `pack` cuts texts that are longer, and pads those that are shorter."""
_USER: Final = struct.Struct("128s")
_USER_AT: Final = _SEQUENCE_OCTETS + struct.calcsize("<Qd24s64s")
_READ_ATTEMPTS: Final = 100
_RECORDS_BLOCK: Final = 256
_CANNOT_ALLOCATE: Final = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})

Words = npt.NDArray[np.uint64]


class SessionColumn(IntEnum):
    """What sessions are counted by."""

    SERVICE = 0
    ADDRESS = 1
    USER = 2


# Words of a segment's header; no enum, since each connection counts with them.
_PID: Final = 0
_BEAT_NS: Final = 1
_HIGHEST: Final = 2
_SESSIONS: Final = 3


class SessionRecord(NamedTuple):
    """One row of `who`; texts longer than their field are cut when they are written."""

    # A tuple, since each login makes some, and a frozen dataclass takes thrice as long.
    pid: int
    since_s: float
    service: str
    address: str = ""
    user: str = ""
    mailbox: str = ""

    def with_user(self, user: str) -> "SessionRecord":
        return SessionRecord(self.pid, self.since_s, self.service, self.address, user, self.mailbox)

    def with_mailbox(self, mailbox: str) -> "SessionRecord":
        return SessionRecord(self.pid, self.since_s, self.service, self.address, self.user, mailbox)


@functools.lru_cache(maxsize=4096)
def key_of(value: str) -> int:
    """The key that sessions are counted by; 0, which marks a free place, stands for an empty value.

    Two values of one key would share a limit, so nobody can choose a value that has another's.
    """
    if not value:
        return 0
    digest = hashlib.blake2b(value.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


class SharedState:
    """The mapped file. Make it with `create` (the master) or `open` (a tool); workers inherit the mapping."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        header = os.pread(descriptor, _FILE_HEADER.size, 0)
        if len(header) < _FILE_HEADER.size or header[:8] != _MAGIC:
            raise StoreDamaged(f"{path} is not a file of shared state")
        _, version, self.segments, self.sessions_max, self.secret = _FILE_HEADER.unpack(header)
        size = _PAGE + self.segments * _segment_octets(self.sessions_max)
        if version != _VERSION or os.fstat(descriptor).st_size != size:
            raise StoreDamaged(f"{path} has another version of shared state")
        self._map = mmap.mmap(descriptor, size)
        self._allocated: dict[int, int] = {}
        """By segment, how many records have room on the disk as far as this process knows."""
        self._take_views()

    @classmethod
    def create(cls, path: Path, *, segments: int, sessions_max: int = SESSIONS_MAX) -> "SharedState":
        """A new file with `segments` segments beside that of tools, in the place of an older one. DiskFull.

        What is counted is allocated here, the records as they are used: a mapped page that a full disk cannot back
        would kill the process that writes it.
        """
        temporary = path.with_name(path.name + ".new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, _PAGE + (segments + 1) * _segment_octets(sessions_max))
            _allocate(descriptor, 0, _PAGE)
            for segment in range(segments + 1):
                start = _PAGE + segment * _segment_octets(sessions_max)
                _allocate(descriptor, start, _counted_octets(sessions_max))
            os.pwrite(descriptor, _FILE_HEADER.pack(_MAGIC, _VERSION, segments + 1, sessions_max, os.urandom(16)), 0)
            os.rename(temporary, path)
        except OSError as error:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise DiskFull(f"{path} cannot be made: {error.strerror}") from error
        return cls(path, descriptor)

    @classmethod
    def open(cls, path: Path) -> "SharedState":
        """The state of a running server. FileNotFoundError where there is none, StoreDamaged where it is another."""
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return cls(path, descriptor)
        except StoreDamaged:
            os.close(descriptor)
            raise

    def close(self) -> None:
        """Give the mapping back."""
        del self._metrics, self._changes, self._watched, self._keys
        for view in (*self._slots.values(), self._raw):
            view.release()
        self._map.close()
        os.close(self._descriptor)

    @contextmanager
    def tool_lock(self) -> Iterator[None]:
        """Hold the segment of tools against other tools."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    # Segments

    def take_segment(self, segment: int, pid: int) -> None:
        """Give a segment to a process: no sessions; counters stay, since a fall of one could hide a change."""
        self.drop_segment(segment)
        self.beat(segment)
        self._raw[self._word(segment, _PID)] = pid

    def drop_segment(self, segment: int) -> None:
        """Its process is gone: forget its sessions."""
        for word in (_PID, _SESSIONS, _HIGHEST):
            self._raw[self._word(segment, word)] = 0
        self._keys[segment] = 0
        self._watched[segment] = 0

    def live_segments(self) -> list[int]:
        """Segments of workers that run."""
        raw, step = self._raw, self._segment_words
        first = self._word(0, _PID)
        return [segment for segment in range(self.segments) if raw[first + segment * step]]

    def beat(self, segment: int) -> None:
        """Note that the segment's process is alive now."""
        self._raw[self._word(segment, _BEAT_NS)] = time.monotonic_ns()

    def silent_s(self, segment: int) -> float:
        """Seconds since the last sign of life."""
        return (time.monotonic_ns() - self._raw[self._word(segment, _BEAT_NS)]) / 1e9

    # Sessions

    def write_session(self, segment: int, index: int, record: SessionRecord) -> None:
        """Write a record and what it is counted by; only the segment's owner may. DiskFull: nothing is written."""
        if index >= self._allocated.get(segment, 0):
            self._allocate_record(segment, index)
        raw = self._raw
        key = self._key(segment, index)
        if not raw[key]:
            header = self._word(segment, 0)
            raw[header + _SESSIONS] += 1
            if raw[header + _HIGHEST] <= index:
                raw[header + _HIGHEST] = index + 1
        raw[key + self._address_column] = key_of(record.address)
        raw[key + self._user_column] = key_of(record.user)
        raw[key] = key_of(record.service)
        offset = self._record_offset(segment, index)
        sequence = raw[offset >> 3] | 1
        raw[offset >> 3] = sequence
        _RECORD.pack_into(
            self._map,
            offset + _SEQUENCE_OCTETS,
            record.pid,
            record.since_s,
            record.service.encode(errors="replace"),
            record.address.encode(errors="replace"),
            record.user.encode(errors="replace"),
            record.mailbox.encode(errors="replace"),
        )
        raw[offset >> 3] = sequence + 1

    def write_user(self, segment: int, index: int, user: str) -> None:
        """Write the user of a record that has been written, and nothing else; only the segment's owner may."""
        raw = self._raw
        raw[self._key(segment, index) + self._user_column] = key_of(user)
        offset = self._record_offset(segment, index)
        sequence = raw[offset >> 3] | 1
        raw[offset >> 3] = sequence
        _USER.pack_into(self._map, offset + _USER_AT, user.encode(errors="replace"))
        raw[offset >> 3] = sequence + 1

    def _allocate_record(self, segment: int, index: int) -> None:
        """A block of records at a time; the process that owns the segment remembers how far it has come."""
        end = min(self.sessions_max, (index // _RECORDS_BLOCK + 1) * _RECORDS_BLOCK)
        start = self._record_offset(segment, 0)
        try:
            _allocate(self._descriptor, start, self._record_offset(segment, end) - start)
        except OSError as error:
            raise DiskFull(f"{self.path} cannot grow: {error.strerror}") from error
        self._allocated[segment] = end

    def clear_session(self, segment: int, index: int) -> None:
        """Free a record; only the segment's owner may."""
        raw = self._raw
        key = self._key(segment, index)
        header = self._word(segment, 0)
        if raw[key]:
            raw[header + _SESSIONS] -= 1
        raw[key] = raw[key + self._address_column] = raw[key + self._user_column] = 0
        if index + 1 == raw[header + _HIGHEST]:
            while index >= 0 and not raw[key]:
                index -= 1
                key -= 1
            raw[header + _HIGHEST] = index + 1

    def sessions_total(self) -> int:
        """Sessions in all segments."""
        return sum(self._raw[self._first_word + _SESSIONS :: self._segment_words])

    def count_sessions(self, column: SessionColumn, key: int, *, logged_in: bool = False) -> int:
        """Sessions of all segments with this key, or those of them that have a user; O(places up to the highest in
        use)."""
        wanted = np.uint64(key)
        total = 0
        for segment in self.live_segments():
            keys = self._keys[segment, :, : self._raw[self._word(segment, _HIGHEST)]]
            found = keys[column] == wanted
            if logged_in:
                found &= keys[SessionColumn.USER] != 0
            total += int(np.count_nonzero(found))
        return total

    def sessions(self) -> list[SessionRecord]:
        """All records, for `who`; those that end while this reads may be missing or there."""
        records = []
        for segment in self.live_segments():
            highest = self._raw[self._word(segment, _HIGHEST)]
            for index in np.flatnonzero(self._keys[segment, SessionColumn.SERVICE, :highest]):
                record = self._read_record(self._record_offset(segment, int(index)))
                if record is not None:
                    records.append(record)
        return records

    # Counters

    def raise_change_slot(self, segment: int, slot: int) -> None:
        """Only the segment's owner may; callers of one process take turns."""
        self._raw[segment * self._segment_words + self._first_change + slot] += 1

    def change_sum(self, slot: int) -> int:
        """One change slot over all segments."""
        words = self._slots.get(slot)
        if words is None:
            words = self._slots[slot] = self._raw[self._first_change + slot :: self._segment_words]
        return sum(words)

    def watch_slot(self, segment: int, slot: int, accounts: int) -> None:
        """Somebody waits for so many accounts more, or fewer; only the segment's owner may."""
        self._raw[segment * self._segment_words + self._first_change + CHANGE_SLOTS + slot] += accounts

    def is_watched(self, segment: int, slot: int) -> bool:
        """Whether somebody waits for an account of this change slot."""
        return bool(self._raw[segment * self._segment_words + self._first_change + CHANGE_SLOTS + slot])

    def change_sums(self) -> Words:
        """Each change slot over all segments; a copy."""
        sums: Words = self._changes.sum(axis=0)
        return sums

    def raise_metric(self, segment: int, metric: int, amount: int) -> None:
        """Only the segment's owner may."""
        self._raw[segment * self._segment_words + self._first_word + METRICS + metric] += amount

    def metric_sums(self) -> Words:
        """Each metric over all segments; a copy."""
        sums: Words = self._metrics.sum(axis=0)
        return sums

    # Scores

    def score_areas(self) -> list[memoryview]:
        """Where each segment has its scores of logins; views of octets, to be released before `close`."""
        whole = self._raw.cast("B")
        starts = [8 * (self._first_score + segment * self._segment_words) for segment in range(self.segments)]
        return [whole[start : start + SCORES_OCTETS] for start in starts]

    def _take_views(self) -> None:
        octets = self._segment_octets = _segment_octets(self.sessions_max)
        whole = np.frombuffer(self._map, dtype=np.uint64, offset=_PAGE).reshape(self.segments, octets // 8)
        keys = 3 * self.sessions_max
        self._segment_words = octets // 8
        self._first_word = _PAGE // 8
        self._raw = memoryview(self._map).cast("Q")
        self._slots: dict[int, memoryview] = {}
        """By change slot its word in each segment, for those that were asked for."""
        self._metrics = whole[:, METRICS : 2 * METRICS]
        self._changes = whole[:, 2 * METRICS : 2 * METRICS + CHANGE_SLOTS]
        self._first_change = self._first_word + 2 * METRICS
        first_score = 2 * METRICS + 2 * CHANGE_SLOTS
        self._watched = whole[:, 2 * METRICS + CHANGE_SLOTS : first_score]
        self._first_score = self._first_word + first_score
        first_key = first_score + SCORES_OCTETS // 8
        self._first_key = self._first_word + first_key
        self._keys = whole[:, first_key : first_key + keys].reshape(self.segments, 3, self.sessions_max)
        self._address_column = SessionColumn.ADDRESS * self.sessions_max
        self._user_column = SessionColumn.USER * self.sessions_max
        self._records_offset: int = (first_key + keys) * 8

    def _word(self, segment: int, word: int) -> int:
        return self._first_word + segment * self._segment_words + word

    def _key(self, segment: int, index: int) -> int:
        """Of the column SERVICE; the others follow at `sessions_max` each."""
        return self._first_key + segment * self._segment_words + index

    def _record_offset(self, segment: int, index: int) -> int:
        return _PAGE + segment * self._segment_octets + self._records_offset + index * _RECORD_OCTETS

    def _read_record(self, offset: int) -> SessionRecord | None:
        for _ in range(_READ_ATTEMPTS):
            sequence = self._raw[offset >> 3]
            pid, since_s, *texts = _RECORD.unpack_from(self._map, offset + _SEQUENCE_OCTETS)
            if sequence % 2 == 0 and self._raw[offset >> 3] == sequence:
                service, address, user, mailbox = map(_text, texts)
                return SessionRecord(pid, since_s, service, address, user, mailbox)
        # Its writer died in the middle.
        return None


def _allocate(descriptor: int, start: int, size_octets: int) -> None:
    """Give a part of the file its room. A file system that cannot promise room is used without."""
    try:
        os.posix_fallocate(descriptor, start, size_octets)
    except OSError as error:
        if error.errno not in _CANNOT_ALLOCATE:
            raise


def _counted_octets(sessions_max: int) -> int:
    """A segment without its records."""
    return (2 * METRICS + 2 * CHANGE_SLOTS + 3 * sessions_max) * 8 + SCORES_OCTETS


def _segment_octets(sessions_max: int) -> int:
    octets = _counted_octets(sessions_max) + sessions_max * _RECORD_OCTETS
    return -(-octets // _PAGE) * _PAGE


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode(errors="replace")
