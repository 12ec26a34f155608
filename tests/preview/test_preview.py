import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.preview import MAX_SOURCE_CHARACTERS, preview_text

LONG = " ".join(["lorem"] * 100)


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("", ""),
        (" \r\n\t\r\n", ""),
        ("Preview text!", "Preview text!"),
        ("Dear all,\r\n\r\n  please\tsee  below.\r\n", "Dear all, please see below."),
        ("a\x00b\x07c\ud800d", "abcd"),
        ("sur\xadprise \ufeffhere", "surprise here"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("Hi\u200c \u200c\xa0\u200c \u200b\u200b you", "Hi you"),
        ("👨\u200d👩\u200d👧 می\u200cخواهم", "👨\u200d👩\u200d👧 می\u200cخواهم"),
        ("5 > 3 & 2 < 4 <b>", "5 > 3 & 2 < 4 <b>"),
    ],
)
def test_plain_text_on_one_line(text: str, preview: str) -> None:
    assert preview_text(text, is_html=False) == preview


def test_a_long_text_ends_with_a_whole_word_within_200_characters() -> None:
    """RFC 8970 §3.3."""
    assert preview_text(LONG, is_html=False) == " ".join(["lorem"] * 33)
    assert preview_text("字" * 500, is_html=False) == "字" * 200
    assert preview_text("x" * 200, is_html=False) == "x" * 200
    assert preview_text("x" * 199 + " y", is_html=False) == "x" * 199


def test_html_without_its_tags_and_without_what_others_wrote() -> None:
    source = """<!DOCTYPE html><html><head><title>News</title><style>p { color: red }</style></head>
    <body><p>Thanks &amp; <b>wel</b>come!<br>Ann</p>
    <div>On 1 Feb 2024, Bob &lt;bob@example.org&gt; wrote:<br></div>
    <blockquote type="cite"><p>Are you <i>there</i>?</p></blockquote></body></html>"""
    assert preview_text(source, is_html=True) == "Thanks & welcome! Ann"


@pytest.mark.parametrize("is_html", [False, True])
def test_a_text_that_is_all_quoted_is_shown(is_html: bool) -> None:
    source = "<blockquote>Are you<br>there?</blockquote>" if is_html else "> Are you\n> there?\n"
    assert preview_text(source, is_html=is_html) == "Are you there?"


@given(st.text(st.characters(codec=None), max_size=400), st.booleans())
def test_any_text_gives_one_short_line(text: str, is_html: bool) -> None:
    preview = preview_text(text, is_html=is_html)
    assert len(preview) <= 200
    assert preview == preview.strip()
    assert preview.encode().decode() == preview
    assert not set(preview) & set("\0\r\n\t")


BROKEN = [
    "<p",
    ">",
    "<!--",
    "-->",
    "<script",
    "</script",
    "&#",
    "&lt;",
    '"',
    "'",
    "=",
    "x ",
    "<",
    "/",
    "<![",
    "\n",
    ":",
]


@given(st.lists(st.sampled_from([*BROKEN, "<blockquote>", "</blockquote>", "> "])), st.booleans())
def test_broken_html_gives_a_preview_too(pieces: list[str], is_html: bool) -> None:
    assert len(preview_text("".join(pieces), is_html=is_html)) <= 200


ENDLESS = [
    *BROKEN, "<a ", "<![CDATA[", "<![foo[", "&", "&#1", "<a x='", '<a ">', "</", "<!", "<?", "<script>", "<a b=", "<a/",
    "<td>", "\u200b ", "\u200b", "> ", ">\n", "a:\n>\n", "-- \n", "[", "<p>x</p>", "<blockquote>",
]  # fmt: skip


@pytest.mark.parametrize("piece", ENDLESS)
@pytest.mark.parametrize("is_html", [False, True])
def test_what_repeats_without_end_is_looked_at_in_bounded_work(piece: str, is_html: bool) -> None:
    text = piece * (2 * MAX_SOURCE_CHARACTERS // len(piece))
    started = time.process_time()
    assert len(preview_text(text, is_html=is_html)) <= 200
    assert time.process_time() - started < 1
