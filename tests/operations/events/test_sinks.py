"""A program, a socket and a web server as they take events."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import socket
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from angarium.config import DatagramFormat
from angarium.errors import StoreBusy
from angarium.operations.events import DatagramSink, ExternalSink, ProgramEnd, WebhookSink
from angarium.operations.events.names import EventName
from angarium.operations.events.notification import ID, Notification
from angarium.operations.events.sink import EventRefused, Sink, SinkFailed

NOW_S = 1_700_000_000


def notification(**more: object) -> Notification:
    members = {"event": "MessageNew", ID: "a.1.0", **more}
    return Notification("a.1.0", EventName.MESSAGE_NEW, "ann", "user/ann", members)


EVENT = notification()
TEXT = b'{"event":"MessageNew","vnd.angarium.eventId":"a.1.0"}'


async def refusal_of(sink: Sink, event: Notification = EVENT) -> type[Exception] | None:
    try:
        await sink.send(event)
    except (SinkFailed, EventRefused) as refusal:
        return type(refusal)
    return None


# notify_external


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (ProgramEnd(0, timed_out=False), None),
        (ProgramEnd(1, timed_out=False), SinkFailed),
        (ProgramEnd(os.EX_TEMPFAIL, timed_out=False), SinkFailed),
        (ProgramEnd(os.EX_DATAERR, timed_out=False), EventRefused),
        (ProgramEnd(137, timed_out=True), SinkFailed),
    ],
)
async def test_a_program_says_by_its_status_whether_it_took_the_event(
    runner: asyncio.Runner, end: ProgramEnd, expected: type[Exception] | None
) -> None:
    calls: list[tuple[tuple[str, ...], bytes, float]] = []

    async def run(argv: tuple[str, ...], stdin: bytes, timeout_s: float) -> ProgramEnd:
        calls.append((argv, stdin, timeout_s))
        return end

    assert await refusal_of(ExternalSink("/bin/notify", run, timeout_s=5.0)) is expected
    words = ("/bin/notify", "-c", "EVENT", "-p", "", "-u", "ann", "-m", "user/ann")
    assert calls == [(words, TEXT + b"\n", 5.0)]


async def test_a_program_that_cannot_be_run_now_is_run_later(runner: asyncio.Runner) -> None:
    async def run(_argv: tuple[str, ...], _stdin: bytes, _timeout_s: float) -> ProgramEnd:
        raise StoreBusy("too many")

    assert await refusal_of(ExternalSink("/bin/notify", run, timeout_s=5.0)) is SinkFailed


async def test_a_large_event_fits_into_a_program(runner: asyncio.Runner) -> None:
    given: list[bytes] = []

    async def run(_argv: tuple[str, ...], stdin: bytes, _timeout_s: float) -> ProgramEnd:
        given.append(stdin)
        return ProgramEnd(0, timed_out=False)

    await ExternalSink("/bin/notify", run, timeout_s=5.0).send(
        notification(messageContent="x" * 100_000, uri="imap://h")
    )
    assert json.loads(given[0]) == {**json.loads(TEXT), "uri": "imap://h"}


# notifysocket


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(10)
        yield receiver


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (DatagramFormat.NOTIFYD, b"\0EVENT\0\0ann\0user/ann\0" + b"0\0" + TEXT + b"\0"),
        (DatagramFormat.JSON, TEXT),
    ],
)
async def test_a_datagram_has_the_form_that_was_chosen(
    runner: asyncio.Runner, receiver: socket.socket, form: DatagramFormat, expected: bytes
) -> None:
    sink = DatagramSink(receiver.getsockname(), form)
    await sink.send(EVENT)
    await sink.close()
    assert receiver.recv(65536) == expected


@pytest.mark.parametrize("form", DatagramFormat)
async def test_a_datagram_is_never_too_large(
    runner: asyncio.Runner, receiver: socket.socket, form: DatagramFormat
) -> None:
    sink = DatagramSink(receiver.getsockname(), form)
    await sink.send(notification(messageContent="x" * 100_000, bodyStructure="y" * 9000))
    await sink.send(notification(uri="z" * 9000))
    await sink.close()
    for _ in range(2):
        datagram = receiver.recv(65536)
        assert TEXT in datagram
        assert len(datagram) <= 8192


async def test_a_socket_that_nobody_has_is_tried_again(runner: asyncio.Runner, tmp_path: Path) -> None:
    sink = DatagramSink(str(tmp_path / "nobody"), DatagramFormat.JSON)
    assert await refusal_of(sink) is SinkFailed
    await sink.close()


async def test_a_full_socket_is_waited_for(runner: asyncio.Runner, receiver: socket.socket) -> None:
    sink = DatagramSink(receiver.getsockname(), DatagramFormat.JSON)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"x", receiver.getsockname())
                sent += 1
    sending = asyncio.create_task(sink.send(EVENT))
    await asyncio.sleep(0.02)
    assert not sending.done()
    for _ in range(sent):
        receiver.recv(10)
    await sending
    assert receiver.recv(65536) == TEXT
    await sink.close()


# event_webhook


class Hook(BaseHTTPRequestHandler):
    """Answers with what it was told to, and remembers what it was sent."""

    protocol_version = "HTTP/1.1"
    requests: list[tuple[str, Message, bytes]]
    statuses: list[int]
    connections: set[object]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((self.path, self.headers, body))
        self.connections.add(self.connection)
        self.send_response(self.statuses.pop(0) if self.statuses else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], str]]:
    class Handler(Hook):
        """Of this test."""

    Handler.requests, Handler.statuses, Handler.connections = [], [], set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Handler, f"http://127.0.0.1:{server.server_port}/events?from=here"
        server.shutdown()
        thread.join()


def webhook(url: str, secret: Path | None = None) -> WebhookSink:
    return WebhookSink(url, secret, timeout_s=5.0, version="1", now_s=lambda: NOW_S)


async def test_a_web_server_knows_by_the_signature_who_sends(
    runner: asyncio.Runner, hook: tuple[type[Hook], str], tmp_path: Path
) -> None:
    handler, url = hook
    secret = tmp_path / "secret"
    secret.write_text("a secret\n")
    sink = webhook(url, secret)
    await sink.send(EVENT)
    await sink.send(EVENT)
    await sink.close()
    path, headers, body = handler.requests[0]
    assert (path, body) == ("/events?from=here", TEXT)
    assert len(handler.connections) == 1, "a connection is used again"
    assert headers["Content-Type"] == "application/json"
    assert (headers["X-Angarium-Event"], headers["X-Angarium-Event-Id"]) == ("MessageNew", "a.1.0")
    signed = hmac.new(b"a secret", headers["X-Angarium-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Angarium-Signature"] == f"sha256={signed}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, None),
        (204, None),
        (301, SinkFailed),
        (307, SinkFailed),
        (400, EventRefused),
        (401, SinkFailed),
        (404, SinkFailed),
        (413, EventRefused),
        (422, EventRefused),
        (429, SinkFailed),
        (500, SinkFailed),
        (503, SinkFailed),
    ],
)
async def test_a_status_says_whether_the_event_was_taken(
    runner: asyncio.Runner, hook: tuple[type[Hook], str], status: int, expected: type[Exception] | None
) -> None:
    handler, url = hook
    handler.statuses.append(status)
    sink = webhook(url)
    assert await refusal_of(sink) is expected
    await sink.close()
    assert [path for path, _, _ in handler.requests] == ["/events?from=here"], "redirects are not followed"


@pytest.mark.parametrize("status", [400, 500])
async def test_what_a_url_may_hold_of_secrets_is_in_no_log(
    runner: asyncio.Runner, hook: tuple[type[Hook], str], status: int
) -> None:
    handler, url = hook
    handler.statuses.append(status)
    sink = webhook(url)
    with pytest.raises((SinkFailed, EventRefused)) as refusal:
        await sink.send(EVENT)
    await sink.close()
    assert str(refusal.value) == f"{url.removesuffix('/events?from=here')} answers {status}"


@pytest.mark.parametrize("content", [None, "", " \n"])
async def test_without_its_secret_nothing_is_sent(
    runner: asyncio.Runner, hook: tuple[type[Hook], str], tmp_path: Path, content: str | None
) -> None:
    handler, url = hook
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content)
    sink = webhook(url, secret)
    assert await refusal_of(sink) is SinkFailed
    await sink.close()
    assert handler.requests == []


async def test_a_server_that_is_not_there_is_tried_again(runner: asyncio.Runner) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        sink = webhook(f"http://127.0.0.1:{free.getsockname()[1]}/")
        assert await refusal_of(sink) is SinkFailed
        await sink.close()


async def test_a_server_that_says_nothing_sensible_is_tried_again(runner: asyncio.Runner) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0 hello\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        sink = webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert await refusal_of(sink) is SinkFailed
        await sink.close()
