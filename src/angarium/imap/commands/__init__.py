"""The commands of RFC 3501, RFC 9051 and of the extensions served, as values: what a client asked, not how it wrote it.

Mailbox names and patterns are the octets of the client; the session decodes them (modified UTF-7 or UTF-8, by what the
client has enabled). APPEND and REPLACE are not here: a message never is in memory whole, so they come as events
(`angarium.imap.events`).
"""

from angarium.threads import ThreadAlgorithm

from .administration import (
    DeleteAcl,
    GetAcl,
    GetQuota,
    GetQuotaRoot,
    ListRights,
    MyRights,
    RightsMode,
    SetAcl,
    SetQuota,
)
from .command import Command
from .filters import FilterKind, MailboxFilter
from .listing import List, ListReturn, ListSelection, Lsub, RList, RLsub, XList
from .mailboxes import Create, Delete, Examine, QuickResync, Rename, Select, Status, StatusItem, Subscribe, Unsubscribe
from .messages import Check, Close, Copy, Expunge, Fetch, Move, Store, StoreAnnotation, StoreMode, Unselect
from .metadata import AnnotationValue, Depth, GetAnnotation, GetMetadata, MetadataValue, SetAnnotation, SetMetadata
from .notify import EventGroup, NotifyEvent, NotifyNone, NotifySet
from .ranges import PartialRange
from .searching import (
    CancelUpdate,
    ESearch,
    Search,
    SearchReturn,
    Sort,
    SortAnnotation,
    Thread,
)
from .session import (
    Authenticate,
    Capability,
    Comparator,
    Compress,
    Enable,
    Id,
    Idle,
    Language,
    Login,
    Logout,
    Namespace,
    Noop,
    StartTls,
    Unauthenticate,
)

__all__ = [
    "AnnotationValue",
    "Authenticate",
    "CancelUpdate",
    "Capability",
    "Check",
    "Close",
    "Command",
    "Comparator",
    "Compress",
    "Copy",
    "Create",
    "Delete",
    "DeleteAcl",
    "Depth",
    "ESearch",
    "Enable",
    "EventGroup",
    "Examine",
    "Expunge",
    "Fetch",
    "FilterKind",
    "GetAcl",
    "GetAnnotation",
    "GetMetadata",
    "GetQuota",
    "GetQuotaRoot",
    "Id",
    "Idle",
    "Language",
    "List",
    "ListReturn",
    "ListRights",
    "ListSelection",
    "Login",
    "Logout",
    "Lsub",
    "MailboxFilter",
    "MetadataValue",
    "Move",
    "MyRights",
    "Namespace",
    "Noop",
    "NotifyEvent",
    "NotifyNone",
    "NotifySet",
    "PartialRange",
    "QuickResync",
    "RList",
    "RLsub",
    "Rename",
    "RightsMode",
    "Search",
    "SearchReturn",
    "Select",
    "SetAcl",
    "SetAnnotation",
    "SetMetadata",
    "SetQuota",
    "Sort",
    "SortAnnotation",
    "StartTls",
    "Status",
    "StatusItem",
    "Store",
    "StoreAnnotation",
    "StoreMode",
    "Subscribe",
    "Thread",
    "ThreadAlgorithm",
    "Unauthenticate",
    "Unselect",
    "Unsubscribe",
    "XList",
]
