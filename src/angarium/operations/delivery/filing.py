"""Mailboxes as scripts name them, and as the user whose script it is may file into them.

A name is what the user's client shows. A mailbox takes the message where she has the right `p` or `i` there: her own,
or one that somebody shares with her.
"""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from angarium.engine.rows import MailboxId, MailboxState
from angarium.errors import (
    ActionLimitExceeded,
    MailboxExists,
    MailboxMoving,
    MailboxNameInvalid,
    MailboxNotFound,
    PermanentError,
    PermissionDenied,
    SpecialUseInvalid,
    SpecialUseTaken,
)
from angarium.names import MailboxName, Namespace, modutf7
from angarium.operations.mailboxes import Created, create, subscribe
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Mailbox, Store, TreeEntry

_ENOUGH = (Right.POST, Right.INSERT)


@dataclass(frozen=True, slots=True)
class Filing:
    """Finds mailboxes for one run of a script."""

    store: Store
    actor: Actor
    """Whose script it is; of a shared mailbox, nobody."""
    utf8_only: bool
    """Names are never in modified UTF-7."""
    mailboxes_max: int = 0
    """In an account that has so many none is made; 0: no limit."""

    def name(self, text: str) -> MailboxName:
        """The mailbox that a script means. MailboxNameInvalid."""
        if not self.utf8_only and "&" in text and text.isascii():
            try:
                text = modutf7.decode(text.encode("ascii"))
            except MailboxNameInvalid:
                pass  # it is called so
        return self._namespace.to_internal(text)

    async def find(self, name: MailboxName) -> Mailbox:
        """MailboxNotFound, PermissionDenied, MailboxMoving."""
        return _accepting(await self.store.find_any(self.actor, name, *_ENOUGH))

    async def exists(self, text: str) -> bool:
        """Whether a message can be filed there (RFC 5490 §3.1)."""
        try:
            await self.find(self.name(text))
        except PermanentError:
            return False
        return True

    async def find_by_id(self, mailbox_id: str) -> Mailbox:
        """RFC 9042 §4. MailboxNotFound, also where another's takes no mail of hers, PermissionDenied, MailboxMoving."""
        home = await self.store.engine.home_of(MailboxId(mailbox_id))
        if home is None:
            raise MailboxNotFound(f"there is no mailbox {mailbox_id}")
        found = await self.store.find_by_id(self.actor, home, MailboxId(mailbox_id))
        try:
            return await self.find(found.name)
        except PermissionDenied:
            if found.is_owner:
                raise
            raise MailboxNotFound(f"there is no mailbox {mailbox_id} to file into") from None

    async def find_by_use(self, special_use: str) -> Mailbox:
        """The user's mailbox with this use, which no two have (RFC 8579 §4). MailboxNotFound, PermissionDenied,
        MailboxMoving."""
        for entry in await self._own():
            if has_uses(entry, (special_use,)):
                return await self.find(entry.name)
        raise MailboxNotFound(f"no mailbox is for {special_use}")

    async def has_uses(self, text: str | None, uses: Sequence[str]) -> bool:
        """Whether a mailbox, or between them the user's own, have all these uses (RFC 8579 §3)."""
        if text is None:
            return all([await succeeds(self.find_by_use(use)) for use in uses])
        try:
            mailbox = await self.find(self.name(text))
        except PermanentError:
            return False
        wanted = {use.lower() for use in uses}
        return mailbox.is_owner and wanted <= set(mailbox.row.special_use.lower().split())

    async def find_or_create(self, text: str, *, special_use: str | None = None) -> Mailbox:
        """The mailbox, made where it is missing and may be made; the user is subscribed to a new one (RFC 5490 §3.2).

        MailboxNameInvalid, PermissionDenied, ActionLimitExceeded and what else CREATE is refused for.
        """
        name = self.name(text)
        try:
            return await self.find(name)
        except MailboxNotFound:
            pass
        await self._require_room_for(name)
        try:
            created = await self._create(name, special_use)
        except MailboxExists:
            return await self.find(name)
        if self.actor.account is not None:
            for each in created.names:
                await subscribe(self.store, self.actor, each)
        return await self.find(name)

    async def _require_room_for(self, name: MailboxName) -> None:
        """Those that are missing above it are made, too."""
        tree = await self.store.tree_of(name) if self.mailboxes_max else None
        if tree is not None and len(tree.live()) >= self.mailboxes_max:
            raise ActionLimitExceeded(f"a script makes no mailbox where there are {self.mailboxes_max} or more")

    async def _create(self, name: MailboxName, special_use: str | None) -> Created:
        if special_use is not None:
            try:
                return await create(self.store, self.actor, name, special_use=(special_use,))
            except (SpecialUseInvalid, SpecialUseTaken):
                pass  # RFC 8579 §4.1: the mail matters more than what its mailbox is for
        return await create(self.store, self.actor, name)

    @property
    def _namespace(self) -> Namespace:
        return self.store.namespace(self.actor)

    async def _own(self) -> list[TreeEntry]:
        if self.actor.account is None:
            return []
        tree: AccountTree = await self.store.tree(self.actor.account)
        return tree.live()


async def succeeds(attempt: Coroutine[Any, Any, object]) -> bool:
    """Whether it is not refused for good; what fails for now is raised."""
    try:
        await attempt
    except PermanentError:
        return False
    return True


def has_uses(entry: TreeEntry, uses: Sequence[str]) -> bool:
    """Whether a mailbox is for all of these."""
    return {use.lower() for use in uses} <= set(entry.row.special_use.lower().split())


def _accepting(mailbox: Mailbox) -> Mailbox:
    if mailbox.row.state is MailboxState.MOVING:
        raise MailboxMoving(mailbox.name.internal)
    return mailbox
