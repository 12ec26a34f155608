"""`Command`: all commands."""

from .administration import DeleteAcl, GetAcl, GetQuota, GetQuotaRoot, ListRights, MyRights, SetAcl, SetQuota
from .listing import List, Lsub, RList, RLsub, XList
from .mailboxes import Create, Delete, Examine, Rename, Select, Status, Subscribe, Unsubscribe
from .messages import Check, Close, Copy, Expunge, Fetch, Move, Store, StoreAnnotation, Unselect
from .metadata import GetAnnotation, GetMetadata, SetAnnotation, SetMetadata
from .notify import NotifyNone, NotifySet
from .searching import CancelUpdate, ESearch, Search, Sort, Thread
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

Command = (
    Capability
    | Noop
    | Logout
    | Id
    | StartTls
    | Authenticate
    | Login
    | Enable
    | Namespace
    | Idle
    | Compress
    | Unauthenticate
    | Language
    | Comparator
    | Select
    | Examine
    | Create
    | Delete
    | Rename
    | Subscribe
    | Unsubscribe
    | Status
    | List
    | Lsub
    | RList
    | RLsub
    | XList
    | Check
    | Close
    | Unselect
    | Expunge
    | Fetch
    | Store
    | StoreAnnotation
    | Copy
    | Move
    | Search
    | Sort
    | Thread
    | ESearch
    | CancelUpdate
    | NotifySet
    | NotifyNone
    | GetMetadata
    | SetMetadata
    | GetAnnotation
    | SetAnnotation
    | GetAcl
    | SetAcl
    | DeleteAcl
    | ListRights
    | MyRights
    | GetQuota
    | GetQuotaRoot
    | SetQuota
)
