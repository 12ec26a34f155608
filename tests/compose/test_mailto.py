import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.compose import Mailto, MailtoInvalid, is_address, parse_mailto


@pytest.mark.parametrize(
    ("uri", "mailto"),
    [
        ("mailto:chris@example.com", Mailto(("chris@example.com",))),
        ("MAILTO:chris@example.com", Mailto(("chris@example.com",))),
        ("mailto:a@b,c@d", Mailto(("a@b", "c@d"))),
        ("mailto:a@b?to=c@d", Mailto(("a@b", "c@d"))),
        ("mailto:?to=a@b&cc=c@d", Mailto(("a@b",), ("c@d",))),
        ("mailto:?cc=c@d", Mailto((), ("c@d",))),
        ("mailto:a@b?subject=one&subject=two", Mailto(("a@b",), subject="one")),
        ("mailto:a@b?Subject=caf%C3%A9&body=x%0D%0Ay", Mailto(("a@b",), subject="caf\u00e9", body="x\r\ny")),
        ("mailto:gorby%25kremvax@example.com", Mailto(("gorby%kremvax@example.com",))),
        ("mailto:%22not%40me%22@example.org", Mailto(('"not@me"@example.org',))),
        ("mailto:a@b?X-Mood=good", Mailto(("a@b",), fields=(("X-Mood", "good"),))),
        ("mailto:a@b?subject=a=b", Mailto(("a@b",), subject="a=b")),
        ("mailto:a@b?from=x@y&auto-submitted=no", Mailto(("a@b",))),
        ("mailto:user@%E7%B4%8D%E8%B1%86.example.org", Mailto(("user@\u7d0d\u8c46.example.org",))),
    ],
)
def test_uris_are_read(uri: str, mailto: Mailto) -> None:
    assert parse_mailto(uri) == mailto


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "mailto:",
        "mailto:nobody",
        "http://example.org/",
        "mailto:a@b?subject",
        "mailto:a@b?sub ject=x",
        "mailto:a@b?=x",
        "mailto:a@b%",
        "mailto:a@b%zz",
        "mailto:a@b?body=%FF",
        "mailto:a b@c",
        "mailto:a%0D%0A@b",
        "mailto:a@b\r\nBcc: c@d",
        "mailto:a@b?to=nonsense",
        "mailto:" + ",".join(f"u{number}@x" for number in range(17)),
        "mailto:a@b?" + "&".join(["x=y"] * 33),
        "mailto:a@b?body=" + "x" * 20_000,
        "mailto:a@b#fragment",
    ],
)
def test_what_is_no_uri_to_notify_is_refused(uri: str) -> None:
    with pytest.raises(MailtoInvalid):
        parse_mailto(uri)


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("%@?&=,:0A\r\n"), max_size=100))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_mailto("mailto:" + text)
    except MailtoInvalid:
        return
    assert found.recipients
    assert all(map(is_address, found.recipients))
