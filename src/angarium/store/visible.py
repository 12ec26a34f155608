"""The names that an actor may know of: her own from her account, those of others from the catalogue.

What an actor sees of her own account is kept until its names or rights change (`folder_modseq`), since LIST is asked
often and a name costs some microseconds to translate and to sort.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, CatalogueRow, MailboxId
from angarium.names import MailboxName, Namespace, SortKey, nfc
from angarium.rights import Right, Rights, Subject
from angarium.store import acl
from angarium.store.actor import Actor
from angarium.store.policy import StorePolicy
from angarium.store.tree import AccountTree, full_name
from angarium.store.trees import AccountTrees
from angarium.store.turns import let_go, slices, sorted_in_turns

_LIMIT: Final = 128
_TRANSLATED_AT_ONCE: Final = 200
_PUT_IN_PLACE_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class VisibleMailbox:
    """A mailbox that LIST may show."""

    account: AccountId
    mailbox: MailboxId
    name: MailboxName
    external: str
    """As the actor sees it."""
    order: SortKey
    special_use: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class Visible:
    """All that an actor may know of; not to be changed, since it may be kept."""

    mailboxes: list[VisibleMailbox] = field(default_factory=list)
    """In the order of LIST."""
    by_external: dict[str, VisibleMailbox] = field(default_factory=dict)
    levels_above: AbstractSet[str] = frozenset()
    """The names, as she sees them, that have one of these mailboxes below."""
    is_kept: bool = False

    def __iter__(self) -> Iterator[VisibleMailbox]:
        return iter(self.mailboxes)

    def __len__(self) -> int:
        return len(self.mailboxes)

    async def let_go(self) -> None:
        """To be awaited by whoever asked for it and is done: very many mailboxes are freed in slices."""
        if not self.is_kept:
            await let_go(self.by_external)
            await let_go(self.mailboxes)


class VisibleMailboxes:
    """Finds what an actor may know of."""

    def __init__(self, engine: Engine, policy: StorePolicy, trees: AccountTrees) -> None:
        self._engine = engine
        self._policy = policy
        self._trees = trees
        self._own: OrderedDict[tuple[AccountId, Subject], tuple[AccountTree, Visible]] = OrderedDict()

    async def of(self, actor: Actor, prefixes: Sequence[str]) -> Visible:
        """All mailboxes with the right `l`; of other accounts perhaps only those whose names begin with a prefix."""
        own = await self._of_own_account(actor)
        others = await self._of_catalogue(actor, prefixes)
        if not others.mailboxes:
            return own
        if not own.mailboxes:
            return others
        # What is the actor's own comes first in the order of LIST.
        return Visible(
            [*own.mailboxes, *others.mailboxes],
            {**own.by_external, **others.by_external},
            own.levels_above | others.levels_above,
        )

    async def _of_own_account(self, actor: Actor) -> Visible:
        if actor.account is None or actor.is_admin:
            return Visible()
        tree = await self._trees.get(actor.account)
        key = (actor.account, actor.subject())
        kept = self._own.get(key)
        if kept is not None and kept[0] is tree:
            self._own.move_to_end(key)
            return kept[1]
        listing = _Listing(actor, self._policy)
        mailboxes = []
        async for entries in slices(tree.live(), _TRANSLATED_AT_ONCE):
            for entry in entries:
                row = entry.row
                mailboxes.append(listing.mailbox(tree.account, row.id, entry.name, row.acl, row.special_use))
        visible = replace(await self._in_place(mailboxes), is_kept=True)
        self._own[key] = (tree, visible)
        if len(self._own) > _LIMIT:
            self._own.popitem(last=False)
        return visible

    async def _of_catalogue(self, actor: Actor, prefixes: Sequence[str]) -> Visible:
        if actor.is_admin:
            rows = await self._engine.catalogue()
        else:
            rows = await self._engine.catalogue(identifiers=actor.subject().identifiers, excluding=actor.account)
        tops: dict[AccountId, MailboxName] = {}
        listing = _Listing(actor, self._policy)
        far: set[AccountId] = set()
        mailboxes = []
        async for some in slices(rows, _TRANSLATED_AT_ONCE):
            for row in some:
                if row.deleted and not actor.is_admin:
                    continue
                top = tops.get(row.account)
                if top is None:
                    top = tops[row.account] = MailboxName.from_internal(row.account_name)
                    if listing.is_far(top, prefixes):
                        far.add(row.account)
                if row.account in far and not row.deleted:  # deleted ones have names elsewhere
                    continue
                name = self._full_name(top, row)
                mailboxes.append(listing.mailbox(row.account, row.mailbox, name, row.acl, row.special_use))
        await let_go(rows)
        return await self._in_place(mailboxes)

    async def _in_place(self, mailboxes: Iterable[VisibleMailbox | None]) -> Visible:
        ordered = await sorted_in_turns([mailbox for mailbox in mailboxes if mailbox is not None], _order)
        by_external: dict[str, VisibleMailbox] = {}
        above: set[str] = set()
        async for some in slices(ordered, _PUT_IN_PLACE_AT_ONCE):
            by_external |= {mailbox.external: mailbox for mailbox in some}
            add_levels_above(above, [mailbox.external for mailbox in some], self._policy.names.separator)
        return Visible(ordered, by_external, above)

    def _full_name(self, account: MailboxName, row: CatalogueRow) -> MailboxName:
        stamp_s = int(row.name.rpartition(".")[2], 16) if row.deleted else None
        prefix = self._policy.names.deletedprefix
        return full_name(account, row.name, deleted_at_s=stamp_s, deletedprefix=prefix)


class _Listing:
    """One actor's look at many mailboxes: most of them share an ACL, whose rights are calculated once."""

    def __init__(self, actor: Actor, policy: StorePolicy) -> None:
        self._actor = actor
        self._policy = policy
        self._namespace = Namespace(policy.names, actor.userid, actor.is_admin)
        self._rights: dict[tuple[str, bool, str | None], Rights] = {}

    def mailbox(
        self, account: AccountId, mailbox: MailboxId, name: MailboxName, acl_text: str, special_use: str
    ) -> VisibleMailbox | None:
        """None where the actor may not know of it, or has no name for it."""
        rights = self._rights_on(name, acl_text)
        if Right.LOOKUP not in rights or not self._namespace.shows(name):
            return None
        external = self._namespace.to_external(name)
        return VisibleMailbox(account, mailbox, name, external, self._namespace.sort_key(name), special_use, rights)

    def is_far(self, top: MailboxName, prefixes: Sequence[str]) -> bool:
        """Whether no name below `top`, or its own, begins with any of these; False where that is not simple to say."""
        if not self._actor.is_admin or not self._namespace.shows(top):
            return False
        external = nfc(self._namespace.to_external(top))
        # A domain stands behind the whole name.
        return "@" not in external and not any(
            "@" in prefix or external.startswith(prefix) or prefix.startswith(external) for prefix in prefixes
        )

    def _rights_on(self, name: MailboxName, acl_text: str) -> Rights:
        # Beside the ACL, rights depend on whose hierarchy it is, and on the domain (of administrators).
        key = (acl_text, acl.is_owner(self._actor, name), name.domain)
        rights = self._rights.get(key)
        if rights is None:
            rights = acl.rights_of(self._actor, acl.parse_acl(acl_text), name=name, policy=self._policy)
            self._rights[key] = rights
        return rights


def add_levels_above(above: set[str], externals: Iterable[str], separator: str) -> None:
    """Add the names that have one of `externals` below them."""
    for external in externals:
        level = external.rpartition(separator)[0]
        while level and level not in above:
            above.add(level)
            level = level.rpartition(separator)[0]


def _order(mailbox: VisibleMailbox) -> SortKey:
    return mailbox.order
