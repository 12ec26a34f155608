from collections.abc import Generator

import pytest

from angarium.mime import decode_parameters, scan


def finished(work: Generator[None, None, list[bytes] | None]) -> list[bytes] | None:
    """What it returns once it has had all of its turns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # of Any, in the library's stubs


def told(*messages: str, structure: bool = True) -> list[bytes] | None:
    scanned = [scan(message.replace("\n", "\r\n").encode()) for message in messages]
    return finished(decode_parameters([each.bodystructure if structure else each.body for each in scanned]))


PLAIN = "Content-Type: text/plain; name=plain.txt\n\nx\n"


@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ("name*0*=utf-8''f%C3%BC; name*1=bar", '"NAME*" {6}\r\nfübar'),
        ("name*=iso-8859-1'de'f%FCr", '"NAME*" {4}\r\nfür'),
        ("name*=us-ascii''plain.txt", '"NAME*" "plain.txt"'),
        ("name*=utf-8''a%22b%5C", '"NAME*" "a\\"b\\\\"'),
        ("name*=utf-8''a%00b%0D%0Ac", '"NAME*" {5}\r\nab\r\nc'),
        ("name*=no-charset", '"NAME*" "no-charset"'),
        ("name*0=one; name*1=two", '"NAME" "onetwo"'),
        ("name=\"it's 'quoted'\"; x*=utf-8''%C3%A4", '"NAME" "it\'s \'quoted\'" "X*" {2}\r\nä'),
    ],
)
def test_values_that_name_a_charset_are_decoded(header: str, parameters: str) -> None:
    message = f"Content-Type: application/x; {header}\nContent-Disposition: attachment; file{header}\n\nx\n"
    expected = f'("APPLICATION" "X" ({parameters}) NIL NIL "7BIT" 3'.encode()
    values = told(message, PLAIN, structure=False)
    if values is None:  # there is nothing to decode
        assert "*=" not in header
        return
    assert values[0] == expected + b")"
    (structure, _) = told(message, PLAIN) or []
    assert structure.startswith(expected + b' NIL ("ATTACHMENT" (')
    assert structure.endswith(b")) NIL NIL)")


def test_what_has_none_stays_the_same_object() -> None:
    assert told(PLAIN, PLAIN) is None
    bodies = [scan(PLAIN.encode()).bodystructure, scan(b"Content-Type: a/b; c*=utf-8''%41\r\n\r\n").bodystructure]
    rewritten = finished(decode_parameters(bodies))
    assert rewritten is not None
    assert rewritten[0] is bodies[0]
    assert b'("C*" "A")' in rewritten[1]


def test_parts_and_messages_within_are_gone_through_and_strings_are_not() -> None:
    inner = "Content-Type: a/b; n*=utf-8''%41\nSubject: \"N*\" \"utf-8''%42\" ü\nFrom: Zoë <z@x>, g: a@b;\n\nx\n"
    message = (
        "Content-Type: multipart/mixed; boundary=b; p*=utf-8''%43\n\n--b\n\nx\n--b\nContent-Type: message/rfc822\n"
        f"Content-ID: <n*>\nContent-Description: utf-8''%44\n\n{inner}\n--b--\n"
    )
    (original,) = [scan(message.replace("\n", "\r\n").encode()).bodystructure]
    (decoded,) = told(message) or []
    expected = original.replace(b'"N*" "utf-8\'\'%41"', b'"N*" "A"').replace(b'"P*" "utf-8\'\'%43"', b'"P*" "C"')
    assert decoded == expected
    assert b"utf-8''%42" in decoded
    assert b"utf-8''%44" in decoded
