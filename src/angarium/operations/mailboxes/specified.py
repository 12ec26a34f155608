"""Sets of mailboxes that a client speaks of at once (RFC 5465 §6, RFC 7377 §2.2).

Rights decide in silence: who may not search a mailbox cannot tell it from one that is not there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from angarium.errors import MailboxNameInvalid
from angarium.names import KEY_SEPARATOR, MailboxName, Namespace
from angarium.names.rules import nfc
from angarium.rights import Right
from angarium.store import Actor, Store, VisibleMailbox
from angarium.store.turns import slices

_LOOKED_AT_ONCE: Final = 2000

_Membership = Callable[[VisibleMailbox], bool]


class MailboxSet(Enum):
    """Kinds of sets; those of names have at least one."""

    PERSONAL = auto()
    """Those of the actor's own account. INBOXES means the same: mail may be delivered to each (RFC 5465 §6.3)."""
    SUBSCRIBED = auto()
    SUBTREE = auto()
    """Names, and all below them."""
    SUBTREE_ONE = auto()
    """Names, and what is one level below them."""
    NAMED = auto()


@dataclass(frozen=True, slots=True)
class MailboxSpecifier:
    """One set; `names` as the actor sees them."""

    kind: MailboxSet
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecifiedMailbox:
    """A mailbox that a client may have meant; who asks for `needed` learns whether it did."""

    name: MailboxName
    needed: tuple[Right, ...]
    """To read it; and to know of it, where it was not named (RFC 7377 §2.2)."""


async def specified_mailboxes(
    store: Store, actor: Actor, specifiers: Iterable[MailboxSpecifier]
) -> list[SpecifiedMailbox]:
    """What they mean together, each mailbox once; those that were named may not be there. MailboxNameInvalid."""
    found: dict[str, SpecifiedMailbox] = {}
    for specifier in specifiers:
        if specifier.kind is MailboxSet.NAMED:
            namespace = store.namespace(actor)
            for name in map(namespace.to_internal, specifier.names):
                found[name.key] = SpecifiedMailbox(name, (Right.READ,))
            continue
        belongs = await _membership(store, actor, specifier)
        async for mailboxes in slices((await store.visible(actor)).mailboxes, _LOOKED_AT_ONCE):
            for mailbox in mailboxes:
                if Right.READ in mailbox.rights and belongs(mailbox):
                    specified = SpecifiedMailbox(mailbox.name, (Right.LOOKUP, Right.READ))
                    found.setdefault(mailbox.name.key, specified)
    return list(found.values())


async def _membership(store: Store, actor: Actor, specifier: MailboxSpecifier) -> _Membership:
    match specifier.kind:
        case MailboxSet.PERSONAL:
            return lambda mailbox: mailbox.account == actor.account
        case MailboxSet.SUBSCRIBED:
            rows = await store.engine.subscriptions(actor.account) if actor.account is not None else ()
            keys = {MailboxName.from_internal(row.name).key for row in rows if row.subscribed}
            return lambda mailbox: mailbox.name.key in keys
        case _:
            namespace = store.namespace(actor)
            levels = 1 if specifier.kind is MailboxSet.SUBTREE_ONE else None
            below = [_below(namespace, name, levels) for name in specifier.names]
            return lambda mailbox: any(belongs(mailbox) for belongs in below)


def _below(namespace: Namespace, text: str, levels: int | None) -> _Membership:
    """The mailbox of this name, and what is at most so many levels below it."""
    separator = namespace.separator
    try:
        name = namespace.to_internal(text)
        if namespace.is_admin:  # what she sees may end in a domain; levels are those of the store
            return _in_tree(name.key, KEY_SEPARATOR, levels, lambda mailbox: mailbox.name.key)
        text = namespace.to_external(name)
    except MailboxNameInvalid:
        text = text.strip(separator)  # perhaps where names of a kind begin, which is no mailbox
    # A user's levels are those that she sees: with `altnamespace` her other mailboxes are beside INBOX.
    return _in_tree(nfc(text), separator, levels, lambda mailbox: nfc(mailbox.external))


def _in_tree(top: str, separator: str, levels: int | None, spelling: Callable[[VisibleMailbox], str]) -> _Membership:
    prefix = top + separator

    def belongs(mailbox: VisibleMailbox) -> bool:
        spelled = spelling(mailbox)
        if not spelled.startswith(prefix):
            return spelled == top
        return levels is None or spelled.count(separator, len(prefix)) < levels

    return belongs
