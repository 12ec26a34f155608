"""What administrators may put into `motd` and `shutdown`, and what clients are told of it."""

import logging
import os
from pathlib import Path

import pytest

from angarium.worker.messagefiles import LINE_OCTETS_MAX, MessageFiles


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (b"Maintenance at 22:00\nsecond line\n", "Maintenance at 22:00"),
        (b"no newline", "no newline"),
        (b"with CR\r\nmore", "with CR"),
        (b"", ""),
        (b"\nsecond line", ""),
        (b"[ALERT] not a code", "ALERT] not a code"),
        (b"  [[ padded \t\n", "padded"),
        ("Störung\n".encode(), "St?rung"),
        (b"not UTF-8 \xff\n", "not UTF-8 ?"),
        (b"one\rtwo\x00\x1b[31mthree\n", "onetwo[31mthree"),
        (b"x" * 1_000_000, "x" * LINE_OCTETS_MAX),
    ],
)
def test_the_first_line_is_told_in_a_form_that_every_protocol_can_send(
    contents: bytes, told: str, tmp_path: Path
) -> None:
    (tmp_path / "motd").write_bytes(contents)
    (tmp_path / "shutdown").write_bytes(contents)
    files = MessageFiles()
    assert files.read(tmp_path)
    assert files.motd == told
    assert files.shutdown == (told or "System going down")


def test_files_come_and_go(tmp_path: Path) -> None:
    files = MessageFiles()
    assert not files.read(tmp_path / "nowhere")
    assert (files.motd, files.shutdown) == ("", None)
    (tmp_path / "shutdown").write_text("now")
    assert files.read(tmp_path)
    assert not files.read(tmp_path)
    (tmp_path / "shutdown").unlink()
    assert files.read(tmp_path)
    assert files.shutdown is None


def test_neither_a_directory_nor_a_fifo_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "motd").mkdir()
    os.mkfifo(tmp_path / "shutdown")
    files = MessageFiles()
    assert not files.read(tmp_path)
    assert (files.motd, files.shutdown) == ("", None)


def test_a_shutdown_file_that_cannot_be_read_is_obeyed_and_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("motd", "shutdown"):
        (tmp_path / name).symlink_to(name)  # a loop, which root cannot read either
    files = MessageFiles()
    assert files.read(tmp_path)
    files.read(tmp_path)
    assert (files.motd, files.shutdown) == ("", "System going down")
    assert [record.getMessage() for record in caplog.records] == ["message_file_unreadable"] * 2
