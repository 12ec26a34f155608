"""APPEND (RFC 9051 §6.3.12): in two steps, so that a refusal comes before the client sends its message."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.engine.commands import Added, AddMessages, NewMessage, QuotaPolicy
from angarium.engine.rows import InternalDate, Uid, UidValidity
from angarium.flags import NO_FLAGS, Flags
from angarium.names import MailboxName
from angarium.operations.messages.decision import find_target, permitted_flags
from angarium.operations.messages.incoming import PreparedMessage
from angarium.rights import Right
from angarium.store import Actor, Mailbox, Store, decided_again


@dataclass(frozen=True, slots=True)
class AppendTarget:
    """A mailbox that the actor may put messages into."""

    mailbox: Mailbox

    @property
    def partition(self) -> str:
        """Where its messages are to be staged."""
        return self.mailbox.row.partition


@dataclass(frozen=True, slots=True)
class AppendedMessage:
    """A message to append."""

    message: PreparedMessage
    flags: Flags = NO_FLAGS
    date: InternalDate | None = None
    """None: now."""


@dataclass(frozen=True, slots=True)
class AppendUid:
    """Where messages went (APPENDUID, RFC 4315 §3), in their order."""

    uidvalidity: UidValidity
    uids: tuple[Uid, ...]


async def append_target(store: Store, actor: Actor, name: MailboxName) -> AppendTarget:
    """The mailbox `name`, with the right `i`. MailboxNotFound, MailboxCreatable, PermissionDenied."""
    return AppendTarget(await find_target(store, actor, name))


async def append(store: Store, actor: Actor, target: AppendTarget, messages: Sequence[AppendedMessage]) -> AppendUid:
    """Add all of `messages` or none; durable on return.

    Flags that the actor may not set there are left out (RFC 4314 §4). QuotaExceeded where not all fit.
    """

    async def attempt() -> Added:
        mailbox = await store.find_again(actor, target.mailbox, Right.INSERT)
        command = AddMessages(
            mailbox.id,
            tuple([_new_message(store, mailbox, message) for message in messages]),
            actor.author(),
            quota=QuotaPolicy.STRICT,
            acl_version=mailbox.acl_version,
            seen_account=mailbox.seen_account,
        )
        added = await store.engine.write(mailbox.account, command)
        assert isinstance(added, Added)
        return added

    added = await decided_again(attempt)
    return AppendUid(added.uidvalidity, added.uids)


def _new_message(store: Store, mailbox: Mailbox, appended: AppendedMessage) -> NewMessage:
    return NewMessage(
        file=appended.message.files[mailbox.row.partition],
        flags=permitted_flags(mailbox, appended.flags),
        date=appended.date or InternalDate(store.sources.now_s()),
        content=appended.message.content,
        search=appended.message.search,
    )
