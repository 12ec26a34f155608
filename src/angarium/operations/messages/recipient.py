"""From the address of a recipient to the mailbox that takes the mail: subaddresses, shared mailboxes, domains."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from angarium.config.options import LmtpSettings
from angarium.engine.commands import QuotaPolicy
from angarium.engine.quota import check_room
from angarium.engine.rows import AccountId, MailboxId, MailboxState, QuotaResource
from angarium.errors import (
    MailboxMoving,
    MailboxNameInvalid,
    PermissionDenied,
    QuotaExceeded,
    UserNameInvalid,
    UserNotFound,
)
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.names import KEY_SEPARATOR, MailboxName, NameSettings, UserId, parse_userid
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Store, TreeEntry

_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address taken apart; a user's mailbox, or with an empty `local_part` a shared one."""

    local_part: str
    detail: str = ""
    """Behind the first `+`: a mailbox below the user's, or a shared one."""
    domain: str = ""
    address: str = field(default="", compare=False)
    """As it was given."""

    @classmethod
    def parse(cls, address: str) -> "Recipient":
        """The address between the angle brackets of RCPT; its local part may be a quoted string."""
        local_part, at, domain = address.rpartition("@")
        if not at:
            local_part, domain = address, ""
        if len(local_part) > 1 and local_part[0] == local_part[-1] == '"':
            local_part = _QUOTED_PAIR.sub(r"\1", local_part[1:-1])
        user, _, detail = local_part.partition("+")
        return cls(user, detail, domain, address)


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
    is_exact: bool = False
    """No other mailbox may take it instead."""
    flags: Flags = NO_FLAGS
    """What the message is to be marked with, as far as that is the sender's to say."""
    suppress_duplicates: bool | None = None
    """None: as the site and the mailbox have it."""
    detail_missing: bool = False
    """The address names a mailbox of the user's that is not there, and this is her INBOX."""


class _Found(NamedTuple):
    account: AccountId
    entry: TreeEntry
    needs_right: bool
    """Whether it was the right `p` that decided."""
    detail_missing: bool = False


async def resolve_recipient(
    store: Store,
    settings: LmtpSettings,
    sender: Actor,
    recipient: Recipient,
    *,
    size_octets: int = 0,
    ignore_quota: bool = False,
    is_exact: bool = False,
    flags: Flags = NO_FLAGS,
    flags_by_right: bool = False,
    ignore_case: bool = False,
) -> DeliveryTarget:
    """Where mail for `recipient` goes; `size_octets` is what the client announced, 0 where it did not.

    A user's mailbox takes it where the sender has the right `p`, else her INBOX, unless `is_exact`. With
    `flags_by_right` those of `flags` are left out that the sender may not set there. With `ignore_case` the mailboxes
    below a user's or a board's may be spelled in any case. UserNotFound; PermissionDenied for
    a shared mailbox that the sender sees and may not post to; QuotaExceeded where nothing would be accepted;
    MailboxMoving.
    """
    if is_exact:
        settings = replace(settings, lmtp_fuzzy_mailbox_match=False, lmtp_catchall_mailbox=None)
    if names_shared_mailbox(settings, recipient):
        found = await _shared_mailbox(store, settings, sender, recipient, ignore_case=ignore_case)
    else:
        found = await _users_mailbox(store, settings, sender, recipient, is_exact=is_exact, ignore_case=ignore_case)
    entry = found.entry
    if entry.row.state is MailboxState.MOVING:
        raise MailboxMoving(entry.name.internal)
    target = DeliveryTarget(
        recipient,
        found.account,
        entry.row.id,
        entry.name,
        entry.row.partition,
        entry.row.acl_version if found.needs_right else None,
        _quota_policy(settings, ignore_quota=ignore_quota),
        is_exact,
        _permitted(store, sender, entry, flags) if flags_by_right else flags,
        detail_missing=found.detail_missing,
    )
    await _check_quota(store, target, entry, size_octets)
    return target


def _quota_policy(settings: LmtpSettings, *, ignore_quota: bool) -> QuotaPolicy:
    if ignore_quota:
        return QuotaPolicy.IGNORE
    return QuotaPolicy.STRICT if settings.lmtp_strict_quota else QuotaPolicy.OVERSHOOT


def _permitted(store: Store, sender: Actor, entry: TreeEntry, flags: Flags) -> Flags:
    """RFC 4314 §4."""
    rights = store.rights_on(sender, entry.name, entry.row.acl)
    may_write = Right.WRITE in rights
    system = flags.system
    if not may_write:
        system &= SystemFlags.SEEN | SystemFlags.DELETED
    if Right.SEEN not in rights:
        system &= ~SystemFlags.SEEN
    if Right.DELETE_MESSAGES not in rights:
        system &= ~SystemFlags.DELETED
    return Flags(system, flags.keywords if may_write else ())


async def _shared_mailbox(
    store: Store, settings: LmtpSettings, sender: Actor, recipient: Recipient, *, ignore_case: bool
) -> _Found:
    async for tree, entry in _shared_candidates(store, settings, recipient, ignore_case=ignore_case):
        rights = store.rights_on(sender, entry.name, entry.row.acl)
        if Right.POST in rights:
            return _Found(tree.account, entry, needs_right=True)
        if Right.LOOKUP in rights:
            raise PermissionDenied(f"{sender.author().actor} may not post to {entry.name.internal}")
    raise UserNotFound(f"+{recipient.detail}")


async def _shared_candidates(
    store: Store, settings: LmtpSettings, recipient: Recipient, *, ignore_case: bool
) -> AsyncIterator[tuple[AccountTree, TreeEntry]]:
    for components in _components(recipient.detail, store.policy.names.separator):
        try:
            name = MailboxName(components, _domain(store, recipient))
            # Users have addresses of their own, and what is deleted takes no mail.
            if name.is_user or name.undeleted(store.policy.names.deletedprefix) is not None:
                continue
            tree = await store.tree_of(name)
        except MailboxNameInvalid:
            continue
        is_fuzzy = settings.lmtp_fuzzy_mailbox_match
        if tree is None and is_fuzzy:
            tree = await _similar_account(store, name)
        entry = None if tree is None else tree.find(name)
        if tree is not None and entry is None and (is_fuzzy or ignore_case):
            entry = _similar(tree, components[1:], or_above=is_fuzzy)
        if tree is not None and entry is not None:
            yield tree, entry


async def _users_mailbox(
    store: Store,
    settings: LmtpSettings,
    sender: Actor,
    recipient: Recipient,
    *,
    is_exact: bool,
    ignore_case: bool,
) -> _Found:
    try:
        tree = await _users_tree(store, _userid(store, settings, recipient.local_part, recipient.domain))
        detail = recipient.detail
    except UserNotFound:
        if settings.lmtp_catchall_mailbox is None:
            raise
        tree = await _users_tree(store, _userid(store, settings, settings.lmtp_catchall_mailbox, ""))
        detail = ""
    detail_missing = bool(detail)
    for components in _components(detail, store.policy.names.separator):
        entry = _find_below(tree, components, is_fuzzy=settings.lmtp_fuzzy_mailbox_match, ignore_case=ignore_case)
        if entry is None:
            continue
        detail_missing = False
        if not _is_excluded(settings, entry) and Right.POST in store.rights_on(sender, entry.name, entry.row.acl):
            return _Found(tree.account, entry, needs_right=True)
    inbox = tree.top
    if inbox is None or (is_exact and recipient.detail):
        raise UserNotFound(recipient.address)
    return _Found(tree.account, inbox, needs_right=False, detail_missing=detail_missing)


async def _users_tree(store: Store, userid: UserId) -> AccountTree:
    tree = await store.tree_of(MailboxName.of_user(userid))
    if tree is None:
        raise UserNotFound(str(userid))
    return tree


def _find_below(
    tree: AccountTree, components: tuple[str, ...], *, is_fuzzy: bool, ignore_case: bool
) -> TreeEntry | None:
    try:
        entry = tree.find(tree.name.child(*components))
    except MailboxNameInvalid:
        entry = None
    if entry is None and (is_fuzzy or ignore_case):
        similar = _similar(tree, components, or_above=is_fuzzy)
        return None if similar is None or similar.name.is_inbox else similar
    return entry


def _is_excluded(settings: LmtpSettings, entry: TreeEntry) -> bool:
    uses = entry.row.special_use.lower().split()
    return any(use.lower() in uses for use in settings.lmtp_exclude_specialuse)


async def _similar_account(store: Store, name: MailboxName) -> AccountTree | None:
    """The shared hierarchy whose name is the same but for case and spaces."""
    wanted = _loosened(store.account_name_of(name).internal)
    for row in await store.engine.accounts():
        if _loosened(row.name) == wanted:
            return await store.tree_of(MailboxName.from_internal(row.name))
    return None


def _similar(tree: AccountTree, components: tuple[str, ...], *, or_above: bool) -> TreeEntry | None:
    """The mailbox whose name below the account's is this but for case and spaces; `or_above` the nearest above it."""
    wanted = _loosened(KEY_SEPARATOR.join(components))
    top = len(tree.name.key) + 1
    found = {_loosened(entry.key[top:]): entry for entry in tree.live()}
    while wanted not in found:
        if not wanted or not or_above:
            return None
        wanted = wanted.rpartition(KEY_SEPARATOR)[0]
    return found[wanted]


def _loosened(key: str) -> str:
    return "".join(key.casefold().split())


def names_shared_mailbox(settings: LmtpSettings, recipient: Recipient) -> bool:
    """Whether an address is of a shared mailbox, and of no user."""
    local_part, postuser = recipient.local_part, settings.postuser
    if settings.lmtp_downcase_rcpt:
        local_part, postuser = local_part.lower(), postuser.lower()
    return local_part in ("", postuser)


def recipient_userid(store: Store, settings: LmtpSettings, recipient: Recipient) -> UserId:
    """The user that an address is of, whether there is one or not. UserNotFound where nobody can be called so."""
    return _userid(store, settings, recipient.local_part, recipient.domain)


def _userid(store: Store, settings: LmtpSettings, local_part: str, domain: str) -> UserId:
    names = _names(store.policy.names, settings.lmtp_downcase_rcpt)
    address = f"{local_part}@{domain}" if names.has_domains and domain else local_part
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
            try:
                check_room(quota, added, QuotaPolicy.STRICT)
            except QuotaExceeded:
                store.note_quota_refusal(target.account, entry.row.id)
                raise
