"""What keeps a store well: expiry, checkpoints, rebuilding what was lost."""

from angarium.operations.care.checkpoint import checkpoint
from angarium.operations.care.expire import YOUNGEST_PURGED, Expired, ExpirePlan, expire
from angarium.operations.care.reconstruct import Reconstructed, reconstruct_account

__all__ = [
    "YOUNGEST_PURGED",
    "ExpirePlan",
    "Expired",
    "Reconstructed",
    "checkpoint",
    "expire",
    "reconstruct_account",
]
