"""From command to handler: one table."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from angarium.imap import commands as c
from angarium.imap.session import Completion, ImapSession

from . import (
    acl,
    annotating,
    comparing,
    copying,
    fetching,
    listing,
    login,
    mailboxes,
    metadata,
    quota,
    searching,
    selecting,
    session,
    sorting,
    status,
    storing,
)

# Any: each handler takes its own command; the table is what brings the two together.
Handler = Callable[[ImapSession, Any], Awaitable[Completion | None]]

HANDLERS: Final[dict[type[c.Command], Handler]] = {
    c.Capability: session.capability,
    c.Noop: session.noop,
    c.Check: session.noop,
    c.Logout: session.logout,
    c.Id: session.identify,
    c.Enable: session.enable,
    c.Compress: session.compress,
    c.Namespace: session.namespace,
    c.Idle: session.idle,
    c.StartTls: session.starttls,
    c.Login: login.login,
    c.Authenticate: login.authenticate,
    c.Unauthenticate: login.unauthenticate,
    c.Select: selecting.select,
    c.Examine: selecting.examine,
    c.Close: selecting.close,
    c.Unselect: selecting.unselect,
    c.List: listing.list_mailboxes,
    c.Lsub: listing.lsub,
    c.RList: listing.rlist,
    c.RLsub: listing.lsub,
    c.XList: listing.xlist,
    c.Status: status.status,
    c.Create: mailboxes.create,
    c.Delete: mailboxes.delete,
    c.Rename: mailboxes.rename,
    c.Subscribe: mailboxes.subscribe,
    c.Unsubscribe: mailboxes.unsubscribe,
    c.GetAcl: acl.getacl,
    c.SetAcl: acl.setacl,
    c.DeleteAcl: acl.deleteacl,
    c.ListRights: acl.listrights,
    c.MyRights: acl.myrights,
    c.GetQuota: quota.getquota,
    c.GetQuotaRoot: quota.getquotaroot,
    c.SetQuota: quota.setquota,
    c.GetMetadata: metadata.getmetadata,
    c.SetMetadata: metadata.setmetadata,
    c.GetAnnotation: metadata.getannotation,
    c.SetAnnotation: metadata.setannotation,
    c.Fetch: fetching.fetch,
    c.Search: searching.search,
    c.Sort: sorting.sort,
    c.Thread: sorting.thread,
    c.Comparator: comparing.comparator,
    c.Store: storing.store,
    c.StoreAnnotation: annotating.store_annotation,
    c.Copy: copying.copy,
    c.Move: copying.move,
    c.Expunge: copying.expunge,
}
