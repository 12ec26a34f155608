from hypothesis import given
from hypothesis import strategies as st

from angarium.compose import derived_id, message_id
from angarium.compose.identity import boundary


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_ids(first: list[str], second: list[str]) -> None:
    if [each.encode("utf-8", "replace") for each in first] != [each.encode("utf-8", "replace") for each in second]:
        assert derived_id(*first) != derived_id(*second)
    assert derived_id(*first) == derived_id(*first)


def test_ids_are_letters_and_digits() -> None:
    assert derived_id("a").isalnum()
    assert len(derived_id("a")) == 24
    assert message_id("vacation", "x@y", "a@b", domain="d.example").endswith(".vacation@d.example")


def test_a_boundary_is_made_of_what_it_separates() -> None:
    first = boundary(b"a", b"b")
    assert first == boundary(b"a", b"b")
    assert first != boundary(b"ab")
    assert boundary(b"--" + first.encode()) != first
