"""APPEND (RFC 9051 §6.3.12): in two steps, so that a refusal comes before the client sends its message."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.engine.commands import Added, AddMessages, NewMessage, QuotaPolicy
from angarium.engine.rows import AnnotationChange, InternalDate, QuotaResource, Uid, UidValidity
from angarium.flags import NO_FLAGS, Flags
from angarium.names import MailboxName
from angarium.operations.hooks import Proposal
from angarium.operations.messages.annotations import MessageAnnotation, annotations_of_new
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
    annotations: tuple[MessageAnnotation, ...] = ()
    proposal: Proposal | None = None
    """What an annotator has it get: its flags are in the place of those above, its annotations beside them."""


@dataclass(frozen=True, slots=True)
class AppendUid:
    """Where messages went (APPENDUID, RFC 4315 §3), in their order."""

    uidvalidity: UidValidity
    uids: tuple[Uid, ...]
    is_readable: bool
    """Whether who appended may know: others, who could not select the mailbox, are not told (RFC 4315 §3)."""


async def append_target(store: Store, actor: Actor, name: MailboxName) -> AppendTarget:
    """The mailbox `name`, with the right `i`. MailboxNotFound, MailboxCreatable, PermissionDenied."""
    return AppendTarget(await find_target(store, actor, name))


async def append(store: Store, actor: Actor, target: AppendTarget, messages: Sequence[AppendedMessage]) -> AppendUid:
    """Add all of `messages` or none; durable on return.

    Flags that the actor may not set there are left out (RFC 4314 §4). QuotaExceeded where not all fit.
    """

    async def attempt() -> AppendUid:
        mailbox = await store.find_again(actor, target.mailbox, Right.INSERT)
        added = await store.engine.write(mailbox.account, addition(store, actor, mailbox, messages))
        assert isinstance(added, Added)
        return append_uid(mailbox, added)

    return await decided_again(attempt)


def addition(store: Store, actor: Actor, mailbox: Mailbox, messages: Sequence[AppendedMessage]) -> AddMessages:
    """The command that adds them to a mailbox that was found with the right `i`."""
    return AddMessages(
        mailbox.id,
        tuple([_new_message(store, actor, mailbox, message) for message in messages]),
        actor.author(),
        quota=QuotaPolicy.STRICT,
        acl_version=mailbox.acl_version,
        seen_account=mailbox.seen_account,
    )


def append_uid(mailbox: Mailbox, added: Added) -> AppendUid:
    """Where they are in it."""
    return AppendUid(added.uidvalidity, added.uids, is_readable=Right.READ in mailbox.rights)


async def room_left(store: Store, target: AppendTarget) -> int | None:
    """Octets that the quota root had room for when it was asked; None: as many as there may be.

    Only for refusing early what is sure to be refused: what decides is the write.
    """
    quota = await store.quota_of(target.mailbox)
    limit_kib = None if quota is None else quota.limits.get(QuotaResource.STORAGE)
    if quota is None or limit_kib is None:
        return None
    return max(0, limit_kib * 1024 - quota.used[QuotaResource.STORAGE])


def _new_message(store: Store, actor: Actor, mailbox: Mailbox, appended: AppendedMessage) -> NewMessage:
    flags = appended.flags if appended.proposal is None else appended.proposal.flags
    return NewMessage(
        file=appended.message.files[mailbox.row.partition],
        flags=permitted_flags(mailbox, flags),
        date=appended.date or InternalDate(store.sources.now_s()),
        content=appended.message.content,
        search=appended.message.search,
        annotations=_annotations(store, actor, mailbox, appended),
    )


def _annotations(
    store: Store, actor: Actor, mailbox: Mailbox, appended: AppendedMessage
) -> tuple[AnnotationChange, ...]:
    given = annotations_of_new(store, actor, mailbox, appended.annotations)
    if appended.proposal is None:
        return given
    proposed = appended.proposal.changes(store, actor.account)
    return tuple({(change.entry, change.owner): change for change in (*given, *proposed)}.values())
