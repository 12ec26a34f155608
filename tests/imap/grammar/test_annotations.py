"""Names of annotations; their values are in the tests of the commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.cursor import Malformed
from angarium.imap.grammar.annotations import attribute_name, entry_name
from angarium.imap.grammar.metadata import metadata_entry


@given(st.binary(max_size=20).map(lambda octets: b"/" + octets) | st.binary(max_size=20), st.booleans())
def test_names_are_ascii_or_refused(octets: bytes, with_wildcards: bool) -> None:
    for parse_name in (entry_name, attribute_name, metadata_entry):
        try:
            name = parse_name(octets, with_wildcards=with_wildcards)
        except Malformed:
            continue
        assert name.encode("ascii") == octets
        assert with_wildcards or not {"*", "%"} & set(name)


@pytest.mark.parametrize("octets", [b"/comment", b"/vendor/cmu/x y", b"/1.2/comment"])
def test_entries(octets: bytes) -> None:
    assert entry_name(octets) == octets.decode()


@pytest.mark.parametrize("octets", [b"", b"/", b"comment", b"/a/", b"/a//b", b"/a\r", b"/\x7f", b"/*", b"%"])
def test_what_is_no_entry(octets: bytes) -> None:
    with pytest.raises(Malformed, match="Invalid entry name"):
        entry_name(octets)
