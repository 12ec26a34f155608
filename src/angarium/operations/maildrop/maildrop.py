"""`Maildrop`: one session's snapshot of a mailbox (RFC 1939 §3), and what the session has marked in it.

Any number of sessions may have a snapshot of one mailbox; what one of them expunges stays readable to the others for as
long as the files stay (`expire`), and is not found after that. Nothing is written before `update`.
"""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angarium.config.options import Pop3Settings
from angarium.engine.commands import Expunge, Expunged, FlagOperation, StoreFlags
from angarium.engine.interface import MessageFile
from angarium.engine.rows import NO_MODSEQ, ModSeq, Uid, UidValidity
from angarium.errors import AngariumError, MailboxNotFound, MessageFileMissing
from angarium.flags import Flags, SystemFlags
from angarium.rights import Right
from angarium.store import Actor, Mailbox, Store, decided_again
from angarium.store.acl import require
from angarium.store.columns import Mask, Uids
from angarium.store.uidranges import uid_set_in_turns

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rows:
    """Messages that are not marked as deleted, one a row."""

    numbers: NDArray[np.int64]
    """From 1 on; they never change within a session."""
    uids: Uids
    sizes_octets: NDArray[np.int64]


class Maildrop:
    """Message numbers count from 1. One object a session; made by `open_maildrop`."""

    __slots__ = (
        "_actor",
        "_deleted",
        "_mailbox",
        "_modseq",
        "_octets",
        "_retrieved",
        "_settings",
        "_sizes_octets",
        "_store",
        "_uids",
        "deleted",
        "has_uidvalidity_in_uidl",
        "removed",
    )

    def __init__(
        self,
        store: Store,
        actor: Actor,
        settings: Pop3Settings,
        mailbox: Mailbox,
        uids: Uids,
        sizes_octets: NDArray[np.int64],
        *,
        modseq: ModSeq,
        has_uidvalidity_in_uidl: bool = True,
    ) -> None:
        """The columns are of one length, and change no more."""
        self._store = store
        self._actor = actor
        self._settings = settings
        self._mailbox = mailbox
        self._uids = uids
        self._sizes_octets = sizes_octets
        self._modseq = modseq
        """Of the account, when the right to read was last asked for."""
        self._octets = int(sizes_octets.sum())
        self._deleted: Mask | None = None
        """None while nothing is marked, as in most sessions."""
        self._retrieved: Mask | None = None
        """What `note_retrieved` has noted; None while that is nothing."""
        self.deleted = 0
        """How many messages are marked as deleted."""
        self.removed = 0
        """How many `update` has expunged."""
        self.has_uidvalidity_in_uidl = has_uidvalidity_in_uidl
        """What the annotation pop3newuidl says."""

    # What is in it

    @property
    def name(self) -> str:
        """The full internal name of the mailbox."""
        return self._mailbox.name.internal

    @property
    def uidvalidity(self) -> UidValidity:
        return self._mailbox.row.uidvalidity

    @property
    def messages(self) -> int:
        """All numbers there are, those of messages marked as deleted included."""
        return int(self._uids.size)

    @property
    def left(self) -> int:
        """Messages that are not marked as deleted."""
        return self.messages - self.deleted

    @property
    def left_octets(self) -> int:
        """Their octets, as stored; none has to be read for it."""
        return self._octets

    def has(self, number: int) -> bool:
        """Whether it is the number of a message that is not marked as deleted."""
        return 1 <= number <= self.messages and (self._deleted is None or not self._deleted[number - 1])

    def size_octets(self, number: int) -> int:
        """As stored, and as sent but for dots (RFC 1939 §11)."""
        return int(self._sizes_octets[number - 1])

    def uid(self, number: int) -> Uid:
        return Uid(int(self._uids[number - 1]))

    def rows(self, first: int, last: int) -> Rows:
        """Messages with the numbers from `first` to `last` that are not marked as deleted."""
        part = slice(first - 1, last)
        numbers = np.arange(first, min(last, self.messages) + 1)
        if self._deleted is None:
            return Rows(numbers, self._uids[part], self._sizes_octets[part])
        left = ~self._deleted[part]
        return Rows(numbers[left], self._uids[part][left], self._sizes_octets[part][left])

    # What the session does

    def is_now(self, actor: Actor) -> None:
        """The same user, who is in other groups by now; her rights are asked for anew."""
        self._actor = actor
        self._modseq = NO_MODSEQ

    async def open(self, number: int) -> MessageFile:
        """The file of a message. MessageNotFound where it was expunged meanwhile and is gone, MessageFileMissing, also
        where it is not as large as it was, since who fetches a part of a message deletes all of it; MailboxNotFound and
        PermissionDenied where the mailbox, or the right to read it, is gone."""
        await self._require_access()
        file = await self._store.engine.open_message(self._mailbox.account, self._mailbox.id, self.uid(number))
        if file.size_octets != self.size_octets(number):
            file.close()
            raise MessageFileMissing(
                f"message {self.uid(number)} of {self.name} has {file.size_octets} octets of {self.size_octets(number)}"
            )
        return file

    def note_retrieved(self, number: int) -> None:
        """The client has got the message in whole."""
        if self._settings.popuseimapflags:
            if self._retrieved is None:
                self._retrieved = self._no_messages()
            self._retrieved[number - 1] = True

    async def delete(self, number: int) -> None:
        """Mark a message as deleted; it goes with `update`. What the right `t` is for and what `e` is for are one
        here. PermissionDenied, MailboxNotFound."""
        await self._require_access()
        require(self._mailbox.rights, Right.DELETE_MESSAGES, Right.EXPUNGE)
        if self._deleted is None:
            self._deleted = self._no_messages()
        self._deleted[number - 1] = True
        self.deleted += 1
        self._octets -= self.size_octets(number)

    def reset(self) -> None:
        """Take all marks of `delete` away."""
        self._deleted = None
        self.deleted = 0
        self._octets = int(self._sizes_octets.sum())

    async def update(self) -> None:
        """Expunge what is marked as deleted, all of it in one transaction or nothing; durable on return.

        Messages that somebody else has expunged meanwhile are no obstacle. With `popuseimapflags` what was retrieved
        and stays gets `\\Seen`, which no refusal of prevents the rest.
        """
        if self._deleted is not None:
            await decided_again(self._expunge)
        if self._retrieved is not None:
            try:
                await decided_again(self._mark_seen)
            except AngariumError as error:
                fields = {"session": self._actor.session, "refusal": type(error).__name__, "reason": str(error)}
                log.info("command_refused", extra=fields)

    # Parts of the above

    async def _require_access(self) -> None:
        """One point read where nothing has happened in the account."""
        modseq = (await self._store.engine.state(self._mailbox.account)).modseq
        if modseq != self._modseq:
            self._mailbox = await self._find(Right.READ)
            self._modseq = modseq

    async def _find(self, *needed: Right) -> Mailbox:
        if self._settings.popuseacl:
            return await self._store.find_again(self._actor, self._mailbox, *needed)
        mailbox = await self._store.find_own(self._actor, self._mailbox.name)
        if (mailbox.id, mailbox.row.uidvalidity) != (self._mailbox.id, self._mailbox.row.uidvalidity):
            raise MailboxNotFound(f"{self.name} is another mailbox by now")
        return mailbox

    def _no_messages(self) -> Mask:
        return np.zeros(self.messages, dtype=np.bool_)

    async def _expunge(self) -> None:
        uids = await uid_set_in_turns(self._uids[self._deleted])
        mailbox = await self._find(Right.DELETE_MESSAGES, Right.EXPUNGE)
        command = Expunge(mailbox.id, self._actor.author(), uids, only_deleted=False, acl_version=mailbox.acl_version)
        expunged = await self._store.engine.write(mailbox.account, command)
        assert isinstance(expunged, Expunged)
        self.removed = len(expunged.uids)

    async def _mark_seen(self) -> None:
        assert self._retrieved is not None
        stays = self._retrieved if self._deleted is None else self._retrieved & ~self._deleted
        uids = await uid_set_in_turns(self._uids[stays])
        mailbox = await self._find(Right.READ)
        if not uids or not mailbox.can_keep_seen:
            return
        command = StoreFlags(
            mailbox.id,
            uids,
            FlagOperation.ADD,
            Flags(SystemFlags.SEEN),
            self._actor.author(),
            writable=SystemFlags.SEEN,
            keywords_writable=False,
            acl_version=mailbox.acl_version,
            seen_account=mailbox.seen_account,
        )
        await self._store.engine.write(mailbox.account, command)
