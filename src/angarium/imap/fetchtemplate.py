"""FETCH responses (RFC 9051 §7.5.2): one compiled template for a whole FETCH, one `%` a message.

Attributes come in Cyrus's fixed order, sections behind them in the client's. A section's octets may be large, so they
are the session's to send: it writes `head`, then for each section its label and what `serialize_…` announces, then
`END`.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from angarium.fetchitem import Annotation, BinarySection, BinarySize, BodySection, FetchAttribute, FetchItem, Preview

AttributeItem = FetchAttribute | Preview | Annotation

_FORMATS: Final[dict[AttributeItem, bytes]] = {
    FetchAttribute.FLAGS: b"FLAGS (%b)",
    FetchAttribute.UID: b"UID %d",
    FetchAttribute.DIGEST_SHA1: b"DIGEST.SHA1 %b",
    FetchAttribute.INTERNALDATE: b"INTERNALDATE %b",
    FetchAttribute.MODSEQ: b"MODSEQ (%d)",
    FetchAttribute.RFC822_SIZE: b"RFC822.SIZE %d",
    FetchAttribute.SAVEDATE: b"SAVEDATE %b",
    FetchAttribute.EMAILID: b"EMAILID (%b)",
    FetchAttribute.THREADID: b"THREADID (%b)",
    Preview(): b"PREVIEW %b",
    Preview(lazy=True): b"PREVIEW %b",
    FetchAttribute.ENVELOPE: b"ENVELOPE %b",
    FetchAttribute.BODYSTRUCTURE: b"BODYSTRUCTURE %b",
    FetchAttribute.BODY: b"BODY %b",
}
"""In the order of the answer. FLAGS takes names with spaces between, INTERNALDATE a quoted date-time, PREVIEW an
`nstring`, the last three what the scanner has made ready."""

_ANNOTATION: Final = b"ANNOTATION %b"
"""Behind them all, as often as it is asked for."""

END: Final = b")\r\n"
"""Closes a response that has sections."""

SectionItem = BodySection | BinarySection | BinarySize


class FetchTemplate:
    """The answers of one FETCH.

    With `uid_only` the UID stands for the message number (RFC 9586 §3.3).

    `attributes` says which values `head` wants behind the message number, and their order; `sections` what follows,
    `labels` its names as they are sent, each with the spaces around it.
    """

    __slots__ = ("_template", "_whole", "attributes", "labels", "sections")

    def __init__(self, items: Iterable[FetchItem], *, uid_only: bool = False) -> None:
        asked = tuple(dict.fromkeys(items))
        self.attributes: tuple[AttributeItem, ...] = (
            *[attribute for attribute in _FORMATS if attribute in asked],
            *[item for item in asked if isinstance(item, Annotation)],
        )
        self.sections: tuple[SectionItem, ...] = tuple(item for item in asked if isinstance(item, SectionItem))
        formats = b" ".join([_FORMATS.get(attribute, _ANNOTATION) for attribute in self.attributes])
        name = b"UIDFETCH" if uid_only else b"FETCH"
        self._template = b"* %d " + name + b" (" + formats + (b"" if self.sections else END)
        self.labels: tuple[bytes, ...] = tuple(
            (b" " if position or self.attributes else b"") + section.label + b" "
            for position, section in enumerate(self.sections)
        )

        literals = [label.replace(b"%", b"%%") + b"{%d}\r\n%b" for label in self.labels]
        self._whole = b"".join([self._template, *literals, END]) if literals else self._template

    def head(self, values: tuple[int | bytes, ...]) -> bytes:
        """One message's response: whole if there are no sections, else up to the first of them.

        `values` are the message number, then one for each of `attributes`.
        """
        return self._template % values

    def responses(self, rows: Iterable[tuple[int | bytes, ...]]) -> bytes:
        """The responses of many messages, whole and joined.

        Each row has the values of `head`, and behind them for each section the number of its octets, and these. Only
        what may be a literal without NUL can be told so, and small sections should, since their octets are copied.
        """
        values = tuple(chain.from_iterable(rows))
        return self._whole * (len(values) // (1 + len(self.attributes) + 2 * len(self.sections))) % values


def serialize_literal_head(size_octets: int, *, is_binary: bool = False) -> bytes:
    """Announces a section's octets, which the session sends behind it; `is_binary` if NUL may be among them."""
    return b"~{%d}\r\n" % size_octets if is_binary else b"{%d}\r\n" % size_octets
