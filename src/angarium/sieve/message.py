"""The message that a script is run over: what it tells, and how it has been edited (RFC 5228 §2.4.2.2, RFC 5293, 5703).

What is asked for is read when it is asked for first. The octets below the header are never copied as a whole; an
edited message is a list of pieces, each octets or a range of those that came.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from angarium import mime
from angarium.mime import ScannedMessage
from angarium.sieve.actions import Edition, Span
from angarium.sieve.entity import Entity, merged, read_pieces, size_of
from angarium.sieve.headerblock import Field
from angarium.sieve.mailaddress import MailAddress, field_addresses

_FIELD_OCTETS = 256 * 1024
"""Of one field; the rest of a longer one is not looked at."""
_CACHED_CHARACTERS = 2 * 1024 * 1024
"""Of decoded bodies; tests that come back to others decode them again."""


@dataclass(frozen=True, slots=True, eq=False)
class HeaderTexts:
    """What was read of the header of a message as it came; all scripts that are run over the message may share it."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    addresses: dict[str, tuple[MailAddress, ...]] = field(default_factory=dict)


class Message:
    """A message of any octets; reading it raises nothing."""

    __slots__ = (
        "_addresses",
        "_cached_characters",
        "_edition",
        "_texts",
        "_texts_of_bodies",
        "_unenclosed",
        "_viewed",
        "is_edition_known",
        "original_size",
        "root",
        "view",
    )

    def __init__(self, view: memoryview, scanned: ScannedMessage, header: HeaderTexts | None = None) -> None:
        """`view` may be of any size; it is of one dimension and of octets, and must stay as it is meanwhile. `header`
        is what others have read of the same octets; what this one reads is added."""
        header = header or HeaderTexts()
        self.view = view
        self.original_size = len(view)
        self.root = Entity(view, scanned.root, is_original=True, is_message=True)
        """The message as it is now."""
        self._texts = header.texts
        self._addresses = header.addresses
        self._texts_of_bodies: dict[Entity, str] = {}
        self._cached_characters = 0
        self._edition: Edition | None = None
        self.is_edition_known = True
        """Whether the pieces have been put together since the last change."""
        self._unenclosed: Edition | bool | None = False
        self._viewed: Entity | None = None

    @property
    def viewed(self) -> Entity:
        """What tests take for the message: the whole, or in a script that a loop over the parts includes the part (RFC
        6609 §3.5)."""
        return self.root if self._viewed is None else self._viewed

    def view_part(self, part: Entity | None) -> Entity | None:
        """Has tests take a part for the message, or with None the whole; gives what they took for it before."""
        before, self._viewed = self._viewed, part
        self._forget_header()
        return before

    # The header of the message

    def header(self, name: str) -> tuple[str, ...]:
        """The values of all fields of this lower-case name, in order: unfolded, decoded and stripped."""
        texts = self._texts.get(name)
        if texts is None:
            texts = self._texts[name] = tuple(map(text_of_field, field_values(self.viewed, name)))
        return texts

    def addresses(self, name: str) -> tuple[MailAddress, ...]:
        """The addresses in all fields of this lower-case name, in order."""
        found = self._addresses.get(name)
        if found is None:
            values = field_values(self.viewed, name)
            found = self._addresses[name] = tuple([each for value in values for each in field_addresses(value)])
        return found

    # As a whole

    @property
    def size(self) -> int:
        """Octets, as it is now."""
        if self._viewed is not None:
            return size_of(merged(self._viewed.pieces()))
        edition = self.edition()
        return self.original_size if edition is None else size_of(edition.pieces)

    def edition(self) -> Edition | None:
        """As it has been edited; None: as it came. Equal where it is equal."""
        if not self.is_edition_known:
            pieces = merged(self.root.pieces())
            self._edition = None if pieces == (Span(0, self.original_size),) else Edition(pieces)
            self.is_edition_known = True
        return self._edition

    def sent_edition(self) -> Edition | None:
        """The same for `redirect`, and for what is sent on account of the message: what was enclosed, and not what
        encloses it (RFC 5703 §6)."""
        return self.edition() if isinstance(self._unenclosed, bool) else self._unenclosed

    def raw_body(self, limit: int) -> str | None:
        """The first octets below the header as text, undecoded; None where nothing separates a body from the header."""
        if not self.viewed.has_body:
            return None
        octets = read_pieces(merged(self.viewed.body_pieces()), self.view, limit)
        return octets.decode("utf-8", "replace")

    def body_text(self, entity: Entity, limit: int) -> str:
        """What an entity without parts has as its body, decoded, the first octets of it. Of a message it is asked with
        one limit."""
        text = self._texts_of_bodies.get(entity)
        if text is None:
            text = entity.text(limit)
            if self._cached_characters + len(text) <= _CACHED_CHARACTERS:
                self._texts_of_bodies[entity] = text
                self._cached_characters += len(text)
        return text

    # Editing

    def add_field(self, field: Field, *, last: bool = False) -> None:
        """Adds a field to the header (RFC 5293 §4)."""
        self.viewed.header.add(field, last=last)
        self.viewed.touch()
        self._forget()

    def delete_fields(self, name: bytes, numbers: Collection[int]) -> None:
        """Deletes the fields of this lower-case name that have these numbers, from 0 (RFC 5293 §5)."""
        if numbers:
            self.viewed.header.delete(name, numbers)
            self.viewed.touch()
            self._forget()

    def replace(self, entity: Entity, replacement: Entity) -> None:
        """Has one entity in place of another (RFC 5703 §5)."""
        replacement.is_message = entity.is_message
        replacement.put_in_place_of(entity)
        if entity is self.viewed:
            self._forget_header()
        if entity is self.root:
            self.root = replacement
        if entity is self._viewed:
            self._viewed = replacement
        self.is_edition_known = False

    def enclose(self, enclosing: Entity, place: Entity) -> None:
        """Has the message in a place of another, which is the message from then on (RFC 5703 §6)."""
        if isinstance(self._unenclosed, bool):
            self._unenclosed = self.edition()
        self.root.put_in_place_of(place)
        self.root = enclosing
        self._forget()

    def _forget(self) -> None:
        self._forget_header()
        self.is_edition_known = False

    def _forget_header(self) -> None:
        """Others go on with what they have read of the message as it came."""
        self._texts, self._addresses = {}, {}


def field_values(entity: Entity, name: str) -> Sequence[bytes]:
    """The raw values of all fields of this lower-case name, as far as they are looked at."""
    if not name.isascii():
        return ()
    return [value[:_FIELD_OCTETS] for value in entity.header.values(name.encode("ascii"))]


def text_of_field(value: bytes) -> str:
    """A raw value as tests compare it: unfolded, decoded and stripped (RFC 5228 §2.7.2, §5.7)."""
    return mime.decode_header(value).strip()
