"""What `cyr_expire` does: erase what was deleted and expunged long enough ago, in slices that hold no lock for long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from angarium.engine.commands import Erased, EraseMailboxes, PruneChanges, Purged, PurgeMessages
from angarium.engine.delivery import PruneMarks
from angarium.engine.rows import AccountId, AccountRow, MailboxId, MailboxState
from angarium.errors import AngariumError, PermissionDenied
from angarium.names import MailboxName
from angarium.operations.mailboxes.erase import forget_erased
from angarium.store import AccountTree, Actor, Store, TreeEntry

YOUNGEST_PURGED = timedelta(minutes=10)
"""No younger message is purged, so that no session loses what it was told of (DESIGN §5)."""
_ROWS = 1000
_MAILBOXES = 100


@dataclass(frozen=True, slots=True)
class ExpirePlan:
    """What is old enough to go; None: leave it alone."""

    expunged_older_than: timedelta | None = None
    """`-X`."""
    deleted_older_than: timedelta | None = None
    """`-D`."""
    changes_older_than: timedelta | None = None
    """Lines of the change log."""
    duplicates_older_than: timedelta | None = None
    """`-E`: marks of duplicate suppression. What has expired by itself goes in any case."""
    top: MailboxName | None = None
    """`-p`, `-u`: only this mailbox and those below it; log and marks are of whole accounts, and are left alone."""


@dataclass(frozen=True, slots=True)
class Expired:
    """What went, and what could not be done."""

    messages: int = 0
    mailboxes: int = 0
    changes: int = 0
    marks: int = 0
    failures: tuple[tuple[str, AngariumError], ...] = ()
    """Account name and refusal; a bad account keeps no other from its expiry."""

    def plus(self, other: "Expired") -> "Expired":
        """Both together."""
        return Expired(
            self.messages + other.messages,
            self.mailboxes + other.mailboxes,
            self.changes + other.changes,
            self.marks + other.marks,
            self.failures + other.failures,
        )


async def expire(store: Store, actor: Actor, plan: ExpirePlan) -> Expired:
    """Carry out `plan` on all accounts; administrators only."""
    if not actor.is_admin:
        raise PermissionDenied("only administrators may expire")
    expired = Expired()
    for account in await store.engine.accounts():
        expired = expired.plus(await _Expiry(store, actor, plan).account(account))
    return expired


class _Expiry:
    def __init__(self, store: Store, actor: Actor, plan: ExpirePlan) -> None:
        self._store = store
        self._actor = actor
        self._plan = plan
        self._now_s = store.sources.now_s()

    async def account(self, account: AccountRow) -> Expired:
        expired = Expired()
        try:
            tree = await self._store.tree(account.id)
            expired = expired.plus(Expired(messages=await self._purge(tree)))
            expired = expired.plus(Expired(changes=await self._prune(account.id)))
            expired = expired.plus(Expired(marks=await self._forget_marks(account.id)))
            expired = expired.plus(Expired(mailboxes=await self._erase(tree)))
        except AngariumError as refusal:
            expired = expired.plus(Expired(failures=((account.name, refusal),)))
        return expired

    async def _purge(self, tree: AccountTree) -> int:
        age = self._plan.expunged_older_than
        if age is None:
            return 0
        before_s = self._before(max(age, YOUNGEST_PURGED))
        count = 0
        for entry in self._chosen([*tree.live(), *tree.deleted()]):
            command = PurgeMessages(entry.row.id, before_s, _ROWS)
            count += await self._repeat(tree.account, command)
        return count

    async def _erase(self, tree: AccountTree) -> int:
        """Comes last: the account goes with the last mailbox that it had."""
        age = self._plan.deleted_older_than
        if age is None:
            return 0
        forgotten = await forget_erased(self._store, tree.account)
        before_s = self._before(age)
        old = [
            entry.row.id
            for entry in self._chosen(tree.deleted())
            if entry.row.deleted_at_s is not None
            and entry.row.deleted_at_s <= before_s
            # One that is being brought back into another account is nobody's to erase.
            and entry.row.state is MailboxState.LIVE
        ]
        count = 0
        for start in range(0, len(old), _MAILBOXES):
            count += await self._erase_some(tree.account, old[start : start + _MAILBOXES], before_s)
        if count:
            await self._store.engine.refresh_catalogue(tree.account)
            await forget_erased(self._store, tree.account)
        if count or forgotten or not (tree.live() or tree.deleted()):
            await self._forget_if_left(tree.account, had_mailboxes=bool(count or forgotten))
        return count

    async def _forget_if_left(self, account: AccountId, *, had_mailboxes: bool) -> None:
        """An account that never had a mailbox is one that is being made; one that had is a deleted user's, and stays
        until the mail that it still has to send is sent."""
        engine = self._store.engine
        if await engine.mailboxes(account) or await engine.dispatches(account):
            return
        if had_mailboxes or await engine.uidvalidity_of_tombstone(account, "") is not None:
            await engine.forget_account(account)

    async def _erase_some(self, account: AccountId, mailboxes: Sequence[MailboxId], before_s: int) -> int:
        command = EraseMailboxes(tuple(mailboxes), self._actor.author(), deleted_until_s=before_s)
        erased = await self._store.engine.write(account, command)
        assert isinstance(erased, Erased)
        return len(erased.mailboxes)

    async def _prune(self, account: AccountId) -> int:
        if self._plan.changes_older_than is None or self._plan.top is not None:
            return 0
        return await self._repeat(account, PruneChanges(self._before(self._plan.changes_older_than), _ROWS))

    async def _forget_marks(self, account: AccountId) -> int:
        if self._plan.top is not None:
            return 0
        age = self._plan.duplicates_older_than
        return await self._repeat(account, PruneMarks(self._now_s, None if age is None else self._before(age), _ROWS))

    async def _repeat(self, account: AccountId, command: PurgeMessages | PruneChanges | PruneMarks) -> int:
        """Every slice is a write of its own, so that others come in between."""
        count = 0
        while True:
            purged = await self._store.engine.write(account, command)
            assert isinstance(purged, Purged)
            count += purged.count
            if not purged.more:
                return count

    def _chosen(self, entries: Sequence[TreeEntry]) -> list[TreeEntry]:
        top = self._plan.top
        if top is None:
            return list(entries)
        return [entry for entry in entries if self._is_within(entry.name, top)]

    def _is_within(self, name: MailboxName, top: MailboxName) -> bool:
        """A deleted mailbox counts by the name that it had, and by its present one."""
        deleted = name.undeleted(self._store.policy.names.deletedprefix)
        names = [name] if deleted is None else [name, deleted.name]
        return any(known.key == top.key or known.is_below(top) for known in names)

    def _before(self, age: timedelta) -> int:
        return self._now_s - int(age.total_seconds())
