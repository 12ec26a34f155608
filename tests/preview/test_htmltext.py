import pytest

from angarium.preview.htmltext import text_of_html


def lines(source: str) -> list[str]:
    return [line for line in text_of_html(source).split("\n") if line]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ("plain  text\n here", ["plain text here"]),
        ("a<b>b</b>c <I>d</I>", ["abc d"]),
        ("one<br>two<BR/>three<p>four<div>five</div>six", ["one", "two", "three", "four", "five", "six"]),
        ("<tr><td>a</td><td>b</td></tr>", ["a b"]),
        ("<li>a<li>b", ["a", "b"]),
        ("<link href=x>a<thead>b", ["ab"]),
        ("x &lt;y&gt; &amp;amp; &eacute;&#233;&#xe9;&nbsp;z", ["x <y> &amp; ééé\xa0z"]),
        ("&#" + "1" * 5000 + ";&#xd800;x", ["\ufffd\ufffdx"]),
        ("a < b <3 c", ["a < b <3 c"]),
        ("<a title=\"a > b\" href='>'>x</a>", ["x"]),
        ('<a title="never closed>x</a>', ["x"]),
        ("<script>if (a < b) '</p>'</script>x", ["x"]),
        ("<STYLE type=text/css>p > a {}</style >x<title>t</title>", ["x"]),
        ("x<script>never closed<p>y", ["x"]),
        ("x</script>y", ["xy"]),
        ("a<!-- <p>b --> c<!-->d<!--->e", ["a cde"]),
        ("a<!--[if !mso]><!-->b<!--<![endif]--><![if x]>c", ["abc"]),
        ("a<!-- never closed", ["a"]),
        ("<?xml version='1.0'?>a<!DOCTYPE html>b", ["ab"]),
        ("a<blockquote>b<blockquote>c</blockquote>d</blockquote>e", ["a", "> b", "> c", "> d", "e"]),
        ("</blockquote>a", ["a"]),
        ("a<b", ["a"]),
        ("a<", ["a<"]),
    ],
)
def test_text_of_html(source: str, expected: list[str]) -> None:
    assert lines(source) == expected


def test_a_style_sheet_of_any_length_is_stepped_over() -> None:
    assert lines("<style>" + "p { color: red }\n" * 10_000 + "</style>text") == ["text"]


def test_no_more_is_read_than_a_preview_needs() -> None:
    assert len(text_of_html("<p>word word word" * 50_000)) < 5_000
    assert len(text_of_html("<b>x" * 50_000)) <= 5_000
