"""A store below a temporary directory, and commands run on it."""

import asyncio
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from angarium.cli import main
from angarium.cli.openstore import open_store
from angarium.config import ZeroPorts, load_settings, zero_configuration

PORTS: Final = ZeroPorts(imap=1143, imaps=1993, lmtp=2003)


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    status: int
    out: str
    err: str


class CommandLine:
    """Runs `angarium` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str | Path, stdin: str = "") -> Answer:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        umask = os.umask(0o077)
        try:
            status = main([str(word) for word in words])
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os.umask(umask)
        captured = self._capsys.readouterr()
        return Answer(status, captured.out, captured.err)


def write_configuration(directory: Path, extra: str = "") -> None:
    """As the first start does, without its users."""
    zero = zero_configuration(directory, ports=PORTS)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "state").mkdir(exist_ok=True)
    # Where root calls, as whom the server would run.
    user = "cyrus_user: nobody\n" if os.geteuid() == 0 else ""
    (directory / "imapd.conf").write_text(zero.imapd_conf + user + extra)
    (directory / "cyrus.conf").write_text(zero.cyrus_conf)


def make_store(directory: Path, extra: str = "") -> None:
    """A configured store without users."""
    write_configuration(directory, extra)

    async def make() -> None:
        async with open_store(load_settings(directory / "imapd.conf").settings, is_new=True):
            pass

    umask = os.umask(0o077)
    try:
        asyncio.run(make())
    finally:
        os.umask(umask)
