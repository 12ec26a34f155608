"""Sets of UIDs and message numbers: as a client writes them, and resolved."""

from .sequenceset import SequenceSet, SequenceSetInvalid
from .uidset import MAXIMUM_UID, UidSet

__all__ = ["MAXIMUM_UID", "SequenceSet", "SequenceSetInvalid", "UidSet"]
