"""Configuration files as text."""

from pathlib import Path
from typing import Final

MAX_FILE_SIZE: Final = 4 << 20


class SourceUnreadable(Exception):
    """The file cannot be had; `str()` says why."""


class NotUtf8(Exception):
    """The file is not text."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def load_text(file: Path) -> str:
    """The whole text, without a byte order mark. Raises SourceUnreadable and NotUtf8."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MAX_FILE_SIZE + 1)
    except (OSError, ValueError) as error:
        raise SourceUnreadable(getattr(error, "strerror", None) or str(error)) from error
    if len(raw) > MAX_FILE_SIZE:
        raise SourceUnreadable(f"larger than {MAX_FILE_SIZE} octets")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8(raw[: error.start].count(b"\n") + 1) from error
