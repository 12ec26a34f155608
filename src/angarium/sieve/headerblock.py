"""The header of a message or part while a script reads and edits it (RFC 5293).

As long as nothing is edited it is read as the scanner reads it; with the first change it becomes a list of fields.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from angarium.mime.header import HeaderBlock
from angarium.mime.limits import DEFAULT_LIMITS

_TRACE = frozenset({b"return-path", b"received"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field, or a line among fields that is none and has no name."""

    name: bytes
    """In lower case."""
    octets: bytes
    """The whole, with its line ends."""
    start: int = -1
    """Where it stands in the block as it came; -1: it was added."""

    @property
    def value(self) -> bytes:
        """What stands behind the colon."""
        return self.octets.partition(b":")[2]


class Header:
    """A header block and the changes made to it."""

    __slots__ = ("_fields", "_read", "block")

    def __init__(self, block: bytes) -> None:
        self.block = block
        """As it came, with the empty line that ends it."""
        self._read: HeaderBlock | None = None
        self._fields: list[Field] | None = None

    @property
    def is_changed(self) -> bool:
        """Whether anything was added or deleted, even if it was put back again."""
        return self._fields is not None

    @property
    def size(self) -> int:
        """Octets of all fields, as they are now."""
        return len(self.block) if self._fields is None else sum([len(field.octets) for field in self._fields])

    def values(self, name: bytes) -> list[bytes]:
        """The raw values of all fields of this lower-case name, in order."""
        if self._fields is None:
            return self._parsed.all(name)
        return [field.value for field in self._fields if field.name == name]

    def fields(self) -> list[Field]:
        """All of them, and lines among them that are none, in order."""
        return [*self._iterate()] if self._fields is None else self._fields

    def add(self, field: Field, *, last: bool = False) -> None:
        """Adds one, at the end or at the beginning, which is below the trace of its way (RFC 5322 §3.6.7)."""
        fields = self._editable()
        if last:
            fields.append(field)
            return
        place = 0
        if field.name not in _TRACE:
            while place < len(fields) and fields[place].name in _TRACE:
                place += 1
        fields.insert(place, field)

    def delete(self, name: bytes, numbers: Collection[int]) -> None:
        """Deletes those fields of this name that have one of these numbers, from 0."""
        number = -1
        kept: list[Field] = []
        for field in self.fields():
            number += field.name == name
            if field.name != name or number not in numbers:
                kept.append(field)
        self._fields = kept

    def pieces(self) -> Iterator[tuple[int, int] | bytes]:
        """The header as it is now: ranges of the block, and octets."""
        ends_line = True
        for field in self.fields():
            if not ends_line:
                yield b"\r\n"
            ends_line = field.octets.endswith(b"\n")
            yield field.octets if field.start < 0 else (field.start, field.start + len(field.octets))
        if not ends_line and self._is_extended:
            yield b"\r\n"
        yield (self._end_of_fields, len(self.block))

    @property
    def _parsed(self) -> HeaderBlock:
        if self._read is None:
            self._read = HeaderBlock(self.block, DEFAULT_LIMITS.header_lines)
        return self._read

    @property
    def _end_of_fields(self) -> int:
        ends = self._parsed.fields.ends
        return ends[-1] if ends else 0

    @property
    def _is_extended(self) -> bool:
        """Whether more follows the fields than they themselves."""
        return self._end_of_fields < len(self.block)

    def _editable(self) -> list[Field]:
        if self._fields is None:
            self._fields = [*self._iterate()]
        return self._fields

    def _iterate(self) -> Iterator[Field]:
        start = 0
        for end in self._parsed.fields.ends:
            octets = self.block[start:end]
            yield Field(_name_of(octets), octets, start)
            start = end


def _name_of(run: bytes) -> bytes:
    """The name of a field; empty of a line that is none."""
    name, colon, _ = run.partition(b":")
    name = name.rstrip(b" \t")
    return name.lower() if colon and name and all(0x20 < octet < 0x7F for octet in name) else b""
