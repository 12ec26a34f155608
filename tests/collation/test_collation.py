import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.collation import (
    ASCII_CASEMAP,
    ASCII_NUMERIC,
    COLLATIONS,
    OCTET,
    UNICODE_CASEMAP,
    Collation,
    SubstringNotSupported,
)

SEARCHING = [collation for collation in COLLATIONS if collation.has_substring]
TEXTS = st.text(max_size=12)
ALIKE = st.text(st.sampled_from("aAbB_ 019éÉßşΣς\u0301"), max_size=6)


@cache
def rfc5051(character: str) -> str:
    """RFC 5051 §2 step 2 for one character."""
    title = character.title()
    return unicodedata.normalize("NFKD", title if len(title) == 1 else character)


def is_plain(character: str) -> bool:
    """Full folding and the RFC's mapping agree about it; they differ for ligatures, `ß`, and letters of other forms."""
    return rfc5051(character) == "".join(map(rfc5051, UNICODE_CASEMAP.form(character)))


@pytest.mark.parametrize(
    ("collation", "one", "other", "equal"),
    [
        (UNICODE_CASEMAP, "Tea", "tEA", True),
        (UNICODE_CASEMAP, "É", "e\u0301", True),
        (UNICODE_CASEMAP, "Straße", "STRASSE", True),
        (UNICODE_CASEMAP, "e", "é", False),
        (ASCII_CASEMAP, "Tea", "tEA", True),
        (ASCII_CASEMAP, "Éa", "ÉA", True),
        (ASCII_CASEMAP, "É", "é", False),
        (OCTET, "tea", "tea", True),
        (OCTET, "Tea", "tea", False),
        # RFC 4790 §9.1.1
        (ASCII_NUMERIC, "4294967298", "04294967298", True),
        (ASCII_NUMERIC, "4294967298", "4294967298b", True),
        (ASCII_NUMERIC, "", "x", True),
        (ASCII_NUMERIC, "x", "y", True),
        (ASCII_NUMERIC, "0", "000", True),
        (ASCII_NUMERIC, "0", "", False),
        (ASCII_NUMERIC, "٣", "3", False),
        (ASCII_NUMERIC, " 1", "1", False),
    ],
)
def test_equality(collation: Collation, one: str, other: str, equal: bool) -> None:
    assert collation.equal(one, other) is equal
    assert collation.equal(other, one) is equal
    assert (collation.sort_key(one) == collation.sort_key(other)) is equal


@pytest.mark.parametrize(
    ("collation", "ascending"),
    [
        (ASCII_NUMERIC, ["0", "1", "2", "10", "4294967298", "9" * 5000, ""]),
        (ASCII_CASEMAP, ["", "A", "b", "C", "_", "É", "é"]),
        (OCTET, ["", "A", "C", "_", "a", "\uffff", "\U00010000"]),
        # Capitals stand before `_`; Georgian has no title case of its own, and stands before Hangul.
        (UNICODE_CASEMAP, ["", "9", "a", "B", "ç", "_", "β", "Γ", "Ђ", "а", "Б", "ა", "ბ", "가"]),
        # RFC 5255 §4.6, those of the example that have a charset
        (UNICODE_CASEMAP, ["Алексей", "сЕРГЕЙ"]),
    ],
)
def test_order(collation: Collation, ascending: list[str]) -> None:
    keys = [collation.sort_key(text) for text in ascending]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("collation", "text", "part", "contained"),
    [
        (UNICODE_CASEMAP, "Große Freiheit", "GROSSE F", True),
        (UNICODE_CASEMAP, "Grüße", "grusse", False),
        (ASCII_CASEMAP, "Über Alles", "ALL", True),
        (ASCII_CASEMAP, "Über Alles", "über", False),
        (OCTET, "Banana", "ana", True),
        (OCTET, "Banana", "Ana", False),
    ],
)
def test_substring(collation: Collation, text: str, part: str, contained: bool) -> None:
    assert collation.contains(text, part) is contained


def test_numbers_have_no_substrings() -> None:
    with pytest.raises(SubstringNotSupported):
        ASCII_NUMERIC.contains("12", "1")


@given(st.sampled_from(SEARCHING), TEXTS, TEXTS, TEXTS)
def test_a_text_contains_itself_the_empty_one_and_its_own_parts(
    collation: Collation, before: str, text: str, after: str
) -> None:
    assert collation.contains(text, text)
    assert collation.contains(text, "")
    # Marks that follow a letter may change their order with it (canonical ordering), so a part ends where one ends.
    if not any(unicodedata.combining(character) for character in before + text + after):
        assert collation.contains(before + text + after, text)


@given(st.sampled_from(COLLATIONS), ALIKE, ALIKE)
def test_order_is_consistent_with_equality(collation: Collation, one: str, other: str) -> None:
    assert collation.equal(one, other) is (collation.sort_key(one) == collation.sort_key(other))


@given(st.sampled_from(COLLATIONS), st.lists(TEXTS, max_size=5))
def test_keys_come_from_texts_and_from_their_forms(collation: Collation, texts: list[str]) -> None:
    forms = [collation.form(text) for text in texts]
    assert collation.sort_keys(texts) == collation.sort_keys_of_forms(forms) == [*map(collation.sort_key, texts)]
    assert "\u0345" in "".join(forms) or [*map(collation.form, forms)] == forms


@given(TEXTS, TEXTS)
def test_octets_and_ascii_letters_order_as_encoded_texts_do(one: str, other: str) -> None:
    assert (OCTET.sort_key(one) < OCTET.sort_key(other)) is (one.encode() < other.encode())
    upper_one, upper_other = one.encode().upper(), other.encode().upper()
    assert (ASCII_CASEMAP.sort_key(one) < ASCII_CASEMAP.sort_key(other)) is (upper_one < upper_other)


@given(st.text(st.characters(exclude_categories=["Cs", "M"]).filter(is_plain), max_size=8))
def test_unicode_casemap_orders_by_the_title_case_of_its_standard(text: str) -> None:
    assert UNICODE_CASEMAP.sort_key(text) == "".join(map(rfc5051, text))


@given(st.integers(min_value=0), st.integers(min_value=0), st.text(max_size=3))
def test_numbers_order_as_numbers(one: int, other: int, rest: str) -> None:
    behind = rest.lstrip("0123456789")
    key = ASCII_NUMERIC.sort_key(f"{one}{behind}")
    assert (key < ASCII_NUMERIC.sort_key(f"00{other}")) is (one < other)
    assert key < ASCII_NUMERIC.sort_key(behind)


@pytest.mark.parametrize("collation", [OCTET, ASCII_CASEMAP, UNICODE_CASEMAP])
def test_octets_that_are_no_text_are_collated_among_the_rest(collation: Collation) -> None:
    assert collation.equal("a\udcff", "a\udcff")
    assert not collation.equal("a\udcff", "a\udcfe")
    assert collation.contains("a\udcffb", "\udcff")
