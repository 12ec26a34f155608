"""Where a running server keeps what its processes share: below the configdirectory, so that tools find it."""

from pathlib import Path

from angarium.config import Settings


def run_directory(settings: Settings) -> Path:
    """The directory of the shared state, the workers' datagram sockets and the lock."""
    return settings.directories.configdirectory / "run"
