from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from angarium.mime import scan
from angarium.mime.rewriting import Elements, Kind, Writers, is_list, rewrite_each, subtype_at, write_joined, write_list


def _write_body(elements: Elements) -> bytes:
    if not is_list(elements[0]):
        return write_list(elements)
    place = subtype_at(elements)
    return write_joined(elements[:place])[:-1] + b" " + b" ".join(elements[place:]) + b")"


AS_IT_WAS: Writers = dict.fromkeys(Kind, write_list) | {
    Kind.ADDRESSES: write_joined,
    Kind.BODY: _write_body,
}


def rewritten(value: bytes, kind: Kind) -> tuple[bytes, int]:
    """What becomes of it, and the turns that it takes."""
    work: Generator[None, None, list[bytes]] = rewrite_each([value], kind, AS_IT_WAS, lambda _: False)
    turns = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            (result,) = end.value
            return result, turns
        turns += 1


NAMES = ["Content-Type: ", "Content-Disposition: ", "Content-Language: ", "Content-ID: ", "Subject: ", "From: ", "To: "]
TEXTS = st.text(alphabet="ab*'%\"\\=;:, /()<>@ü{}\n ", max_size=40)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=5).map(
    lambda lines: "".join([f"{name}{text.replace(chr(10), chr(10) + ' ')}\n" for name, text in lines])
)
MESSAGES = st.recursive(
    HEADERS.map(lambda header: f"{header}\nx\n"),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: (
                "Content-Type: multipart/x; boundary=b\n\n" + "".join([f"--b\n{p}\n" for p in parts]) + "--b--\n"
            )
        )
        | inner.map(lambda message: f"Content-Type: message/rfc822\n\n{message}")
    ),
    max_leaves=5,
)


@given(MESSAGES)
def test_what_is_written_as_it_was_is_as_it_was(message: str) -> None:
    scanned = scan(message.replace("\n", "\r\n").encode())
    for value, kind in (
        (scanned.envelope, Kind.ENVELOPE),
        (scanned.body, Kind.BODY),
        (scanned.bodystructure, Kind.BODY),
    ):
        assert rewritten(value, kind)[0] == value


def test_a_large_one_takes_turns() -> None:
    addresses = ", ".join([f"Zoë{number} <z{number}@example.org>" for number in range(3000)])
    envelope = scan(f"To: {addresses}\r\n\r\n".encode()).envelope
    value, turns = rewritten(envelope, Kind.ENVELOPE)
    assert value == envelope
    assert turns > len(envelope) // 16_384
