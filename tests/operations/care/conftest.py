"""The site of the tests of messages, for care of it."""

from tests.operations.messages.conftest import memory_world, pytest_pyfunc_call, runner, world

__all__ = ["memory_world", "pytest_pyfunc_call", "runner", "world"]
