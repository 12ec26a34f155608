"""A session that watches, as tests drive it: what it heard, and what it is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.store.world import World

from angarium.engine.rows import AccountId
from angarium.operations.metadata import ServerPlaces
from angarium.operations.notifications import (
    Change,
    Event,
    Interest,
    Interests,
    MailboxSet,
    MetadataChange,
    NameChange,
    StatusChange,
    Watch,
)
from angarium.store import Actor

NEW = Event.MESSAGE_NEW | Event.MESSAGE_EXPUNGE
FLAGS = NEW | Event.FLAG_CHANGE
NAME = Event.MAILBOX_NAME
SESSION = "own-session"


def interest(mailboxes: MailboxSet, events: Event, *names: str) -> Interest:
    return Interest(mailboxes, events, names)


class Watching:
    """A watch that hears the engine's announcements."""

    def __init__(self, world: World, actor: Actor, watch: Watch) -> None:
        self.world = world
        self.actor = actor
        self.watch = watch
        self.beginning: list[NameChange] = []
        self.end: Callable[[], None] = world.engine.subscribe(self._hear)

    @classmethod
    async def of(
        cls, world: World, directory: Path, *interests: Interest, user: str = "alice", mailboxes_max: int = 100
    ) -> "Watching":
        actor = world.admin if user == "cyrus" else world.user(user)
        actor = replace(actor, session=SESSION)
        places = ServerPlaces(directory, {})
        separator = world.store.namespace(actor).separator
        watch = await Watch.open(
            world.store, actor, Interests(interests, separator), places, mailboxes_max=mailboxes_max
        )
        watching = cls(world, actor, watch)
        watching.beginning = watch.take_beginning()
        assert await watching.changes() == []
        return watching

    def _hear(self, account: AccountId) -> None:
        if account in self.watch.accounts:
            self.watch.hear(account)

    async def changes(self) -> list[Change]:
        """What is told now."""
        return [change async for change in self.watch.changes(self.actor, None)]

    async def told(self) -> list[str]:
        """The same in short."""
        return [in_short(change) for change in await self.changes()]


def in_short(change: Change) -> str:
    """A change as one line."""
    match change:
        case NameChange():
            words = [
                change.external,
                "" if change.exists else "gone",
                "" if change.is_readable else "closed",
                "subscribed" if change.is_subscribed else "",
                "above" if change.has_children else "",
                f"was {change.old}" if change.old is not None else "",
            ]
            return " ".join([word for word in words if word])
        case StatusChange():
            return f"{change.external}: {change.status.messages} {change.events.name or ''}".rstrip()
        case MetadataChange():
            return f"{change.external} {' '.join(change.entries)}"
