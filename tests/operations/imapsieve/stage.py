"""What users do in IMAP, to the site of the tests of messages, and the scripts that run for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.operations.delivery.office import Office
from tests.operations.messages.conftest import World, uid_set

from angarium.engine.commands import FlagOperation
from angarium.engine.rows import AccountId, ChangeRow, ModSeq
from angarium.flags import Flags
from angarium.names import MailboxName, UserId
from angarium.operations.delivery import DeliveryContext
from angarium.operations.imapsieve import Executor
from angarium.operations.messages import copy, move, store_flags
from angarium.store import Actor
from angarium.store.annotations import SCRIPT_OF_EVENTS

REQUIRE = [
    "imapsieve",
    "environment",
    "imap4flags",
    "fileinto",
    "copy",
    "editheader",
    "variables",
    "enotify",
    "mailbox",
]


def script(text: str, *more: str) -> str:
    """With what scripts of events need."""
    names = ", ".join(f'"{name}"' for name in (*REQUIRE, *more))
    return f"require [{names}];\n{text}"


@dataclass
class Stage:
    """Does what the runner does, whenever a test wants it."""

    office: Office
    everywhere_since_s: int | None = None
    positions: dict[AccountId, ModSeq] = field(default_factory=dict)

    @classmethod
    def open(cls, world: World, text: str = "") -> "Stage":
        return cls(Office.open(world, text))

    @property
    def world(self) -> World:
        return self.office.world

    @property
    def context(self) -> DeliveryContext:
        return self.office.context

    @property
    def executor(self) -> Executor:
        return Executor(self.context, protocols=lambda: ("imap",), admins=frozenset({UserId("cyrus")}))

    async def run_script(self, text: str, *more: str, mailbox: str = "user.alice", name: str = "events") -> None:
        """Have a mailbox's events run a script from now on."""
        account = self.world.account_of(mailbox)
        await self.office.script("alice", script(text, *more), name=name, activate=False)
        await self.office.annotate(mailbox, SCRIPT_OF_EVENTS, name.encode())
        self.positions[account] = (await self.world.engine.state(account)).modseq

    async def catch_up(self, mailbox: str = "user.alice", *, forgets: bool = False) -> list[ChangeRow]:
        """Run what is to be run; gives the lines that were read. With `forgets` it is not noted that they were."""
        account = self.world.account_of(mailbox)
        since = self.positions.get(account, ModSeq(0))
        rows = await self.world.engine.changes(account, since=since, limit=10_000)
        reached = since
        async for modseq in self.executor.steps(account, rows, everywhere_since_s=self.everywhere_since_s):
            if modseq is not None:
                reached = modseq
        if rows:
            assert reached == rows[-1].modseq
        if not forgets:
            self.positions[account] = reached
        return rows

    # What users do

    def user(self, actor: Actor | None = None) -> Actor:
        return replace(actor or self.world.alice, protocol="imap", client="192.0.2.7", session="s1")

    async def append(
        self,
        mailbox: str = "user.alice",
        octets: bytes | None = None,
        flags: Sequence[str] = (),
        *,
        by: Actor | None = None,
    ) -> int:
        more = {} if octets is None else {"octets": octets}
        return await self.world.append(mailbox, flags=flags, actor=self.user(by), **more)  # type: ignore[arg-type]

    async def copy(self, source: str, target: str, *uids: int, by: Actor | None = None, moves: bool = False) -> None:
        selected = await self.world.select(source, self.user(by))
        call = move if moves else copy
        await call(self.world.store, self.user(by), selected, uid_set(*uids), MailboxName.from_internal(target))

    async def flag(
        self, mailbox: str, uid: int, *flags: str, by: Actor | None = None, operation: FlagOperation = FlagOperation.ADD
    ) -> None:
        selected = await self.world.select(mailbox, self.user(by))
        await store_flags(self.world.store, self.user(by), selected, uid_set(uid), operation, Flags.of(flags))

    # What came of it

    async def flags(self, mailbox: str = "user.alice") -> dict[int, set[str]]:
        return await self.world.flags(mailbox)
