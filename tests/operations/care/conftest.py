"""The site of the tests of messages, for care of it."""

from tests.operations.messages.conftest import memory_world, world

__all__ = ["memory_world", "world"]
