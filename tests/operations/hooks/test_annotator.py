"""What an annotator is told, what it may answer, and what becomes of that."""

import asyncio
import hashlib
import logging
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from tests.operations.hooks.peers import serving
from tests.store.world import World

from angarium import mime
from angarium.config.options import HookSettings
from angarium.engine.rows import AnnotationChange, Content
from angarium.errors import StoreBusy
from angarium.flags import Flags
from angarium.operations.hooks import Annotator, GivenAnnotation, Proposal
from angarium.operations.hooks.dlist import parse_dlist, serialize_dlist
from angarium.operations.messages import parse_message

pytestmark = pytest.mark.usefixtures("runner")

LETTER: Final = (
    b"From: ann@example.org\r\nSubject: News\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAll is well.\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner \xc3\xa4\r\n\r\nInner text.\r\n"
    b"--b--\r\n"
)
GIVEN: Final = Flags.of(["\\Flagged", "given"])

_DAEMON: Final = """\
use strict; use warnings;
package Tests::Annotator;
use base qw(Cyrus::Annotator::Daemon);
sub annotate_message {
    my ($self, $message) = @_;
    my $parts = $message->bodystructure()->{'MIME-Subparts'};
    my $inner = $parts->[1]{'Message-Bodystructure'};
    my $text = $message->read_part_content($parts->[0]) . '|' . $message->read_part_content($inner);
    $text =~ s/\\r\\n//g;
    my $file = $message->fh();
    seek($file, 0, 0);
    my $first = <$file>;
    $message->set_shared_annotation('/comment', join('/', $first, $text, $message->{guid}));
    $message->set_flag('annotated') if $message->get_flag('given');
    $message->clear_flag('\\\\Flagged');
}
package main;
my ($socket, $user, $group) = @ARGV;
Tests::Annotator->run(port => "$socket|unix", pid_file => "$socket.pid", background => undef,
    setsid => undef, user => $user, group => $group, log_file => "$socket.log", log_level => 3);
"""


def _has_perl() -> bool:
    perl = shutil.which("perl")
    return perl is not None and subprocess.run([perl, "-MCyrus::Annotator::Daemon", "-e1"], check=False).returncode == 0


@dataclass
class Letter:
    """A message in a file."""

    path: Path
    content: Content


async def letter(directory: Path, octets: bytes = LETTER) -> Letter:
    path = directory / "letter"
    path.write_bytes(octets)
    content, _ = await parse_message(memoryview(octets), digest=b"\0" * 32, limits=mime.Limits())
    return Letter(path, content)


@asynccontextmanager
async def annotator(directory: Path, reply: bytes, heard: list[bytes] | None = None) -> AsyncIterator[Annotator]:
    """One who gives this reply."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if heard is not None:
            heard.append(request)
        writer.write(reply)

    async with serving(directory / "annotatord", answer):
        yield Annotator(HookSettings(annotation_callout=directory / "annotatord"))


async def read_request(reader: asyncio.StreamReader) -> bytes:
    request = b""
    while size := int(await reader.readline()):
        request += await reader.readexactly(size)
    return request


async def asked(directory: Path, reply: bytes) -> Proposal:
    found = await letter(directory)
    async with annotator(directory, reply) as each:
        return await each.ask(str(found.path), found.content, GIVEN)


async def test_it_is_told_all_of_a_message(tmp_path: Path) -> None:
    found, heard = await letter(tmp_path), list[bytes]()
    annotations = [
        GivenAnnotation("/comment", True, b"one"),
        GivenAnnotation("/altsubject", False, b"\xff"),
        GivenAnnotation("/comment", False, None),
    ]
    async with annotator(tmp_path, b"()", heard) as each:
        proposal = await each.ask(str(found.path), found.content, GIVEN, annotations)
    assert proposal == Proposal(GIVEN)
    (request,) = heard
    text = LETTER.index(b"All is well")
    outer = LETTER.index(b"Subject: Inner")
    inner = LETTER.index(b"Inner text")
    header = len(b"Content-Type: text/plain; charset=utf-8\r\n\r\n")
    rfc822 = len(b"Content-Type: message/rfc822\r\n\r\n")
    assert request.startswith(
        b'(FILENAME "%b" ANNOTATIONS ("/comment" ("value.shared" "one" "value.priv" NIL) "/altsubject" ("value.priv" '
        b"{1}\r\n\xff)) FLAGS (\\Flagged given) BODY ((" % bytes(found.path)
    )
    assert request.endswith(b" GUID %b)" % hashlib.sha1(LETTER).hexdigest().encode())
    assert b'"7BIT" 12 0 NIL NIL NIL NIL (OFFSET %d HEADERSIZE %d))' % (text, header) in request
    assert b"(OFFSET %d HEADERSIZE %d)) " % (inner, len(b"Subject: Inner \xc3\xa4\r\n\r\n")) in request
    assert b'(OFFSET %d HEADERSIZE %d)) "MIXED"' % (outer, rfc822) in request
    assert request.count(b"OFFSET") == 3
    assert serialize_dlist(parse_dlist(request)) == request


@pytest.mark.parametrize(
    ("reply", "flags", "annotations"),
    [
        (b"()", "\\Flagged given", []),
        (b"()\n", "\\Flagged given", []),
        (b"(+FLAGS \\Seen)", "\\Flagged \\Seen given", []),
        (b'(+FLAGS (\\Seen new "quoted"))', "\\Flagged \\Seen given new quoted", []),
        (b"(-FLAGS (\\flagged GIVEN absent))", "", []),
        (b"(-flags given +flags Given)", "\\Flagged Given", []),
        (b"(+FLAGS (\\Snoozed a]b \\Recent ok))", "\\Flagged given ok", []),
        (b'(ANNOTATION (/comment (value.shared "Hello")))', "\\Flagged given", [("/comment", True, b"Hello")]),
        (b"(ANNOTATION (/comment (value.priv {2}\r\n\r\n)))", "\\Flagged given", [("/comment", False, b"\r\n")]),
        (
            b'(ANNOTATION (/a (value.shared NIL) (value.priv "x")) +FLAGS n ANNOTATION (/b (VALUE.SHARED 1)))',
            "\\Flagged given n",
            [("/a", True, None), ("/a", False, b"x"), ("/b", True, b"1")],
        ),
    ],
)
async def test_what_it_may_say(
    tmp_path: Path, reply: bytes, flags: str, annotations: list[tuple[str, bool, bytes | None]]
) -> None:
    proposal = await asked(tmp_path, reply)
    assert proposal == Proposal(Flags.of(flags.split()), tuple([GivenAnnotation(*each) for each in annotations]))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"", "does not end"),
        (b"(+FLAGS", "does not end"),
        (b"NO\r\n", "not a list"),
        (b"(+FLAGS)", "a word without a value"),
        (b"(FLAGS \\Seen)", "'FLAGS' is none of its words"),
        (b"(+FLAGS ((\\Seen)))", "a list where a word was expected"),
        (b"((a) b)", "a list where a word was expected"),
        (b"(+FLAGS {1}\r\n\xff)", "a word that is not ASCII"),
        (b"(ANNOTATION /comment)", "without an entry or a value"),
        (b"(ANNOTATION (/comment))", "without an entry or a value"),
        (b"(ANNOTATION (/comment (size.shared 1)))", "without value.shared or value.priv"),
        (b"(ANNOTATION (/comment (value.shared)))", "without value.shared or value.priv"),
        (b"(+FLAGS \\Seen NONSENSE x)", "'NONSENSE' is none of its words"),
        (b"(" + b"a " * 300_000, "does not end"),
    ],
)
async def test_anything_else_changes_nothing_and_is_logged(
    tmp_path: Path, reply: bytes, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await asked(tmp_path, reply) == Proposal(GIVEN)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.msg == "annotation_callout_failed"
    assert said in record.__dict__["reason"]


async def test_one_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    found = await letter(tmp_path)
    for path in (tmp_path / "nobody", tmp_path, found.path):
        each = Annotator(HookSettings(annotation_callout=path))
        assert await each.ask(str(found.path), found.content, GIVEN) == Proposal(GIVEN)


async def test_one_that_says_nothing_is_not_waited_for_any_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("angarium.operations.hooks.annotator._TIMEOUT_S", 0.05)
    found = await letter(tmp_path)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(tmp_path / "annotatord", answer):
        each = Annotator(HookSettings(annotation_callout=tmp_path / "annotatord"))
        assert await each.ask(str(found.path), found.content, GIVEN) == Proposal(GIVEN)
    assert caplog.records[-1].__dict__["reason"] == "no answer within 0.05 s"


@dataclass
class Outcome:
    output: bytes
    status: int = 0
    timed_out: bool = False


@dataclass
class Commands:
    """Runs nothing."""

    outcome: Outcome | Exception
    heard: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    async def run(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", stdin_path: str = "", timeout_s: float = 60.0
    ) -> Outcome:
        self.heard.append((argv, stdin))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize(
    ("outcome", "flags"),
    [
        (Outcome(b"(+FLAGS \\Seen)\n"), "\\Flagged \\Seen given"),
        (Outcome(b""), "\\Flagged given"),
        (Outcome(b"oops", 1), "\\Flagged given"),
        (StoreBusy("too many commands run already"), "\\Flagged given"),
    ],
)
async def test_a_program_is_run(tmp_path: Path, outcome: Outcome | Exception, flags: str) -> None:
    found, program, commands = await letter(tmp_path), tmp_path / "annotate", Commands(outcome)
    program.touch(mode=0o755)
    each = Annotator(HookSettings(annotation_callout=program), commands)
    assert await each.ask(str(found.path), found.content, GIVEN) == Proposal(Flags.of(flags.split()))
    ((argv, stdin),) = commands.heard
    assert argv == (str(program),)
    size, _, rest = stdin.partition(b"\n")
    assert rest == rest[: int(size)] + b"0\n"


async def test_a_program_is_not_told_of_what_is_too_much_for_its_input(tmp_path: Path) -> None:
    found = await letter(tmp_path, LETTER.replace(b"charset=utf-8", b"name=" + b"x" * 70_000))
    program, commands = tmp_path / "annotate", Commands(Outcome(b"()"))
    program.touch(mode=0o755)
    long = Content(b"", 0, b"", b"", found.content.bodystructure.replace(b"7BIT", b"x" * 70_000), found.content.parts)
    each = Annotator(HookSettings(annotation_callout=program), commands)
    assert await each.ask(str(found.path), long, GIVEN) == Proposal(GIVEN)
    assert commands.heard == []


async def test_who_is_asked_about_what() -> None:
    for settings, is_on, of_appends in (
        (HookSettings(), False, False),
        (HookSettings(annotation_callout=Path("/a")), True, True),
        (HookSettings(annotation_callout=Path("/a"), annotation_callout_disable_append=True), True, False),
    ):
        each = Annotator(settings)
        assert (each.is_on, each.is_asked_of_appends) == (is_on, of_appends)


async def test_annotations_are_set_without_a_right_and_what_cannot_be_is_left_out(
    plain_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    alice = plain_world.user("alice").account
    proposal = Proposal(
        GIVEN,
        (
            GivenAnnotation("/COMMENT", True, b"one"),
            GivenAnnotation("/altsubject", False, None),
            GivenAnnotation("/nosuch", True, b"x"),
            GivenAnnotation("/comment", True, b"x" * 70_000),
        ),
    )
    changes = (AnnotationChange("/comment", None, b"one"), AnnotationChange("/altsubject", alice, None))
    assert proposal.changes(plain_world.store, alice) == changes
    assert proposal.changes(plain_world.store, None) == changes[:1]
    refused = [record.__dict__["entry"] for record in caplog.records if record.msg == "annotation_callout_refused"]
    assert refused == ["/nosuch", "/comment", "/altsubject", "/nosuch", "/comment"]


@pytest.mark.skipif(not _has_perl() and os.geteuid() != 0, reason="only root can install Cyrus::Annotator::Daemon")
async def test_the_annotator_of_cyrus_understands_and_is_understood(tmp_path: Path) -> None:
    found = await letter(tmp_path)
    script, socket = tmp_path / "annotatord.pl", tmp_path / "annotatord"
    script.write_text(_DAEMON)
    user, group = found.path.owner(), found.path.group()
    process = await asyncio.create_subprocess_exec("perl", str(script), str(socket), user, group, cwd=tmp_path)
    try:
        waiting = await asyncio.create_subprocess_exec(
            "sh", "-c", f"until [ -S '{socket}' ]; do kill -0 {process.pid} || exit 1; sleep 0.05; done"
        )
        assert await asyncio.wait_for(waiting.wait(), 20) == 0
        each = Annotator(HookSettings(annotation_callout=socket))
        proposal = await each.ask(str(found.path), found.content, GIVEN)
    finally:
        process.terminate()
        await process.wait()
    value = f"From: ann@example.org\r\n/All is well.|Inner text./{hashlib.sha1(LETTER).hexdigest()}".encode()
    assert proposal.annotations == (GivenAnnotation("/comment", True, value),)
    assert proposal.flags == Flags.of(["given", "annotated"])
