import pytest

from angarium.preview.ownwords import own_words

REPLY = """On Thu, 1 Feb 2024 at 10:00, Bob Long-Name
<bob@example.org> wrote:
> Are you there?
>> Hello?

Yes.
--\x20
Ann
"""


def words(text: str) -> str:
    return " ".join(own_words(text).split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REPLY, "Yes."),
        (REPLY.replace("\n", "\r\n"), "Yes."),
        ("Hello!\n\nAm 01.02.2024 schrieb Bob:\n\n> Bist du da?\n", "Hello!"),
        ("Hello!\n\nBob wrote:\n> there?\nYes.", "Hello! Yes."),
        ("Hello!\n\n2024年2月1日 Bob：\n> there?\n", "Hello!"),
        # The sender's own words, as it seems
        ("I agree with this:\n> text\nfully.", "I agree with this: fully."),
        ("One 1\ntwo\nthree\nfour 4:\n> text", "One 1 two three four 4:"),
        ("The 3 of us agree.\n> text", "The 3 of us agree."),
        ("Items (2):\n- one\n- two", "Items (2): - one - two"),
        ("> quoted\n>\n> > all", "quoted all"),
        ("At 10:00 Bob wrote:\n> quoted", "quoted"),
        ("-- \nonly a signature", "-- only a signature"),
        ("Title\n=====\n----- \nText --- more", "Title Text --- more"),
        ("-- not a signature\nx", "-- not a signature x"),
    ],
)
def test_own_words(text: str, expected: str) -> None:
    assert words(text) == expected


def test_no_more_is_looked_at_than_a_preview_needs() -> None:
    assert len(own_words("word word\n" * 100_000)) < 2_000
    assert len(own_words("> q\n" * 100_000)) < 5_000
