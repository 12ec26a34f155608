"""Lines of change logs, a policy that tells everything, and a sink that remembers."""

from dataclasses import dataclass, field
from typing import Any

from angarium.config import EventGroup, EventParameter
from angarium.engine.rows import ChangeRow, MailboxId, ModSeq
from angarium.names import NameSettings
from angarium.operations.events.names import events_of
from angarium.operations.events.notification import Notification
from angarium.operations.events.placing import Known, Placed
from angarium.operations.events.policy import EventPolicy
from angarium.operations.events.sink import EventRefused, SinkFailed

EVERYTHING = EventPolicy(
    events=events_of(EventGroup),
    parameters=frozenset(EventParameter),
    names=NameSettings(),
    server_name="mail.example.org",
)
INBOX = MailboxId("i" * 24)
WORK = MailboxId("w" * 24)
Members = dict[str, Any]  # Any: what JSON holds


def line(
    operation: str,
    before: str = "",
    *,
    uids: str = "",
    mailbox: MailboxId | None = INBOX,
    actor: str = "smith",
    client: str = "imap 192.0.2.7",
    modseq: int = 7,
) -> ChangeRow:
    """A line of the change log."""
    return ChangeRow(ModSeq(modseq), 1_700_000_000, actor, client, "session", operation, mailbox, uids, before)


def placed(row: ChangeRow, name: str = "", *, keywords: tuple[str, ...] = (), before: Known | None = None) -> Placed:
    """The line, of a mailbox of this name."""
    mailboxes = {} if row.mailbox is None else {row.mailbox: Known(name, 5, None, keywords)}
    return Placed(row, "user.smith", "user.smith", mailboxes, before)


@dataclass(slots=True, eq=False)
class FakeSink:
    """Takes everything, but as often as `failures` and `refusals` say."""

    name: str = "fake"
    at_once: int = 1
    told: list[Notification] = field(default_factory=list)
    failures: int = 0
    refused: frozenset[str] = frozenset()
    """Names of events."""
    is_closed: bool = False

    async def send(self, notification: Notification) -> None:
        if self.failures:
            self.failures -= 1
            raise SinkFailed("not now")
        if notification.name in self.refused:
            raise EventRefused("never")
        self.told.append(notification)

    async def close(self) -> None:
        self.is_closed = True

    @property
    def names(self) -> list[str]:
        return [each.name.value for each in self.told]

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.told]


class NoAnnouncements:
    """Nobody else changes anything."""

    def __init__(self) -> None:
        self.gaps: list[object] = []

    def hear_all(self, on_gap: object) -> Any:  # Any: what ends it
        self.gaps.append(on_gap)
        return lambda: self.gaps.remove(on_gap)
