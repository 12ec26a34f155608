"""Messages: bringing them in, reading, finding, flagging, copying and removing them; every right is asked here."""

from angarium.operations.messages.append import AppendedMessage, AppendTarget, AppendUid, append, append_target
from angarium.operations.messages.cache import MessageCache
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
)
from angarium.operations.messages.copy import copy, move
from angarium.operations.messages.copyuid import CopyUid
from angarium.operations.messages.deliver import Delivered, deliver
from angarium.operations.messages.expunge import expunge
from angarium.operations.messages.fetch import fetch
from angarium.operations.messages.incoming import IncomingMessage, MessageLimits, PreparedMessage
from angarium.operations.messages.prepare import hash_message, parse_message
from angarium.operations.messages.recipient import DeliveryTarget, Recipient, resolve_recipient
from angarium.operations.messages.search import Found, search
from angarium.operations.messages.storeflags import store_flags
from angarium.operations.messages.trace import Trace, missing_fields, trace_header

__all__ = [
    "AppendTarget",
    "AppendUid",
    "AppendedMessage",
    "BytesColumn",
    "Column",
    "CopyUid",
    "DateColumn",
    "Delivered",
    "DeliveryTarget",
    "FetchBatch",
    "FlagsColumn",
    "Found",
    "IncomingMessage",
    "MessageCache",
    "MessageFlags",
    "MessageLimits",
    "NumberColumn",
    "PreparedMessage",
    "Recipient",
    "SectionColumn",
    "SectionStream",
    "Trace",
    "append",
    "append_target",
    "copy",
    "deliver",
    "expunge",
    "fetch",
    "hash_message",
    "missing_fields",
    "move",
    "parse_message",
    "resolve_recipient",
    "search",
    "store_flags",
    "trace_header",
]
