import email.utils
import timeit
from collections.abc import Generator
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.address import END_OF_GROUP, Address, parse_addresses, parse_addresses_in_slices


def mailbox(name: bytes | None, local: bytes, host: bytes) -> Address:
    return Address(name, None, local, host)


def group(name: bytes) -> Address:
    return Address(None, None, name, None)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"", []),
        (b" , ,", []),
        (b"a@b.example", [mailbox(None, b"a", b"b.example")]),
        (b"Ada Quill <a@b.example>", [mailbox(b"Ada Quill", b"a", b"b.example")]),
        (b"Ada  \t Quill<a@b.example>", [mailbox(b"Ada Quill", b"a", b"b.example")]),
        (b'"Quill, \\"A\\"" <a@b.example>', [mailbox(b'Quill, "A"', b"a", b"b.example")]),
        (b"a@b.example,c@d.example", [mailbox(None, b"a", b"b.example"), mailbox(None, b"c", b"d.example")]),
        (b"a@b.example (Ada (the) Q)", [mailbox(b"Ada (the) Q", b"a", b"b.example")]),
        (b"a @ b . example", [mailbox(None, b"a", b"b.example")]),
        (b'"a b"@c.example', [mailbox(None, b"a b", b"c.example")]),
        (b"a@[192.0.2.1]", [mailbox(None, b"a", b"[192.0.2.1]")]),
        (b"X <@r.example,@s.example:a@b.example>", [Address(b"X", b"@r.example,@s.example", b"a", b"b.example")]),
        (b"G: a@b.example, c@d.example;",
         [group(b"G"), mailbox(None, b"a", b"b.example"), mailbox(None, b"c", b"d.example"), END_OF_GROUP]),
        (b"undisclosed recipients:;", [group(b"undisclosed recipients"), END_OF_GROUP]),
        (b"G: a@b.example", [group(b"G"), mailbox(None, b"a", b"b.example"), END_OF_GROUP]),
        (b"G: H: a@b.example;;",
         [group(b"G"), END_OF_GROUP, group(b"H"), mailbox(None, b"a", b"b.example"), END_OF_GROUP]),
        (b"Ada", [mailbox(None, b"Ada", b"unspecified-domain")]),
        (b"Ada <>", [mailbox(b"Ada", b"", b"unspecified-domain")]),
        (b"a@b@c.example", [mailbox(None, b"a@b", b"c.example")]),
        (b"Ada <a@b.example", [mailbox(b"Ada", b"a", b"b.example")]),
        (b"(nobody)", []),
        (b"\xff <a@b.example>", [mailbox(b"\xff", b"a", b"b.example")]),
    ],
)  # fmt: skip
def test_addresses(value: bytes, addresses: list[Address]) -> None:
    assert parse_addresses(value) == addresses


def test_addresses_beyond_the_limit_are_left_out_and_a_group_is_closed() -> None:
    assert parse_addresses(b"g: a@b, c@d, e@f;", 2) == [group(b"g"), mailbox(None, b"a", b"b"), END_OF_GROUP]


@given(st.one_of(st.binary(max_size=80), st.text(alphabet='a@<>"(),:;\\[] .', max_size=80).map(str.encode)))
def test_any_octets_give_balanced_groups_and_the_same_in_slices(value: bytes) -> None:
    addresses = parse_addresses(value)
    is_open = False
    for address in addresses:
        if address == END_OF_GROUP:
            assert is_open
            is_open = False
        elif address.host is None:
            assert not is_open
            is_open = True
    assert not is_open
    assert drain(parse_addresses_in_slices(value, 1000)) == addresses


def drain(slices: Generator[None, None, list[Address]]) -> list[Address]:
    while True:
        try:
            next(slices)
        except StopIteration as done:
            result: list[Address] = done.value
            return result


names = st.text(alphabet="abcXYZ .,", min_size=1, max_size=12).map(lambda name: " ".join(name.split())).filter(bool)


@given(
    st.lists(st.tuples(names, st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True)), min_size=1, max_size=5)
)
def test_well_formed_lists_agree_with_the_standard_library(pairs: list[tuple[str, str]]) -> None:
    value = ", ".join(email.utils.formataddr(pair) for pair in pairs)
    ours = [((a.name or b"").decode(), f"{(a.mailbox or b'').decode()}@{(a.host or b'').decode()}")
            for a in parse_addresses(value.encode())]  # fmt: skip
    assert ours == email.utils.getaddresses([value])


@pytest.mark.parametrize("unit", [b",", b"a,", b"a@b;", b"<a ", b'"a ', b"(", b"a(a)", b"a:", b"\\", b"[", b"@", b". "])
def test_garbage_costs_little_more_than_its_length(unit: bytes) -> None:
    def seconds(count: int) -> float:
        value = unit * count
        return min(timeit.repeat(lambda: parse_addresses(value, 1_000_000), number=1, repeat=3, timer=process_time))

    # A step that looked at all that follows would make it 256 times as long.
    assert seconds(16_000) < 60 * seconds(1000) + 0.02
