"""The site of the tests of messages, for scripts that are run over them."""

from tests.operations.messages.conftest import memory_world, world

__all__ = ["memory_world", "world"]
