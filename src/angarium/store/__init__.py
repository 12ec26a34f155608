"""Accounts, mailboxes, rights and views: the rules over an engine."""

from angarium.store.actor import Actor
from angarium.store.annotations import AnnotationEntry, AnnotationPolicy, AnnotationScope
from angarium.store.columns import Indexes, Mask, Uids
from angarium.store.mailbox import Mailbox, SeenState
from angarium.store.moments import Moment
from angarium.store.policy import StorePolicy
from angarium.store.seen import SeenOverlay
from angarium.store.selected import ALL_UPDATES, SelectedMailbox, UpdateKind, Updates
from angarium.store.store import Store, decided_again
from angarium.store.tree import AccountTree, TreeEntry
from angarium.store.vanished import known_up_to, vanished_since
from angarium.store.view import MailboxView
from angarium.store.views import MailboxViews
from angarium.store.visible import Visible, VisibleMailbox

__all__ = [
    "ALL_UPDATES",
    "AccountTree",
    "Actor",
    "AnnotationEntry",
    "AnnotationPolicy",
    "AnnotationScope",
    "Indexes",
    "Mailbox",
    "MailboxView",
    "MailboxViews",
    "Mask",
    "Moment",
    "SeenOverlay",
    "SeenState",
    "SelectedMailbox",
    "Store",
    "StorePolicy",
    "TreeEntry",
    "Uids",
    "UpdateKind",
    "Updates",
    "Visible",
    "VisibleMailbox",
    "decided_again",
    "known_up_to",
    "vanished_since",
]
