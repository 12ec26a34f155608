"""Cheap passwords, a clock that passes when somebody sleeps, users in memory."""

import asyncio
from dataclasses import dataclass, field

from angarium.auth import (
    PasswordCost,
    Passwords,
    StoreKeys,
    StoreVerifier,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
    add_user,
)
from angarium.engine.memory import MemoryEngine
from angarium.engine.sources import SystemSources
from angarium.errors import AccountExists, AccountNotFound
from angarium.names import UserId

CHEAP = PasswordCost(passes=1, memory_kib=8, scram_iterations=4096)
SOURCES = SystemSources()


class Clock:
    """Seconds since some time."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


@dataclass
class FakeMail:
    """Who has mail, and what was done in which order."""

    users: set[UserId] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    async def create(self, userid: UserId) -> None:
        self.calls.append(f"create {userid}")
        if userid in self.users:
            raise AccountExists(str(userid))
        self.users.add(userid)

    async def delete(self, userid: UserId) -> None:
        self.calls.append(f"delete {userid}")
        if userid not in self.users:
            raise AccountNotFound(str(userid))
        self.users.discard(userid)

    def end_sessions(self, userid: str) -> None:
        self.calls.append(f"end {userid}")


def new_engine() -> MemoryEngine:
    return MemoryEngine(["default"], SOURCES)


def store_verifiers(engine: MemoryEngine, passwords: Passwords, clock: Clock | None = None) -> Verifiers:
    """The users of the store, and nobody else."""
    parts = VerifierSet(methods=(StoreVerifier(engine, passwords),), keys=(StoreKeys(engine),))
    return Verifiers(engine, parts, VerifiedLogins(kept_s=300, clock_s=clock or Clock()))


def no_verifiers(engine: MemoryEngine) -> Verifiers:
    """Nobody is checked by anybody."""
    return Verifiers(engine, VerifierSet(), VerifiedLogins(kept_s=300))


async def add(
    engine: MemoryEngine, passwords: Passwords, name: str, password: str, mail: FakeMail | None = None
) -> None:
    hers = mail if mail is not None else FakeMail()
    await add_user(engine, UserId(name), password, passwords=passwords, sources=SOURCES, mail=hers)
