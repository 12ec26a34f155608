"""What an IMAP client keeps of a mailbox it leaves, and what it must find when it comes back (RFC 7162 §3.2.5, §6)."""

from dataclasses import dataclass, field

from tests.server.clientmodel import Flags, Picture, check


@dataclass(slots=True)
class ModSeqKeeper:
    """How far a client has come in its mailbox: decided at each tagged answer."""

    value: int = 0
    _code: int | None = None
    _highest: int = 0

    def heard(self, modseq: int) -> None:
        """A MODSEQ in a FETCH response."""
        self._highest = max(self._highest, modseq)

    def told(self, modseq: int) -> None:
        """A HIGHESTMODSEQ code, which holds whatever else was heard."""
        self._code = modseq

    def tagged(self) -> None:
        self.value = self._code if self._code is not None else max(self.value, self._highest)
        self._code, self._highest = None, 0


@dataclass(slots=True)
class Snapshot:
    """A mailbox as it was left."""

    uidvalidity: int
    modseq: int
    flags: dict[int, Flags | None] = field(default_factory=dict)

    @classmethod
    def of(cls, picture: Picture, uidvalidity: int, modseq: int) -> "Snapshot":
        return cls(uidvalidity, modseq, {told.uid: told.flags for told in picture.messages if told.uid is not None})

    @property
    def parameter(self) -> str:
        return f" (QRESYNC ({self.uidvalidity} {self.modseq}))"

    def came_back(self, vanished: set[int], picture: Picture) -> None:
        """SELECT has told what went and what changed."""
        there = {told.uid for told in picture.messages}
        check(not vanished & there, f"UIDs {sorted(vanished)} vanished, and some of them are there")
        self.flags = {uid: flags for uid, flags in self.flags.items() if uid not in vanished}
        self.flags |= {told.uid: told.flags for told in picture.messages if told.uid is not None}

    def compare(self, picture: Picture, highestmodseq: int) -> None:
        """All is told now: what was known must be there as it was, but for what has changed after SELECT."""
        there = {told.uid for told in picture.messages}
        if None not in there:
            lost = set(self.flags) - there - picture.gone
            check(not lost, f"UIDs {sorted(lost)} have gone, and did not vanish")
        for told in picture.messages:
            known = self.flags.get(told.uid) if told.uid is not None else None
            if known is None or told.flags is None or told.flags_modseq is None or told.flags_modseq > highestmodseq:
                continue
            check(
                told.flags == known,
                f"UID {told.uid} has {sorted(told.flags)}, which was not told: {sorted(known)} were known",
            )
