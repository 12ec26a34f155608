"""The store: accounts, mailboxes and who may see them; the rules over an engine.

Nothing above this package asks an engine for a mailbox by name: `Store.find` is the way in, with the Actor and the
rights that are needed. What it gives carries the version of the ACL that decided; a write with that version as its
precondition is refused with AclChanged where somebody changed the ACL meanwhile, and `decided_again` tries anew.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, MailboxId, MailboxRow, QuotaRow
from angarium.engine.sources import Sources
from angarium.errors import AccountNotFound, AclChanged, MailboxNotFound, StoreBusy
from angarium.names import MailboxName, Namespace, UserId
from angarium.rights import Right, Rights
from angarium.store import acl
from angarium.store.actor import Actor
from angarium.store.mailbox import Mailbox, SeenState
from angarium.store.policy import StorePolicy
from angarium.store.recent import RecentClaims
from angarium.store.tree import AccountTree, TreeEntry, full_name
from angarium.store.trees import AccountTrees
from angarium.store.views import MailboxViews
from angarium.store.visible import Visible, VisibleMailboxes

_ATTEMPTS = 5
_Result = TypeVar("_Result")


async def decided_again(operation: Callable[[], Awaitable[_Result]]) -> _Result:
    """What `operation` gives, tried a few times where an ACL changed between the decision and the write."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await operation()
        except AclChanged:
            continue
    return await operation()


class Store:
    """One to a worker; belongs to the engine's event loop."""

    def __init__(self, engine: Engine, policy: StorePolicy, sources: Sources) -> None:
        self.engine = engine
        self.policy = policy
        self.sources = sources
        self.views = MailboxViews(engine, octets=policy.view_octets)
        self.recent_claims = RecentClaims(engine)
        self.quota_refusals: list[Callable[[AccountId, MailboxId], None]] = []
        """Called after something was refused in a mailbox because its quota root is full."""
        self._trees = AccountTrees(engine, deletedprefix=policy.names.deletedprefix)
        self._visible = VisibleMailboxes(engine, policy, self._trees)

    # Who asks, and what she calls things

    def namespace(self, actor: Actor) -> Namespace:
        """The names as `actor` sees them."""
        return Namespace(self.policy.names, actor.userid, actor.is_admin)

    async def actor(
        self,
        userid: UserId,
        *,
        groups: frozenset[str] = frozenset(),
        is_admin: bool = False,
        client: str = "",
        protocol: str = "",
        session: str = "",
    ) -> Actor:
        """A user with her own account, where she has one."""
        return Actor(userid, await self.own_account(userid), groups, is_admin, client, protocol, session)

    async def own_account(self, userid: UserId) -> AccountId | None:
        """That of a user; None where she has none yet."""
        return await self.engine.account_id(_account_of(userid))

    # Accounts and names, without asking for a right

    def account_name_of(self, name: MailboxName) -> MailboxName:
        """The name of the account that holds or would hold `name`."""
        return name.account_path(self.policy.names.deletedprefix).account

    async def account_of(self, name: MailboxName) -> AccountId | None:
        """The account that holds or would hold `name`; None where there is none yet."""
        return await self.engine.account_id(self.account_name_of(name).internal)

    async def tree(self, account: AccountId) -> AccountTree:
        """The account's names, fresh. AccountNotFound."""
        return await self._trees.get(account)

    async def tree_of(self, name: MailboxName) -> AccountTree | None:
        """The names of the account that holds or would hold `name`; None where there is none yet."""
        account_name = self.account_name_of(name)
        account = await self.engine.account_id(account_name.internal)
        if account is None:
            return None
        try:
            return await self._trees.get(account, name=account_name)
        except AccountNotFound:
            return None

    async def locate(self, name: MailboxName) -> tuple[AccountTree, TreeEntry]:
        """A mailbox, live or deleted: for tools, and for who has decided already. MailboxNotFound."""
        tree = await self.tree_of(name)
        entry = tree.find(name) if tree is not None else None
        if tree is None or entry is None:
            raise MailboxNotFound(f"there is no mailbox {name.internal}")
        return tree, entry

    # Mailboxes as an actor meets them

    async def find(self, actor: Actor, name: MailboxName, *needed: Right) -> Mailbox:
        """The mailbox `name`, with all rights of `needed`, or `l` where none is named; its row is of this moment.

        MailboxNotFound where it is not there, or a right is lacking and `l` too; PermissionDenied where the right is
        lacking alone. Mailboxes in delayed delete are there for administrators only.
        """
        mailbox = await self._locate_for(actor, name)
        acl.require(mailbox.rights, *needed)
        return mailbox

    async def find_own(self, actor: Actor, name: MailboxName) -> Mailbox:
        """A live mailbox of the actor's own, with all rights whatever its ACL says: for POP3, where a maildrop is its
        owner's unless `popuseacl` is on. MailboxNotFound, also for one of somebody else."""
        mailbox = await self._locate_for(actor, name)
        if not mailbox.is_owner or mailbox.row.deleted_at_s is not None:
            raise MailboxNotFound(f"{name.internal} is no mailbox of the actor's own")
        return replace(mailbox, rights=Rights.of(*Right))

    async def find_any(self, actor: Actor, name: MailboxName, *accepted: Right) -> Mailbox:
        """As `find`, where one of `accepted` is enough."""
        mailbox = await self._locate_for(actor, name)
        acl.require_any(mailbox.rights, *accepted)
        return mailbox

    async def _locate_for(self, actor: Actor, name: MailboxName) -> Mailbox:
        """A mailbox with the actor's rights, which nobody has asked for yet."""
        account_name = self.account_name_of(name)
        account = await self.engine.account_id(account_name.internal)
        tree = self._trees.kept(account, name=account_name) if account is not None else None
        entry = tree.find(name) if tree is not None else None
        for _ in range(_ATTEMPTS):
            # A tree may be old: the mailbox itself shows whether its name and its ACL are those that the tree knows.
            if tree is not None and entry is not None:
                row = await self.engine.mailbox(tree.account, entry.row.id)
                if row is not None and row.folder_modseq == entry.row.folder_modseq:
                    return self._for_actor(actor, tree.account, row, name=entry.name)
            tree, entry = await self.locate(name)
        raise StoreBusy(f"the names around {name.internal} keep changing")

    async def find_again(self, actor: Actor, mailbox: Mailbox, *needed: Right) -> Mailbox:
        """The same mailbox by its id, whatever its name is now, with the rights and counters of this moment; in another
        account, where it was moved to one and has kept its UIDVALIDITY."""
        row = await self._row_of(mailbox)
        if row is None:
            home = await self.engine.home_of(mailbox.id)
            mailbox = replace(mailbox, account=home or mailbox.account)
            row = await self._row_of(mailbox)
        if row is None or row.uidvalidity != mailbox.row.uidvalidity:
            raise MailboxNotFound(f"mailbox {mailbox.id} is gone")
        name = mailbox.name
        if row.folder_modseq != mailbox.row.folder_modseq:
            tree = await self.tree(mailbox.account)
            name = self._full_name(tree.name, row)
        found = self._for_actor(actor, mailbox.account, row, name=name)
        acl.require(found.rights, *needed)
        return found

    async def find_by_id(self, actor: Actor, account: AccountId, mailbox: MailboxId, *needed: Right) -> Mailbox:
        """As `find`, by account and id. AccountNotFound."""
        row = await self.engine.mailbox(account, mailbox)
        if row is None:
            raise MailboxNotFound(f"there is no mailbox {mailbox}")
        found = self._for_actor(actor, account, row, name=self._full_name((await self.tree(account)).name, row))
        acl.require(found.rights, *needed)
        return found

    def rights_on(self, actor: Actor, name: MailboxName, acl_text: str) -> Rights:
        """The rights of `actor` on a mailbox with this ACL."""
        return acl.rights_of(actor, acl.parse_acl(acl_text), name=name, policy=self.policy)

    async def visible(self, actor: Actor, *, prefixes: Sequence[str] = ("",)) -> Visible:
        """All mailboxes with the right `l`: of other accounts as the catalogue has them. Those may be left out whose
        names, as she sees them, begin with none of `prefixes`."""
        return await self._visible.of(actor, prefixes)

    # Quota

    async def quota_of(self, mailbox: Mailbox) -> QuotaRow | None:
        """The quota root that governs the mailbox."""
        for quota in await self.engine.quotas(mailbox.account) if mailbox.row.quota_root is not None else ():
            if quota.root == mailbox.row.quota_root:
                return quota
        return None

    def note_quota_refusal(self, account: AccountId, mailbox: MailboxId) -> None:
        """Something was refused in a mailbox because its quota root is full."""
        for listener in self.quota_refusals:
            listener(account, mailbox)

    # Parts of the above

    async def _row_of(self, mailbox: Mailbox) -> MailboxRow | None:
        try:
            return await self.engine.mailbox(mailbox.account, mailbox.id)
        except AccountNotFound:  # its last mailbox has left it
            return None

    def _full_name(self, account: MailboxName, row: MailboxRow) -> MailboxName:
        prefix = self.policy.names.deletedprefix
        return full_name(account, row.name, deleted_at_s=row.deleted_at_s, deletedprefix=prefix)

    def _for_actor(self, actor: Actor, account: AccountId, row: MailboxRow, *, name: MailboxName) -> Mailbox:
        if row.deleted_at_s is not None and not acl.administers(actor, name):
            raise MailboxNotFound(f"{name.internal} was deleted")
        rights = self.rights_on(actor, name, row.acl)
        is_owner = acl.is_owner(actor, name)
        if is_owner or row.shared_seen:
            return Mailbox(account, row, name, rights, is_owner, SeenState.SHARED, None)
        seen = SeenState.NONE if actor.account is None else SeenState.OWN
        return Mailbox(account, row, name, rights, is_owner, seen, actor.account)


@lru_cache(maxsize=4096)
def _account_of(userid: UserId) -> str:
    """The name of a user's account; asked for at each login, and checked once."""
    return MailboxName.of_user(userid).internal
