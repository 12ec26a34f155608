"""What COPY, MOVE and their like answer with."""

from dataclasses import dataclass

from angarium.engine.rows import ModSeq, Uid, UidValidity


@dataclass(frozen=True, slots=True)
class CopyUid:
    """Where copies went (COPYUID, RFC 4315 §3); both tuples are in the order of copying."""

    uidvalidity: UidValidity
    source: tuple[Uid, ...]
    target: tuple[Uid, ...]
    modseq: ModSeq | None
    """Of the source's expunge by a MOVE."""
    is_readable: bool
    """Whether the actor may know; who could not select the target is not told (RFC 4315 §3)."""
