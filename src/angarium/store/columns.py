"""What the columns of a mailbox view are asked with and for."""

import numpy as np
from numpy.typing import NDArray

Indexes = NDArray[np.intp]
"""Places in columns, ascending."""
Mask = NDArray[np.bool_]
"""One truth for each row."""
Uids = NDArray[np.uint32]
"""UIDs, ascending, each once."""


def union_of(rows: int, *indexes: Indexes) -> Indexes:
    """All of these places in columns of so many rows; a fraction of what sorting them would cost."""
    there = np.zeros(rows, dtype=np.bool_)
    for some in indexes:
        there[some] = True
    return np.flatnonzero(there)
