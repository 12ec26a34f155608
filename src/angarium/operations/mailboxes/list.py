"""LIST and LSUB: the names that an actor may know of, with what clients want to know about each (RFC 9051 §6.3.9).

Only what is visible to the actor shapes an answer: a mailbox has children where she may see one of them, and a level
that exists but is hidden from her looks like one that does not exist.
"""

import asyncio
import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from angarium.names import ListPattern, MailboxName, Namespace, Namespaces
from angarium.store import Actor, Store, VisibleMailbox

_LISTED_AT_ONCE = 2000
"""Names that are looked at before other sessions have their turn; some 1 µs each."""


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
    mailbox: VisibleMailbox | None
    """None: no mailbox that she may see, but a level above one, or a name that she has subscribed to."""
    attributes: tuple[ListAttribute, ...]


_PLACEHOLDER = (ListAttribute.NO_SELECT, ListAttribute.HAS_CHILDREN)
_GONE = (ListAttribute.NO_SELECT, ListAttribute.SUBSCRIBED)
_GONE_WITH_CHILDREN = (*_PLACEHOLDER, ListAttribute.SUBSCRIBED)
_WITH_CHILDREN = (ListAttribute.HAS_CHILDREN,)
_WITHOUT_CHILDREN = (ListAttribute.HAS_NO_CHILDREN,)


async def list_mailboxes(
    store: Store, actor: Actor, patterns: Sequence[ListPattern], *, with_gone: bool = False
) -> list[Listed]:
    """LIST; in the order INBOX, personal, other users', shared, deleted. A name that two patterns match is told once.

    Patterns that are the empty root query list nothing: the front end answers them. `with_gone` lists names too that
    she has subscribed to and that are no mailboxes, or none any more that she may see (RFC 9051 §6.3.9.1).
    """
    namespace = store.namespace(actor)
    visible = {mailbox.external: mailbox for mailbox in await store.visible(actor)}
    subscribed = await _subscribed(store, actor)
    gone = _gone(visible.values(), subscribed, namespace) if with_gone else {}
    parents = _levels_above(visible, namespace.separator)
    listed: list[Listed] = []
    for place, external in enumerate(_matching(_in_order(visible, gone, namespace), patterns), start=1):
        if place % _LISTED_AT_ONCE == 0:
            await asyncio.sleep(0)
        mailbox = visible.get(external)
        attributes: tuple[ListAttribute, ...] = _WITH_CHILDREN if external in parents else _WITHOUT_CHILDREN
        if mailbox is None:
            attributes = _PLACEHOLDER
            if external in gone:
                attributes = _GONE_WITH_CHILDREN if external in parents else _GONE
        elif subscribed and mailbox.name.key in subscribed:
            attributes = (*attributes, ListAttribute.SUBSCRIBED)
        listed.append(Listed(external, mailbox, attributes))
    return listed


async def list_subscriptions(store: Store, actor: Actor, patterns: Sequence[ListPattern]) -> list[Listed]:
    """LSUB: subscribed mailboxes that are there and that the actor may still see, as Cyrus answers.

    A subscription outlives its mailbox (RFC 9051 §6.3.7) and shows again when one of that name comes back.
    """
    namespace = store.namespace(actor)
    subscribed = await _subscribed(store, actor)
    visible = {mailbox.external: mailbox for mailbox in await store.visible(actor) if mailbox.name.key in subscribed}
    parents = _levels_above(visible, namespace.separator)
    listed: list[Listed] = []
    for external in _matching(visible, patterns):
        mailbox = visible.get(external)
        if mailbox is None:
            listed.append(Listed(external, None, _PLACEHOLDER))
        else:
            listed.append(Listed(external, mailbox, _WITH_CHILDREN if external in parents else ()))
    return listed


async def namespaces(store: Store, actor: Actor) -> Namespaces:
    """NAMESPACE (RFC 2342)."""
    return store.namespace(actor).namespaces(has_inbox=actor.account is not None)


async def _subscribed(store: Store, actor: Actor) -> dict[str, MailboxName]:
    """The names that she has subscribed to, by key."""
    if actor.account is None:
        return {}
    rows = await store.engine.subscriptions(actor.account)
    names = [MailboxName.from_internal(row.name) for row in rows if row.subscribed]
    return {name.key: name for name in names}


def _gone(
    visible: Iterable[VisibleMailbox], subscribed: dict[str, MailboxName], namespace: Namespace
) -> dict[str, MailboxName]:
    """Subscriptions without a mailbox, by the names that she sees."""
    there = {mailbox.name.key for mailbox in visible}
    names = [name for key, name in subscribed.items() if key not in there and namespace.shows(name)]
    return {namespace.to_external(name): name for name in names}


def _in_order(visible: dict[str, VisibleMailbox], gone: dict[str, MailboxName], namespace: Namespace) -> Iterable[str]:
    if not gone:
        return visible
    orders = {external: mailbox.order for external, mailbox in visible.items()}
    orders |= {external: namespace.sort_key(name) for external, name in gone.items()}
    return sorted(orders, key=orders.__getitem__)


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
    if not any(pattern.lists_parents for pattern in patterns):
        return filter(_matcher(patterns), externals)
    return _matching_with_parents(externals, patterns)


def _matcher(patterns: Sequence[ListPattern]) -> Callable[[str], bool]:
    if len(patterns) == 1:
        return patterns[0].matches
    return lambda external: any(pattern.matches(external) for pattern in patterns)


def _matching_with_parents(externals: Iterable[str], patterns: Sequence[ListPattern]) -> Iterator[str]:
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
