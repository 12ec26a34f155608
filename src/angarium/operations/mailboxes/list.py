"""LIST and LSUB: the names that an actor may know of, with what clients want to know about each (RFC 9051 §6.3.9).

Only what is visible to the actor shapes an answer: a mailbox has children where she may see one of them, and a level
that exists but is hidden from her looks like one that does not exist.
"""

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from angarium.names import ListPattern, MailboxName, Namespace, Namespaces
from angarium.store import Actor, Store, Visible, VisibleMailbox
from angarium.store.turns import slices, sorted_in_turns
from angarium.store.visible import add_levels_above

_LISTED_AT_ONCE = 1000
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
_PLACEHOLDER_OF_GONE = (ListAttribute.NO_SELECT, ListAttribute.HAS_NO_CHILDREN)
_GONE = (ListAttribute.NO_SELECT, ListAttribute.SUBSCRIBED)
_GONE_WITH_CHILDREN = (*_PLACEHOLDER, ListAttribute.SUBSCRIBED)
_WITH_CHILDREN = (ListAttribute.HAS_CHILDREN,)
_WITHOUT_CHILDREN = (ListAttribute.HAS_NO_CHILDREN,)


async def list_mailboxes(
    store: Store,
    actor: Actor,
    patterns: Sequence[ListPattern],
    *,
    with_gone: bool = False,
    with_levels: bool = False,
) -> list[Listed]:
    """LIST; in the order INBOX, personal, other users', shared, deleted. A name that two patterns match is told once.

    Patterns that are the empty root query list nothing: the front end answers them. `with_gone` lists names too that
    she has subscribed to and that are no mailboxes, or none any more that she may see (RFC 9051 §6.3.9.1);
    `with_levels`, all that stand above names, be there a mailbox or not.
    """
    namespace = store.namespace(actor)
    visible = await store.visible(actor, prefixes=[pattern.literal_prefix for pattern in patterns])
    subscribed = await _subscribed(store, actor)
    gone = _gone(visible, subscribed, namespace) if with_gone else {}
    listed: list[Listed] = []
    matching = _Matching(patterns, namespace.separator, with_levels=with_levels)
    async for names in slices(await _in_order(visible, gone, namespace), _LISTED_AT_ONCE):
        for external in matching.of(names):
            mailbox = visible.by_external.get(external)
            has_children = external in visible.levels_above
            attributes: tuple[ListAttribute, ...] = _WITH_CHILDREN if has_children else _WITHOUT_CHILDREN
            if mailbox is None:
                attributes = _PLACEHOLDER if has_children else _PLACEHOLDER_OF_GONE
                if external in gone:
                    attributes = _GONE_WITH_CHILDREN if has_children else _GONE
            elif subscribed and mailbox.name.key in subscribed:
                attributes = (*attributes, ListAttribute.SUBSCRIBED)
            listed.append(Listed(external, mailbox, attributes))
    await visible.let_go()
    return listed


async def list_subscriptions(store: Store, actor: Actor, patterns: Sequence[ListPattern]) -> list[Listed]:
    """LSUB: subscribed mailboxes that are there and that the actor may still see, as Cyrus answers.

    A subscription outlives its mailbox (RFC 9051 §6.3.7) and shows again when one of that name comes back.
    """
    namespace = store.namespace(actor)
    subscribed = await _subscribed(store, actor)
    visible: dict[str, VisibleMailbox] = {}
    if subscribed:
        async for mailboxes in slices((await store.visible(actor)).mailboxes, _LISTED_AT_ONCE):
            visible |= {mailbox.external: mailbox for mailbox in mailboxes if mailbox.name.key in subscribed}
    above: set[str] = set()
    add_levels_above(above, visible, namespace.separator)
    listed: list[Listed] = []
    matching = _Matching(patterns, namespace.separator)
    async for names in slices(list(visible), _LISTED_AT_ONCE):
        for external in matching.of(names):
            mailbox = visible.get(external)
            if mailbox is None:
                listed.append(Listed(external, None, _PLACEHOLDER))
            else:
                listed.append(Listed(external, mailbox, _WITH_CHILDREN if external in above else ()))
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


def _gone(visible: Visible, subscribed: dict[str, MailboxName], namespace: Namespace) -> dict[str, MailboxName]:
    """Subscriptions without a mailbox, by the names that she sees."""
    if not subscribed:
        return {}
    there = {mailbox.name.key for mailbox in visible}
    names = [name for key, name in subscribed.items() if key not in there and namespace.shows(name)]
    return {namespace.to_external(name): name for name in names}


async def _in_order(visible: Visible, gone: dict[str, MailboxName], namespace: Namespace) -> Sequence[str]:
    if not gone:
        return list(visible.by_external)
    orders = {mailbox.external: mailbox.order for mailbox in visible}
    orders |= {external: namespace.sort_key(name) for external, name in gone.items()}
    return await sorted_in_turns(orders, orders.__getitem__)


class _Matching:
    """What to list, each once: a level that a pattern with `%` asks for comes before the first name below it."""

    def __init__(self, patterns: Sequence[ListPattern], separator: str, *, with_levels: bool = False) -> None:
        self._patterns = patterns
        self._separator = separator
        self._with_levels = with_levels
        self._with_parents = with_levels or any(pattern.lists_parents for pattern in patterns)
        self._told: set[str] = set()
        self._levels: set[str] = set()
        """Above names that have been looked at, so that siblings ask once for the levels above them."""

    def of(self, externals: Sequence[str]) -> Iterable[str]:
        """Those of the next names; each name is given once, in order."""
        if len(self._patterns) == 1:
            externals = self._patterns[0].near(externals)
        if self._with_parents:
            return self._matching_with_parents(externals)
        if len(self._patterns) == 1:
            return filter(self._patterns[0].matches, externals)
        return filter(self._is_matched, externals)

    def _is_matched(self, external: str) -> bool:
        return any(pattern.matches(external) for pattern in self._patterns)

    def _matching_with_parents(self, externals: Iterable[str]) -> Iterator[str]:
        told = self._told
        for external in externals:
            level = external.rpartition(self._separator)[0]
            if level not in self._levels:
                self._levels.add(level)
                for parent in self._parents(external):
                    if parent not in told:
                        told.add(parent)
                        yield parent
            if external not in told and self._is_matched(external):
                told.add(external)
                yield external

    def _parents(self, external: str) -> Iterator[str]:
        if self._with_levels:
            levels = external.split(self._separator)
            yield from [self._separator.join(levels[:depth]) for depth in range(1, len(levels))]
        else:
            for pattern in self._patterns:
                yield from pattern.matching_parents(external)
