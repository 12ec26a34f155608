"""From the address of a recipient to the mailbox that takes the mail: subaddresses, shared mailboxes, domains."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from angarium.config.options import LmtpSettings
from angarium.engine.commands import QuotaPolicy
from angarium.engine.quota import check_room
from angarium.engine.rows import AccountId, MailboxId, MailboxState, QuotaResource
from angarium.errors import (
    MailboxMoving,
    MailboxNameInvalid,
    MailboxNotFound,
    PermissionDenied,
    UserNameInvalid,
    UserNotFound,
)
from angarium.names import MailboxName, NameSettings, UserId, parse_userid
from angarium.rights import Right
from angarium.store import Actor, Store, TreeEntry

_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address taken apart; a user's mailbox, or with an empty `local_part` a shared one."""

    local_part: str
    detail: str = ""
    """Behind the first `+`: a mailbox below the user's, or a shared one."""
    domain: str = ""

    @classmethod
    def parse(cls, address: str) -> "Recipient":
        """The address between the angle brackets of RCPT; its local part may be a quoted string."""
        local_part, at, domain = address.rpartition("@")
        if not at:
            local_part, domain = address, ""
        if len(local_part) > 1 and local_part[0] == local_part[-1] == '"':
            local_part = _QUOTED_PAIR.sub(r"\1", local_part[1:-1])
        user, _, detail = local_part.partition("+")
        return cls(user, detail, domain)


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """The mailbox that takes the mail for a recipient, as it was decided at RCPT."""

    recipient: Recipient
    account: AccountId
    mailbox: MailboxId
    name: MailboxName
    partition: str
    acl_version: int | None
    """The ACL that gave the sender the right `p`; None for a user's INBOX, which needs none."""
    quota: QuotaPolicy


async def resolve_recipient(
    store: Store,
    settings: LmtpSettings,
    sender: Actor,
    recipient: Recipient,
    *,
    size_octets: int = 0,
    ignore_quota: bool = False,
) -> DeliveryTarget:
    """Where mail for `recipient` goes; `size_octets` is what the client announced, 0 where it did not.

    A user's mailbox takes it where the sender has the right `p`, else her INBOX. UserNotFound; PermissionDenied for a
    shared mailbox that the sender sees and may not post to; QuotaExceeded where nothing would be accepted;
    MailboxMoving.
    """
    if recipient.local_part in ("", settings.postuser):
        account, entry = await _shared_mailbox(store, sender, recipient)
        acl_version: int | None = entry.row.acl_version
    else:
        account, entry, acl_version = await _users_mailbox(store, settings, sender, recipient)
    if entry.row.state is MailboxState.MOVING:
        raise MailboxMoving(entry.name.internal)
    target = DeliveryTarget(
        recipient,
        account,
        entry.row.id,
        entry.name,
        entry.row.partition,
        acl_version,
        _quota_policy(settings, ignore_quota=ignore_quota),
    )
    await _check_quota(store, target, entry, size_octets)
    return target


def _quota_policy(settings: LmtpSettings, *, ignore_quota: bool) -> QuotaPolicy:
    if ignore_quota:
        return QuotaPolicy.IGNORE
    return QuotaPolicy.STRICT if settings.lmtp_strict_quota else QuotaPolicy.OVERSHOOT


async def _shared_mailbox(store: Store, sender: Actor, recipient: Recipient) -> tuple[AccountId, TreeEntry]:
    for components in _components(recipient.detail, store.policy.names.separator):
        try:
            name = MailboxName(components, _domain(store, recipient))
            # Users have addresses of their own, and what is deleted takes no mail.
            if name.is_user or name.undeleted(store.policy.names.deletedprefix) is not None:
                continue
            tree, entry = await store.locate(name)
        except (MailboxNameInvalid, MailboxNotFound):
            continue
        rights = store.rights_on(sender, entry.name, entry.row.acl)
        if Right.POST in rights:
            return tree.account, entry
        if Right.LOOKUP in rights:
            raise PermissionDenied(f"{sender.author().actor} may not post to {name.internal}")
    raise UserNotFound(f"+{recipient.detail}")


async def _users_mailbox(
    store: Store, settings: LmtpSettings, sender: Actor, recipient: Recipient
) -> tuple[AccountId, TreeEntry, int | None]:
    userid = _userid(store, settings, recipient)
    top = MailboxName.of_user(userid)
    tree = await store.tree_of(top)
    if tree is None:
        raise UserNotFound(str(userid))
    for components in _components(recipient.detail, store.policy.names.separator):
        try:
            entry = tree.find(top.child(*components))
        except MailboxNameInvalid:
            continue
        if entry is not None and Right.POST in store.rights_on(sender, entry.name, entry.row.acl):
            return tree.account, entry, entry.row.acl_version
    inbox = tree.find(top)
    if inbox is None:
        raise UserNotFound(str(userid))
    return tree.account, inbox, None


def _userid(store: Store, settings: LmtpSettings, recipient: Recipient) -> UserId:
    names = _names(store.policy.names, settings.lmtp_downcase_rcpt)
    address = recipient.local_part
    if names.has_domains and recipient.domain:
        address = f"{address}@{recipient.domain}"
    try:
        return parse_userid(address, names)
    except UserNameInvalid as refusal:
        raise UserNotFound(address) from refusal


@cache
def _names(names: NameSettings, downcase: bool) -> NameSettings:
    """Those of the store, but for the case of recipients; made once, since making them checks them."""
    return replace(names, username_tolower=downcase)


def _domain(store: Store, recipient: Recipient) -> str | None:
    names = store.policy.names
    domain = recipient.domain.lower()
    return None if not names.has_domains or domain in ("", names.defaultdomain) else domain


def _components(detail: str, separator: str) -> Iterator[tuple[str, ...]]:
    """What a detail may mean: levels separated by dots, or by the separator alone where a name may hold dots."""
    if not detail:
        return
    dotted = tuple(detail.replace(separator, ".").split("."))
    yield dotted
    separated = tuple(detail.split(separator))
    if separated != dotted:
        yield separated


async def _check_quota(store: Store, target: DeliveryTarget, entry: TreeEntry, size_octets: int) -> None:
    if entry.row.quota_root is None or target.quota is QuotaPolicy.IGNORE:
        return
    # One octet, where the size does not matter or is not known: nothing goes into what is full already.
    expected = max(size_octets, 1) if target.quota is QuotaPolicy.STRICT else 1
    added = {QuotaResource.STORAGE: expected, QuotaResource.MESSAGE: 1}
    for quota in await store.engine.quotas(target.account):
        if quota.root == entry.row.quota_root:
            check_room(quota, added, QuotaPolicy.STRICT)
