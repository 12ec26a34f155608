"""The mail of users, as the administration of users asks for it."""

from angarium.names import UserId
from angarium.operations.mailboxes import create_user, delete_user
from angarium.store import Actor, Store


class StoreUserMail:
    """A `UserMail` over the operations."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._actor = Actor.program("angarium user")

    async def create(self, userid: UserId) -> None:
        await create_user(self._store, self._actor, userid)

    async def delete(self, userid: UserId) -> None:
        await delete_user(self._store, self._actor, userid)
