"""Commands of `angarium` as forks of one process that has imported them: else most of their time would be imports.

`python -m tests.server.forkedcommands` is that process. It takes requests from its standard input, a socket.
"""

import atexit
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_REQUEST_OCTETS: Final = 64 * 1024
_NUMBER: Final = struct.Struct("i")
_FILES: Final = 4
"""Standard input, output and errors, and the pipe that tells the process id, and the status in the end."""


class ForkedCommands:
    """Runs them; for any thread."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, words: Sequence[str], *, stdin: bytes, timeout_s: float) -> tuple[int, bytes, bytes]:
        """Exit status, output and errors; subprocess.TimeoutExpired where it does not end."""
        told, telling = os.pipe()
        with (
            open(told, "rb", buffering=0) as pipe,
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            given.write(stdin)
            given.seek(0)
            try:
                files = [given.fileno(), output.fileno(), errors.fileno(), telling]
                socket.send_fds(self._connected(), [json.dumps(words).encode()], files)
            finally:
                os.close(telling)
            (pid,) = _NUMBER.unpack(pipe.read(_NUMBER.size))
            if not select.select([pipe], [], [], timeout_s)[0]:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(words), timeout_s)
            (status,) = _NUMBER.unpack(pipe.read(_NUMBER.size))
            output.seek(0)
            errors.seek(0)
            return status, output.read(), errors.read()

    def _connected(self) -> socket.socket:
        """The process is started at the first command, and ends when this one does."""
        with self._starting:
            if self._socket is None:
                self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                root = Path(__file__).parents[2]
                command = [sys.executable, "-m", __name__]
                with other:
                    self._process = subprocess.Popen(command, stdin=other.fileno(), cwd=root, start_new_session=True)
                atexit.register(self._close)
            return self._socket

    def _close(self) -> None:
        assert self._socket is not None
        assert self._process is not None
        self._socket.close()
        self._process.wait()


def _serve() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line has it
    from angarium.cli.commandline import COMMANDS

    for command in COMMANDS.values():
        importlib.import_module(f"angarium.cli.{command.module}")
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, _, _ = socket.recv_fds(requests, _REQUEST_OCTETS, _FILES)
        if not request:
            return
        if os.fork() == 0:
            requests.close()
            _run(json.loads(request), files)
        for file in files:
            os.close(file)


def _run(words: list[str], files: list[int]) -> None:
    """Run one in a process of its own, and end this one."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    telling = files[-1]
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number, file in enumerate(files[:-1]):
            os.dup2(file, number)
        for file in files:
            os.close(file)
        os._exit(_status(words))
    os.write(telling, _NUMBER.pack(pid))
    _, status = os.waitpid(pid, 0)
    os.write(telling, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _status(words: list[str]) -> int:
    """As the program has it."""
    from angarium.cli import main

    try:
        status = main(words)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve()
