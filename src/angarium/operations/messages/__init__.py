"""Messages: bringing them in, reading, finding, flagging, copying and removing them; every right is asked here."""

from angarium.operations.messages.annotations import (
    AnnotationCriterion,
    AnnotationValues,
    MessageAnnotation,
    annotation_changes,
    annotations_of,
    store_annotations,
)
from angarium.operations.messages.append import (
    AppendedMessage,
    AppendTarget,
    AppendUid,
    append,
    append_target,
    room_left,
)
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.catenate import StoredPart, part_octets
from angarium.operations.messages.columns import (
    BytesColumn,
    Column,
    DateColumn,
    FetchBatch,
    FlagsColumn,
    MessageFlags,
    NumberColumn,
    SectionColumn,
    SectionStream,
    TextColumn,
)
from angarium.operations.messages.context import ContextChanges, Placed, SearchContext
from angarium.operations.messages.copy import copy, move
from angarium.operations.messages.copyuid import CopyUid
from angarium.operations.messages.expunge import expunge
from angarium.operations.messages.fetch import changed_after, fetch
from angarium.operations.messages.incoming import (
    EightBitHeader,
    IncomingMessage,
    MessageLimits,
    PreparedMessage,
    ScannedFile,
)
from angarium.operations.messages.prepare import hash_message, parse_message
from angarium.operations.messages.recipient import (
    DeliveryTarget,
    Recipient,
    names_shared_mailbox,
    recipient_userid,
    resolve_recipient,
)
from angarium.operations.messages.replace import Replacement, replace, require_replaceable
from angarium.operations.messages.search import Found, highest_modseq, search
from angarium.operations.messages.sort import Sorted, sort
from angarium.operations.messages.storeflags import store_flags
from angarium.operations.messages.thread import Threaded, thread
from angarium.operations.messages.trace import Trace, missing_fields, trace_header

__all__ = [
    "AnnotationCriterion",
    "AnnotationValues",
    "AppendTarget",
    "AppendUid",
    "AppendedMessage",
    "BytesColumn",
    "Column",
    "ContextChanges",
    "CopyUid",
    "DateColumn",
    "DeliveryTarget",
    "EightBitHeader",
    "FetchBatch",
    "FlagsColumn",
    "Found",
    "IncomingMessage",
    "MessageAnnotation",
    "MessageCache",
    "MessageFlags",
    "MessageLimits",
    "NumberColumn",
    "Placed",
    "PreparedMessage",
    "Recipient",
    "Replacement",
    "ScannedFile",
    "SearchContext",
    "SectionColumn",
    "SectionStream",
    "Sorted",
    "StoredPart",
    "TextColumn",
    "Threaded",
    "Trace",
    "annotation_changes",
    "annotations_of",
    "append",
    "append_target",
    "changed_after",
    "copy",
    "expunge",
    "fetch",
    "hash_message",
    "highest_modseq",
    "missing_fields",
    "move",
    "names_shared_mailbox",
    "parse_message",
    "part_octets",
    "recipient_userid",
    "replace",
    "require_replaceable",
    "resolve_recipient",
    "room_left",
    "search",
    "sort",
    "store_annotations",
    "store_flags",
    "thread",
    "trace_header",
]
