"""Delivery: one message to many recipients, each of whom has an outcome of her own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from angarium.config.options import LmtpSettings
from angarium.engine.commands import Added, AddMessages, NewMessage, QuotaPolicy
from angarium.engine.rows import AccountId, InternalDate, MailboxId, Uid
from angarium.errors import AclChanged, AngariumError
from angarium.flags import NO_FLAGS
from angarium.names import MailboxName
from angarium.operations.messages.incoming import PreparedMessage
from angarium.operations.messages.recipient import DeliveryTarget, resolve_recipient
from angarium.store import Actor, Store, decided_again


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where the message went."""

    name: MailboxName
    uid: Uid


Outcome = Delivered | Exception


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What is the same for all recipients of one message."""

    store: Store
    settings: LmtpSettings
    sender: Actor
    message: PreparedMessage
    date: InternalDate

    def command(self, target: DeliveryTarget) -> AddMessages:
        # AclChanged is temporary: the mailbox has gone to another partition since, and the client tries again.
        if target.partition not in self.message.files:
            raise AclChanged(f"nothing is staged on partition {target.partition}")
        message = NewMessage(
            self.message.files[target.partition], NO_FLAGS, self.date, self.message.content, self.message.search
        )
        return AddMessages(
            target.mailbox, (message,), self.sender.author(), quota=target.quota, acl_version=target.acl_version
        )


async def deliver(
    store: Store,
    settings: LmtpSettings,
    sender: Actor,
    message: PreparedMessage,
    targets: Sequence[DeliveryTarget],
) -> list[Delivered | Exception]:
    """Put the message into each target's mailbox; one outcome for each target, in order.

    What was delivered is durable on return; a refusal stands in the place of its recipient and concerns nobody else.
    Targets that are one mailbox get one message.
    """
    delivery = _Delivery(store, settings, sender, message, InternalDate(store.sources.now_s()))
    by_account: dict[AccountId, dict[MailboxId, DeliveryTarget]] = {}
    for target in targets:
        by_account.setdefault(target.account, {}).setdefault(target.mailbox, target)
    groups = list(by_account.values())
    outcomes: dict[MailboxId, Outcome] = {}
    for group in await asyncio.gather(*[_deliver_to_account(delivery, list(group.values())) for group in groups]):
        outcomes.update(group)
    return [outcomes[target.mailbox] for target in targets]


async def _deliver_to_account(delivery: _Delivery, targets: list[DeliveryTarget]) -> dict[MailboxId, Outcome]:
    try:
        commands = [delivery.command(target) for target in targets]
        results = await delivery.store.engine.write_batch(targets[0].account, commands)
    except AngariumError as refusal:
        return {target.mailbox: refusal for target in targets}
    outcomes: dict[MailboxId, Outcome] = {}
    for target, result in zip(targets, results, strict=True):
        if isinstance(result, Added):
            outcomes[target.mailbox] = Delivered(target.name, result.uids[0])
        elif isinstance(result, AclChanged):
            outcomes[target.mailbox] = await _deliver_again(delivery, target)
        else:
            assert isinstance(result, Exception)
            outcomes[target.mailbox] = result
    return outcomes


async def _deliver_again(delivery: _Delivery, target: DeliveryTarget) -> Outcome:
    """The right to post was lost, or given anew, since RCPT: the INBOX may be what is left."""

    async def attempt() -> Delivered:
        fresh = await resolve_recipient(
            delivery.store,
            delivery.settings,
            delivery.sender,
            target.recipient,
            ignore_quota=target.quota is QuotaPolicy.IGNORE,
        )
        added = await delivery.store.engine.write(fresh.account, delivery.command(fresh))
        assert isinstance(added, Added)
        return Delivered(fresh.name, added.uids[0])

    try:
        return await decided_again(attempt)
    except AngariumError as refusal:
        return refusal
