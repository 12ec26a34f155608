"""What others did in an account, by its change log: who is told of events is not told of those that it caused itself.

RFC 5465 §5: the server should not tell a client what that client has done.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, ChangeRow, MailboxId, ModSeq
from angarium.sequenceset import UidSet
from angarium.store.annotations import VENDOR

from .events import ARRIVALS, MESSAGE_EVENTS, NO_EVENTS, Event

_LINES: Final = 5000
"""Of the change log, between two looks; where there are more, anything may have changed."""

_MESSAGES: Final = {
    "append": Event.MESSAGE_NEW,
    "deliver": Event.MESSAGE_NEW,
    "copy": Event.MESSAGE_NEW,
    "restore": ARRIVALS,
    "expunge": Event.MESSAGE_EXPUNGE,
    "move": Event.MESSAGE_EXPUNGE,
    "replace": Event.MESSAGE_EXPUNGE,
    "store": Event.FLAG_CHANGE,
    "setsharedseen": Event.FLAG_CHANGE,
    "annotate": Event.ANNOTATION_CHANGE,
}
"""By operation; one that is not known here, and not below, may be any of these."""
_NAMES: Final = frozenset({"create", "rename", "delete", "erase", "depart", "arrive", "setacl", "setspecialuse"})
_SUBSCRIPTIONS: Final = frozenset({"subscribe", "unsubscribe"})
_SETTINGS: Final = {"setspecialuse": "/private/specialuse", "setsharedseen": f"/shared{VENDOR}/sharedseen"}
"""Operations that SETMETADATA asks for."""


@dataclass(slots=True)
class History:
    """What happened in an account since a moment; what the session `own` did itself is left out."""

    own: str
    since: ModSeq
    """Of the messages and annotations that are not told yet."""
    until: ModSeq
    """How far the change log was read."""
    is_complete: bool = True
    """False: there was more than can be looked through."""
    messages: dict[MailboxId, Event] = field(default_factory=dict)
    entries: dict[MailboxId | None, list[str]] = field(default_factory=dict)
    """Names of annotations, those of others' own left out, by mailbox; None: of the account, which stand for the
    server."""
    old_names: dict[MailboxId, str] = field(default_factory=dict)
    """Of mailboxes that were renamed: the name before, relative to the account."""
    with_other_rights: set[MailboxId] = field(default_factory=set)
    """Mailboxes of which others may know than before."""
    own_names: set[str] = field(default_factory=set)
    """Mailboxes whose name or ACL the session changed itself, and nobody else; and internal names to which it has
    subscribed, or has no more."""
    _others_names: set[str] = field(default_factory=set)

    async def read_on(self, engine: Engine, account: AccountId, upto: ModSeq, *, reader: AccountId | None) -> None:
        """Take up what happened since, to `upto` at least; `reader` is the account of the session's user."""
        rows = await engine.changes(account, since=self.until, limit=_LINES)
        self.is_complete = self.is_complete and len(rows) < _LINES
        for row in rows:
            self._take(row, reader)
        self.until = max(self.until, upto)

    def suspect(self, mailboxes: Iterable[MailboxId]) -> None:
        """Anything may have happened in these."""
        self.messages = dict.fromkeys(mailboxes, MESSAGE_EVENTS)
        self.entries.clear()
        self.is_complete = True

    def forget_names(self) -> None:
        """These have been looked at."""
        self.old_names.clear()
        self.with_other_rights.clear()
        self.own_names.clear()
        self._others_names.clear()

    def _take(self, row: ChangeRow, reader: AccountId | None) -> None:
        self.until = max(self.until, row.modseq)
        is_own = bool(self.own) and row.session == self.own
        if row.operation in _SUBSCRIPTIONS:
            self._attribute(str(_before(row).get("name", "")), is_own=is_own)
        if row.operation in _NAMES and row.mailbox is not None:
            self._attribute(row.mailbox, is_own=is_own)
            if row.operation == "setacl":
                self.with_other_rights.add(row.mailbox)
            # One that was created instead of INBOX, which was to be renamed, tells of a name too.
            if row.operation in ("create", "rename") and "name" in (before := _before(row)):
                self.old_names.setdefault(row.mailbox, str(before["name"]))
        if not is_own:
            self._take_change(row, reader)

    def _attribute(self, thing: str, *, is_own: bool) -> None:
        if len(self._others_names) + len(self.own_names) > _LINES:
            self.forget_names()
        if not is_own:
            self._others_names.add(thing)
            self.own_names.discard(thing)
        elif thing not in self._others_names:
            self.own_names.add(thing)

    def _take_change(self, row: ChangeRow, reader: AccountId | None) -> None:
        """Of messages or annotations, by somebody else."""
        if row.operation in _SETTINGS:
            self._add_entries(row.mailbox, [_SETTINGS[row.operation]])
        if row.operation == "annotate" and not row.uids:
            self._add_entries(row.mailbox, readable_entries(row, reader))
        elif row.mailbox is not None and row.operation not in _NAMES:
            event = _MESSAGES.get(row.operation, MESSAGE_EVENTS)
            self.messages[row.mailbox] = self.messages.get(row.mailbox, NO_EVENTS) | event

    def _add_entries(self, mailbox: MailboxId | None, entries: list[str]) -> None:
        known = self.entries.setdefault(mailbox, [])
        known += [entry for entry in entries if entry not in known]


def readable_entries(row: ChangeRow, reader: AccountId | None) -> list[str]:
    """The annotations that a line tells of and that the reader may know, with the prefixes of METADATA."""
    before = _before(row)
    told = zip(before.get("entries", ()), before.get("owners", ()), strict=False)
    entries = [("/shared" if not owner else "/private") + entry for entry, owner in told if owner in ("", reader)]
    return list(dict.fromkeys(entries))


@dataclass(frozen=True, slots=True)
class AnnotatedMessages:
    """Messages of which others changed these annotations."""

    uids: UidSet
    entries: tuple[str, ...]
    """As ANNOTATE has them, without `/shared` or `/private`."""


async def annotated_messages(
    engine: Engine, account: AccountId, mailbox: MailboxId, since: ModSeq, *, own: str, reader: AccountId | None
) -> list[AnnotatedMessages]:
    """Messages whose annotations somebody else changed after `since`, by what was changed."""
    found: dict[tuple[str, ...], UidSet] = {}
    for row in await engine.changes(account, since=since, limit=_LINES):
        if row.mailbox != mailbox or row.operation != "annotate" or not row.uids or (own and row.session == own):
            continue
        entries = tuple(dict.fromkeys(["/" + name.split("/", 2)[2] for name in readable_entries(row, reader)]))
        if entries:
            found[entries] = found.get(entries, UidSet()).union(UidSet.parse(row.uids.encode()))
    return [AnnotatedMessages(uids, entries) for entries, uids in found.items()]


async def own_messages(engine: Engine, account: AccountId, mailbox: MailboxId, since: ModSeq, *, own: str) -> UidSet:
    """What the session itself has put into the mailbox, or changed there, after `since`."""
    uids = UidSet()
    for row in await engine.changes(account, since=since, limit=_LINES) if own else ():
        if row.mailbox == mailbox and row.session == own and row.uids:
            uids = uids.union(UidSet.parse(row.uids.encode()))
    return uids


# Any: what the engine's operations wrote, each in its own form.
def _before(row: ChangeRow) -> dict[str, Any]:
    found = json.loads(row.before) if row.before else {}
    return found if isinstance(found, dict) else {}
