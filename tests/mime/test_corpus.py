"""Messages as they come, right and wrong: each `.eml` has a `.fetch` with ENVELOPE, BODY and BODYSTRUCTURE."""

from pathlib import Path

import pytest

from angarium.mime import decode_fields, decode_parts, encode_parts, scan

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.eml"))


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) >= 28


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_fetch_answers_are_as_recorded(path: Path) -> None:
    scanned = scan(path.read_bytes())
    answers = b"\n--\n".join([scanned.envelope, scanned.body, scanned.bodystructure]) + b"\n"
    assert answers == path.with_suffix(".fetch").read_bytes()


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_stored_parts_are_read_back_and_small(path: Path) -> None:
    scanned = scan(path.read_bytes())
    stored = encode_parts(scanned.root, scanned.fields)
    assert decode_parts(stored) == scanned.root
    assert decode_fields(stored) == scanned.fields
    assert len(stored) < 2048
