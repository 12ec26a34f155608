"""The mail of users, as the administration of users asks for it."""

from typing import Final

from angarium.auth import LoginPolicy
from angarium.config import Settings
from angarium.names import MailboxName, UserId
from angarium.operations.mailboxes import NewUser, autocreate_user, create_user, delete_user
from angarium.store import Actor, Store

_PROGRAM: Final = "angarium user"


class StoreUserMail:
    """A `UserMail` over the operations."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        """With `settings`, new users get what their first login would have given them."""
        self._store = store
        self._settings = settings
        self._actor = Actor.program(_PROGRAM)

    async def create(self, userid: UserId) -> None:
        if self._settings is None or not await self._autocreate(userid, self._settings):
            await create_user(self._store, self._actor, userid)

    async def delete(self, userid: UserId) -> None:
        await delete_user(self._store, self._actor, userid)

    async def _autocreate(self, userid: UserId, settings: Settings) -> bool:
        """Whether it made the mailboxes of a user who had none."""
        inbox = MailboxName.of_user(userid)
        tree = await self._store.tree_of(inbox)
        if tree is not None and tree.find(inbox) is not None:
            return False
        admins = LoginPolicy.from_settings(settings, self._store.policy.names).admins
        user = NewUser(userid=userid, is_admin=userid in admins, protocol=_PROGRAM)
        return await autocreate_user(self._store, settings.autocreate, user) is not None
