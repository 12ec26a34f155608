"""ANNOTATION in FETCH responses (RFC 5257 §4.3, §4.4)."""

from collections.abc import Iterator, Sequence
from typing import Final

from angarium.fetchitem import Annotation
from angarium.imap.annotationresponses import serialize_annotations
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition
from angarium.imap.session import CommandFailed
from angarium.operations import messages
from angarium.operations.messages import AnnotationValues, BytesColumn
from angarium.sequenceset import UidSet
from angarium.store import SelectedMailbox, Uids

_AT_ONCE: Final = 32
"""Messages whose annotations are held together at the most."""
_AT_ONCE_OCTETS: Final = 8 << 20
"""Fewer where the mailbox has more than this: each may have some megabytes."""
_ITEMS: Final = 4
"""Of one FETCH; each may ask for all there are."""

_PLAIN: Final = ("value.priv", "value.shared", "size.priv", "size.shared")
_ATTRIBUTES: Final = {
    "value": ("value.priv", "value.shared"),
    "size": ("size.priv", "size.shared"),
    "*": _PLAIN,
    "%": _PLAIN,
    **{name: (name,) for name in _PLAIN},
}


def annotated_at_once(selected: SelectedMailbox, items: Sequence[Annotation]) -> int | None:
    """How many messages a batch may have, so that it stays small; None where nothing is asked of annotations."""
    if not items:
        return None
    octets = selected.mailbox.row.annotation_octets * len(items)
    return _AT_ONCE if octets <= _AT_ONCE_OCTETS else max(1, _AT_ONCE * _AT_ONCE_OCTETS // octets)


def check_annotations(items: Sequence[Annotation]) -> None:
    """BAD for too many items, and for attributes that there are not."""
    if len(items) > _ITEMS:
        raise CommandFailed(Answer(b"Too many annotations", condition=Condition.BAD))
    for item in items:
        _check_attributes(item)


def _check_attributes(item: Annotation) -> None:
    if any(attribute.lower() not in _ATTRIBUTES for attribute in item.attributes):
        raise CommandFailed(Answer(b"Invalid annotation attribute", condition=Condition.BAD))


async def annotation_column(selected: SelectedMailbox, item: Annotation, uids: Uids) -> BytesColumn:
    """The values of an item, ready to send, for messages in this order."""
    attributes = [name for asked in item.attributes for name in _ATTRIBUTES[asked.lower()]]
    attributes = list(dict.fromkeys(attributes))
    found = await messages.annotations_of(selected, UidSet.from_array(uids), item.entries)
    return BytesColumn([_serialize(found[uid], attributes) for uid in uids.tolist()])


def _serialize(entries: Sequence[AnnotationValues], attributes: Sequence[str]) -> bytes:
    return serialize_annotations([(each.entry.encode(), _values(each, attributes)) for each in entries])


def _values(entry: AnnotationValues, attributes: Sequence[str]) -> Iterator[tuple[bytes, bytes | None]]:
    for attribute in attributes:
        kind, _, scope = attribute.partition(".")
        value = entry.private if scope == "priv" else entry.shared
        yield attribute.encode(), value if kind == "value" else b"%d" % len(value or b"")
