"""`reconstruct` of an account whose file was lost: its mailboxes from their directories (DESIGN §4).

What the headers and message files do not hold is gone: flags, seen state, annotations, scripts, subscriptions, marks of
deliveries, mail that waits to be sent (its files are put aside) and the change log. Numbers go on above the ceilings of
the headers, so none is given twice. Expunged messages whose files remain come back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from angarium import mime
from angarium.engine.commands import (
    NewMailbox,
    NewMessage,
    RestoredMessage,
    RestoreMailbox,
    RestoreMessages,
    StagedFile,
)
from angarium.engine.interface import SpoolRepair
from angarium.engine.rows import AccountId, FoundMailbox, InternalDate, Uid, UnreadableDirectory
from angarium.errors import AccountNotFound, AngariumError, PermissionDenied, StoreDamaged
from angarium.flags import NO_FLAGS
from angarium.operations.messages.prepare import hash_message, parse_message
from angarium.store import Actor, Store

_SLICE_MESSAGES = 200
"""Read and committed together."""


@dataclass(frozen=True, slots=True)
class Reconstructed:
    """What came back, and what did not."""

    mailboxes: int
    messages: int
    put_aside: str | None
    """Where the account's former file is."""
    failures: tuple[tuple[str, AngariumError], ...]
    """The mailbox's name, with the UID for a message, or a directory without a readable header, and the refusal."""


async def reconstruct_account(
    store: Store, actor: Actor, spool: SpoolRepair, account: AccountId, *, limits: mime.Limits
) -> Reconstructed:
    """Put the account's file aside, and fill a new one from its directories; administrators only.

    AccountNotFound where no directory names the account: then nothing is touched.
    """
    if not actor.is_admin:
        raise PermissionDenied("only administrators may reconstruct")
    found = await spool.found_mailboxes()
    own = [mailbox for mailbox in found if isinstance(mailbox, FoundMailbox) and mailbox.account == account]
    if not own:
        raise AccountNotFound(f"no mailbox directory belongs to account {account}")
    # The highest ceiling first: every mailbox restored after it gets its mod-sequences above all that were told. A
    # rename of the account may have stopped halfway through its headers: that of the newest numbers has the name.
    own.sort(key=lambda mailbox: mailbox.modseq_ceiling, reverse=True)
    rebuilding = _Rebuilding(store, actor, spool, account, limits)
    put_aside = await spool.recreate_account(account, own[0].account_name)
    for mailbox in own:
        await rebuilding.restore(mailbox)
    await store.engine.refresh_catalogue(account)
    unreadable = [
        (directory.directory, StoreDamaged(directory.reason))
        for directory in found
        if isinstance(directory, UnreadableDirectory)
    ]
    return Reconstructed(rebuilding.mailboxes, rebuilding.messages, put_aside, (*rebuilding.failures, *unreadable))


class _Rebuilding:
    def __init__(self, store: Store, actor: Actor, spool: SpoolRepair, account: AccountId, limits: mime.Limits) -> None:
        self._store = store
        self._actor = actor
        self._spool = spool
        self._account = account
        self._limits = limits
        self.mailboxes = 0
        self.messages = 0
        self.failures: list[tuple[str, AngariumError]] = []

    async def restore(self, found: FoundMailbox) -> None:
        """One mailbox, in slices; a message that cannot be read stops no other."""
        author = self._actor.author()
        new = NewMailbox(found.mailbox, found.name, found.partition, found.acl, found.special_use, found.keywords)
        command = RestoreMailbox(
            new, found.uidvalidity, found.uid_ceiling, found.modseq_ceiling, (), author, found.deleted_at_s
        )
        try:
            await self._store.engine.write(self._account, command)
            self.mailboxes += 1
            for start in range(0, len(found.uids), _SLICE_MESSAGES):
                restored = await self._read_slice(found, found.uids[start : start + _SLICE_MESSAGES])
                if restored:
                    await self._store.engine.write(self._account, RestoreMessages(found.mailbox, restored, author))
                    self.messages += len(restored)
        except AngariumError as refusal:
            self.failures.append((found.name, refusal))

    async def _read_slice(self, found: FoundMailbox, uids: Sequence[Uid]) -> tuple[RestoredMessage, ...]:
        restored: list[RestoredMessage] = []
        for uid in uids:
            try:
                restored.append(RestoredMessage(uid, await self._read(found, uid)))
            except AngariumError as refusal:
                self.failures.append((f"{found.name} {uid}", refusal))
        return tuple(restored)

    async def _read(self, found: FoundMailbox, uid: Uid) -> NewMessage:
        file = await self._spool.open_found(found, uid)
        try:
            view = file.view()
            try:
                digest = await asyncio.to_thread(hash_message, view)
                content, search = await parse_message(view, digest=digest, limits=self._limits)
            finally:
                view.release()
            stored = StagedFile(found.partition, f"{found.directory}/{uid}.", file.size_octets)
            return NewMessage(stored, NO_FLAGS, InternalDate(file.written_at_s), content, search)
        finally:
            file.close()
