"""What ends a run, and says why."""


class BenchError(Exception):
    """Something that the run needs is missing, or a server did not do the work that was asked of it."""
