"""MIME parts and multiparts as octets, 7-bit unless a user wrote otherwise herself."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium.compose.fields import structured_field
from angarium.compose.identity import boundary

LINE_OCTETS_MAX: Final = 998
"""RFC 5322 §2.1.1."""
_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")
_CRLF: Final = b"\r\n"


@dataclass(frozen=True, slots=True)
class Entity:
    """Content fields and a body (RFC 2045 §2.4)."""

    fields: bytes
    body: bytes

    @property
    def octets(self) -> bytes:
        return self.fields + _CRLF + self.body


def with_crlf(octets: bytes) -> bytes:
    """The same lines, each with CRLF at its end, the last one too."""
    lines = _NEWLINE.sub(_CRLF, octets)
    return lines if not lines or lines.endswith(_CRLF) else lines + _CRLF


def text_entity(text: str, *, subtype: str = "plain", disposition: str = "") -> Entity:
    """A text in UTF-8, encoded if it must be."""
    octets = with_crlf(text.encode("utf-8", "replace"))
    charset = "us-ascii" if octets.isascii() else "utf-8"
    encoding, body = _encoded(octets)
    fields = structured_field("Content-Type", f"text/{subtype}; charset={charset}")
    if disposition:
        fields += structured_field("Content-Disposition", disposition)
    return Entity(fields + structured_field("Content-Transfer-Encoding", encoding), body)


def octets_entity(media_type: str, octets: bytes) -> Entity:
    """Lines that are nearly text, as header fields; quoted-printable where they must be encoded."""
    lines = with_crlf(octets)
    encoding, body = ("7bit", lines) if _is_7bit(lines) else ("quoted-printable", _quoted_printable(lines))
    fields = structured_field("Content-Type", media_type) + structured_field("Content-Transfer-Encoding", encoding)
    return Entity(fields, body)


def report(report_type: str, parts: Sequence[Entity]) -> Entity:
    """A multipart/report (RFC 6522 §3)."""
    octets = [part.octets for part in parts]
    between = boundary(*octets)
    mark = b"--" + between.encode()
    body = b"".join(mark + _CRLF + part + _CRLF for part in octets) + mark + b"--" + _CRLF
    value = f'multipart/report; report-type={report_type}; boundary="{between}"'
    return Entity(structured_field("Content-Type", value), body)


def _is_7bit(octets: bytes) -> bool:
    """RFC 2045 §2.7."""
    if not octets.isascii() or b"\0" in octets:
        return False
    return all(len(line) <= LINE_OCTETS_MAX for line in octets.split(_CRLF))


def _encoded(octets: bytes) -> tuple[str, bytes]:
    if _is_7bit(octets):
        return "7bit", octets
    quoted = _quoted_printable(octets)
    if len(quoted) <= len(octets) * 4 // 3:
        return "quoted-printable", quoted
    return "base64", base64.encodebytes(octets).replace(b"\n", _CRLF)


def _quoted_printable(octets: bytes) -> bytes:
    """Line by line: what the library does with a break at the end of a line depends on the text before."""
    return _CRLF.join(binascii.b2a_qp(line, istext=True).replace(b"\n", _CRLF) for line in octets.split(_CRLF))
