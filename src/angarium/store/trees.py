"""The account trees of a worker, kept for the accounts used last and compared with the account at each use."""

from collections import OrderedDict
from typing import Final

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId
from angarium.names import MailboxName
from angarium.store.tree import AccountTree, tree_entry
from angarium.store.turns import slices

_LIMIT: Final = 512
_ENTERED_AT_ONCE: Final = 200


class AccountTrees:
    """Gives trees that are as fresh as the account."""

    def __init__(self, engine: Engine, *, deletedprefix: str) -> None:
        self._engine = engine
        self._deletedprefix = deletedprefix
        self._trees: OrderedDict[AccountId, AccountTree] = OrderedDict()

    def kept(self, account: AccountId, *, name: MailboxName) -> AccountTree | None:
        """The tree of the account of this name as it was last asked for, where it is still kept."""
        tree = self._trees.get(account)
        if tree is None or tree.name != name:
            return None
        self._trees.move_to_end(account)
        return tree

    async def get(self, account: AccountId, *, name: MailboxName | None = None) -> AccountTree:
        """The tree of an account; `name` is the account's name where it is known. AccountNotFound."""
        state = await self._engine.state(account)
        tree = self._trees.get(account)
        if tree is not None and tree.folder_modseq == state.folder_modseq and name in (None, tree.name):
            self._trees.move_to_end(account)
            return tree
        if name is None:
            name = MailboxName.from_internal(await self._engine.account_name(account))
        rows = await self._engine.mailboxes(account)
        # The state was read first: a change since then makes the next use compare unequal, never a stale tree equal.
        entries = []
        async for some in slices(rows, _ENTERED_AT_ONCE):
            entries += [tree_entry(name, row, deletedprefix=self._deletedprefix) for row in some]
        tree = AccountTree(account, name, state.folder_modseq, entries)
        self._trees[account] = tree
        self._trees.move_to_end(account)
        if len(self._trees) > _LIMIT:
            self._trees.popitem(last=False)
        return tree
