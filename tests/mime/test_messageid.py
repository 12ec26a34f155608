import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.messageid import parse_message_ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<a@b>", ["a@b"]),
        (b"<a@b><c@d> junk\t<e@f>", ["a@b", "c@d", "e@f"]),
        (b"< a@b >", ["a@b"]),
        (b'<"01KF8"@x.example>', ["01KF8@x.example"]),
        (b'<"a\\"b"@x>', ['a"b@x']),
        (b"<no-at>", ["no-at"]),
        (b"<a b@c> <d@e>", ["d@e"]),
        (b"<a@b", []),
        (b"a@b", []),
        (b"", []),
        (b"<\xc3\xa9@b>", ["é@b"]),
    ],
)
def test_message_ids(value: bytes, ids: list[str]) -> None:
    assert parse_message_ids(value) == ids


@given(st.one_of(st.binary(max_size=60), st.text(alphabet='<>@"\\a ', max_size=40).map(str.encode)))
def test_ids_are_never_empty(value: bytes) -> None:
    for message_id in parse_message_ids(value):
        assert message_id or b'""' in value
        message_id.encode()
