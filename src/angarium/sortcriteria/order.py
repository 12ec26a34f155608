"""The order of messages by several columns (RFC 5256 §3).

Columns hold integers: dates, sizes and numbers as they are, texts by their `ranks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SortColumn:
    """What one criterion compares, a number a message, in the order of message numbers."""

    values: NDArray[np.integer]
    is_descending: bool = False
    """REVERSE, or a comparator that descends; not both."""


def order(columns: Sequence[SortColumn]) -> NDArray[np.intp]:
    """The rows in the order asked for, by the first column first; at least one column, all of one length.

    Rows that are equal in all of them stay in order, also under REVERSE (RFC 5256 §3). 10k rows take about half a
    millisecond a column.
    """
    # The complement descends as the values ascend, and unlike the negative it exists for every number.
    arrays = [~column.values if column.is_descending else column.values for column in columns]
    if len(arrays) == 1:
        return np.argsort(arrays[0], kind="stable")
    return np.lexsort(arrays[::-1])
