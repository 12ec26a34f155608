"""The times by which workers are watched and replaced."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTimes:
    """Seconds."""

    silence_max_s: float
    """A worker silent for longer is killed."""
    retire_s: float
    """How long a retiring worker may finish what runs."""
    backoff_s: float = 0.1
    """Before the second replacement of a worker that does not live long; doubled from then on."""
    backoff_max_s: float = 30.0
    healthy_s: float = 30.0
    """A worker that lived longer is replaced at once again."""
    drain_grace_s: float = 5.0
    """After the time for draining, before the kill: closing what the program opened."""

    @property
    def heartbeat_s(self) -> float:
        """Between two signs of life."""
        return self.silence_max_s / 5

    @property
    def tick_s(self) -> float:
        """Between two looks at all workers."""
        return self.silence_max_s / 4
