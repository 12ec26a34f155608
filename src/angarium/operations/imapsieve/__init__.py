"""Scripts that run when something happens to a message in IMAP (RFC 6785).

They read the change logs, as events do: no command waits for them, and a crash loses none of them.
"""

from angarium.operations.imapsieve.executor import Executor
from angarium.operations.imapsieve.runner import ScriptRunner

__all__ = ["Executor", "ScriptRunner"]
