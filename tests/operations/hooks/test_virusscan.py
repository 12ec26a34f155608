"""The scanner's verdict, and what becomes of the message."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from tests.operations.hooks.peers import CLAMD, VIRUS, Answer, read_stream, real_clamd, serving

from angarium.config.options import ClamdHost, ClamdSocket, HookSettings, InfectedMail, ScanCommand, UnscannedMail
from angarium.errors import DeliveryRefused, ScannerUnavailable, StoreBusy
from angarium.operations.hooks import Clean, Infected, Screened, Unavailable, VirusScanner, quarantine_field

pytestmark = pytest.mark.usefixtures("runner")

MESSAGE = memoryview(b"Subject: News\r\n\r\nAll is well.\r\n")


def settings_for(path: Path, **others: object) -> HookSettings:
    return HookSettings(virus_scan=ClamdSocket(path), **others)  # type: ignore[arg-type]


def saying(reply: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_stream(reader)
        writer.write(reply)

    return answer


@dataclass
class Outcome:
    status: int
    output: bytes = b""
    timed_out: bool = False


@dataclass
class Commands:
    """Runs nothing."""

    outcome: Outcome | Exception
    asked: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    async def run(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", stdin_path: str = "", timeout_s: float = 60.0
    ) -> Outcome:
        self.asked.append((argv, stdin_path))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def test_without_a_scanner_all_is_clean() -> None:
    scanner = VirusScanner(HookSettings())
    assert not scanner.is_on
    assert await scanner.scan(MESSAGE, path="/nowhere") == Clean()


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (b"stream: OK\0", Clean()),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", Infected("Win.Test.EICAR_HDB-1")),
        (b"instream(127.0.0.1@4711): Eicar: x FOUND\0", Infected("Eicar: x")),
        (b"stream: \x1b[31m\r\n250 Ok\xff FOUND\0", Infected("[31m 250 Ok")),
        (b"stream: " + b"x" * 300 + b" FOUND\0", Infected("x" * 100)),
        (b"INSTREAM size limit exceeded. ERROR\0", Unavailable("INSTREAM size limit exceeded. ERROR")),
        (b"UNKNOWN COMMAND\0", Unavailable("UNKNOWN COMMAND")),
        (b"stream: OK", Clean()),
        (b"", Unavailable("it gave no answer")),
        (b"x" * 10_000, Unavailable("its answer does not end")),
    ],
)
async def test_what_a_clamd_says(tmp_path: Path, reply: bytes, verdict: object) -> None:
    async with serving(tmp_path / "clamd", saying(reply)):
        assert await VirusScanner(settings_for(tmp_path / "clamd")).scan(MESSAGE, path="") == verdict


async def test_a_message_goes_to_it_in_pieces_and_whole(tmp_path: Path) -> None:
    message = bytes(range(256)) * 1000
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await read_stream(reader))
        writer.write(b"stream: OK\0")

    async with serving(tmp_path / "clamd", answer):
        assert await VirusScanner(settings_for(tmp_path / "clamd")).scan(memoryview(message), path="") == Clean()
    assert b"".join(heard) == message
    assert max(map(len, heard)) <= 64 * 1024


async def test_one_that_has_heard_enough_is_understood(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100)
        writer.write(b"INSTREAM size limit exceeded. ERROR\0")

    async with serving(tmp_path / "clamd", answer):
        verdict = await VirusScanner(settings_for(tmp_path / "clamd")).scan(memoryview(bytes(4 << 20)), path="")
    assert isinstance(verdict, Unavailable)


async def test_one_that_says_nothing_is_not_waited_for_any_longer(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    settings = settings_for(tmp_path / "clamd", virus_scan_timeout=timedelta(milliseconds=50))
    async with serving(tmp_path / "clamd", answer):
        assert await VirusScanner(settings).scan(MESSAGE, path="") == Unavailable("no answer within 0.05 s")


async def test_one_that_is_not_there_is_unavailable(tmp_path: Path, unused_tcp: Callable[[], int]) -> None:
    for place in (ClamdSocket(tmp_path / "clamd"), ClamdHost("127.0.0.1", unused_tcp())):
        verdict = await VirusScanner(HookSettings(virus_scan=place)).scan(MESSAGE, path="")
        assert isinstance(verdict, Unavailable)


async def test_a_few_scans_run_at_once_and_the_others_wait(tmp_path: Path) -> None:
    running = most = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await read_stream(reader)
        for _ in range(20):
            await asyncio.sleep(0)
        running -= 1
        writer.write(b"stream: OK\0")

    async with serving(tmp_path / "clamd", answer):
        scanner = VirusScanner(settings_for(tmp_path / "clamd"))
        verdicts = await asyncio.gather(*[scanner.scan(MESSAGE, path="") for _ in range(100)])
    assert verdicts == [Clean()] * 100
    assert 1 < most <= 10


async def test_what_is_larger_than_the_limit_is_not_scanned(tmp_path: Path) -> None:
    for limit, verdict in ((len(MESSAGE) - 1, Clean), (len(MESSAGE), Unavailable), (0, Unavailable)):
        settings = settings_for(tmp_path / "nobody", virus_scan_maxsize=limit)
        assert isinstance(await VirusScanner(settings).scan(MESSAGE, path=""), verdict)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(0, b"/m: OK\n"), Clean()),
        (Outcome(1, b"LibClamAV Warning: old\n/m: Angarium.Test FOUND\n"), Infected("Angarium.Test")),
        (Outcome(1, b"it is bad\nvery\n"), Infected("it is bad")),
        (Outcome(1), Infected("unknown")),
        (Outcome(2, b"no database\n"), Unavailable("status 2: no database")),
        (Outcome(137), Unavailable("status 137: unknown")),
        (Outcome(137, timed_out=True), Unavailable("no answer within 60 s")),
        (StoreBusy("too many commands run already"), Unavailable("too many commands run already")),
    ],
)
async def test_what_a_command_says(outcome: Outcome | Exception, verdict: object) -> None:
    commands = Commands(outcome)
    settings = HookSettings(virus_scan=ScanCommand(("/usr/bin/clamscan", "{file}")))
    assert await VirusScanner(settings, commands).scan(MESSAGE, path="/spool/stage/m") == verdict
    assert commands.asked == [(("/usr/bin/clamscan", "/spool/stage/m"), "")]


async def test_a_command_may_read_the_message_as_its_input() -> None:
    commands = Commands(Outcome(0))
    settings = HookSettings(virus_scan=ScanCommand(("/usr/bin/clamscan", "-")))
    assert await VirusScanner(settings, commands).scan(MESSAGE, path="/spool/stage/m") == Clean()
    assert commands.asked == [(("/usr/bin/clamscan", "-"), "/spool/stage/m")]


async def test_where_no_commands_can_be_run_it_is_unavailable() -> None:
    scanner = VirusScanner(HookSettings(virus_scan=ScanCommand(("/usr/bin/clamscan",))))
    assert isinstance(await scanner.scan(MESSAGE, path="/m"), Unavailable)


INFECTED, FAILED = Outcome(1, b"/m: Angarium.Test FOUND\n"), Outcome(2, b"broken")


@pytest.mark.parametrize(
    ("outcome", "infected", "unavailable", "becomes"),
    [
        (Outcome(0), InfectedMail.REJECT, UnscannedMail.DEFER, Screened()),
        (INFECTED, InfectedMail.REJECT, UnscannedMail.DEFER, DeliveryRefused),
        (INFECTED, InfectedMail.DISCARD, UnscannedMail.DEFER, Screened("Angarium.Test", is_discarded=True)),
        (INFECTED, InfectedMail.QUARANTINE, UnscannedMail.DEFER, Screened("Angarium.Test")),
        (FAILED, InfectedMail.REJECT, UnscannedMail.DEFER, ScannerUnavailable),
        (FAILED, InfectedMail.REJECT, UnscannedMail.DELIVER, Screened()),
    ],
)
async def test_what_becomes_of_a_message(
    outcome: Outcome,
    infected: InfectedMail,
    unavailable: UnscannedMail,
    becomes: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = HookSettings(
        virus_scan=ScanCommand(("/scan",)), virus_scan_infected=infected, virus_scan_unavailable=unavailable
    )
    scanner = VirusScanner(settings, Commands(outcome))
    with caplog.at_level(logging.INFO):
        if isinstance(becomes, Screened):
            assert await scanner.screen(MESSAGE, path="/m", session="s1") == becomes
        else:
            assert isinstance(becomes, type)
            assert issubclass(becomes, Exception)
            with pytest.raises(becomes):
                await scanner.screen(MESSAGE, path="/m", session="s1")
    events = [(record.msg, record.__dict__["action"]) for record in caplog.records]
    expected = {0: [], 1: [("virus_found", infected)], 2: [("virus_scan_failed", unavailable)]}
    assert events == expected[outcome.status]


def test_a_message_in_quarantine_says_why() -> None:
    assert quarantine_field("Angarium.Test") == b"X-Virus-Status: Infected (Angarium.Test)\r\n"


@pytest.mark.skipif(CLAMD is None and os.geteuid() != 0, reason="only root can install clamd")
async def test_a_real_clamd_finds_what_it_knows(tmp_path: Path) -> None:
    with real_clamd(tmp_path) as socket:
        scanner = VirusScanner(settings_for(socket))
        assert await scanner.scan(MESSAGE, path="") == Clean()
        infected = bytes(MESSAGE) + bytes(300_000) + VIRUS + b"\r\n"
        assert await scanner.scan(memoryview(infected), path="") == Infected("Angarium.Test.UNOFFICIAL")
        assert (
            await asyncio.gather(*[scanner.scan(memoryview(infected), path="") for _ in range(40)])
            == [Infected("Angarium.Test.UNOFFICIAL")] * 40
        )
        # More than its StreamMaxLength: it says so, or has closed before it was heard.
        assert isinstance(await scanner.scan(memoryview(bytes(8 << 20)), path=""), Unavailable)
