"""What users log in by, as an engine is asked for it: what `users.db` says, remembered until somebody writes it, and
what is noted of logins beside it."""

from angarium.engine.rows import CredentialRow
from angarium.engine.sqlite import users
from angarium.engine.sqlite.remembered import USERS_CHANGES, Remembered, StampOf
from angarium.engine.sqlite.sitefiles import SiteFiles
from angarium.engine.users import AppPasswordUse, DenialRow, LoginRow, UserChange, UserRow

_USERS_REMEMBERED = 10_000


class KnownUsers:
    """The users' part of a `SqliteEngine`; see `interface.Engine` for what each method promises."""

    def __init__(self, site: SiteFiles, stamp_of: StampOf) -> None:
        self._database = site.users
        self._logins = site.logins
        self._site = site
        self._stamp_of = stamp_of
        self._known: Remembered[str, UserRow] = Remembered(self._database.open_reader, _USERS_REMEMBERED)
        self._shared_secrets: Remembered[str, bool] = Remembered(self._database.open_reader, 1)
        self._secret: bytes | None = None

    def user(self, userid: str) -> UserRow:
        """On the loop, as all that is not awaited here but `users`."""
        stamp = self._stamp_of(USERS_CHANGES)
        known = self._known.known(stamp, userid)  # as mostly, and each command asks
        if known is not None:
            return known
        reader = self._database.open_reader
        return self._known.get(stamp, userid, lambda: users.user(reader, userid))

    def users(self) -> list[UserRow]:
        """In a thread."""
        return self._database.read_apart(users.users)

    def credentials(self) -> list[CredentialRow]:
        return users.credentials(self._database.open_reader)

    def denials(self) -> list[DenialRow]:
        return users.denials(self._database.open_reader)

    def has_shared_secrets(self) -> bool:
        reader = self._database.open_reader
        return self._shared_secrets.get(self._stamp_of(USERS_CHANGES), "", lambda: users.has_shared_secrets(reader))

    def site_secret(self) -> bytes:
        if self._secret is None:
            self._secret = users.site_secret(self._database.open_reader)
        return self._secret

    async def remove_credential(self, userid: str) -> None:
        await self._logins.flush()
        await self._site.in_thread(lambda: self._logins.forget(userid))
        await self._site.change(
            USERS_CHANGES,
            lambda: self._database.write(lambda connection: users.remove_credential(connection, userid)),
        )

    async def change_user(self, change: UserChange) -> bool:
        return await self._site.change(
            USERS_CHANGES, lambda: self._database.write(lambda connection: users.change_user(connection, change))
        )

    async def logins(self, userid: str) -> list[LoginRow]:
        await self._logins.flush()
        return await self._site.in_thread(lambda: self._logins.logins(userid))

    async def app_password_uses(self, userid: str) -> dict[int, AppPasswordUse]:
        await self._logins.flush()
        return await self._site.in_thread(lambda: self._logins.app_password_uses(userid))
