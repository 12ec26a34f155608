"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208 §4.1). Quota roots have the names of mailboxes."""

from typing import Final

from angarium.engine.rows import QuotaResource
from angarium.errors import MailboxNameInvalid, PermissionDenied, QuotaResourceUnknown, QuotaRootNotFound
from angarium.imap import commands as c
from angarium.imap.responses import Condition, ResponseCode
from angarium.imap.serializer import serialize_quota, serialize_quotaroot
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.names import MailboxName
from angarium.operations import mailboxes
from angarium.operations.mailboxes import QuotaRoot
from angarium.store import Mailbox

_RESOURCES: Final = {resource.value: resource for resource in QuotaResource} | {
    "X-ANNOTATION-STORAGE": QuotaResource.ANNOTATION_STORAGE,
    "X-NUM-FOLDERS": QuotaResource.MAILBOX,
}
"""The names of RFC 9208 §5, and those that Cyrus had before it; answers hold the former."""


async def getquota(session: ImapSession, command: c.GetQuota) -> Completion:
    """GETQUOTA: the administrators', as in Cyrus; users ask by GETQUOTAROOT."""
    quota = await mailboxes.get_quota(session.services.store, session.user, _root_name(session, command.root))
    session.output.write(_serialize_quota(command.root, quota))
    return COMPLETED


async def getquotaroot(session: ImapSession, command: c.GetQuotaRoot) -> Completion:
    """GETQUOTAROOT: no root, or the one that governs the mailbox."""
    name = session.mailbox_name(command.mailbox)
    quota = await mailboxes.get_quota_root(session.services.store, session.user, name)
    if quota is None:
        session.output.write(serialize_quotaroot(command.mailbox, ()))
        return COMPLETED
    root = session.encode_name(quota.name)
    session.output.write(serialize_quotaroot(command.mailbox, (root,)))
    session.output.write(_serialize_quota(root, quota))
    return COMPLETED


async def setquota(session: ImapSession, command: c.SetQuota) -> Completion:
    """SETQUOTA; the list is all that is limited from now on, and the root counts the others too."""
    root = _root_name(session, command.root)
    limits = {_RESOURCES[name]: limit for name, limit in command.limits if name in _RESOURCES}
    if session.user.is_admin and any(name not in _RESOURCES for name, _ in command.limits):
        raise QuotaResourceUnknown(f"{command.limits} name what is not counted")
    quota = await mailboxes.set_quota(session.services.store, session.user, root, limits)
    session.output.write(_serialize_quota(command.root, quota))
    return COMPLETED


async def send_quota_warnings(session: ImapSession, mailbox: Mailbox) -> None:
    """At each SELECT, since some clients show no alert that comes within a session."""
    settings = session.services.settings.quota
    for warning in await mailboxes.quota_warnings(session.services.store, session.user, mailbox, settings):
        resource = warning.resource.value.encode("ascii")
        if warning.percent is None:
            text = b"Mailbox is over %b quota" % resource
        else:
            text = b"Mailbox is at %d%% of %b quota" % (warning.percent, resource)
        session.tell(Condition.NO, text, ResponseCode.ALERT)


def _root_name(session: ImapSession, octets: bytes) -> MailboxName:
    """Any string may be the name of a root; one that no mailbox can have is that of none."""
    try:
        return session.mailbox_name(octets)
    except MailboxNameInvalid as error:
        if session.user.is_admin:
            raise QuotaRootNotFound("no mailbox can have this name") from error
        raise PermissionDenied("quota roots are the administrators'") from error


def _serialize_quota(root: bytes, quota: QuotaRoot) -> bytes:
    limited = [resource for resource in QuotaResource if resource in quota.limits]
    return serialize_quota(
        root,
        [(each.value.encode("ascii"), quota.used[each] // each.unit, quota.limits[each]) for each in limited],
    )
