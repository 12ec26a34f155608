import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.auth.sqlquery import SqlQuery, parse_query


@pytest.mark.parametrize(
    ("text", "query", "values"),
    [
        ("SELECT p FROM t WHERE u = %u", "SELECT p FROM t WHERE u = ?", ("alice",)),
        ("SELECT p FROM t WHERE u = '%u' AND r='%r'", "SELECT p FROM t WHERE u = ? AND r=?", ("alice", "here")),
        ("SELECT p FROM t WHERE a = '%u@%r'", "SELECT p FROM t WHERE a = ?", ("alice@here",)),
        ("SELECT %p FROM t WHERE u=%u", "SELECT userPassword FROM t WHERE u=?", ("alice",)),
        ("SELECT v FROM t WHERE k='%p' AND u='%u'", "SELECT v FROM t WHERE k='userPassword' AND u=?", ("alice",)),
        ("SELECT v FROM t WHERE k='%u %p'", "SELECT v FROM t WHERE k=?", ("alice userPassword",)),
        ("SELECT 'it''s %u'", "SELECT ?", ("it's alice",)),
        ("SELECT '100%', '%%u', 5 %% 2, \"%p\", %", "SELECT '100%', '%u', 5 % 2, \"userPassword\", %", ()),
        ("SELECT 'a%xb'", "SELECT 'a%xb'", ()),
    ],
)
def test_placeholders_become_parameters(text: str, query: str, values: tuple[str, ...]) -> None:
    parsed = parse_query(text, marker="?")
    assert (parsed.text, parsed.parameters("alice", "here")) == (query, values)


def test_percent_signs_are_doubled_for_drivers_that_want_it() -> None:
    assert parse_query("SELECT '5%' WHERE u=%u", marker="%s") == SqlQuery("SELECT '5%%' WHERE u=%s", ("%u",))


def test_a_value_with_a_placeholder_in_it_stays_as_it_is() -> None:
    assert parse_query("'%u@%r'", marker="?").parameters("%r", "%u") == ("%r@%u",)


def test_strings_of_mysql() -> None:
    def parse(text: str) -> SqlQuery:
        return parse_query(text, marker="%s", string_quotes="'\"", backslash_escapes=True)

    assert parse('SELECT "%u"') == SqlQuery("SELECT %s", ("%u",))
    assert parse("SELECT 'a\\'%% b', `x` WHERE u='%u'") == SqlQuery("SELECT 'a\\'%% b', `x` WHERE u=%s", ("%u",))
    for text in ("SELECT '\\%u'", "SELECT `%u`"):
        with pytest.raises(ValueError, match="a placeholder stands"):
            parse(text)


@pytest.mark.parametrize("text", ['SELECT "%u"', "SELECT `%r`", "SELECT 'a", "SELECT 'a''", 'x"'])
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a placeholder stands|never closed"):
        parse_query(text, marker="?")


@given(st.text("ab'\"`\\%urp ", max_size=40), st.text(), st.booleans())
def test_no_value_is_ever_in_the_query(text: str, value: str, is_mysql: bool) -> None:
    try:
        parsed = parse_query(text, marker="?", string_quotes="'\"" if is_mysql else "'", backslash_escapes=is_mysql)
    except ValueError:
        return
    assert len(parsed.parameters(value, value)) == len(parsed.templates) == parsed.text.count("?")
