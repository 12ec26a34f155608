"""EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9)."""

from angarium.engine.commands import Expunge, Expunged
from angarium.engine.rows import ModSeq
from angarium.errors import PermissionDenied
from angarium.flags import SystemFlags
from angarium.operations.messages.slices import slices_of
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, SelectedMailbox, Store, decided_again
from angarium.store.acl import require


async def expunge(store: Store, actor: Actor, selected: SelectedMailbox, uids: UidSet | None = None) -> Expunged:
    """Expunge messages flagged `\\Deleted`, only those among `uids` where given; durable on return.

    Needs the right `e`. The answer names what went by this command; what others expunged is for `Updates` to tell.
    """

    gone = UidSet()
    modseq: ModSeq | None = None

    async def attempt() -> None:
        nonlocal gone, modseq
        await selected.refresh()
        mailbox, view = selected.mailbox, selected.view
        require(mailbox.rights, Right.EXPUNGE)
        if selected.read_only:
            raise PermissionDenied("the mailbox is selected read-only")
        live = view.live() if uids is None else view.indexes_of(uids)
        deleted = live[view.system_mask(SystemFlags.DELETED)[live]]
        for piece in slices_of(view, deleted):
            command = Expunge(mailbox.id, actor.author(), piece, acl_version=mailbox.acl_version)
            expunged = await store.engine.write(mailbox.account, command)
            assert isinstance(expunged, Expunged)
            gone, modseq = gone.union(expunged.uids), expunged.modseq or modseq

    await decided_again(attempt)
    selected.expunged(gone)
    return Expunged(gone, modseq)
