import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sasl import MAX_IDENTITY_OCTETS, AnonymousWanted, Challenge, Failed, FailureReason, loggable_trace
from angarium.sasl.anonymous import AnonymousServer


def test_the_trace_is_asked_for_with_an_empty_challenge() -> None:
    exchange = AnonymousServer()
    assert exchange.step(None) == Challenge(b"")
    assert exchange.step(b"sirhc") == AnonymousWanted("sirhc")  # RFC 4505 §4


@pytest.mark.parametrize(
    "trace",
    [
        "",
        "sirhc",
        "two words, one=2",
        "alice@example.org",
        "alice.b+c@mail.example.org",
        '"alice @ home"@example.org',
        "alice@[192.0.2.7]",
        "jürgen@bücher.example",
        "x" * 255,
        "\u00fc" * 255,
        "\u05d0\u05d1",
        "\u0378",  # unassigned in Unicode 3.2: not prohibited (RFC 4505 §3)
    ],
)
def test_an_address_or_a_token_or_nothing_is_a_trace(trace: str) -> None:
    assert AnonymousServer().step(trace.encode()) == AnonymousWanted(trace)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"x" * 256, FailureReason.MALFORMED),
        (b"@", FailureReason.MALFORMED),
        (b"alice@", FailureReason.MALFORMED),
        (b"@example.org", FailureReason.MALFORMED),
        (b"a@b@c", FailureReason.MALFORMED),
        (b"a b@c", FailureReason.MALFORMED),
        (b"a..b@c", FailureReason.MALFORMED),
        ("\u05d0x".encode(), FailureReason.MALFORMED),
        (b"a\x00b", FailureReason.NUL),
        (b"a\r\nb", FailureReason.PROHIBITED),
        (b"\x7f", FailureReason.PROHIBITED),
        ("\u200e".encode(), FailureReason.PROHIBITED),
        ("\ue000".encode(), FailureReason.PROHIBITED),
        ("\ufffd".encode(), FailureReason.PROHIBITED),
        ("\U000e0041".encode(), FailureReason.PROHIBITED),
        (b"\xff", FailureReason.NOT_UTF8),
        (b"x" * (MAX_IDENTITY_OCTETS + 1), FailureReason.TOO_LONG),
    ],
)
def test_what_is_no_trace_fails(response: bytes, reason: FailureReason) -> None:
    assert AnonymousServer().step(response) == Failed(reason)


@given(st.binary(max_size=1100) | st.text(max_size=300).map(lambda text: text.encode()))
def test_any_octets_are_a_trace_of_one_line_or_fail(response: bytes) -> None:
    outcome = AnonymousServer().step(response)
    assert isinstance(outcome, AnonymousWanted | Failed)
    if isinstance(outcome, AnonymousWanted):
        assert outcome.trace.encode() == response
        assert len(outcome.trace.splitlines()) <= 1


@given(st.text(max_size=600))
def test_whatever_stands_for_a_trace_is_cut_to_one_printable_line(text: str) -> None:
    trace = loggable_trace(text)
    assert len(trace) <= 255
    assert trace.isprintable()
    assert trace == text or len(text) > 255 or not text.isprintable()
