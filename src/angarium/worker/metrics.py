"""Counters over all workers, which only rise."""

from enum import IntEnum

from angarium.worker.sharedstate import SharedState


class Metric(IntEnum):
    """Places of counters in the shared state; a new one goes to the end."""

    CONNECTIONS = 0
    CONNECTIONS_REFUSED = 1
    LOGINS = 2
    LOGINS_FAILED = 3
    DELIVERIES = 4
    COMMANDS = 5
    LOOP_STALLS = 6
    MAILS_SENT = 7
    MAILS_POSTPONED = 8
    MAILS_FAILED = 9


class Metrics:
    """One worker's counters; for its loop only."""

    def __init__(self, state: SharedState, segment: int) -> None:
        self._state = state
        self._segment = segment

    def raise_by(self, metric: Metric, amount: int = 1) -> None:
        """Count."""
        self._state.raise_metric(self._segment, metric, amount)


def read_metrics(state: SharedState) -> dict[Metric, int]:
    """Each counter over all workers since the server started."""
    sums = state.metric_sums()
    return {metric: int(sums[metric]) for metric in Metric}
