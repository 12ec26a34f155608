"""Programs run to their end."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.server.running import WAIT_S


def run(
    *words: str | Path,
    stdin: str = "",
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    status: int = 0,
) -> str:
    """What a program prints; it must end with this status."""
    done = subprocess.run(
        [str(word) for word in words],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=WAIT_S,
        env={**os.environ, **({} if home is None else {"HOME": str(home)}), **(environment or {})},
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout
