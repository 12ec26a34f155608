"""What takes notifications, as consumers know it."""

from typing import Protocol

from .notification import Notification


class SinkFailed(Exception):
    """It did not take the event; it may take it later."""


class EventRefused(Exception):
    """It will never take this event, and may take others."""


class Sink(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """By which it is remembered how far it was told."""

    @property
    def at_once(self) -> int:
        """How many events it takes at a time, each of another account."""

    async def send(self, notification: Notification) -> None:
        """Returns when the event was taken. SinkFailed, EventRefused."""

    async def close(self) -> None:
        """Nothing is sent any more."""
