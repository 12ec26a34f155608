import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.posixregex import compile_regex
from angarium.sievetranslate.regex import RegexRefused, parse_regex, posix_regex


def posix(pattern: str) -> str:
    return "|".join([posix_regex(each) for each in parse_regex(pattern)])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", "abc"),
        (r"a\.b\ c\x", r"a\.b cx"),
        ("a{2}", r"a\{2\}"),
        ("(a|b)*c+d?", "(a|b)*c+d?"),
        ("a**", "a*"),
        ("a*?", "a*"),
        ("()a", "a"),
        ("(|a)", "(|a)"),
        ("[]a^-]", "[]a^-]"),
        ("[^]a]", "[^]a]"),
        ("[a-c]", "[a-c]"),
        ("[,-/]", "[,.-/-]"),
        ("[X-a]", "[]X-Z\\_-a[^]"),
        ("[\\]x]", "[]x]"),
        ("[[:alpha:]_]", "[A-Z_a-z]"),
        ("[^^]", "[^^]"),
        ("[\\^]", r"\^"),
        ("[\\^-]", "[-^]"),
        (r"\<a\>", "(^|[^0-9A-Za-z_])a($|[^0-9A-Za-z_])"),
    ],
)
def test_what_is_read_is_written_as_posix_has_it(pattern: str, expected: str) -> None:
    assert posix(pattern) == expected


@pytest.mark.parametrize("pattern", ["(", ")", "[", "[a", "[z-a]", "*", "^*", "a\\", "(" * 40, "[a\\]"])
def test_what_is_no_expression_is_refused(pattern: str) -> None:
    with pytest.raises(RegexRefused):
        parse_regex(pattern)


@given(st.text("]^[-\\ab,_ZX", min_size=1, max_size=6), st.booleans())
def test_a_set_holds_what_it_held(inner: str, negated: bool) -> None:
    pattern = f"[{'^' if negated else ''}{inner}]"
    try:
        ((found,),) = parse_regex(pattern)
        written = posix(pattern)
    except (RegexRefused, ValueError):
        return  # refused, or more than one set
    if not hasattr(found, "holds"):
        return
    compiled = compile_regex(f"^{written}$")
    for char in "]^[-\\abcYZX,._0":
        assert (compiled.search(char) is not None) is found.holds(char), (pattern, written, char)


@given(st.text("ab(|)*+?.[]^$\\", max_size=12))
def test_what_is_read_can_be_compiled_or_is_refused(pattern: str) -> None:
    try:
        written = posix(pattern)
    except RegexRefused:
        return
    compile_regex(written)
