"""Refusals that last the same.

Those who check passwords often know sooner that there is no such user than that a password is wrong, and hashes of
other systems take as long as those have made them. So a refusal is told at the next full step of time since the
question; who is found right does not wait.
"""

import math
from typing import Final

STEP_S: Final = 0.25
"""Above the time of one hash, and little beside `failedloginpause`."""


def rest_of_step_s(passed_s: float) -> float:
    """What is left to the next full step."""
    return math.ceil(passed_s / STEP_S) * STEP_S - passed_s
