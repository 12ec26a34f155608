"""What users and administrators do with mailboxes: names, rights, subscriptions, quota, users' accounts.

Names are internal ones; front ends translate them by `Store.namespace`.
"""

from angarium.operations.mailboxes.acl import delete_acl, get_acl, list_rights, my_rights, set_acl
from angarium.operations.mailboxes.autocreate import (
    NewUser,
    ScriptChecker,
    autocreate_user,
    may_be_autocreated,
    may_be_created_by_script,
)
from angarium.operations.mailboxes.create import Created, create
from angarium.operations.mailboxes.delete import delete
from angarium.operations.mailboxes.list import ListAttribute, Listed, list_mailboxes, list_subscriptions, namespaces
from angarium.operations.mailboxes.quota import (
    QuotaRoot,
    QuotaWarning,
    get_quota,
    get_quota_root,
    quota_warnings,
    remove_quota,
    set_quota,
)
from angarium.operations.mailboxes.rename import rename
from angarium.operations.mailboxes.renameaccount import Renamed
from angarium.operations.mailboxes.specified import (
    MailboxSet,
    MailboxSpecifier,
    SpecifiedMailbox,
    specified_mailboxes,
)
from angarium.operations.mailboxes.status import Status, status, status_of
from angarium.operations.mailboxes.subscribe import subscribe, unsubscribe
from angarium.operations.mailboxes.users import create_user, delete_user

__all__ = [
    "Created",
    "ListAttribute",
    "Listed",
    "MailboxSet",
    "MailboxSpecifier",
    "NewUser",
    "QuotaRoot",
    "QuotaWarning",
    "Renamed",
    "ScriptChecker",
    "SpecifiedMailbox",
    "Status",
    "autocreate_user",
    "create",
    "create_user",
    "delete",
    "delete_acl",
    "delete_user",
    "get_acl",
    "get_quota",
    "get_quota_root",
    "list_mailboxes",
    "list_rights",
    "list_subscriptions",
    "may_be_autocreated",
    "may_be_created_by_script",
    "my_rights",
    "namespaces",
    "quota_warnings",
    "remove_quota",
    "rename",
    "set_acl",
    "set_quota",
    "specified_mailboxes",
    "status",
    "status_of",
    "subscribe",
    "unsubscribe",
]
