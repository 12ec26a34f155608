"""A client that renames, deletes and makes mailboxes which others have selected."""

from random import Random
from typing import Final

from tests.server.talkingclient import MOVED, TalkingClient

ROAMING: Final = 3
"""Mailboxes that get other names; nobody deletes them."""
ROAMING_NAMES: Final = ("Roam/a", "Roam/b", "Roam/c", "Roam/d", "Roam/e")
DYING_NAMES: Final = ("Dies/a", "Dies/b", "Dies/c")
_TREE: Final = ("Roam", "Gone for now")
_TAKEN: Final = MOVED | {"ALREADYEXISTS"}
"""A name may be free, or have a mailbox already."""


class ManagingClient(TalkingClient):
    """Their owner, who has a connection for those that roam and one for those that die."""

    steps = 0

    def begin(self, random: Random) -> None:
        self._random = random
        self.log_in()

    def step(self) -> None:
        self.steps += 1
        self._random.choice((self._rename, self._rename, self._rename_tree, self._replace, self._create))()

    def settle(self) -> None:
        """All are where they were looked for again."""
        self._command(f'RENAME "{_TREE[1]}" "{_TREE[0]}"', refusals=_TAKEN)

    def _rename(self) -> None:
        source, target = self._random.sample(ROAMING_NAMES, 2)
        self._command(f'RENAME "{source}" "{target}"', refusals=_TAKEN)

    def _rename_tree(self) -> None:
        """The tree is away for a moment."""
        self._command(f'RENAME "{_TREE[0]}" "{_TREE[1]}"', refusals=_TAKEN)
        self._command(f'RENAME "{_TREE[1]}" "{_TREE[0]}"', refusals=_TAKEN)

    def _create(self) -> None:
        self._command(f'CREATE "{self._random.choice(DYING_NAMES)}"', refusals=_TAKEN)

    def _replace(self) -> None:
        """Another mailbox takes a name at once."""
        name = self._random.choice(DYING_NAMES)
        self._command(f'DELETE "{name}"', refusals=_TAKEN)
        self._command(f'CREATE "{name}"', refusals=_TAKEN)
