"""An engine that keeps everything in memory: for tests, and as the second opinion on what the interface means."""

from angarium.engine.memory.engine import MemoryEngine
from angarium.engine.memory.suspending import Suspending

__all__ = ["MemoryEngine", "Suspending"]
