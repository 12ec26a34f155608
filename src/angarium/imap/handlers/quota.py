"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208 §4.1). Quota roots have the names of mailboxes."""

from angarium.errors import MailboxNameInvalid, PermissionDenied, QuotaResourceUnknown, QuotaRootNotFound
from angarium.imap import commands as c
from angarium.imap.serializer import serialize_quota, serialize_quotaroot
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.names import MailboxName
from angarium.operations import mailboxes
from angarium.operations.mailboxes import QuotaRoot

_STORAGE = "STORAGE"
_OCTETS_PER_UNIT = 1024
"""Of STORAGE (RFC 9208 §5.1)."""


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
    """SETQUOTA; an empty list takes the limit away, and the root goes on counting."""
    limits = dict(command.limits)
    limit_kib = limits.pop(_STORAGE, None)
    if limits and session.user.is_admin:
        raise QuotaResourceUnknown(f"{', '.join(limits)} cannot be limited")
    root = _root_name(session, command.root)
    quota = await mailboxes.set_quota(session.services.store, session.user, root, storage_limit_kib=limit_kib)
    session.output.write(_serialize_quota(command.root, quota))
    return COMPLETED


def _root_name(session: ImapSession, octets: bytes) -> MailboxName:
    """Any string may be the name of a root; one that no mailbox can have is that of none."""
    try:
        return session.mailbox_name(octets)
    except MailboxNameInvalid as error:
        if session.user.is_admin:
            raise QuotaRootNotFound("no mailbox can have this name") from error
        raise PermissionDenied("quota roots are the administrators'") from error


def _serialize_quota(root: bytes, quota: QuotaRoot) -> bytes:
    if quota.storage_limit_kib is None:
        return serialize_quota(root, ())
    used = quota.storage_used_octets // _OCTETS_PER_UNIT
    return serialize_quota(root, ((_STORAGE.encode("ascii"), used, quota.storage_limit_kib),))
