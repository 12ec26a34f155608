import os
from pathlib import Path

import pytest

from angarium.auth.rereadfile import RereadFile
from angarium.errors import AuthenticationUnavailable


def reading(path: Path) -> tuple[RereadFile[bytes], list[bytes]]:
    """With what was parsed."""
    parsed: list[bytes] = []

    def parse(octets: bytes) -> bytes:
        parsed.append(octets)
        if octets == b"bad":
            raise ValueError("bad")
        return octets

    return RereadFile(path, parse), parsed


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    os.utime(path, (1, 1))
    file, parsed = reading(path)
    assert [file.content() for _ in range(3)] == [b"one"] * 3
    path.write_bytes(b"two")
    os.utime(path, (2, 2))
    assert [file.content() for _ in range(3)] == [b"two"] * 3
    assert parsed == [b"one", b"two"]


def test_a_file_that_was_replaced_is_read_whatever_its_times_say(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"two"):
        (tmp_path / "new").write_bytes(content)
        os.utime(tmp_path / "new", (1, 1))
        if content == b"one":
            file, _ = reading(path)
        os.replace(tmp_path / "new", path)
        assert file.content() == content


def test_a_file_that_was_written_just_now_is_not_trusted_to_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    file, parsed = reading(path)
    file.content()
    file.content()
    assert len(parsed) == 2


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "bad", "large"])
def test_what_cannot_be_read_is_a_temporary_failure_that_names_the_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "bad":
            path.write_bytes(b"bad")
        case "large":
            path.touch()
            os.truncate(path, (64 << 20) + 1)
    file, _ = reading(path)
    with pytest.raises(AuthenticationUnavailable, match=str(path)):
        file.content()
