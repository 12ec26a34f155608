"""Which messages must be where: by what all clients of a server were acknowledged, and by what they asked to go.

Mailboxes have a key that no other mailbox ever has. Nothing goes but what somebody has marked as deleted or moved, and
nothing is there but what somebody was told to have put there; each of them once.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.server.clientmodel import check


@dataclass(slots=True)
class _Counted:
    """One mailbox."""

    family: str
    """Mailboxes that a client cannot tell from one another before it is answered."""
    added: dict[int, str | None] = field(default_factory=dict)
    """UIDs that were acknowledged, with what is known of the message."""
    marked: set[int] = field(default_factory=set)
    """Those which may have been flagged as deleted."""
    moving: set[int] = field(default_factory=set)
    """Those which somebody wanted to move."""
    gone: set[int] = field(default_factory=set)
    """Those which the server said to be expunged."""


class Census:
    """For many threads. What may go is told before the command is sent, what has been done after its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mailboxes: dict[str, _Counted] = {}
        self._delivered: dict[str, int] = {}
        self._unanswered: dict[str, int] = {}

    def count(self, key: str, family: str = "") -> None:
        """From here on this mailbox is counted; it is empty now."""
        self._mailboxes[key] = _Counted(family or key)

    @property
    def keys(self) -> set[str]:
        return set(self._mailboxes)

    def added(self, key: str, uid: int, token: str | None, *, origin: tuple[str, int] | None = None) -> None:
        """A message is in the mailbox, by APPEND, or by COPY or MOVE of `origin`."""
        with self._lock:
            counted = self._mailboxes.get(key)
            if counted is None:
                return
            counted.added[uid] = token
            source = self._mailboxes.get(origin[0]) if origin is not None else None
            if origin is not None and (source is None or origin[1] in source.marked):
                counted.marked.add(uid)  # \Deleted goes along

    def delivered(self, key: str) -> None:
        """Another message has come whose UID nobody was told."""
        with self._lock:
            self._delivered[key] = self._delivered.get(key, 0) + 1

    def unanswered(self, family: str, messages: int) -> None:
        """A MOVE from a mailbox that was deleted meanwhile may have put its messages here, and was not answered."""
        with self._lock:
            self._unanswered[family] = self._unanswered.get(family, 0) + messages

    def may_mark(self, key: str, uids: Iterable[int]) -> None:
        with self._lock:
            if key in self._mailboxes:
                self._mailboxes[key].marked.update(uids)

    def may_move(self, key: str, uids: Iterable[int]) -> None:
        with self._lock:
            if key in self._mailboxes:
                self._mailboxes[key].moving.update(uids)

    def gone(self, key: str, uids: Iterable[int]) -> None:
        """The server has said that these are not there any more."""
        with self._lock:
            if key in self._mailboxes:
                self._mailboxes[key].gone.update(uids)

    def compare(self, key: str, there: Mapping[int, str], uidnext: int) -> None:
        """What is in a mailbox in the end, when nobody changes anything: tokens by UID."""
        counted = self._mailboxes[key]
        unasked = set(range(1, uidnext)) - set(counted.added)
        deliveries = self._delivered.get(key, 0)
        perhaps = self._unanswered.get(counted.family, 0)
        delivered = unasked if deliveries else set()
        check(
            deliveries <= len(delivered) <= deliveries + perhaps,
            f"{key} got {deliveries} deliveries, and perhaps {perhaps} others, and UIDs for {len(delivered)}",
        )
        missing = (set(counted.added) | delivered) - set(there)
        lost = missing - counted.marked - counted.moving
        check(
            len(lost) <= (perhaps if deliveries else 0), f"{key} has lost {sorted(lost)}, which nobody deleted or moved"
        )
        more = sorted(set(there) - set(counted.added) - delivered)
        check(len(more) <= perhaps, f"{key} has {more}, which nobody put there: {[there[uid] for uid in more]}")
        back = set(there) & counted.gone
        check(not back, f"{key} has {sorted(back)}, which were expunged")
        for uid, token in counted.added.items():
            check(token is None or there.get(uid, token) == token, f"{key} has {there.get(uid)} as {uid}, not {token}")
