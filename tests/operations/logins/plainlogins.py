"""Logins for tests of front ends: all users have one password, and a failure takes no time."""

import asyncio
from dataclasses import replace
from functools import partial

from angarium.auth import (
    Authenticator,
    CredentialStamp,
    Groups,
    LoginPolicy,
    LoginThrottle,
    PasswordLogin,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
)
from angarium.config import Settings
from angarium.names import UserId, parse_userid
from angarium.operations.logins import ServiceLogins, may_act_for
from angarium.store import Store

PASSWORD = "secret"
ADMINISTRATOR = "cyrus"


class PlainVerifier:
    """Every user is there."""

    name = "angarium"

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        return CredentialStamp(str(login.userid)) if login.password == PASSWORD else None

    async def close(self) -> None: ...


class PlainGroups(Groups):
    """Answers at once: sessions ask at each command, and a thread for each would be most of what tests take."""

    def __init__(self) -> None:
        super().__init__([], kept_s=0)
        self.members: dict[str, frozenset[str]] = {}

    async def of(self, userid: UserId) -> frozenset[str]:
        return self.members.get(str(userid), frozenset())


class PlainLogins(ServiceLogins):
    """Those of a service; the administrator may act for others."""

    def __init__(
        self, store: Store, settings: Settings, verifiers: VerifierSet | None = None, *, admins_only: bool = False
    ) -> None:
        groups = PlainGroups()
        self.groups = groups.members
        parts = verifiers if verifiers is not None else VerifierSet(methods=(PlainVerifier(),))
        authenticator = Authenticator(
            Verifiers(store.engine, parts, VerifiedLogins(kept_s=0)),
            LoginThrottle(),
            groups=groups,
            sleep=_no_time,
            may_act_for=partial(may_act_for, store),
        )
        admins = frozenset({parse_userid(ADMINISTRATOR, store.policy.names)})
        super().__init__(
            store,
            authenticator,
            replace(LoginPolicy.from_settings(settings, store.policy.names), admins=admins, admins_only=admins_only),
            host=settings.server.servername,
            autocreate=settings.autocreate,
        )


async def _no_time(_seconds: float) -> None:
    await asyncio.sleep(0)
