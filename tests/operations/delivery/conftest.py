"""The site of the tests of messages, for tests of what is delivered to it."""

from tests.operations.messages.conftest import memory_world, world

__all__ = ["memory_world", "world"]
