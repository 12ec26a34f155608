"""What mailboxes are for: the attributes of RFC 6154 §2, and who may have, keep and lose them.

A use is one mailbox's of an account, which the engine holds (`SpecialUseTaken`); `\\All` and `\\Flagged` would be
mailboxes that gather messages of others, and none is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from angarium.errors import SpecialUseInvalid, SpecialUseTaken
from angarium.names import MailboxName

_USES: Final = ("\\Archive", "\\Drafts", "\\Important", "\\Junk", "\\Sent", "\\Snoozed", "\\Trash")
"""`\\Important`: RFC 8457 §3; `\\Snoozed` is Cyrus's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialUsePolicy:
    """The options about special use; attributes with their backslash."""

    extra: tuple[str, ...] = ()
    """`specialuse_extra`."""
    childless: frozenset[str] = frozenset()
    """`specialuse_nochildren`, in lower case."""
    protected: frozenset[str] = frozenset({"\\archive", "\\drafts", "\\important", "\\junk", "\\sent", "\\trash"})
    """`specialuse_protect`, in lower case."""
    at_any_level: bool = False
    """`allowspecialusesubfolder`."""

    def parse(self, attributes: Iterable[str]) -> str:
        """The attributes as a mailbox's row has them, each once and in their usual spelling.

        The backslash may be missing, as from a shell that has eaten it. SpecialUseInvalid.
        """
        known = {use.lower(): use for use in (*_USES, *self.extra)}
        found: dict[str, None] = {}
        for attribute in attributes:
            use = known.get("\\" + attribute.lower().removeprefix("\\"))
            if use is None:
                raise SpecialUseInvalid(f"{attribute!r} is no special use that a mailbox can have")
            found[use] = None
        return " ".join(found)

    def check_place(self, name: MailboxName) -> None:
        """SpecialUseTaken for INBOX, for shared mailboxes, and but `at_any_level` for all deep ones, as in Cyrus."""
        if not name.is_user or name.is_inbox:
            raise SpecialUseTaken(f"{name.internal} cannot have a special use")
        if not self.at_any_level and len(name.components) > _TOP_COMPONENTS:
            raise SpecialUseTaken(f"{name.internal} is too far down to have a special use")

    def is_protected(self, special_use: str) -> bool:
        """Whether users may not delete a mailbox with these uses."""
        return not self.protected.isdisjoint(special_use.lower().split())

    def is_childless(self, special_use: str) -> bool:
        """Whether users may not create mailboxes below one with these uses."""
        return not self.childless.isdisjoint(special_use.lower().split())


_TOP_COMPONENTS: Final = 3
"""Of `user.smith.Sent`."""
