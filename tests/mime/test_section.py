import pytest

from angarium.mime import SectionKind, find_part, scan, section

INNER = b"Subject: in\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\ndeep\r\n--i--"
LEAF_MESSAGE = b"Subject: leaf\r\n\r\nleaf text"
MESSAGE = (
    b"Subject: out\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
    b"--o\r\nX: 1\r\n\r\none\r\n"
    b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + INNER + b"\r\n"
    b"--o\r\nContent-Type: message/global\r\n\r\n" + LEAF_MESSAGE + b"\r\n--o--\r\n"
)
PLAIN = b"Subject: x\r\n\r\nbody"
ENCAPSULATED = b"Content-Type: message/rfc822\r\n\r\n" + LEAF_MESSAGE


def cut(message: bytes, numbers: list[int], kind: SectionKind) -> bytes | None:
    found = section(scan(message).root, numbers, kind)
    return None if found is None else message[found.offset : found.offset + found.size]


@pytest.mark.parametrize(
    ("message", "numbers", "kind", "octets"),
    [
        (MESSAGE, [], SectionKind.BODY, MESSAGE),
        (MESSAGE, [], SectionKind.HEADER, MESSAGE[: MESSAGE.index(b"--o")]),
        (MESSAGE, [], SectionKind.TEXT, MESSAGE[MESSAGE.index(b"--o") :]),
        (MESSAGE, [], SectionKind.MIME, None),
        (MESSAGE, [1], SectionKind.BODY, b"one"),
        (MESSAGE, [1], SectionKind.MIME, b"X: 1\r\n\r\n"),
        (MESSAGE, [1], SectionKind.HEADER, None),
        (MESSAGE, [1], SectionKind.TEXT, None),
        (MESSAGE, [1, 1], SectionKind.BODY, None),
        (MESSAGE, [2], SectionKind.BODY, INNER),
        (MESSAGE, [2], SectionKind.HEADER, INNER[: INNER.index(b"--i")]),
        (MESSAGE, [2], SectionKind.TEXT, INNER[INNER.index(b"--i") :]),
        (MESSAGE, [2], SectionKind.MIME, b"Content-Type: message/rfc822\r\n\r\n"),
        (MESSAGE, [2, 1], SectionKind.BODY, b"deep"),
        (MESSAGE, [2, 1], SectionKind.MIME, b"\r\n"),
        (MESSAGE, [2, 2], SectionKind.BODY, None),
        (MESSAGE, [3], SectionKind.HEADER, b"Subject: leaf\r\n\r\n"),
        (MESSAGE, [3, 1], SectionKind.BODY, b"leaf text"),
        (MESSAGE, [3, 1, 1], SectionKind.BODY, None),
        (MESSAGE, [4], SectionKind.BODY, None),
        (MESSAGE, [0], SectionKind.BODY, None),
        (PLAIN, [1], SectionKind.BODY, b"body"),
        (PLAIN, [1], SectionKind.MIME, b"Subject: x\r\n\r\n"),
        (PLAIN, [1], SectionKind.TEXT, None),
        (PLAIN, [2], SectionKind.BODY, None),
        (PLAIN, [1, 1], SectionKind.BODY, None),
        (ENCAPSULATED, [1], SectionKind.BODY, LEAF_MESSAGE),
        (ENCAPSULATED, [1], SectionKind.HEADER, b"Subject: leaf\r\n\r\n"),
        (ENCAPSULATED, [1, 1], SectionKind.BODY, b"leaf text"),
    ],
)
def test_sections(message: bytes, numbers: list[int], kind: SectionKind, octets: bytes | None) -> None:
    assert cut(message, numbers, kind) == octets


def test_no_number_is_the_message() -> None:
    root = scan(MESSAGE).root
    assert find_part(root, []) is root
