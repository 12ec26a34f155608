"""Whole sessions, as `transcripts` holds them, over each engine and however the octets come."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import Transcript, TranscriptError, play, read_transcripts

FILES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
TRANSCRIPTS = [transcript for path in FILES for transcript in read_transcripts(path)]
NAMES = [transcript.name for transcript in TRANSCRIPTS]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=NAMES)
def test_sessions_answer_as_the_transcript_says(transcript: Transcript, kind: str, tmp_path: Path) -> None:
    asyncio.run(play(transcript, kind, tmp_path))


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=NAMES)
def test_how_octets_come_changes_no_answer(transcript: Transcript, tmp_path: Path) -> None:
    asyncio.run(play(transcript, "memory", tmp_path, by_octet=True))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("C: a NOOP\nS: * 1 EXISTS\n", "expected: \\* 1 EXISTS\ncame: +a OK Completed"),
        ("C: a NOOP\nS: a OK Completed\nS: * BYE\n", "came: +None"),
        ("C: a NOOP\nC: b NOOP\nS: a OK Completed\n", "before line 3 .* came also: a OK Completed"),
        ("C: a NOOP\n", "before line 0 .* came also: a OK Completed"),
        (
            "C: a NOOP\nS: <tag> OK Completed\nC: b NOOP\nS: <tag> OK Completed\n",
            "expected: a OK Completed\ncame: +b OK Completed",
        ),
        ("C: a NOOP\nS| x\n", "no literal was announced"),
        ("C: a NOOP\nC| x\n", "announces no literal"),
        ("a NOOP\n", "no line of a transcript"),
    ],
)
def test_another_answer_fails_the_transcript(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text(f"login C alice\n{text}")
    with pytest.raises(TranscriptError, match=complaint):
        _play_file(path, tmp_path)


def _play_file(path: Path, directory: Path) -> None:
    for transcript in read_transcripts(path):
        asyncio.run(play(transcript, "memory", directory))
