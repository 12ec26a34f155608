import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.compose import Rewriter

NOW_S = 1_795_286_400
"""A day whose digits are JK."""
DAY_S = 86_400
OURS = Rewriter(domain="ours.example", secrets=("tooth-fairy",), hash_length=8)


@pytest.mark.parametrize(
    ("sender", "rewritten"),
    [
        # As postsrsd 1.10 answers with the same secret.
        ("Bob@Example.net", "SRS0=WTHYuQvx=JK=Example.net=Bob@ours.example"),
        ("a+b=c@x.org", "SRS0=1mJxitz+=JK=x.org=a+b=c@ours.example"),
        (
            "SRS0=abcd=XY=orig.example=bob@theirs.example",
            "SRS1=XHwcDZTU=theirs.example==abcd=XY=orig.example=bob@ours.example",
        ),
        (
            "SRS0+abcd=XY=orig.example=bob@theirs.example",
            "SRS1=dMCLByUs=theirs.example=+abcd=XY=orig.example=bob@ours.example",
        ),
        (
            "SRS1=abcd=first.example==hash=XY=orig.example=bob@theirs.example",
            "SRS1=5A08pS23=first.example==hash=XY=orig.example=bob@ours.example",
        ),
    ],
)
def test_senders_are_rewritten_as_others_do_it(sender: str, rewritten: str) -> None:
    assert OURS.forward(sender, now_s=NOW_S) == rewritten


@pytest.mark.parametrize("sender", ["", "root", "x@ours.example", "X@OURS.Example", "j\u00f6rg@example.org"])
def test_senders_that_need_it_not_stay(sender: str) -> None:
    assert OURS.forward(sender, now_s=NOW_S) == sender


def test_own_senders_are_rewritten_where_that_is_wanted() -> None:
    always = Rewriter(domain="ours.example", secrets=("s",), rewrites_own=True, separator="+")
    rewritten = always.forward("x@ours.example", now_s=NOW_S)
    assert rewritten.startswith("SRS0+")
    assert always.reverse(rewritten, now_s=NOW_S) == "x@ours.example"


def test_what_was_rewritten_twice_leads_to_who_rewrote_it_first() -> None:
    first = Rewriter(domain="first.example", secrets=("one",))
    second = Rewriter(domain="second.example", secrets=("two",))
    third = Rewriter(domain="third.example", secrets=("three",))
    address = first.forward("bob@example.net", now_s=NOW_S)
    address = third.forward(second.forward(address, now_s=NOW_S), now_s=NOW_S)
    back = third.reverse(address, now_s=NOW_S)
    assert back is not None
    assert back.endswith("@first.example")
    assert first.reverse(back, now_s=NOW_S) == "bob@example.net"


@given(st.from_regex(r"\A[a-z0-9+=._-]{1,20}\Z"), st.from_regex(r"\A[a-z0-9-]{1,10}\.example\Z"), st.integers(0, 2**33))
def test_an_address_leads_back(local: str, domain: str, now_s: int) -> None:
    sender = f"{local}@{domain}"
    rewritten = OURS.forward(sender, now_s=now_s)
    if domain != "ours.example":
        assert OURS.reverse(rewritten.upper(), now_s=now_s) == sender.upper()
        assert OURS.reverse(rewritten, now_s=now_s) == sender


def test_an_old_secret_still_turns_back() -> None:
    address = OURS.forward("bob@example.net", now_s=NOW_S)
    renewed = Rewriter(domain="ours.example", secrets=("new", "tooth-fairy"), hash_length=8)
    assert renewed.reverse(address, now_s=NOW_S) == "bob@example.net"


@pytest.mark.parametrize(
    "address",
    [
        "bob@ours.example",
        "SRS0=WTHYuQvy=JK=Example.net=Bob@ours.example",
        "SRS0=WTHYuQvx=JK=Example.net=Eve@ours.example",
        "SRS0=WTHYuQvx=JK=Example.net=Bob@other.example",
        "SRS0=WTHYuQvx=JK@ours.example",
        "SRS1=XHwcDZTU=evil.example==abcd=XY=orig.example=bob@ours.example",
        "SRS0=\u00e9=JK=Example.net=Bob@ours.example",
    ],
)
def test_what_is_forged_leads_nowhere(address: str) -> None:
    assert OURS.reverse(address, now_s=NOW_S) is None


def test_an_address_leads_back_for_three_weeks() -> None:
    address = OURS.forward("bob@example.net", now_s=NOW_S)
    assert OURS.reverse(address, now_s=NOW_S + 21 * DAY_S) == "bob@example.net"
    assert OURS.reverse(address, now_s=NOW_S + 22 * DAY_S) is None
    assert OURS.reverse(address, now_s=NOW_S - DAY_S) is None
