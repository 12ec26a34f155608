"""Sieve scripts of an account, as an engine keeps them; what they mean it does not know.

The scripts of a shared hierarchy's account are those of its mailboxes; those of the whole site are the engine's
`site_scripts`. What leaves a script as it is takes no modseq. Changes stand in the change log (`putscript`,
`activatescript`, `deletescript`, `renamescript`) and do not move the account's folder_modseq.
"""

from dataclasses import dataclass

from angarium.engine.newmessage import Author
from angarium.engine.rows import ModSeq


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """One script."""

    name: str
    content: bytes
    is_active: bool
    """One of an account's at most."""
    modseq: ModSeq
    """Of its last change, of its name and of whether it is active too: with the name it tells whether what was made of
    the script is still right."""
    changed_at_s: int
    """When `content` became what it is."""


@dataclass(frozen=True, slots=True)
class PutScript:
    """Make or replace a script (RFC 5804 §2.6). ScriptLimitExceeded where it would be one more than `count_limit`.
    Answered by Done."""

    name: str
    content: bytes
    author: Author
    count_limit: int | None = None
    activate: bool = False
    """Make it the active one in the same transaction."""


@dataclass(frozen=True, slots=True)
class ActivateScript:
    """Make a script the active one; None: none is (RFC 5804 §2.8). ScriptNotFound. Answered by Done."""

    name: str | None
    author: Author


@dataclass(frozen=True, slots=True)
class DeleteScript:
    """RFC 5804 §2.10. ScriptNotFound; ScriptActive where it is the active one. Answered by Done."""

    name: str
    author: Author


@dataclass(frozen=True, slots=True)
class RenameScript:
    """RFC 5804 §2.11.1; the active one stays active. ScriptNotFound, ScriptExists. Answered by Done."""

    name: str
    new_name: str
    author: Author
