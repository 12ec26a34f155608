"""A message of any size passes through a worker's private memory in pieces (issue: 16 MB for 100 MB, in 1 MB lines)."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEBIBYTE = 1 << 20
GROWTH_MAX = 16 * MEBIBYTE
HEADER = b"Subject: Large\r\nMessage-ID: <large@example.net>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
LONG_LINE = b"x" * (MEBIBYTE - 2) + b"\r\n"
DOTTED_LINES = (b".." + b"y" * 60 + b"\r\n") * (MEBIBYTE // 64)


class Watch:
    """The most private memory that a process has had while it was watched."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self.most = 0

    def octets(self) -> int:
        (line,) = [line for line in self._status.read_text().splitlines() if line.startswith("RssAnon:")]
        return int(line.split()[1]) * 1024

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.002):
            self.most = max(self.most, self.octets())


def deliver(path: Path, parts: Iterator[bytes]) -> bytes:
    """Send a message of these parts to alice and bob; the last reply."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        replies = client.makefile("rb")
        client.sendall(b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\n")
        while not (line := replies.readline()).startswith(b"354"):
            assert line.startswith(b"2"), line
        for part in parts:
            client.sendall(part)
        client.sendall(b".\r\n")
        assert replies.readline().startswith(b"250 2.1.5 Success")
        return replies.readline()


def deliver_chunks(path: Path, parts: Iterator[bytes]) -> bytes:
    """The same by BDAT, of a message whose parts are any octets."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        replies = client.makefile("rb")
        client.sendall(b"LHLO c\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice>\r\n")
        for part in parts:
            client.sendall(b"BDAT %d\r\n" % len(part) + part)
        client.sendall(b"BDAT 0 LAST\r\n")
        while not (line := replies.readline()).startswith(b"250 2.1.5 Success"):
            assert line.startswith(b"2"), line
        return line


def large(block: bytes, *, within_header: bool) -> Iterator[bytes]:
    yield HEADER
    if within_header:
        yield b"X-Long: " + LONG_LINE
    yield b"\r\n"
    for _ in range(100):
        yield block


def binary() -> Iterator[bytes]:
    yield HEADER + b"Content-Transfer-Encoding: binary\r\n\r\n"
    for _ in range(100):
        yield bytes(MEBIBYTE)


@contextmanager
def watched(directory: Path) -> Iterator[Path]:
    """The socket of a server whose memory may not grow."""
    command = [sys.executable, "-m", "tests.lmtp.measured", str(directory)]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        path = directory / "lmtp"
        deliver(path, iter([b"Subject: Small\r\n\r\n", LONG_LINE]))
        watch = Watch(server.pid)
        before = watch.octets()
        with watch.watching():
            yield path
        server.stdin.close()
        assert server.wait() == 0
    assert watch.most > 0
    assert watch.most - before <= GROWTH_MAX, f"{(watch.most - before) / MEBIBYTE:.1f} MB more"


@pytest.mark.parametrize(
    ("block", "within_header"),
    [(LONG_LINE, True), (DOTTED_LINES, False)],
    ids=["lines of a megabyte", "lines with dots"],
)
def test_a_large_message_takes_little_memory(tmp_path: Path, block: bytes, within_header: bool) -> None:
    with watched(tmp_path) as path:
        assert deliver(path, large(block, within_header=within_header)).startswith(b"250 2.1.5 Success")


def test_a_large_binary_message_takes_little_memory(tmp_path: Path) -> None:
    with watched(tmp_path) as path:
        assert deliver_chunks(path, binary()).startswith(b"250 2.1.5 Success")
