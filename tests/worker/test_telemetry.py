"""Recordings of sessions on the disk."""

import errno
import logging
import os
import re
import time
from pathlib import Path

import pytest

from angarium.worker import Recording, Telemetry


def begin(telemetry: Telemetry, *, octets_max: int = 1_000_000, elapsed: bool = False) -> Recording:
    return telemetry.record("alice", service="imap", session="s-1", octets_max=octets_max, elapsed=elapsed)


@pytest.fixture
def telemetry(tmp_path: Path) -> Telemetry:
    (tmp_path / "alice").mkdir()
    telemetry = Telemetry()
    assert telemetry.look(tmp_path) == {"alice"}
    return telemetry


def recorded(tmp_path: Path) -> bytes:
    return (tmp_path / "alice" / "imap-s-1").read_bytes()


def test_both_directions_are_recorded_with_their_times(telemetry: Telemetry, tmp_path: Path) -> None:
    recording = begin(telemetry)
    recording.received(b"a NOOP\r\n")
    recording.sent(b"a OK Completed\r\n")
    telemetry.write()
    recording.received(b"b LOGOUT\r\n")
    recording.close()
    telemetry.write()
    pattern = rb"-{10} alice \w{3} \w{3} [ \d:]+\n\n<(\d+)<a NOOP\r\n>(\d+)>a OK Completed\r\n<(\d+)<b LOGOUT\r\n"
    found = re.fullmatch(pattern, recorded(tmp_path))
    assert found is not None
    assert all(abs(int(mark) - time.time()) < 60 for mark in found.groups())
    assert (tmp_path / "alice" / "imap-s-1").stat().st_mode & 0o777 == 0o600


def test_marks_may_tell_how_long_it_took(telemetry: Telemetry, tmp_path: Path) -> None:
    recording = begin(telemetry, elapsed=True)
    recording.sent(b"* OK\r\n")
    telemetry.write()
    assert re.search(rb"\n\n>0\.\d{3}>\* OK\r\n\Z", recorded(tmp_path))


def test_directories_are_seen_when_they_come_and_go(telemetry: Telemetry, tmp_path: Path) -> None:
    (tmp_path / "bob").mkdir()
    (tmp_path / "file").touch()
    assert telemetry.look(tmp_path) == {"bob"}
    assert telemetry.users == {"alice", "bob"}
    (tmp_path / "alice").rmdir()
    assert telemetry.look(tmp_path) == {"alice"}
    assert telemetry.look(tmp_path / "nowhere") == {"bob"}
    assert telemetry.users == frozenset()


def test_an_old_directory_is_not_listed_again(telemetry: Telemetry, tmp_path: Path) -> None:
    long_ago = time.time() - 1000
    os.utime(tmp_path, (long_ago, long_ago))
    assert telemetry.look(tmp_path) == frozenset()
    (tmp_path / "bob").mkdir()
    os.utime(tmp_path, (long_ago, long_ago))
    assert telemetry.look(tmp_path) == frozenset()


def test_a_recording_ends_at_its_size(telemetry: Telemetry, tmp_path: Path) -> None:
    recording = begin(telemetry, octets_max=1000)
    for _ in range(100):
        recording.sent(b"x" * 100)
        telemetry.write()
    octets = recorded(tmp_path)
    assert octets.endswith(b"\n---------- the end: telemetry_max_size\n")
    assert len(octets) == 1000 + len(b"\n---------- the end: telemetry_max_size\n")


def test_what_waits_too_long_is_left_out_and_counted(telemetry: Telemetry, tmp_path: Path) -> None:
    hurried = []
    telemetry.hurry = lambda: hurried.append(True)
    recording = begin(telemetry, octets_max=1 << 30)
    for _ in range(100):
        recording.sent(b"x" * 100_000)
    telemetry.write()
    recording.sent(b"last\r\n")
    telemetry.write()
    octets = recorded(tmp_path)
    assert len(octets) < 5_000_000
    assert hurried == [True]
    lost = re.search(rb"\n-{10} (\d+) octets not recorded\n>\d+>last\r\n\Z", octets)
    assert lost is not None
    assert int(lost[1]) + octets.count(b"x") == pytest.approx(10_000_000, abs=2000)


def test_a_directory_that_is_removed_ends_the_recording_silently(
    telemetry: Telemetry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = begin(telemetry)
    (tmp_path / "alice").rmdir()
    telemetry.write()
    assert recording.is_over
    assert not caplog.records


def test_a_full_disk_ends_the_recording_with_one_line_in_the_log(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    recording = begin(telemetry)

    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("angarium.worker.telemetry.os.write", write)
    for _ in range(3):
        recording.sent(b"x")
        telemetry.write()
    assert [record.getMessage() for record in caplog.records] == ["telemetry_stopped"]


def test_a_link_in_place_of_the_file_is_not_followed(telemetry: Telemetry, tmp_path: Path) -> None:
    (tmp_path / "alice" / "imap-s-1").symlink_to(tmp_path / "elsewhere")
    begin(telemetry)
    telemetry.write()
    assert not (tmp_path / "elsewhere").exists()
