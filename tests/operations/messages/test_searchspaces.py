"""Words that are searched are found however they are set apart: across the ends of lines, tabs and several spaces."""

import pytest
from tests.operations.messages.conftest import World

from angarium.collation import OCTET
from angarium.operations.messages import search
from angarium.searchkey import FieldText, Header, SearchedField, SearchKey

LETTER = (
    b"From: Ann\r\n\tArbor  <ann@example.org>\r\nSubject: a long\r\n\tfolded   subject\r\n"
    b" =?utf-8?q?with=20=20words?=\r\n"
    b"X-Note: one\r\n\ttwo\r\n\r\n"
    b"Dear all,\r\nthis goes\r\n   on and\t on.\xc2\xa0End\r\nThe last words \r\n"
)
LONG = (
    b"Subject: long\r\n\r\n" + b"x" * 65_500 + b"two" + b" " * 5_000 + b"\r\nwords" + b" " * 70_000 + b"far apart\r\n"
)


def text(field: SearchedField, words: str) -> FieldText:
    return FieldText(field, words)


@pytest.mark.parametrize(
    "key",
    [
        text(SearchedField.SUBJECT, "long folded"),
        text(SearchedField.SUBJECT, "folded subject with words"),
        text(SearchedField.SUBJECT, "folded\tsubject"),
        text(SearchedField.SUBJECT, "folded \r\n subject"),
        text(SearchedField.FROM, "ann arbor"),
        text(SearchedField.TEXT, "ann arbor <"),
        text(SearchedField.TEXT, "long folded subject with words"),
        Header("Subject", "long folded subject"),
        Header("X-Note", "one two"),
        Header("X-Note", "one  two"),
        text(SearchedField.BODY, "all, this goes on and on. end"),
        text(SearchedField.BODY, "goes  on"),
        text(SearchedField.BODY, "\tlast words\r\n"),
    ],
)
async def test_words_are_found_however_they_are_set_apart(memory_world: World, key: SearchKey) -> None:
    await memory_world.append("user.alice", LETTER)
    selected = await memory_world.select("user.alice")
    assert set((await search(memory_world.cache, selected, key)).uids) == {1}


@pytest.mark.parametrize(
    "key",
    [
        text(SearchedField.SUBJECT, "longfolded"),
        text(SearchedField.BODY, "goeson"),
        text(SearchedField.BODY, "goes o n"),
        text(SearchedField.TEXT, "words one two"),
        text(SearchedField.TEXT, "arbor <ann@example.org> subject"),
    ],
)
async def test_words_are_not_drawn_together_and_neither_are_fields(memory_world: World, key: SearchKey) -> None:
    await memory_world.append("user.alice", LETTER)
    selected = await memory_world.select("user.alice")
    assert not (await search(memory_world.cache, selected, key)).uids


@pytest.mark.parametrize("words", ["two words", "words far", "xtwo words far apart"])
async def test_words_are_found_across_the_pieces_they_are_read_in(memory_world: World, words: str) -> None:
    await memory_world.append("user.alice", LONG)
    selected = await memory_world.select("user.alice")
    key = text(SearchedField.BODY, words)
    assert set((await search(memory_world.cache, selected, key)).uids) == {1}


async def test_a_comparator_that_compares_octets_compares_spaces(memory_world: World) -> None:
    await memory_world.append("user.alice", LETTER)
    selected = await memory_world.select("user.alice")
    for words, found in (("long folded", set()), ("long\tfolded   subject", {1})):
        result = await search(memory_world.cache, selected, Header("Subject", words), collation=OCTET)
        assert set(result.uids) == found
