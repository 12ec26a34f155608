"""The languages of IMAP (RFC 5255 §3.2)."""

import pytest

from angarium.imap.languages import TAGS, find_language
from angarium.languages import I_DEFAULT


@pytest.mark.parametrize("tag", TAGS)
def test_there_is_one_object_for_each_language(tag: str) -> None:
    language = find_language(tag)
    assert find_language(tag) is language
    assert (language is None) is (tag == I_DEFAULT)
    assert language is None or language.tag == tag


def test_english_is_what_stands_in_the_code() -> None:
    english = find_language("en")
    assert english is not None
    assert english.translate(b"Completed") == b"Completed"
    assert english.translate_prefix("Other Users/", "/") is None
