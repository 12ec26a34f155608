"""The names that an actor may know of: her own from her account, those of others from the catalogue.

What an actor sees of her own account is kept until its names or rights change (`folder_modseq`), since LIST is asked
often and a name costs some microseconds to translate and to sort.
"""

from collections import OrderedDict
from dataclasses import dataclass

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, CatalogueRow, MailboxId
from angarium.names import MailboxName, Namespace, SortKey
from angarium.rights import Right, Rights, Subject
from angarium.store import acl
from angarium.store.actor import Actor
from angarium.store.policy import StorePolicy
from angarium.store.tree import AccountTree, full_name
from angarium.store.trees import AccountTrees

_LIMIT = 128


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


class VisibleMailboxes:
    """Finds what an actor may know of."""

    def __init__(self, engine: Engine, policy: StorePolicy, trees: AccountTrees) -> None:
        self._engine = engine
        self._policy = policy
        self._trees = trees
        self._own: OrderedDict[tuple[AccountId, Subject], tuple[AccountTree, list[VisibleMailbox]]] = OrderedDict()

    async def of(self, actor: Actor) -> list[VisibleMailbox]:
        """All mailboxes with the right `l`, in the order of LIST."""
        own = await self._of_own_account(actor)
        others = await self._of_catalogue(actor)
        return sorted([*own, *others], key=_order) if others else list(own)

    async def _of_own_account(self, actor: Actor) -> list[VisibleMailbox]:
        if actor.account is None or actor.is_admin:
            return []
        tree = await self._trees.get(actor.account)
        key = (actor.account, actor.subject())
        kept = self._own.get(key)
        if kept is not None and kept[0] is tree:
            self._own.move_to_end(key)
            return kept[1]
        listing = _Listing(actor, self._policy)
        mailboxes = [
            listing.mailbox(tree.account, entry.row.id, entry.name, entry.row.acl, entry.row.special_use)
            for entry in tree.live()
        ]
        visible = sorted([mailbox for mailbox in mailboxes if mailbox is not None], key=_order)
        self._own[key] = (tree, visible)
        if len(self._own) > _LIMIT:
            self._own.popitem(last=False)
        return visible

    async def _of_catalogue(self, actor: Actor) -> list[VisibleMailbox]:
        if actor.is_admin:
            rows = await self._engine.catalogue()
        else:
            found = await self._engine.catalogue(identifiers=actor.subject().identifiers, excluding=actor.account)
            rows = [row for row in found if not row.deleted]
        tops = {row.account: MailboxName.from_internal(row.account_name) for row in rows}
        listing = _Listing(actor, self._policy)
        mailboxes = [
            listing.mailbox(row.account, row.mailbox, self._full_name(tops[row.account], row), row.acl, row.special_use)
            for row in rows
        ]
        return [mailbox for mailbox in mailboxes if mailbox is not None]

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

    def _rights_on(self, name: MailboxName, acl_text: str) -> Rights:
        # Beside the ACL, rights depend on whose hierarchy it is, and on the domain (of administrators).
        key = (acl_text, acl.is_owner(self._actor, name), name.domain)
        rights = self._rights.get(key)
        if rights is None:
            rights = acl.rights_of(self._actor, acl.parse_acl(acl_text), name=name, policy=self._policy)
            self._rights[key] = rights
        return rights


def _order(mailbox: VisibleMailbox) -> SortKey:
    return mailbox.order
