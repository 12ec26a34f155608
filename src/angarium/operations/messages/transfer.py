"""Messages on their way into another account: linked or copied there first, then expunged here (DESIGN §8).

Every piece is committed in the target before its sources go, so a crash leaves both, never neither. Messages of a MOVE
carry their origin, by which a retry finds the copy that is there already; those of a COPY do not, since whoever copies
twice wants two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.engine.commands import (
    Added,
    AddMessages,
    Expunge,
    Expunged,
    MessageOrigin,
    NewMessage,
    QuotaPolicy,
    StagedFile,
)
from angarium.engine.rows import AnnotationRow, Content, ContentId, EmailId, ModSeq, SearchFields, ThreadId, Uid
from angarium.errors import AngariumError, MessageFileMissing
from angarium.flags import Flags, SystemFlags
from angarium.operations.messages.annotations import copied_annotations
from angarium.operations.messages.copyuid import CopyUid
from angarium.operations.messages.decision import permitted_flags
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SeenState, SelectedMailbox, Store

_PIECE_MESSAGES = 64
"""Committed together; bounds what a lock is held for and what a failure has to undo."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Messages of the source, by their places in its view, and what the index keeps of them."""

    uids: tuple[Uid, ...]
    indexes: tuple[int, ...]
    contents: dict[ContentId, Content]
    search: dict[ContentId, SearchFields]
    annotations: list[AnnotationRow]


async def transfer(
    store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet, target: Mailbox, *, move: bool
) -> CopyUid | None:
    """Copy or move those of `uids` that are there into `target`, of another account; the rights have been decided.

    A COPY is all or none: what was added before a refusal is expunged again. A MOVE that is refused midway leaves what
    it has moved so far in the target (RFC 6851 §3.3).
    """
    run = _Transfer(store, actor, selected, target, move=move)
    indexes = selected.view.indexes_of(uids).tolist()
    try:
        for start in range(0, len(indexes), _PIECE_MESSAGES):
            await run.take(indexes[start : start + _PIECE_MESSAGES])
    except AngariumError:
        await run.undo()
        raise
    return run.result()


class _Transfer:
    def __init__(self, store: Store, actor: Actor, selected: SelectedMailbox, target: Mailbox, *, move: bool) -> None:
        self._store = store
        self._actor = actor
        self._source = selected.mailbox
        # The view is held as it is now: a refresh in another task must not move the rows below us.
        self._view = selected.view
        self._seen = selected.seen
        self._target = target
        self._move = move
        self._from: list[Uid] = []
        self._to: list[Uid] = []
        self._added: Added | None = None
        self._modseq: ModSeq | None = None

    async def take(self, indexes: Sequence[int]) -> None:
        """One piece: link it into the target, and for a MOVE expunge it in the source."""
        piece = await self._piece(indexes)
        engine = self._store.engine
        files = [await engine.stored_file(self._source.account, self._source.id, uid) for uid in piece.uids]
        command = AddMessages(
            self._target.id,
            tuple([self._new_message(piece, place, file) for place, file in enumerate(files)]),
            self._actor.author(),
            quota=QuotaPolicy.STRICT,
            acl_version=self._target.acl_version,
            seen_account=self._target.seen_account,
            copied_from=self._source.id,
        )
        added = await engine.write(self._target.account, command)
        assert isinstance(added, Added)
        self._added = added
        self._from += piece.uids
        self._to += added.uids
        if self._move:
            await self._expunge_sources(piece.uids)

    async def undo(self) -> None:
        """Take back what a COPY has added; whether the actor may expunge there does not matter."""
        if self._move or not self._to:
            return
        command = Expunge(self._target.id, self._actor.author(), UidSet.from_numbers(self._to), only_deleted=False)
        await self._store.engine.write(self._target.account, command)

    def result(self) -> CopyUid | None:
        if self._added is None:
            return None
        is_readable = Right.READ in self._target.rights
        return CopyUid(self._added.uidvalidity, tuple(self._from), tuple(self._to), self._modseq, is_readable)

    async def _expunge_sources(self, uids: Sequence[Uid]) -> None:
        command = Expunge(
            self._source.id,
            self._actor.author(),
            UidSet.from_numbers(uids),
            only_deleted=False,
            acl_version=self._source.acl_version,
        )
        expunged = await self._store.engine.write(self._source.account, command)
        assert isinstance(expunged, Expunged)
        self._modseq = expunged.modseq or self._modseq

    async def _piece(self, indexes: Sequence[int]) -> _Piece:
        engine, account = self._store.engine, self._source.account
        ids = [ContentId(int(self._view.content[index])) for index in indexes]
        contents = await engine.contents(account, ids)
        search = await engine.search_fields(account, ids)
        missing = [content for content in ids if content not in contents or content not in search]
        if missing:
            raise MessageFileMissing(f"{self._source.name.internal}: contents {missing} are gone")
        uids = tuple([Uid(int(self._view.uid[index])) for index in indexes])
        annotations: list[AnnotationRow] = []
        if self._source.row.annotation_octets:
            annotations = await engine.annotations(account, self._source.id, UidSet.from_numbers(uids))
        return _Piece(uids, tuple(indexes), contents, search, annotations)

    def _new_message(self, piece: _Piece, place: int, file: StagedFile) -> NewMessage:
        index, view = piece.indexes[place], self._view
        content = ContentId(int(view.content[index]))
        return NewMessage(
            file=file,
            flags=permitted_flags(self._target, self._flags(index)),
            date=view.date_at(index),
            content=piece.contents[content],
            search=piece.search[content],
            email_id=EmailId(int(view.email_id[index])),
            thread_id=ThreadId(int(view.thread_id[index])),
            origin=MessageOrigin(self._source.id, piece.uids[place]) if self._move else None,
            annotations=tuple(
                copied_annotations(
                    [row for row in piece.annotations if row.uid == piece.uids[place]], self._actor, self._target
                )
            ),
        )

    def _flags(self, index: int) -> Flags:
        """The flags as the actor sees them."""
        flags = self._view.flags_at(index)
        system = flags.system & ~SystemFlags.SEEN
        if self._is_seen(index):
            system |= SystemFlags.SEEN
        return Flags(system, flags.keywords)

    def _is_seen(self, index: int) -> bool:
        if self._source.seen is SeenState.NONE:
            return False
        if self._seen.own is None:
            return SystemFlags.SEEN in self._view.flags_at(index).system
        return int(self._view.uid[index]) in self._seen.own
