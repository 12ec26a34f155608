"""Delivery: one message to many recipients, each of whom has an outcome of her own."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from angarium.config.options import LmtpSettings
from angarium.engine.commands import Added, AddMessages, NewMessage, QuotaPolicy
from angarium.engine.rows import AccountId, InternalDate, MailboxId, Uid
from angarium.errors import AclChanged, AngariumError, MailboxNotFound
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

log = logging.getLogger(__name__)


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
    groups = [list(group.values()) for group in by_account.values()]
    # All have ended before this returns, whatever one of them met: the staged files go after it.
    answers = await asyncio.gather(*[_deliver_to_account(delivery, group) for group in groups], return_exceptions=True)
    outcomes: dict[MailboxId, Outcome] = {}
    for group, answer in zip(groups, answers, strict=True):
        if isinstance(answer, Exception):
            log.error("delivery_failed", exc_info=answer)
            outcomes.update({target.mailbox: answer for target in group})
        elif isinstance(answer, BaseException):
            raise answer
        else:
            outcomes.update(answer)
    return [outcomes[target.mailbox] for target in targets]


async def _deliver_to_account(delivery: _Delivery, targets: list[DeliveryTarget]) -> dict[MailboxId, Outcome]:
    staged = [target for target in targets if target.partition in delivery.message.files]
    results: list[object] = []
    if staged:
        try:
            commands = [delivery.command(target) for target in staged]
            results = [*await delivery.store.engine.write_batch(targets[0].account, commands)]
        except AngariumError as refusal:
            results = [refusal] * len(staged)
    outcomes: dict[MailboxId, Outcome] = {}
    for target, result in zip(staged, results, strict=True):
        match result:
            case Added(uids=uids):
                outcomes[target.mailbox] = Delivered(target.name, uids[0])
            case AclChanged() | MailboxNotFound():
                outcomes[target.mailbox] = await _deliver_again(delivery, target)
            case Exception():
                outcomes[target.mailbox] = result
    for target in targets:
        if target.mailbox not in outcomes:
            outcomes[target.mailbox] = await _deliver_again(delivery, target)
    return outcomes


async def _deliver_again(delivery: _Delivery, target: DeliveryTarget) -> Outcome:
    """The right to post, or the mailbox, was lost or moved since RCPT: the INBOX may be what is left."""

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
