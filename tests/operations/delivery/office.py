"""Deliveries to the site of the tests of messages: what is sent, by what scripts, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.lmtp.post import settings
from tests.operations.messages.conftest import ANONYMOUS, AUTHOR, World
from tests.operations.messages.test_trace import TRACE

from angarium.config import Settings
from angarium.engine.commands import SetAnnotations, SetSpecialUse
from angarium.engine.delivery import DispatchRow
from angarium.engine.rows import AnnotationChange
from angarium.engine.scripts import PutScript
from angarium.operations.delivery import DeliveryContext, Letter, Outcome, deliver
from angarium.operations.messages import DeliveryTarget, IncomingMessage, MessageLimits, Recipient, resolve_recipient
from angarium.operations.scripts import CheckedScripts

MAIL = (
    b"From: Bob <bob@example.net>\r\n"
    b"To: alice@example.org\r\n"
    b"Subject: To all\r\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    b"Message-ID: <all@example.net>\r\n"
    b"\r\n"
    b"Hello.\r\n"
)


def mail(message_id: str = "all@example.net", *fields: str) -> bytes:
    """A mail with an id and further fields."""
    more = "".join(f"{field}\r\n" for field in fields).encode()
    return MAIL.replace(b"all@example.net", message_id.encode()).replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n", 1)


@dataclass
class Office:
    """Delivers."""

    world: World
    settings: Settings
    scripts: CheckedScripts

    @classmethod
    def open(cls, world: World, text: str = "") -> "Office":
        """With these lines in imapd.conf."""
        return cls(world, settings(text), CheckedScripts(settings(text).sieve))

    @property
    def context(self) -> DeliveryContext:
        return DeliveryContext(store=self.world.store, settings=self.settings, scripts=self.scripts)

    async def resolve(self, *addresses: str) -> list[DeliveryTarget]:
        """What RCPT would find."""
        store = self.world.store
        return [
            await resolve_recipient(store, self.settings.lmtp, ANONYMOUS, Recipient.parse(address))
            for address in addresses
        ]

    async def send(
        self,
        *addresses: str,
        octets: bytes = MAIL,
        return_path: str = "bob@example.net",
        targets: Sequence[DeliveryTarget] = (),
        partitions: Sequence[str] = (),
    ) -> list[Outcome]:
        """Deliver to addresses, or to what they meant before."""
        targets = targets or await self.resolve(*addresses)
        staged = set(partitions) or {target.partition for target in targets}
        message_id = f"{self.world.sources.random_id()}@mail.example.org"
        trace = replace(TRACE, return_path=return_path, message_id=message_id)
        limits = MessageLimits()
        async with IncomingMessage.delivered(self.world.store, staged, trace, limits=limits) as incoming:
            incoming.write(octets)
            letter = Letter(sender=ANONYMOUS, return_path=return_path, message=await incoming.finish())
            return await deliver(self.context, letter, targets)

    async def script(self, user: str, text: str, *, name: str = "main", activate: bool = True) -> None:
        """Give a user a script."""
        command = PutScript(name, text.encode(), AUTHOR, activate=activate)
        await self.world.engine.write(self.world.account_of(f"user.{user}"), command)

    async def annotate(self, mailbox: str, entry: str, value: bytes | None) -> None:
        """Set a shared annotation of a mailbox."""
        change = AnnotationChange(entry, None, value)
        command = SetAnnotations(self.world.mailboxes[mailbox], (change,), AUTHOR)
        await self.world.engine.write(self.world.account_of(mailbox), command)

    async def special_use(self, mailbox: str, use: str) -> None:
        """Say what a mailbox is for."""
        command = SetSpecialUse(self.world.mailboxes[mailbox], use, AUTHOR)
        await self.world.engine.write(self.world.account_of(mailbox), command)

    async def queue(self, user: str = "alice") -> list[DispatchRow]:
        """What waits to be sent for a user."""
        return await self.world.engine.dispatches(self.world.account_of(f"user.{user}"))
