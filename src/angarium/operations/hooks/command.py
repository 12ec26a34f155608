"""Programs that are asked; only the master forks, so whoever runs operations says how they are run."""

from typing import Protocol


class CommandOutcome(Protocol):
    """How a command ended; see `worker.ChildOutcome`."""

    @property
    def status(self) -> int:
        """The exit status; 128 plus the signal where one ended it."""

    @property
    def output(self) -> bytes:
        """What it wrote to standard output and standard error, cut at a limit."""

    @property
    def timed_out(self) -> bool: ...


class CommandRunner(Protocol):
    """Runs commands; see `worker.ChildRunner`."""

    async def run(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", stdin_path: str = "", timeout_s: float = 60.0
    ) -> CommandOutcome:
        """Run a command, which is killed after `timeout_s`; its standard input is `stdin`, at most 64 KB, or a file.
        StoreBusy where it cannot be run now."""
