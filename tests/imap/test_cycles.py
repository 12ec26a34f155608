"""Sessions are freed by counting references: workers look for cycles among what is young alone."""

import asyncio
import gc
from collections import Counter
from pathlib import Path

import pytest
from tests.imap.sockets import Client, eventually, serve

_COMMANDS = (
    b"SELECT INBOX",
    b"APPEND INBOX {24+}\r\nSubject: hello\r\n\r\ntext\r\n",
    b"FETCH 1:* (FLAGS ENVELOPE BODY.PEEK[TEXT])",
    b"FETCH 1:* NONSENSE",
    b"SELECT nowhere",
    b"SELECT INBOX",
    b"STORE 1 +FLAGS (\\Flagged)",
    b"UID SEARCH RETURN (UPDATE ALL) ALL",
    b"SORT (SUBJECT) UTF-8 ALL",
    b"NOTIFY SET (personal (MessageNew MessageExpunge))",
    b'LIST "" *',
    b"COPY 1 nowhere",
    b"MOVE 1 INBOX",
)
_OURS = {"ImapConnection", "ImapSession", "ImapParser", "Output", "SelectedMailbox", "Notification", "Contexts"}


async def _work(client: Client) -> None:
    for command in _COMMANDS:
        await client.ask(command)


@pytest.mark.parametrize("goodbye", ["LOGOUT", "IDLE", ""])
def test_nothing_of_a_session_is_left_to_the_garbage_collector(tmp_path: Path, goodbye: str) -> None:
    async def check() -> None:
        gc.collect()
        before = _counts()  # what other tests have left
        async with serve(tmp_path, kind="sqlite") as server:
            await _work(await server.log_in())  # what is made once is there then
            client = await server.log_in()
            gc.collect()
            gc.disable()
            try:
                await _work(client)
                if goodbye:
                    client.send(b"t " + goodbye.encode() + b"\r\n")
                    await client.line()
                client.writer.close()
                seat = server.door.seats[-1]
                await asyncio.wait_for(seat.left.wait(), 10)
                server.door.seats[-1:] = []
                del seat
                async with asyncio.timeout(5):
                    # The first session is still there, and nothing of the other.
                    await eventually(lambda: all(_counts()[name] <= before[name] + 1 for name in _OURS))
            finally:
                gc.enable()

    asyncio.run(check())


def _counts() -> Counter[str]:
    """How many there are of what each session has one of."""
    return Counter(type(each).__name__ for each in gc.get_objects())
