"""What the columns of a mailbox view are asked with and for."""

import numpy as np
from numpy.typing import NDArray

Indexes = NDArray[np.intp]
"""Places in columns, ascending."""
Mask = NDArray[np.bool_]
"""One truth for each row."""
Uids = NDArray[np.uint32]
"""UIDs, ascending, each once."""
