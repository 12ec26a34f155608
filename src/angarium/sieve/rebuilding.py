"""New parts and messages in place of those that came (RFC 5703 §5, §6)."""

import base64
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium.compose import parts
from angarium.compose.fields import date_field, message_ids_field, structured_field, text_field
from angarium.compose.identity import boundary, message_id
from angarium.sieve.entity import Entity, merged, read_entity, read_pieces
from angarium.sieve.headerblock import Field
from angarium.sieve.message import Message

_CRLF: Final = b"\r\n"
_ENCODINGS: Final = ("7BIT", "8BIT", "BINARY")
"""From what every message may hold to what few may."""
_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")
_HEADER_OCTETS: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NewFields:
    """Header fields that a message is to have instead of those of these names; None: it keeps them."""

    subject: bytes | None = None
    from_: bytes | None = None


def text_part(text: str, boundaries: Iterable[str]) -> parts.Entity:
    """A text, in a form that holds none of these boundaries."""
    part = parts.text_entity(text)
    if not any(b"--" + between.encode("utf-8", "replace") in part.body for between in boundaries):
        return part
    body = base64.encodebytes(text.encode("utf-8", "replace")).replace(b"\n", _CRLF)
    fields = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return parts.Entity(fields, body)


def mime_part(text: str) -> parts.Entity:
    """Header and body as a script has written them; without an empty line all is the header (RFC 2045 §2.4)."""
    octets = _NEWLINE.sub(_CRLF, text.encode("utf-8", "replace"))
    if octets.startswith(_CRLF):
        return parts.Entity(b"", octets[2:])
    fields, _, body = octets.partition(_CRLF + _CRLF)
    return parts.Entity(fields.removesuffix(_CRLF) + _CRLF, body)


def replacement(entity: Entity, part: parts.Entity, fields: NewFields) -> Entity:
    """What stands in the place of `entity` when its content is `part`. A message keeps its header, but for the fields
    that tell of the content."""
    if not entity.is_message:
        return read_entity(part.octets)
    content = read_entity(part.octets).header.fields()
    pieces = [
        *_kept_fields(entity, fields),
        b"MIME-Version: 1.0\r\n",
        *[_ended(field) for field in content if field.name.startswith(b"content-")],
        _CRLF,
        part.body,
    ]
    return read_entity(b"".join(pieces))


def _kept_fields(entity: Entity, fields: NewFields) -> list[bytes]:
    """Those of the message; a subject or author that it had stays under another name."""
    new = {name: value for name, value in ((b"subject", fields.subject), (b"from", fields.from_)) if value is not None}
    kept = [
        b"Original-" + _ended(field) if field.name in new else _ended(field)
        for field in entity.header.fields()
        if not _tells_of_content(field)
    ]
    return [*kept, *new.values()]


def enclosing(
    message: Message, text: str, *, subject: str | None, copied: Collection[str], author: str, now: datetime, host: str
) -> tuple[Entity, Entity]:
    """A new message with `text`, and the place in it where `message` is to be (RFC 5703 §6).

    `copied` are names in lower case of the fields that it takes from the message; of those that it must have, the
    others are made.
    """
    root = message.root
    header = read_pieces(merged(root.header_pieces()), message.view, _HEADER_OCTETS)
    part = parts.text_entity(text)
    between = boundary(header, part.octets).encode("ascii")
    is_ascii = header.isascii()
    encoding = _encoding_of(root, is_ascii=is_ascii)
    fields = [
        *_copied_fields(root, copied, subject),
        *_made_fields(message, copied, author=author, now=now, host=host, identity=between.decode("ascii")),
        b"MIME-Version: 1.0\r\n",
        structured_field("Content-Type", f'multipart/mixed; boundary="{between.decode("ascii")}"'),
        encoding,
    ]
    octets = b"".join(
        [
            *fields,
            _CRLF,
            b"--" + between + _CRLF,
            part.octets,
            _CRLF + b"--" + between + _CRLF,
            b"Content-Type: message/rfc822\r\n" if is_ascii else b"Content-Type: message/global\r\n",  # RFC 6532 §3.7
            encoding,
            _CRLF,
            _CRLF + b"--" + between + b"--" + _CRLF,
        ]
    )
    new = read_entity(octets)
    return new, new.children[-1].children[0]


def _copied_fields(root: Entity, copied: Collection[str], subject: str | None) -> list[bytes]:
    names = {name.encode("ascii", "replace") for name in copied} - {b"subject"}
    if subject is None:
        names.add(b"subject")
    found = [_ended(field) for field in root.header.fields() if field.name in names and not _tells_of_content(field)]
    return found if subject is None else [*found, text_field("Subject", subject)]


def _made_fields(
    message: Message, copied: Collection[str], *, author: str, now: datetime, host: str, identity: str
) -> list[bytes]:
    made: list[bytes] = []
    if "date" not in copied or not message.header("date"):
        made.append(date_field("Date", now))
    if "from" not in copied or not message.header("from"):
        made.append(structured_field("From", f"<{author}>"))
    if "message-id" not in copied or not message.header("message-id"):
        original = "".join(message.header("message-id")[:1])
        made.append(message_ids_field("Message-ID", [message_id("enclose", original, identity, domain=host)]))
    return made


def _encoding_of(root: Entity, *, is_ascii: bool) -> bytes:
    """The field that says what octets the message has, where these are more than 7 bits (RFC 2046 §5.2.1)."""
    used = {entity.part.encoding for entity in root.walk()}
    widest = max((_ENCODINGS.index(encoding) for encoding in used if encoding in _ENCODINGS), default=0)
    widest = max(widest, 0 if is_ascii else 1)
    return b"" if widest == 0 else b"Content-Transfer-Encoding: %b\r\n" % _ENCODINGS[widest].lower().encode("ascii")


def _tells_of_content(field: Field) -> bool:
    return not field.name or field.name == b"mime-version" or field.name.startswith(b"content-")


def _ended(field: Field) -> bytes:
    """The last field of a message may lack its line end."""
    return field.octets if field.octets.endswith(b"\n") else field.octets + _CRLF
