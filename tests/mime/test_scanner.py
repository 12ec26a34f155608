import email
import email.policy
import mmap
import re
import timeit
from collections.abc import Callable, Generator
from email.message import Message
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angarium.mime import Limits, Part, ScannedMessage, decode_parts, encode_parts, scan, scan_in_slices
from angarium.mime.scanner import PartScanner

T = TypeVar("T")


def drain(slices: Generator[None, None, T]) -> tuple[T, int]:
    """The result of a sliced computation, and its count of yields."""
    count = 0
    while True:
        try:
            next(slices)
        except StopIteration as done:
            result: T = done.value
            return result, count
        count += 1


def body(message: bytes, part: Part) -> bytes:
    return message[part.body_offset : part.body_offset + part.body_size]


def header(message: bytes, part: Part) -> bytes:
    return message[part.header_offset : part.header_offset + part.header_size]


def multipart(boundary: str, *parts: str, subtype: str = "mixed") -> str:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


# What Cyrus answers


def test_bodystructure_is_what_cyrus_answers() -> None:
    message = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=BB\r\n\r\n"
        b"--BB\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"caf=C3=A9 text\r\n"
        b"--BB\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment; filename=a.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n--BB--\r\n"
    )
    scanned = scan(message)
    assert scanned.bodystructure == (
        b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 14 0 NIL NIL NIL NIL)'
        b'("IMAGE" "PNG" ("NAME" "a.png") NIL NIL "BASE64" 8 NIL ("ATTACHMENT" ("FILENAME" "a.png")) NIL NIL)'
        b' "MIXED" ("BOUNDARY" "BB") NIL NIL NIL)'
    )
    assert scanned.body == (
        b'(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 14 0)'
        b'("IMAGE" "PNG" ("NAME" "a.png") NIL NIL "BASE64" 8) "MIXED")'
    )


# Offsets


def test_offsets_cut_out_headers_and_bodies() -> None:
    message = (
        multipart("o", "Content-Type: text/html\r\n\r\n<p>\r\n\r\n</p>", multipart("i", "\r\nin"), "X: y") + "epilogue"
    ).encode()
    root = scan(message).root
    html, nested, last = root.children
    assert header(message, html) == b"Content-Type: text/html\r\n\r\n"
    assert body(message, html) == b"<p>\r\n\r\n</p>"
    assert body(message, nested) == b"--i\r\n\r\nin\r\n--i--\r\n"
    assert [body(message, part) for part in nested.children] == [b"in"]
    assert header(message, last) == b"X: y\r\n"
    assert last.body_size == 0
    assert root.body_offset + root.body_size == len(message)


def test_part_numbers_follow_the_example_of_the_standard() -> None:
    text = "\r\ntext"
    binary = "Content-Type: application/octet-stream\r\n\r\n00"
    alternative = multipart("c", text, "Content-Type: text/richtext\r\n\r\nx", subtype="alternative")
    message = multipart(
        "m",
        text,
        binary,
        "Content-Type: message/rfc822\r\n\r\n" + multipart("a", text, binary),
        multipart(
            "b",
            "Content-Type: image/gif\r\n\r\nGIF",
            "Content-Type: message/rfc822\r\n\r\nSubject: s\r\n" + multipart("e", text, alternative),
        ),
    ).encode()
    numbers = [(part.number, part.subtype) for part in scan(message).root.walk()]
    assert numbers == [
        ((), "MIXED"),
        ((1,), "PLAIN"),
        ((2,), "OCTET-STREAM"),
        ((3,), "RFC822"),
        ((3,), "MIXED"),
        ((3, 1), "PLAIN"),
        ((3, 2), "OCTET-STREAM"),
        ((4,), "MIXED"),
        ((4, 1), "GIF"),
        ((4, 2), "RFC822"),
        ((4, 2), "MIXED"),
        ((4, 2, 1), "PLAIN"),
        ((4, 2, 2), "ALTERNATIVE"),
        ((4, 2, 2, 1), "PLAIN"),
        ((4, 2, 2, 2), "RICHTEXT"),
    ]


def test_message_that_is_no_multipart_is_its_part_1() -> None:
    root = scan(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny").root
    assert [part.number for part in root.walk()] == [(1,), (1, 1)]


# Boundaries


@pytest.mark.parametrize(
    ("lines", "bodies"),
    [
        ("--b\r\n\r\none\r\n--b--\r\n", [b"one"]),
        ("--b \t\r\n\r\none\r\n--b-- \r\n", [b"one"]),
        ("--b\r\n\r\none\r\n\r\n--b--\r\n", [b"one\r\n"]),
        ("--b\n\none\n--b--\n", [b"one"]),
        ("--b\r\n\r\none", [b"one"]),
        ("--b\r\n\r\n--b\r\n\r\ntwo\r\n--b--", [b"", b"two"]),
        ("--b\r\n--b\r\n\r\ntwo\r\n--b--", [b"", b"two"]),
        ("--b\r\n\r\n--bb\r\n-b\r\n --b\r\n--b--x\r\n--b--", [b"--bb\r\n-b\r\n --b\r\n--b--x"]),
        ("--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\nignored", [b"one"]),
        ("--b", [b""]),
        ("--b" + " " * 300 + "\r\n\r\none\r\n--b--", [b"one"]),
    ],
)
def test_delimiters_are_lines_of_their_own(lines: str, bodies: list[bytes]) -> None:
    message = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{lines}".encode()
    assert [body(message, part) for part in scan(message).root.children] == bodies


def test_boundary_that_ends_with_two_hyphens_is_told_from_a_closing_one() -> None:
    message = multipart("x--", "\r\none", "\r\ntwo").encode()
    assert [body(message, part) for part in scan(message).root.children] == [b"one", b"two"]


def test_innermost_multipart_owns_a_boundary_that_two_have() -> None:
    message = multipart("s", multipart("s", "\r\nin"), "\r\nout").encode()
    root = scan(message).root
    assert [part.type for part in root.children] == ["MULTIPART", "TEXT"]
    assert [body(message, part) for part in root.children[0].children] == [b"in"]


@pytest.mark.parametrize(
    "content_type", ["multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; boundary=q"]
)
def test_multipart_that_has_no_part_is_shown_as_text(content_type: str) -> None:
    message = f"Content-Type: {content_type}\r\n\r\nread me\r\n".encode()
    scanned = scan(message)
    assert scanned.body == b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 9 1)'
    assert body(message, scanned.root) == b"read me\r\n"


def test_delimiter_across_two_windows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    message = multipart("edge", "\r\n" + "-" * 7, "\r\n\r\n--e\r\n", "\r\nlast").encode()
    whole = scan(message)
    for window in range(8, 64):
        monkeypatch.setattr("angarium.mime.scanner._WINDOW", window)
        assert scan(message) == whole


# Limits


def test_parts_beyond_the_limit_are_one_opaque_leaf() -> None:
    message = multipart("p", *["\r\nx"] * 50).encode()
    root = scan(message, Limits(parts=10)).root
    assert len(list(root.walk())) == 10
    last = root.children[-1]
    assert (last.type, last.subtype) == ("APPLICATION", "OCTET-STREAM")
    assert last.body_offset + last.body_size == len(message)


def test_nesting_beyond_the_limit_is_an_opaque_leaf() -> None:
    message = "Subject: x\r\n\r\nleaf"
    for _ in range(30):
        message = "Content-Type: message/rfc822\r\n\r\n" + message
    parts = list(scan(message.encode(), Limits(depth=10)).root.walk())
    assert len(parts) == 10
    assert parts[-1].subtype == "OCTET-STREAM"
    message = "\r\nleaf"
    for level in range(30):
        message = multipart(f"b{level}", message)
    parts = list(scan(message.encode(), Limits(depth=10)).root.walk())
    assert len(parts) == 10
    assert parts[-1].subtype == "OCTET-STREAM"


def test_header_beyond_the_limit_is_body() -> None:
    message = b"Subject: x\r\n" + b"X-Long: " + b"y" * 1000 + b"\r\n\r\nbody"
    root = scan(message, Limits(header_octets=100)).root
    assert root.header_size == 100
    assert root.body_size == len(message) - 100


def test_header_lines_beyond_the_limit_are_not_read() -> None:
    scanned = scan(b"X: y\r\n" * 100 + b"Subject: late\r\n\r\n", Limits(header_lines=50))
    assert scanned.subject == ""
    assert len(scanned.fields.codes) == 50


# Other sources of octets


@pytest.fixture(name="sample")
def _sample() -> bytes:
    nested = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n" + multipart("n", "\r\na\r\nb")
    return ("From: a@b.example\r\n" + multipart("s", "\r\none\r\ntwo", nested)).encode()


def _long() -> bytes:
    text = "A line of text.\r\n" * 10_000
    nested = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n" + multipart("n", f"\r\n{text}", "\r\nb")
    return ("From: a@b.example\r\n" + multipart("s", f"\r\n{text}", "\r\ntwo", nested)).encode()


@pytest.mark.parametrize("long", [False, True])
def test_mmap_and_memoryview_are_read_as_bytes_are(sample: bytes, tmp_path: Path, *, long: bool) -> None:
    message = _long() if long else sample
    path = tmp_path / "1."
    path.write_bytes(message)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert scan(mapped) == scan(message)
    assert scan(memoryview(message)) == scan(message)


def test_large_map_is_scanned_without_private_memory(tmp_path: Path) -> None:
    path = tmp_path / "1."
    with path.open("wb") as file:
        file.write(b"Content-Type: multipart/mixed; boundary=big\r\n\r\n--big\r\n\r\n")
        for _ in range(24):
            file.write(b"x" * (1 << 20))
        file.write(b"\r\n--big--\r\n")
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = anonymous_memory()
        scanned, yields = drain(scan_in_slices(mapped))
        assert anonymous_memory() - before < 4 << 20
    assert scanned.root.children[0].body_size == 24 << 20
    assert yields >= 8


def anonymous_memory() -> int:
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


# Work is linear


class CountingScanner(PartScanner):
    """Counts what is spent, in the scanner's own unit."""

    __slots__ = ("spent",)

    def __init__(self, message: bytes, limits: Limits) -> None:
        super().__init__(message, limits)
        self.spent = 0

    def _spend(self, cost: int) -> bool:
        self.spent += cost
        return super()._spend(cost)


def many_delimiters(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * count


def many_candidates(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"--x\r\n" * count


def candidates_in_header(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + b"--x\r\n" * count


def many_headers(count: int) -> bytes:
    return b"A: b\r\n" * count + b"\r\n"


def nested_messages(count: int) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" * count + b"x\r\n" * count


def nested_multiparts(count: int) -> bytes:
    opening = b"".join(b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(count))
    return b"Content-Type: multipart/mixed; boundary=0\r\n\r\n" + opening


def field_of(name: bytes, unit: bytes, count: int) -> bytes:
    return name + b": a/b" + unit * count + b"\r\n\r\n"


@pytest.mark.parametrize(
    "make",
    [many_delimiters, many_candidates, candidates_in_header, many_headers, nested_messages, nested_multiparts],
)
def test_four_times_the_size_costs_little_more_than_four_times_the_work(make: Callable[[int], bytes]) -> None:
    def spent(count: int) -> int:
        scanner = CountingScanner(make(count), Limits())
        drain(scanner.run())
        return scanner.spent

    small, large = spent(1000), spent(4000)
    assert large <= 5 * small + 1_000_000


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        (b"Content-Type", b";"),
        (b"Content-Type", b"; a"),
        (b"Content-Type", b"; a*0=b"),
        (b"Content-Type", b"; a=b c d"),
        (b"Content-Disposition", b"; ("),
        (b"Subject", b"=?utf-8?q?a?= "),
        (b"Subject", b"=?utf-8?b?"),
        (b"Subject", b"[a]"),
        (b"Subject", b"[a"),
        (b"Subject", b"re: "),
        (b"Subject", b" (fwd)"),
        (b"Subject", b"[fwd: "),
        (b"Subject", "\u0301\u0316".encode()),
        (b"References", b"<"),
        (b"References", b'<"'),
        (b"References", b"< "),
        (b"Date", b"("),
        (b"X", b"\r\n "),
    ],
)
def test_fields_of_garbage_cost_little_more_than_their_length(name: bytes, unit: bytes) -> None:
    limits = Limits(field_octets=1 << 20)

    def seconds(count: int) -> float:
        message = field_of(name, unit, count)
        return min(timeit.repeat(lambda: scan(message, limits), number=1, repeat=3))

    # A step that looked at all that follows would make it 256 times as long.
    assert seconds(16_000) < 60 * seconds(1000) + 0.02


# Properties

FRAGMENTS = [
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b'Content-Type: multipart/digest; boundary="c"\r\n',
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html; charset*0*=utf-8''x; charset*1=y\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Disposition: attachment; filename*=utf-7''+2AA-\r\n",
    b"Content-Language: a, b\r\n",
    b'From: "a\\" (b <c@d>, e: f;;\r\n',
    b"To: <@a,@b:c@d>, x (y)\r\n",
    b"Subject: =?utf-8?b?w6?= =?utf-8?q?=?= [x] re: (fwd)\r\n",
    b"Date: Mon, 99 Foo 2024 99:99:99 +9999\r\n",
    b'Message-ID: <"a\\b"@c>\r\n',
    b" folded\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"--b\r\n",
    b"--b--\r\n",
    b"--c\r\n",
    b"--c--\r\n",
    b"text\r\n",
    b"\0\xff\xfe",
]
messages = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=5)), max_size=30).map(b"".join),
)


@given(messages)
@settings(max_examples=600, deadline=None)
def test_any_octets_are_scanned_to_sound_values(message: bytes) -> None:
    scanned = scan(message)
    assert_sound(message, scanned)
    assert decode_parts(encode_parts(scanned.root, scanned.fields)) == scanned.root
    for answer in (scanned.envelope, scanned.body, scanned.bodystructure):
        assert_imap_list(answer)


def assert_sound(message: bytes, scanned: ScannedMessage) -> None:
    for part in scanned.root.walk():
        assert 0 <= part.header_offset <= part.header_offset + part.header_size == part.body_offset
        assert part.body_size >= 0
        assert part.body_offset + part.body_size <= len(message)
        if part.lines:
            assert part.lines == body(message, part).count(b"\n")
        position = part.body_offset
        for child in part.children:
            assert child.header_offset >= position
            position = child.body_offset + child.body_size
            assert position <= max(part.body_offset + part.body_size, child.body_offset)
    for text in (scanned.subject, scanned.base_subject, scanned.from_, scanned.to, scanned.cc, scanned.bcc):
        text.encode()
        assert "\0" not in text
    ends = (0, *scanned.fields.ends)
    assert list(ends) == sorted(ends)
    assert scanned.root.header_size - ends[-1] <= 2


TOKEN = re.compile(rb'\(|\)|NIL|\d+|"(?:[^"\\\r\n\x00\x80-\xff]|\\["\\])*"|\{(\d+)\}\r\n| ')


def assert_imap_list(answer: bytes) -> None:
    """Strings are legal, literals have their length, parentheses match."""
    position = depth = 0
    while position < len(answer):
        token = TOKEN.match(answer, position)
        assert token is not None, answer[position:]
        position = token.end()
        if token[1] is not None:
            literal = answer[position : position + int(token[1])]
            assert b"\0" not in literal
            position += int(token[1])
        depth += {b"(": 1, b")": -1}.get(token[0], 0)
        assert depth >= (position < len(answer))
    assert depth == 0


@given(messages)
@settings(max_examples=200, deadline=None)
def test_slices_make_no_difference(message: bytes) -> None:
    scanned, yields = drain(_eager(message))
    assert scanned == scan(message)
    assert yields > 0


def _eager(message: bytes) -> Generator[None, None, ScannedMessage]:
    """A scan whose slices are as short as can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("angarium.mime.scanner._SLICE_COST", 0)
        patch.setattr("angarium.mime.scanner._WINDOW", 16)
        patch.setattr("angarium.mime.message._LARGE_HEADER", -1)
        patch.setattr("angarium.mime.envelope._SHORT", 0)
        patch.setattr("angarium.mime.address._SLICE_OCTETS", 1)
        return (yield from scan_in_slices(message))


# The standard library agrees where it is right

leaves = st.builds(
    lambda text, kind: f"Content-Type: {kind}\r\n\r\n{text}",
    st.text(alphabet="ab -\r\n", max_size=30).map(lambda text: re.sub(r"\r\n|\r|\n", "\r\n", text)),
    st.sampled_from(["text/plain", "text/html; charset=utf-8", "application/pdf"]),
)


def _containers(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(children, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda parts, b: multipart(b, *parts), parts, st.uuids().map(lambda uuid: uuid.hex)),
        children.map(lambda child: f"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n{child}"),
    )


@given(st.recursive(leaves, _containers, max_leaves=8))
@settings(max_examples=200, deadline=None)
def test_tree_is_that_of_the_standard_library(text: str) -> None:
    message = text.encode()
    compare(message, scan(message).root, email.message_from_bytes(message, policy=email.policy.compat32))


def compare(message: bytes, part: Part, reference: Message) -> None:
    assert f"{part.type}/{part.subtype}".lower() == reference.get_content_type()
    if reference.is_multipart():
        expected = reference.get_payload()
        assert isinstance(expected, list)
        assert len(part.children) == len(expected)
        for child, message_of_child in zip(part.children, expected, strict=True):
            assert isinstance(message_of_child, Message)
            compare(message, child, message_of_child)
    else:
        payload = reference.get_payload()
        assert isinstance(payload, str)
        assert body(message, part) == payload.encode("ascii", "surrogateescape")
