"""Who was told of `\\Recent` first, before the engine has written it down."""

from collections import OrderedDict

from angarium.engine.commands import ClaimRecent
from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.store.mailbox import Mailbox

_LIMIT = 10_000


class RecentClaims:
    """The claims of a worker's sessions; they reach the engine as advice, and other workers some seconds later.

    `\\Recent` may then be shown twice, by sessions of two workers; a promise would cost every SELECT an fsync.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._claimed: OrderedDict[tuple[MailboxId, AccountId | None], Uid] = OrderedDict()

    def claimed(self, mailbox: Mailbox) -> Uid:
        """The last UID that was claimed here for the reader's seen state; 0 where there is none."""
        return self._claimed.get((mailbox.id, mailbox.seen_account), Uid(0))

    def claim(self, mailbox: Mailbox, uid: Uid) -> None:
        """Messages up to `uid` are being shown as recent."""
        key = (mailbox.id, mailbox.seen_account)
        if self.claimed(mailbox) >= uid:
            return
        self._claimed[key] = uid
        self._claimed.move_to_end(key)
        if len(self._claimed) > _LIMIT:
            self._claimed.popitem(last=False)
        self._engine.advise(mailbox.account, ClaimRecent(mailbox.id, uid, mailbox.seen_account))
