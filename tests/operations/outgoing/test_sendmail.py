import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.store.world import World

from angarium.engine.memory.files import MemoryMessageFile
from angarium.errors import StoreBusy
from angarium.operations.outgoing import Answer, Letter, Outcome, SendmailTransport, TransportUnavailable

BOB = "bob@example.com"
PROGRAM = """#!/bin/sh
printf '%s\\n' "$@" > {directory}/arguments
cat > {directory}/message
printf '%s' "$WHO" > {directory}/user
{end}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    output: bytes
    timed_out: bool = False


async def run_program(
    argv: tuple[str, ...], *, stdin_path: str, environment: Mapping[str, str], timeout_s: float
) -> Ended:
    """As the master does it."""
    with open(stdin_path, "rb") as stdin:  # noqa: ASYNC230 - a test's own file
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    except TimeoutError:
        process.kill()
        await process.wait()
        return Ended(137, b"", timed_out=True)
    assert process.returncode is not None
    return Ended(process.returncode, output)


class Post:
    """A store and a program of ours."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.directory = directory
        self.program = directory / "sendmail"
        self.write_program("exit 0")

    def write_program(self, end: str) -> None:
        self.program.write_text(PROGRAM.format(directory=self.directory, end=end))
        self.program.chmod(0o755)

    def transport(self, *, takes_dsn: bool = False, timeout_s: float = 20) -> SendmailTransport:
        return SendmailTransport(
            self.world.engine,
            run_program,
            program=self.program,
            partition="default",
            user_variable="WHO",
            takes_dsn=takes_dsn,
            timeout_s=timeout_s,
        )

    def said(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()


@pytest.fixture
def post(runner: asyncio.Runner, tmp_path: Path) -> Iterator[Post]:
    world = runner.run(World.open("sqlite", tmp_path))
    yield Post(world, tmp_path)
    runner.run(world.engine.close())


def letter(*recipients: str, sender: str = "a@b.c", octets: bytes | None = None, **parameters: str) -> Letter:
    head = b"Subject: x\r\n\r\n.\r\n"
    return Letter(
        sender=sender,
        recipients=recipients or (BOB,),
        head=head,
        file=MemoryMessageFile(octets) if octets is not None else None,
        offset=2,
        size_octets=len(head) + len(octets or b""),
        parameters=parameters,
        userid="alice",
    )


async def test_the_program_gets_envelope_message_and_user(post: Post) -> None:
    sending = await post.transport().send(letter(BOB, "-oQ@x", octets=b"..rest\r\n"))
    assert sending.answers == {BOB: Answer(Outcome.SENT), "-oQ@x": Answer(Outcome.SENT)}
    assert post.said("arguments") == b"-i\n-f\na@b.c\n--\nbob@example.com\n-oQ@x\n"
    assert post.said("message") == b"Subject: x\r\n\r\n.\r\nrest\r\n"
    assert post.said("user") == b"alice"


async def test_a_null_sender_is_written_so(post: Post) -> None:
    await post.transport().send(letter(sender=""))
    assert post.said("arguments") == b"-i\n-f\n<>\n--\nbob@example.com\n"


async def test_a_large_message_arrives_whole(post: Post) -> None:
    octets = os.urandom(3_000_000)
    await post.transport().send(letter(octets=octets))
    assert post.said("message").endswith(octets[2:])
    assert not list((post.directory / "partitions" / "default" / "stage").iterdir())


@pytest.mark.parametrize(
    ("takes_dsn", "arguments"),
    [(False, b"-i\n-f\na@b.c\n--\n"), (True, b"-i\n-f\na@b.c\n-N\nnever\n-R\nhdrs\n--\n")],
)
async def test_reports_are_asked_for_only_where_the_program_knows_them(
    post: Post, takes_dsn: bool, arguments: bytes
) -> None:
    await post.transport(takes_dsn=takes_dsn).send(letter(NOTIFY="NEVER", RET="HDRS"))
    assert post.said("arguments").startswith(arguments)


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (0, Outcome.SENT, ""),
        (64, Outcome.LATER, ""),
        (65, Outcome.NEVER, "5.6.0"),
        (67, Outcome.NEVER, "5.1.1"),
        (68, Outcome.NEVER, "5.1.2"),
        (69, Outcome.LATER, ""),
        (75, Outcome.LATER, ""),
        (77, Outcome.LATER, ""),
        (1, Outcome.LATER, ""),
        (137, Outcome.LATER, ""),
    ],
)
async def test_the_exit_status_says_what_became_of_it(post: Post, status: int, outcome: Outcome, code: str) -> None:
    post.write_program(f"echo told; exit {status}")
    sending = await post.transport().send(letter())
    answer = sending.answers[BOB]
    assert (answer.outcome, answer.status) == (outcome, code)
    assert status == 0 or answer.text == f"{post.program} ended with status {status}: told"


async def test_a_program_that_cannot_be_run_is_unavailable(post: Post) -> None:
    post.write_program("exit 127")
    with pytest.raises(TransportUnavailable, match="127"):
        await post.transport().send(letter())


async def test_a_program_that_hangs_is_unavailable(post: Post) -> None:
    post.write_program("exec sleep 60")
    with pytest.raises(TransportUnavailable, match="longer than"):
        await post.transport(timeout_s=0.3).send(letter())


async def test_a_master_that_is_busy_makes_it_unavailable(post: Post) -> None:
    async def refuse(*_: object, **__: object) -> Ended:
        raise StoreBusy("too many commands run already")

    transport = SendmailTransport(post.world.engine, refuse, program=post.program, partition="default")
    with pytest.raises(TransportUnavailable, match="too many"):
        await transport.send(letter())


async def test_a_time_of_delivery_cannot_be_promised(post: Post) -> None:
    sending = await post.transport().send(letter(BY="600;R"))
    assert sending.answers[BOB].outcome is Outcome.NEVER
    assert not (post.directory / "arguments").exists()
    sending = await post.transport().send(letter(BY="600;N"))
    assert sending.answers[BOB].outcome is Outcome.SENT
    assert sending.deliver_by_lost
