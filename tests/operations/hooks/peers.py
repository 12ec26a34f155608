"""Servers at unix sockets that answer as they are told to, and a real clamd."""

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

CLAMD: Final = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
VIRUS: Final = b"ANGARIUM-TEST-VIRUS"
_READY_S: Final = 20.0

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(path: Path, answer: Answer) -> AsyncIterator[None]:
    """A server that treats each connection so."""

    async def treat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_unix_server(treat, str(path))
    try:
        yield
    finally:
        server.close()


async def read_stream(reader: asyncio.StreamReader) -> list[bytes]:
    """The pieces of an INSTREAM."""
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    pieces = []
    while size := struct.unpack("!I", await reader.readexactly(4))[0]:
        pieces.append(await reader.readexactly(size))
    return pieces


@contextmanager
def real_clamd(directory: Path) -> Iterator[Path]:
    """A clamd that knows one virus; gives its socket."""
    assert CLAMD is not None
    database, socket, log = directory / "db", directory / "clamd.sock", directory / "clamd.log"
    database.mkdir()
    (database / "local.ndb").write_text(f"Angarium.Test:0:*:{VIRUS.hex()}\n")
    configuration = directory / "clamd.conf"
    configuration.write_text(
        f"LocalSocket {socket}\nDatabaseDirectory {database}\nForeground yes\nLogFile {log}\nStreamMaxLength 1M\n"
    )
    for path in (directory, database):
        path.chmod(0o755)
    process = subprocess.Popen([CLAMD, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(socket, process)
        yield socket
    finally:
        process.terminate()
        process.wait()


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    """It tells nobody when it is ready, so its socket is looked for."""
    with subprocess.Popen(
        ["sh", "-c", f"until [ -S '{socket}' ]; do kill -0 {process.pid} || exit 1; sleep 0.05; done"]
    ) as waiting:
        assert waiting.wait(_READY_S) == 0, "clamd did not start"
