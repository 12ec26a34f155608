"""LIST and LSUB: the names that an actor may know of, with what clients want to know about each (RFC 9051 §6.3.9).

Only what is visible to the actor shapes an answer: a mailbox has children where she may see one of them, and a level
that exists but is hidden from her looks like one that does not exist.
"""

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from angarium.engine.rows import MailboxId
from angarium.names import ListPattern, MailboxName, Namespaces
from angarium.rights import NO_RIGHTS, Rights
from angarium.store import Actor, Store


class ListAttribute(enum.Enum):
    """Attributes of a listed name; special use is told apart."""

    NO_SELECT = "\\Noselect"
    HAS_CHILDREN = "\\HasChildren"
    HAS_NO_CHILDREN = "\\HasNoChildren"
    SUBSCRIBED = "\\Subscribed"


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of LIST or LSUB."""

    external: str
    """The name as the actor sees it."""
    name: MailboxName | None
    """None: no mailbox that she may see, but a level above one."""
    attributes: tuple[ListAttribute, ...]
    special_use: str = ""
    mailbox: MailboxId | None = None
    rights: Rights = NO_RIGHTS


_PLACEHOLDER = (ListAttribute.NO_SELECT, ListAttribute.HAS_CHILDREN)


async def list_mailboxes(store: Store, actor: Actor, patterns: Sequence[ListPattern]) -> list[Listed]:
    """LIST; in the order INBOX, personal, other users', shared, deleted. A name that two patterns match is told once.

    Patterns that are the empty root query list nothing: the front end answers them.
    """
    namespace = store.namespace(actor)
    visible = {mailbox.external: mailbox for mailbox in await store.visible(actor)}
    parents = _levels_above(visible, namespace.separator)
    subscribed = await _subscribed_keys(store, actor)
    listed: list[Listed] = []
    for external in _matching(visible, patterns):
        mailbox = visible.get(external)
        if mailbox is None:
            listed.append(Listed(external, None, _PLACEHOLDER))
            continue
        has_children = external in parents
        attributes = [ListAttribute.HAS_CHILDREN if has_children else ListAttribute.HAS_NO_CHILDREN]
        if subscribed and mailbox.name.key in subscribed:
            attributes.append(ListAttribute.SUBSCRIBED)
        listed.append(
            Listed(external, mailbox.name, tuple(attributes), mailbox.special_use, mailbox.mailbox, mailbox.rights)
        )
    return listed


async def list_subscriptions(store: Store, actor: Actor, patterns: Sequence[ListPattern]) -> list[Listed]:
    """LSUB: subscribed mailboxes that are there and that the actor may still see, as Cyrus answers.

    A subscription outlives its mailbox (RFC 9051 §6.3.7) and shows again when one of that name comes back.
    """
    namespace = store.namespace(actor)
    subscribed = await _subscribed_keys(store, actor)
    visible = {mailbox.external: mailbox for mailbox in await store.visible(actor) if mailbox.name.key in subscribed}
    parents = _levels_above(visible, namespace.separator)
    listed: list[Listed] = []
    for external in _matching(visible, patterns):
        mailbox = visible.get(external)
        if mailbox is None:
            listed.append(Listed(external, None, _PLACEHOLDER))
            continue
        attributes = (ListAttribute.HAS_CHILDREN,) if external in parents else ()
        listed.append(Listed(external, mailbox.name, attributes, mailbox.special_use, mailbox.mailbox, mailbox.rights))
    return listed


async def namespaces(store: Store, actor: Actor) -> Namespaces:
    """NAMESPACE (RFC 2342)."""
    return store.namespace(actor).namespaces(has_inbox=actor.account is not None)


async def _subscribed_keys(store: Store, actor: Actor) -> frozenset[str]:
    if actor.account is None:
        return frozenset()
    rows = await store.engine.subscriptions(actor.account)
    return frozenset([MailboxName.from_internal(row.name).key for row in rows if row.subscribed])


def _levels_above(externals: Iterable[str], separator: str) -> set[str]:
    """The names that have one of `externals` below them."""
    above: set[str] = set()
    for external in externals:
        level = external.rpartition(separator)[0]
        while level and level not in above:
            above.add(level)
            level = level.rpartition(separator)[0]
    return above


def _matching(externals: Iterable[str], patterns: Sequence[ListPattern]) -> Iterator[str]:
    """What to list, each once: a level that a pattern with `%` asks for comes before the first name below it."""
    told: set[str] = set()
    for external in externals:
        for pattern in patterns:
            for parent in pattern.matching_parents(external):
                if parent not in told:
                    told.add(parent)
                    yield parent
        if external not in told and any(pattern.matches(external) for pattern in patterns):
            told.add(external)
            yield external
