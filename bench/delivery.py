"""Processor time of one delivery of a 55 KB message into an INBOX: staged, parsed, synced and committed, without LMTP.

Run: python -m bench.delivery [DIRECTORY]

The interpreter that runs this is the one that is measured; build/bench-python/bin/python is that of the benchmark.

The directory, by default below the system's temporary one, tells which disk is measured. Medians are told, since the
time of single deliveries is spread by what else the machine does; the loop's own thread is told apart from the rest,
for it is what all sessions of a worker share.
"""

import asyncio
import base64
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from angarium.config import parse_settings
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.names import UserId
from angarium.operations.delivery import Delivered, DeliveryContext, Letter, deliver, find_recipient
from angarium.operations.mailboxes import create_user
from angarium.operations.messages import IncomingMessage, MessageLimits, Recipient, Trace
from angarium.operations.scripts import CheckedScripts
from angarium.store import Actor, Store, StorePolicy

_WARM_UP = 50
_DELIVERIES = 500
_ATTACHMENT_OCTETS = 40_000
_CHUNK_OCTETS = 1 << 16
_SWITCH_INTERVAL_S = 0.0005
"""As workers set it; with Python's own the loop waits longer for its threads."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one delivery."""

    process_s: float
    loop_s: float
    wall_s: float


def letters(count: int) -> Iterator[bytes]:
    """Messages with a text and an attachment, of which each has names, ids and a boundary of its own."""
    attachment = base64.encodebytes(os.urandom(_ATTACHMENT_OCTETS)).replace(b"\n", b"\r\n")
    for number in range(count):
        token = os.urandom(6).hex()
        head = (
            f"From: Ann {token[:4]} <ann.{token[4:8]}@example.org>\r\n"
            f"To: Bob <bob@example.org>, {token[8:]}@example.net\r\n"
            f"Subject: What we said of {token}\r\n"
            f"Date: Mon, {number % 28 + 1} Jan 2024 10:{number % 60:02d}:00 +0000\r\n"
            f"Message-ID: <{token}@example.org>\r\n"
            "MIME-Version: 1.0\r\n"
            f'Content-Type: multipart/mixed; boundary="{token}"\r\n\r\n'
            f"--{token}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
            f"--{token}\r\nContent-Type: application/pdf; name={token}.pdf\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment; filename={token}.pdf\r\n\r\n"
        )
        yield head.encode() + attachment + f"\r\n--{token}--\r\n".encode()


async def deliver_one(context: DeliveryContext, message: bytes) -> None:
    """One message to one recipient, as the LMTP session does it."""
    store, sender = context.store, Actor(None, protocol="lmtp")
    target = await find_recipient(context, sender, Recipient.parse("alice"))
    trace = Trace("ann@example.org", "mx", "[192.0.2.7]", "store", "Angarium", "LMTPA", datetime.now(UTC), "m@store")
    async with IncomingMessage.delivered(store, [target.partition], trace, limits=MessageLimits()) as incoming:
        for start in range(0, len(message), _CHUNK_OCTETS):
            incoming.write(message[start : start + _CHUNK_OCTETS])
        prepared = await incoming.finish()
        letter = Letter(sender=sender, return_path="ann@example.org", message=prepared)
        (outcome,) = await deliver(context, letter, [target])
    if not isinstance(outcome, Delivered):
        raise outcome


async def measure(directory: Path) -> list[Timing]:
    """Deliveries one after another into a store of its own below `directory`, the first ones left out."""
    sources = SystemSources()
    partition = str(directory / "spool")
    engine = await SqliteEngine.open(SqliteOptions(str(directory / "conf"), {"default": partition}), sources)
    text = f"configdirectory: {directory}/conf\npartition-default: {partition}\n"
    settings = parse_settings(text, file=Path("bench")).settings
    timings: list[Timing] = []
    try:
        store = Store(engine, StorePolicy(), sources)
        context = DeliveryContext(store=store, settings=settings, scripts=CheckedScripts(settings.sieve))
        await create_user(store, Actor.program("bench"), UserId("alice"))
        for message in letters(_WARM_UP + _DELIVERIES):
            process_s, loop_s, wall_s = time.process_time(), time.thread_time(), time.perf_counter()
            await deliver_one(context, message)
            timings.append(
                Timing(time.process_time() - process_s, time.thread_time() - loop_s, time.perf_counter() - wall_s)
            )
    finally:
        await engine.close()
    return timings[_WARM_UP:]


def main() -> None:
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with tempfile.TemporaryDirectory(prefix="angarium-delivery-", dir=sys.argv[1] if sys.argv[1:] else None) as path:
        timings = asyncio.run(measure(Path(path)))
    print(f"deliveries                {len(timings):8d}")
    print(f"processor, all threads    {statistics.median([timing.process_s for timing in timings]) * 1e6:8.0f} µs")
    print(f"processor, the loop       {statistics.median([timing.loop_s for timing in timings]) * 1e6:8.0f} µs")
    print(f"wall clock                {statistics.median([timing.wall_s for timing in timings]) * 1e6:8.0f} µs")


if __name__ == "__main__":
    main()
