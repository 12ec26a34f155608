from hypothesis import given
from hypothesis import strategies as st

from angarium.sievetranslate.recipes import Assignment, Comment, Line, Nonsense, Recipe, parse_recipes


def test_all_that_a_file_may_hold_is_read_with_its_lines() -> None:
    text = """\
# a comment \\
A=1 B = "two words"  # the rest
C
LOG="x
"
:0 Wc: lock.$A   # a remark
# between
* ^From:.*\\
  joe
*   > 100
{
  :0
  a

  D=$A }
:0
b"""
    found = parse_recipes(text)
    assert found[:5] == (
        Comment(1, "a comment \\"),
        Assignment(2, "A", "1"),
        Assignment(2, "B", '"two words"'),
        Assignment(3, "C", None),
        Assignment(4, "LOG", '"x\n"'),
    )
    recipe, last = found[5:]
    assert isinstance(recipe, Recipe)
    assert (recipe.line, recipe.flags, recipe.action_line) == (6, "Wc", 11)
    assert recipe.conditions == (Line(8, "^From:.*joe"), Line(10, "> 100"))
    assert [type(node) for node in recipe.action] == [Recipe, Assignment]
    assert recipe.source == tuple(text.split("\n")[5:15])
    assert isinstance(last, Recipe)
    assert last.source == (":0", "b")


def test_spaces_where_any_may_stand_are_looked_at_once() -> None:
    """Going back over them would take years."""
    for text in (":0" + " " * 200_000 + "!", ":" + " \t" * 100_000 + "0!", ":0c:" + " " * 200_000 + "x y"):
        assert [type(node) for node in parse_recipes(text)] == [Nonsense]


def test_what_is_nothing_is_told_apart() -> None:
    kinds = [type(node) for node in parse_recipes("}\n:0 ?\n-x\nA='\n:0\n:0\nb\n")]
    assert kinds == [Nonsense, Nonsense, Nonsense, Nonsense]


@given(st.text(":0 *{}cA=\\'\"#\nx$", max_size=40))
def test_any_text_is_read_to_its_end(text: str) -> None:
    for node in parse_recipes(text):
        assert 1 <= node.line <= text.count("\n") + 1
